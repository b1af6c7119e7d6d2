/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quipu verify: the check of one schema, in three passes.
 *
 * 1. The log is read once (log.c).
 * 2. Every sequence is read once (sequences.c).
 * 3. The log and the sequences must give the same items.  Both passes add up a
 *    hash of each item, so that the comparison takes constant memory; only if
 *    the sums differ, agreement.c looks up each item the other way and names
 *    those that differ.
 *
 * Items that are appended while the check runs have notification ids above
 * `head` and are left out.
 */
#ifndef QUIPU_TOOLS_VERIFY_H
#define QUIPU_TOOLS_VERIFY_H

#include "args.h"
#include "output/progress.h"

#include <quipu/quipu.h>

struct verify {
    const struct args *args;
    quipu_records *records;
    const quipu_schema *schema;
    const char *table;
    bool has_log;
    int64_t head; /* of the log, when the check began */
    int64_t items;
    int64_t sequences;
    int64_t erased; /* items without contents */
    int64_t findings;
    int64_t sealed; /* states that could not be opened, and need a key */
    int64_t log_count, sequence_count; /* items up to `head`, by each pass */
    uint64_t log_sum, sequence_sum;    /* sums of verify_item_hash */
    struct progress progress;
};

/* ------------------------------------------------------------ finding.c */

/* The item or sequence that a finding is about; zero members are not printed.
 */
struct location {
    int64_t notification_id;
    quipu_bytes sequence_id;
    const int64_t *position;
};

/* Prints a finding and counts it.  `rule` is the number of the guarantee that
 * is broken, or a word if it has none. */
void verify_finding_report(struct verify *verify, const char *rule,
                           const struct location *location, const char *format,
                           ...) QUIPU_PRINTF(4, 5);

/* Returns the location of an item, which is borrowed. */
struct location verify_finding_at(const quipu_item *item);

/* --------------------------------------------------------------- item.c */

/* Returns a hash of all data of an item. */
uint64_t verify_item_hash(const quipu_item *item);

/* Returns true if the bytes can be a sequence id of the schema. */
bool verify_item_id_valid(const struct verify *verify, quipu_bytes id);

/* Returns a hash of what an item keeps when it is erased. */
uint64_t verify_item_place_hash(const quipu_item *item);

/* Checks the sequence id, topic and state of an item. */
void verify_item_check(struct verify *verify, const quipu_item *item);

/* --------------------------------------------------------------- passes */

/* The three passes.  Faults of the store are findings; the status is that of a
 * call that failed for another reason. */
int verify_log_check(struct verify *verify, quipu_error *error);
int verify_sequences_check(struct verify *verify, quipu_error *error);
int verify_agreement_check(struct verify *verify, quipu_error *error);

#endif
