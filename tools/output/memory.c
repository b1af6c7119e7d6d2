/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that ends the program when there is no memory. */
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void memory_exhausted(void)
{
    fputs("quipu: out of memory\n", stderr);
    exit(1);
}

static void *require(void *memory)
{
    if (!memory) {
        memory_exhausted();
    }
    return memory;
}

void *memory_allocate(size_t count, size_t size)
{
    return require(calloc(count == 0 ? 1 : count, size));
}

void *memory_resize(void *memory, size_t count, size_t size)
{
    return require(reallocarray(memory, count, size));
}

char *memory_copy_string(const char *text)
{
    return require(strdup(text));
}

void *memory_arena_allocate(struct arena *arena, size_t size)
{
    arena->blocks =
        memory_resize(arena->blocks, arena->count + 1, sizeof(*arena->blocks));
    arena->blocks[arena->count] = memory_allocate(size + 1, 1);
    return arena->blocks[arena->count++];
}

void memory_arena_clear(struct arena *arena)
{
    for (size_t i = 0; i < arena->count; i++) {
        free(arena->blocks[i]);
    }
    free(arena->blocks);
    memset(arena, 0, sizeof(*arena));
}
