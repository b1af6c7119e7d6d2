/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parked events: key-value entries of a projection's target, one for each event
 * that is kept aside, under "quipu/parked/CONSUMER/NOTIFICATION-ID".
 *
 * The key orders them as the log does.  The value is, with numbers in
 * little-endian order: a byte 1 (the format), the code of the handler (4
 * bytes), the attempts (4), the time in microseconds (8), a byte that tells
 * whether the event only follows an earlier one, then the sequence id, the
 * topic and the message, each after its size (2).
 */
#ifndef QUIPU_CORE_CONSUMER_PARKED_H
#define QUIPU_CORE_CONSUMER_PARKED_H

#include <quipu/entries.h>
#include <quipu/projection.h>

#define QUIPU_PARKED_KEY_SIZE 256
/* Room for a value: two ids, and the message of a quipu_error. */
#define QUIPU_PARKED_VALUE_SIZE 2048

/* Writes the key of a parked event; the consumer has at most 127 bytes. */
quipu_bytes quipu_parked_key(const char *consumer, int64_t notification_id,
                             char key[QUIPU_PARKED_KEY_SIZE]);

/* Writes the prefix of the keys of a consumer. */
quipu_bytes quipu_parked_prefix(const char *consumer,
                                char prefix[QUIPU_PARKED_KEY_SIZE]);

/* Encodes a value. */
quipu_bytes quipu_parked_encode(const quipu_parked_event *event,
                                uint8_t value[QUIPU_PARKED_VALUE_SIZE]);

/* Decodes an entry; texts point into it.  CORRUPT. */
int quipu_parked_decode(const quipu_entry *entry, quipu_parked_event *event,
                        quipu_error *error);

/* ------------------------------------------- sequences with parked events */

/* The first parked event of a sequence. */
struct quipu_parked_sequence {
    quipu_id id;
    int64_t notification_id;
    int64_t revision; /* of its entry */
};

/* Those of a consumer, as they were read last.  Zeroed: none. */
struct quipu_parked_sequences {
    struct quipu_parked_sequence *items; /* owned */
    size_t count;
    size_t capacity;
};

/* Reads them.  NO_MEMORY, CORRUPT, codes of quipu_entries_open. */
int quipu_parked_sequences_read(struct quipu_parked_sequences *sequences,
                                quipu_datastore *target, const char *consumer,
                                quipu_error *error);
void quipu_parked_sequences_finish(struct quipu_parked_sequences *sequences);

/* Returns the sequence, or NULL if none of its events is parked. */
const struct quipu_parked_sequence *quipu_parked_sequences_find(
    const struct quipu_parked_sequences *sequences, quipu_bytes id);

#endif
