/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The allocator of quipu, which drivers use through the core, too.
 *
 * By default it is malloc, realloc and free.  A program can replace it, to
 * account for memory or to limit it.  The libraries of the back ends keep their
 * own allocators.
 */
#ifndef QUIPU_MEMORY_H
#define QUIPU_MEMORY_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Replacements of malloc, realloc and free, with the same contracts.  They are
 * called from any thread, with sizes above 0, and `release` and `reallocate`
 * never with NULL. */
typedef struct quipu_allocator {
    uint32_t struct_size;
    uint32_t reserved;
    void *(*allocate)(size_t size);
    void *(*reallocate)(void *memory, size_t size);
    void (*release)(void *memory);
} quipu_allocator;

/*
 * Uses the given functions from now on, or with NULL malloc, realloc and free
 * again.  The struct is copied.  Must be called while no object of quipu exists
 * and no other thread is in quipu.  INVALID: a function is missing, or
 * struct_size is too small.
 */
QUIPU_API int quipu_allocator_use(const quipu_allocator *allocator,
                                  quipu_error *error);

/* Allocate, resize and free memory by that allocator.  Size 0 gives a unique
 * pointer.  NULL: there is no memory; after quipu_reallocate the old memory is
 * then unchanged.  quipu_release takes NULL.  Any thread. */
QUIPU_API void *quipu_allocate(size_t size);
QUIPU_API void *quipu_reallocate(void *memory, size_t size);
QUIPU_API void quipu_release(void *memory);

#ifdef __cplusplus
}
#endif

#endif
