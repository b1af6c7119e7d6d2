/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers over the allocator of <quipu/memory.h>. */
#ifndef QUIPU_CORE_BASE_MEMORY_H
#define QUIPU_CORE_BASE_MEMORY_H

#include <quipu/memory.h>

/* All give memory for quipu_release, or NULL when there is none. */

/* Zeroed memory; for an array, also NULL when its size overflows. */
void *quipu_allocate_zeroed(size_t size);
void *quipu_allocate_array(size_t count, size_t size);

/* A copy of a NUL-terminated text, or of `size` bytes with a NUL after them
 * (`data` may be NULL if `size` is 0). */
char *quipu_text_copy(const char *text);
char *quipu_text_copy_bytes(const void *data, size_t size);

#endif
