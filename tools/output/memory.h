/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the command itself.  None of these functions returns NULL: if the
 * system has no memory left, the program prints a message and exits with
 * status 1.
 */
#ifndef QUIPU_TOOLS_MEMORY_H
#define QUIPU_TOOLS_MEMORY_H

#include <stddef.h>

/* Allocates `count` zeroed elements of `size` bytes, at least one element; the
 * caller frees them. */
void *memory_allocate(size_t count, size_t size);

/* Changes the size of an allocation; new bytes are not initialised. */
void *memory_resize(void *memory, size_t count, size_t size);

/* Copies a string; the caller frees it. */
char *memory_copy_string(const char *text);

/* Prints "out of memory" and exits with status 1.  For allocations that other
 * libraries make. */
_Noreturn void memory_exhausted(void);

/* Blocks that are freed together; initialise it with zeros. */
struct arena {
    void **blocks;
    size_t count;
};

/* Allocates `size` zeroed bytes that live until memory_arena_clear. */
void *memory_arena_allocate(struct arena *arena, size_t size);

/* Frees all blocks; the arena can be used again. */
void memory_arena_clear(struct arena *arena);

#endif
