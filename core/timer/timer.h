/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key-value entries of timers.
 *
 *     quipu/timer/ID                     the event, with its due time
 *     quipu/timer-due/TABLE/TIME/ID      sequence id; in the order of time
 *     quipu/timer-refused/TABLE/TIME/ID  of one that was set aside, and why
 *
 * ID is a UUID (version 5) of the table, the sequence id and the name of the
 * timer; TIME is the due time in microseconds since the year 1, in 16
 * hexadecimal digits.
 *
 *   INV1  Each append that writes an entry quipu/timer/ID also writes the entry
 *         quipu/timer-due/... with the due time that it contains; one that
 *         removes the latter, and not the former, requires that it has not been
 *         written since it was read.  So a timer that is set is found at its
 *         time, unless it was set aside.
 *   INV2  An entry quipu/timer-due/... whose timer does not exist, or has
 *         another due time, counts for nothing, and is removed when it is due.
 *         It remains if two units replace a timer at the same time.
 *   INV3  An event is appended together with the removal of quipu/timer/ID at
 *         the revision at which it was read: once for each time that it was
 *         set, and not after it was replaced or cancelled (K4).
 *
 * So units write without conditions, and a timer makes no commit fail.
 *
 * The value of quipu/timer/ID is, with numbers in little-endian order: a byte 1
 * (the format), the due time (8 bytes), the flags of the item (4), the time of
 * the event (8), the name, the sequence id, the topic and the event id, each
 * after its size (2), the metadata and the state, each after its size (4),
 * 0xffffffff if they are absent; then the number of further columns (2), and
 * each of these: its kind (1) and 8 bytes for a number, or the bytes after
 * their size (4).
 *
 * Any thread.
 */
#ifndef QUIPU_CORE_TIMER_TIMER_H
#define QUIPU_CORE_TIMER_TIMER_H

#include <quipu/entries.h>
#include <quipu/id.h>

#include "base/arena.h"

#define QUIPU_TIMER_DUE "quipu/timer-due/"
#define QUIPU_TIMER_REFUSED "quipu/timer-refused/"

/* Room for a key and its NUL: prefix, table, time and id. */
#define QUIPU_TIMER_KEY_SIZE 160

/* Returns the id of a timer. */
quipu_uuid quipu_timer_id(const char *table, quipu_bytes sequence_id,
                          const char *name);

/* Write the key of a timer's event, and of its place in the order of time with
 * the prefix QUIPU_TIMER_DUE or QUIPU_TIMER_REFUSED. */
quipu_bytes quipu_timer_key(const quipu_uuid *id,
                            char key[QUIPU_TIMER_KEY_SIZE]);
quipu_bytes quipu_timer_place_key(const char *prefix, const char *table,
                                  quipu_time due, const quipu_uuid *id,
                                  char key[QUIPU_TIMER_KEY_SIZE]);

/* The parts of a key of the latter form. */
struct quipu_timer_place {
    quipu_bytes table; /* points into the key */
    quipu_time due;
    quipu_uuid id;
};

/* Takes a key with that prefix apart; returns false if it has another form. */
bool quipu_timer_place_parse(quipu_bytes key, const char *prefix,
                             struct quipu_timer_place *place);

/* ----------------------------------------------------------------- values */

/* A timer, as its entry holds it. */
struct quipu_timer_event {
    quipu_time due;
    quipu_bytes name;
    quipu_item item; /* to be appended at the next position */
};

/* Encodes the value, in the arena.  Absent bytes: NO_MEMORY. */
quipu_bytes quipu_timer_encode(const struct quipu_timer_event *event,
                               quipu_arena *arena);

/* Decodes an entry; the bytes point into it, the columns are in the arena.
 * CORRUPT, NO_MEMORY. */
int quipu_timer_decode(const quipu_entry *entry, quipu_arena *arena,
                       struct quipu_timer_event *event, quipu_error *error);

/* Encodes the reason why a timer was set aside, in the arena; decodes it, and
 * returns false if the value has another form. */
quipu_bytes quipu_timer_encode_refusal(quipu_bytes sequence_id, int code,
                                       quipu_bytes message, quipu_arena *arena);
bool quipu_timer_decode_refusal(quipu_bytes value, quipu_bytes *sequence_id,
                                int32_t *code, quipu_bytes *message);

#endif
