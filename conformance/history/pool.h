/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growing arrays and interned names: the storage of a history while it is
 * loaded, and of the checker's tables.
 *
 * A name is interned to its index, so that the rest of the history compares
 * numbers.  Running out of memory ends the case (CHECK).
 */
#ifndef QUIPU_HISTORY_POOL_H
#define QUIPU_HISTORY_POOL_H

#include "history.h"
#include "token.h"

/* Returns the array, grown if necessary, with room for one element more than
 * `count`; that element is zeroed.  The array may have moved.  `size` is the
 * size of an element in bytes. */
void *quipu_history_pool_grow(void *pool, size_t count, size_t *room,
                              size_t size);

/* Adds a zeroed element to an array of a history; its value is the address of
 * the element, valid until the next addition. */
#define QUIPU_HISTORY_POOL_ADD(history, pool, number)          \
    ((history)->pool = quipu_history_pool_grow(                \
         (history)->pool, (history)->number##_count,           \
         &(history)->number##_room, sizeof(*(history)->pool)), \
     &(history)->pool[(history)->number##_count++])

/* Returns the index of the name in the given log, adding it if it is new. */
uint32_t quipu_history_pool_intern(struct quipu_history_names *names,
                                   struct quipu_history_token word,
                                   uint32_t log);

void quipu_history_pool_finish_names(struct quipu_history_names *names);

#endif
