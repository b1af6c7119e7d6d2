/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The count of events that a projection has left out because its handler
 * refuses them (QUIPU_FAILURE_SKIP): one entry of the target,
 * "quipu/skipped/CONSUMER".
 *
 * It is written in the commit that moves the record past the event, and expects
 * the revision that was read, so that of several members of a group none
 * overwrites the count of another (P5).  The value is, with numbers in
 * little-endian order: a byte 1 (the format), the count (8 bytes), the
 * notification id of the event that was skipped last (8), the code of its
 * handler (4), and the message after its size (2).
 */
#ifndef QUIPU_CORE_CONSUMER_SKIPPED_H
#define QUIPU_CORE_CONSUMER_SKIPPED_H

#include <quipu/entries.h>

#define QUIPU_SKIPPED_KEY_SIZE 256
/* Room for a value with the message of a quipu_error. */
#define QUIPU_SKIPPED_VALUE_SIZE 1100

/* Writes the key; the consumer has at most 127 bytes. */
quipu_bytes quipu_skipped_key(const char *consumer,
                              char key[QUIPU_SKIPPED_KEY_SIZE]);

/* Returns the count of an entry; -1: it is not one of these. */
int64_t quipu_skipped_count(const quipu_entry *entry);

/* The write that counts one event more, with its key and value. */
struct quipu_skipped_write {
    quipu_entry_write write; /* refers to the members below */
    char key[QUIPU_SKIPPED_KEY_SIZE];
    uint8_t value[QUIPU_SKIPPED_VALUE_SIZE];
};

/* Reads the entry of a consumer, and fills *write, which must not be moved.
 * CORRUPT; codes of quipu_entry_read. */
int quipu_skipped_add(struct quipu_skipped_write *write,
                      quipu_datastore *target, const char *consumer,
                      int64_t notification_id, const quipu_error *cause,
                      quipu_error *error);

#endif
