/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the loader share: pools that grow, names, two parsers. */
#ifndef QUIPU_LOADING_H
#define QUIPU_LOADING_H

#include "history.h"
#include "scan.h"

/* A pool with room for one more than `count`, which is zeroed; it may have
 * moved. */
void *quipu_history_room(void *pool, size_t count, size_t *room, size_t size);

/* Adds one to a pool of a history, and points to it. */
#define QUIPU_HISTORY_ADD(history, pool, number)               \
    ((history)->pool = quipu_history_room(                     \
         (history)->pool, (history)->number##_count,           \
         &(history)->number##_room, sizeof(*(history)->pool)), \
     &(history)->pool[(history)->number##_count++])

/* The number of a name in a log, which it gets when it is new. */
uint32_t quipu_history_name(struct quipu_history_names *names,
                            struct quipu_scan word, uint32_t log);
void quipu_history_names_finish(struct quipu_history_names *names);

/* An item without id, or an entry with one. */
bool quipu_history_parse_entry(struct quipu_history *history,
                               struct quipu_scan word, uint32_t log,
                               bool with_id);

/* What is asked, after its time and number; what it is told.  False: the line
 * is not of the format. */
bool quipu_history_parse_asked(struct quipu_history *history,
                               struct quipu_operation *op,
                               struct quipu_scan line);
bool quipu_history_parse_answered(struct quipu_history *history,
                                  struct quipu_operation *op,
                                  struct quipu_scan line);

#endif
