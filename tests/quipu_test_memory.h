/* SPDX-License-Identifier: Apache-2.0 */
/* An allocator that counts what is not given back and can fail at will, and
 * the sweep that lets each allocation of a call fail in turn. */
#ifndef QUIPU_TEST_MEMORY_H
#define QUIPU_TEST_MEMORY_H

#include "quipu_test.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include <quipu/memory.h>

static atomic_long quipu_test_live;   /* pieces not given back */
static atomic_long quipu_test_budget; /* allocations left before one fails */

static inline bool quipu_test_may_allocate(void)
{
    return atomic_fetch_sub(&quipu_test_budget, 1) != 0;
}

static inline void *quipu_test_allocate(size_t size)
{
    void *memory = quipu_test_may_allocate() ? malloc(size) : NULL;

    if (memory) {
        atomic_fetch_add(&quipu_test_live, 1);
    }
    return memory;
}

static inline void *quipu_test_reallocate(void *memory, size_t size)
{
    void *moved = quipu_test_may_allocate() ? realloc(memory, size) : NULL;

    if (moved && !memory) {
        atomic_fetch_add(&quipu_test_live, 1);
    }
    return moved;
}

static inline void quipu_test_release(void *memory)
{
    atomic_fetch_sub(&quipu_test_live, 1);
    free(memory);
}

/* From now on the allocation after `allowed` further ones fails; -1: none. */
static inline void quipu_test_memory_begin(long allowed)
{
    static const quipu_allocator allocator = { sizeof(allocator), 0,
                                               quipu_test_allocate,
                                               quipu_test_reallocate,
                                               quipu_test_release };

    atomic_store(&quipu_test_live, 0);
    atomic_store(&quipu_test_budget, allowed);
    assert_ok(quipu_allocator_use(&allocator, NULL), NULL);
}

/* Back to malloc; all must have been given back. */
static inline void quipu_test_memory_end(void)
{
    assert_ok(quipu_allocator_use(NULL, NULL), NULL);
    assert_int_equal(atomic_load(&quipu_test_live), 0);
}

/* Repeats a call, in which the first allocation fails, then the second, until
 * it succeeds: each time before it must answer NO_MEMORY, and it must never
 * keep memory. */
static inline void quipu_test_memory_sweep(int (*call)(void *context,
                                                       quipu_error *err),
                                           void *context)
{
    int status = QUIPU_NO_MEMORY;

    for (long allowed = 0; status != QUIPU_OK; allowed++) {
        quipu_error err = { 0 };

        assert_true(allowed < 10000);
        quipu_test_memory_begin(allowed);
        status = call(context, &err);
        quipu_test_memory_end();
        if (status != QUIPU_OK) {
            assert_refused(status, QUIPU_NO_MEMORY, &err, "memory");
            assert_int_equal(err.code, QUIPU_NO_MEMORY);
        }
    }
}

#endif
