/* SPDX-License-Identifier: Apache-2.0 */
/* The allocator that quipu, and through it every driver, uses. */
#ifndef QUIPU_MEMORY_H
#define QUIPU_MEMORY_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Replacements of malloc, realloc and free; called from any thread. */
typedef struct quipu_allocator {
    uint32_t struct_size;
    uint32_t reserved;
    void *(*allocate)(size_t size);
    void *(*reallocate)(void *memory, size_t size);
    void (*release)(void *memory);
} quipu_allocator;

/*
 * Uses the given functions from now on, or with NULL malloc, realloc and free
 * again.  To be called while no object of quipu exists and no other thread is
 * in quipu.  INVALID: a function is missing.
 */
QUIPU_API int quipu_allocator_use(const quipu_allocator *allocator,
                                  quipu_error *error);

/* Memory from that allocator: NULL when there is none; release takes NULL. */
QUIPU_API void *quipu_allocate(size_t size);
QUIPU_API void *quipu_reallocate(void *memory, size_t size);
QUIPU_API void quipu_release(void *memory);

#ifdef __cplusplus
}
#endif

#endif
