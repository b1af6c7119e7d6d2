/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An arena: memory that is given out piece by piece and taken back at once.
 *
 * For what lives until the next step of a cursor: after a few steps it works
 * without asking the allocator.  One thread at a time.
 */
#ifndef QUIPU_CORE_BASE_ARENA_H
#define QUIPU_CORE_BASE_ARENA_H

#include <quipu/types.h>

typedef struct quipu_arena_block quipu_arena_block;

/* Zeroed it is ready for use, and holds nothing. */
typedef struct quipu_arena {
    quipu_arena_block *blocks; /* the newest first */
} quipu_arena;

/* Makes it empty; allocates nothing. */
void quipu_arena_init(quipu_arena *arena);

/* Gives all its memory back; it can be used again as after init. */
void quipu_arena_finish(quipu_arena *arena);

/* Takes back all that it gave out, and keeps at most one block of moderate
 * size for what comes next. */
void quipu_arena_reset(quipu_arena *arena);

/* Memory for any type (alignment of max_align_t), also for size 0; not
 * zeroed.  NULL when there is none. */
void *quipu_arena_allocate(quipu_arena *arena, size_t size);

/* The same for `count` zeroed members; NULL also when the size overflows. */
void *quipu_arena_allocate_array(quipu_arena *arena, size_t count, size_t size);

/* A copy of `size` bytes with a NUL after them; `data` may be NULL if `size`
 * is 0. */
void *quipu_arena_copy(quipu_arena *arena, const void *data, size_t size);

#endif
