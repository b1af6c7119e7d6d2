/* SPDX-License-Identifier: Apache-2.0 */
/* What reading yields, copied so that it can be compared. */
#ifndef QUIPU_ITEM_LIST_H
#define QUIPU_ITEM_LIST_H

#include "context.h"

struct quipu_item_copy {
    int64_t position;
    int64_t notification_id;
    quipu_uuid event_id; /* nil if absent */
    quipu_id sequence;
    size_t state_size;
    char state[40]; /* its beginning, NUL-terminated */
};

struct quipu_item_list {
    struct quipu_item_copy *at;
    size_t count;
};

/* Reads to the end of a cursor, and closes it.  Checks that its end is one. */
struct quipu_item_list quipu_item_list_drain(struct quipu_context *ctx,
                                             quipu_cursor *cursor);
/* Reads a sequence, or the log; the query may be NULL. */
struct quipu_item_list quipu_item_list_read(struct quipu_context *ctx,
                                            quipu_records *records,
                                            quipu_bytes sequence,
                                            const quipu_query *query);
struct quipu_item_list quipu_item_list_read_log(struct quipu_context *ctx,
                                                quipu_records *records,
                                                const quipu_query *query);

/* How many items a sequence, or the log, has; read by a cursor. */
size_t quipu_item_list_count(struct quipu_context *ctx, quipu_records *records,
                             quipu_bytes sequence);
size_t quipu_item_list_count_log(struct quipu_context *ctx,
                                 quipu_records *records);

/* Checks that the log is 1, 2, 3 ... and that each sequence in it is 0, 1, 2
 * ...; gives it. */
struct quipu_item_list quipu_item_list_check_log(struct quipu_context *ctx,
                                                 quipu_records *records);

/* Reads the only item of a sequence and calls `check` on it. */
void quipu_item_list_check_only(quipu_records *r, quipu_bytes s,
                                void (*check)(const quipu_item *item,
                                              const void *wanted),
                                const void *wanted);

#endif
