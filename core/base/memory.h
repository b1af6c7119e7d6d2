/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers over the replaceable allocator of <quipu/memory.h>.
 *
 * All memory of the core comes from quipu_allocate and these functions, so that
 * a program that installs its own allocator sees every byte.  Exceptions are
 * the registry of drivers and the policy, which outlive all objects of the
 * program (see driver/registry.c) and use malloc.
 *
 * Each function returns memory that the caller frees with quipu_release, or
 * NULL if there is none; none of them sets an error.  Any thread.
 */
#ifndef QUIPU_CORE_BASE_MEMORY_H
#define QUIPU_CORE_BASE_MEMORY_H

#include <quipu/memory.h>

/* `size` zeroed bytes; size 0 gives a unique pointer, too. */
void *quipu_allocate_zeroed(size_t size);

/* `count` zeroed elements of `size` bytes; NULL also if the product exceeds
 * SIZE_MAX. */
void *quipu_allocate_array(size_t count, size_t size);

/* A copy of a NUL-terminated text. */
char *quipu_text_copy(const char *text);

/* A copy of `size` bytes with a NUL after them; `data` may be NULL if `size` is
 * 0. */
char *quipu_text_copy_bytes(const void *data, size_t size);

#endif
