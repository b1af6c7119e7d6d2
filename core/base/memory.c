/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replaceable allocator, and helpers over it.
 *
 * The allocator in use is one static struct.  The default is malloc, realloc
 * and free.  Memory must be released by the allocator it came from, hence the
 * rule that quipu_allocator_use is called while no object of quipu exists.
 */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#include <quipu/error.h>

/* quipu_allocator_use requires that no other thread is in quipu, so that no
 * lock is needed. */
static quipu_allocator allocator = {
    .struct_size = sizeof(quipu_allocator),
    .allocate = malloc,
    .reallocate = realloc,
    .release = free,
};

int quipu_allocator_use(const quipu_allocator *given, quipu_error *error)
{
    static const quipu_allocator standard = {
        .struct_size = sizeof(quipu_allocator),
        .allocate = malloc,
        .reallocate = realloc,
        .release = free,
    };

    if (!given) {
        allocator = standard;
        return QUIPU_OK;
    }
    if (given->struct_size < sizeof(*given)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the allocator's struct_size is %u, not %zu",
                               given->struct_size, sizeof(*given));
    }
    if (!given->allocate || !given->reallocate || !given->release) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the allocator lacks a function: it needs "
                               "allocate, reallocate and release");
    }
    allocator = *given;
    allocator.struct_size = sizeof(allocator);
    return QUIPU_OK;
}

/* Size 0 is requested as 1: some allocators return NULL for 0, which would be
 * taken for a failure, and realloc(memory, 0) may free the memory. */
void *quipu_allocate(size_t size)
{
    return allocator.allocate(size > 0 ? size : 1);
}

void *quipu_reallocate(void *memory, size_t size)
{
    if (!memory) {
        return quipu_allocate(size);
    }
    return allocator.reallocate(memory, size > 0 ? size : 1);
}

void quipu_release(void *memory)
{
    if (memory) {
        allocator.release(memory);
    }
}

void *quipu_allocate_zeroed(size_t size)
{
    void *memory = quipu_allocate(size);

    if (memory) {
        memset(memory, 0, size);
    }
    return memory;
}

void *quipu_allocate_array(size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    return quipu_allocate_zeroed(count * size);
}

char *quipu_text_copy(const char *text)
{
    return quipu_text_copy_bytes(text, strlen(text));
}

char *quipu_text_copy_bytes(const void *data, size_t size)
{
    char *copy = size < SIZE_MAX ? quipu_allocate(size + 1) : NULL;

    if (!copy) {
        return NULL;
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    copy[size] = '\0';
    return copy;
}
