/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An arena: memory that is handed out in pieces and reclaimed all at once.
 *
 * It serves data that lives until the next step of a cursor, such as the
 * members of a decoded event.  After a few steps the arena has one block of the
 * size that the steps need, and no longer calls the allocator.
 *
 * An arena is used by one thread at a time.  The memory it hands out belongs to
 * the arena and is never passed to quipu_release.
 */
#ifndef QUIPU_CORE_BASE_ARENA_H
#define QUIPU_CORE_BASE_ARENA_H

#include <quipu/types.h>

typedef struct quipu_arena_block quipu_arena_block;

/* A zeroed struct is an empty arena, ready for use. */
typedef struct quipu_arena {
    quipu_arena_block *blocks; /* newest first; NULL: empty */
} quipu_arena;

/* Makes the arena empty; allocates nothing. */
void quipu_arena_init(quipu_arena *arena);

/* Frees all memory.  The arena is then empty, as after init. */
void quipu_arena_finish(quipu_arena *arena);

/* Reclaims all that was handed out.  Keeps the largest block of at most 256 KiB
 * for later use and frees the others. */
void quipu_arena_reset(quipu_arena *arena);

/* Hands out `size` bytes with the alignment of max_align_t, not zeroed; a
 * unique pointer for size 0, too.  NULL if there is no memory. */
void *quipu_arena_allocate(quipu_arena *arena, size_t size);

/* Hands out `count` zeroed elements of `size` bytes; NULL also if the product
 * exceeds SIZE_MAX. */
void *quipu_arena_allocate_array(quipu_arena *arena, size_t count, size_t size);

/* Hands out a copy of `size` bytes with a NUL after them; `data` may be NULL if
 * `size` is 0. */
void *quipu_arena_copy(quipu_arena *arena, const void *data, size_t size);

#endif
