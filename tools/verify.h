/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of `quipu verify`. */
#ifndef QUIPU_TOOLS_VERIFY_H
#define QUIPU_TOOLS_VERIFY_H

#include "args.h"
#include "progress.h"

#include <quipu/quipu.h>

/*
 * The check of one schema.  The log is read once, then every sequence; what
 * both must agree on is compared by sums over all items, so that memory does
 * not grow.  Items that are stored while the check runs are above `head`, and
 * left out.
 */
struct verify {
    const struct args *args;
    quipu_records *records;
    const quipu_schema *schema;
    const char *table;
    bool has_log;
    int64_t head; /* the log's, when the check began */
    int64_t items;
    int64_t sequences;
    int64_t findings;
    int64_t log_count, sequence_count; /* items up to head, seen this way */
    uint64_t log_sum, sequence_sum;
    struct progress progress;
};

/* Where a finding is; what is zero is not told. */
struct where {
    int64_t notification_id;
    quipu_bytes sequence_id;
    const int64_t *position;
};

/* Prints a finding.  `rule` is a guarantee's number, or a word. */
void quipu_tool_verify_found(struct verify *verify, const char *rule,
                             const struct where *where, const char *format, ...)
    QUIPU_PRINTF(4, 5);
struct where quipu_tool_verify_item(const quipu_item *item);

/* A number that depends on all of an item. */
uint64_t quipu_tool_verify_hash(const quipu_item *item);

/* Whether bytes can be a sequence id of the schema. */
bool quipu_tool_verify_is_id(const struct verify *verify, quipu_bytes id);

/* Checks an item by itself: its id, topic and state. */
void quipu_tool_verify_content(struct verify *verify, const quipu_item *item);

/* The two passes, and the slow one that names what they disagree on. */
int quipu_tool_verify_log(struct verify *verify, quipu_error *error);
int quipu_tool_verify_sequences(struct verify *verify, quipu_error *error);
int quipu_tool_verify_agreement(struct verify *verify, quipu_error *error);

#endif
