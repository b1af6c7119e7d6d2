/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a log or a sequence to its end, past items that cannot be read. */
#ifndef QUIPU_TOOLS_WALK_H
#define QUIPU_TOOLS_WALK_H

#include <quipu/quipu.h>

struct walk {
    quipu_records *records;
    quipu_bytes sequence_id; /* absent: the log */
    int64_t lower, upper;    /* of notification ids, or of positions */
    int (*visit)(void *context, const quipu_item *item, quipu_error *error);
    /* Hears of each that is CORRUPT: its notification id or position, and the
     * driver's message.  NULL: nobody does. */
    void (*broken)(void *context, int64_t at, const quipu_error *error);
    void *context;
};

/*
 * Walks.  CORRUPT: so many items in a row are broken that the walk ended
 * early.  Other codes as quipu_cursor_next and `visit`.
 */
int quipu_tool_walk(const struct walk *walk, quipu_error *error);

/* The number of items between two bounds, inclusive, counted up to one:
 * *found tells whether there is any.  `item` may be visited. */
int quipu_tool_walk_one(quipu_records *records, quipu_bytes sequence_id,
                        int64_t at,
                        int (*visit)(void *context, const quipu_item *item,
                                     quipu_error *error),
                        void *context, bool *found, quipu_error *error);

#endif
