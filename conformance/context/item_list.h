/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of items that were read, copied so that they can be compared.  Lists
 * live until the end of the case.
 */
#ifndef QUIPU_ITEM_LIST_H
#define QUIPU_ITEM_LIST_H

#include "context.h"

struct quipu_item_copy {
    int64_t position;
    int64_t notification_id;
    quipu_uuid event_id; /* nil if absent */
    quipu_id sequence;
    size_t state_size;
    char state[40]; /* its first 39 bytes, NUL-terminated */
};

struct quipu_item_list {
    struct quipu_item_copy *at;
    size_t count;
};

/* Reads the rest of a cursor and closes it.  Checks that the cursor stays at
 * its end. */
struct quipu_item_list quipu_item_list_drain(struct quipu_context *ctx,
                                             quipu_cursor *cursor);
/* Reads a sequence, or the log.  `query` may be NULL. */
struct quipu_item_list quipu_item_list_read(struct quipu_context *ctx,
                                            quipu_records *records,
                                            quipu_bytes sequence,
                                            const quipu_query *query);
struct quipu_item_list quipu_item_list_read_log(struct quipu_context *ctx,
                                                quipu_records *records,
                                                const quipu_query *query);

/* Return the number of items of a sequence, or of the log. */
size_t quipu_item_list_count(struct quipu_context *ctx, quipu_records *records,
                             quipu_bytes sequence);
size_t quipu_item_list_count_log(struct quipu_context *ctx,
                                 quipu_records *records);

/* Reads the log of a contiguous schema.  Checks that the notification ids are
 * 1, 2, 3 ... and the positions of each sequence 0, 1, 2 ... */
struct quipu_item_list quipu_item_list_check_log(struct quipu_context *ctx,
                                                 quipu_records *records);

/* Reads the first item of a sequence and calls check(item, expected). */
void quipu_item_list_check_only(quipu_records *records, quipu_bytes sequence,
                                void (*check)(const quipu_item *item,
                                              const void *expected),
                                const void *expected);

#endif
