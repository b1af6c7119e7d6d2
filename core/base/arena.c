/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bump allocator over blocks that double in size.
 *
 * Memory is taken from the newest block; if a piece does not fit there, a new
 * block is added in front, and the rest of the old one stays unused until the
 * next reset.  A reset keeps the largest regular block.  Since blocks double up
 * to BLOCK_MAX, a cycle that needs no more than that is soon served by the one
 * block that was kept.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

#include <quipu/memory.h>

/* Under AddressSanitizer, memory that is not handed out is poisoned, so that a
 * use after the reset is reported although the block still exists. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONING 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define POISONING 1
#endif
#ifdef POISONING
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) \
    ((void)(address), (void)(size))
#endif

#define ALIGNMENT alignof(max_align_t)

/* The sizes in bytes of the first block and of the largest regular one.  A
 * larger block serves one large request and is not kept by a reset. */
#define BLOCK_MIN ((size_t)4 << 10)
#define BLOCK_MAX ((size_t)256 << 10)

struct quipu_arena_block {
    struct quipu_arena_block *older;
    size_t size; /* of data */
    size_t used;
    alignas(max_align_t) unsigned char data[];
};

static void *block_take(quipu_arena_block *block, size_t size)
{
    void *memory = block->data + block->used;

    block->used += size;
    ASAN_UNPOISON_MEMORY_REGION(memory, size);
    return memory;
}

static void block_empty(quipu_arena_block *block)
{
    block->used = 0;
    ASAN_POISON_MEMORY_REGION(block->data, block->size);
}

static void block_release(quipu_arena_block *block)
{
    ASAN_UNPOISON_MEMORY_REGION(block->data, block->size);
    quipu_release(block);
}

/* Adds a block with room for at least `size` bytes.  NULL: no memory. */
static quipu_arena_block *add_block(quipu_arena *arena, size_t size)
{
    quipu_arena_block *block;
    size_t room = BLOCK_MIN;

    if (arena->blocks && arena->blocks->size <= BLOCK_MAX / 2) {
        room = arena->blocks->size * 2;
    } else if (arena->blocks) {
        room = BLOCK_MAX;
    }
    if (room < size) {
        room = size;
    }
    if (room > SIZE_MAX - sizeof(*block)) {
        return NULL;
    }
    block = quipu_allocate(sizeof(*block) + room);
    if (!block) {
        return NULL;
    }
    block->older = arena->blocks;
    block->size = room;
    block_empty(block);
    arena->blocks = block;
    return block;
}

void quipu_arena_init(quipu_arena *arena)
{
    arena->blocks = NULL;
}

void quipu_arena_finish(quipu_arena *arena)
{
    while (arena->blocks) {
        quipu_arena_block *block = arena->blocks;

        arena->blocks = block->older;
        block_release(block);
    }
}

void quipu_arena_reset(quipu_arena *arena)
{
    quipu_arena_block *kept = NULL;
    quipu_arena_block *block = arena->blocks;

    if (block && !block->older && block->size <= BLOCK_MAX) {
        block_empty(block); /* as a rule */
        return;
    }
    while (block) {
        quipu_arena_block *older = block->older;

        if (block->size <= BLOCK_MAX && (!kept || block->size > kept->size)) {
            quipu_arena_block *smaller = kept;

            kept = block;
            block = smaller;
        }
        if (block) {
            block_release(block);
        }
        block = older;
    }
    arena->blocks = kept;
    if (kept) {
        kept->older = NULL;
        block_empty(kept);
    }
}

void *quipu_arena_allocate(quipu_arena *arena, size_t size)
{
    quipu_arena_block *block = arena->blocks;
    size_t rounded;

    if (size > SIZE_MAX - ALIGNMENT) {
        return NULL;
    }
    /* At least one unit, so that no two pieces have the same address. */
    rounded = (size + !size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!block || block->size - block->used < rounded) {
        block = add_block(arena, rounded);
    }
    return block ? block_take(block, rounded) : NULL;
}

void *quipu_arena_allocate_array(quipu_arena *arena, size_t count, size_t size)
{
    void *memory;

    if (size > 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    memory = quipu_arena_allocate(arena, count * size);
    if (memory) {
        memset(memory, 0, count * size);
    }
    return memory;
}

void *quipu_arena_copy(quipu_arena *arena, const void *data, size_t size)
{
    char *copy = size < SIZE_MAX ? quipu_arena_allocate(arena, size + 1) : NULL;

    if (!copy) {
        return NULL;
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    copy[size] = '\0';
    return copy;
}
