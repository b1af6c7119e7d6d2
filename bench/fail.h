/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures.  The benchmarks do not recover: each failure ends the program with
 * a message, and the parent process removes the stores.
 */
#ifndef BENCH_FAIL_H
#define BENCH_FAIL_H

#include <quipu/quipu.h>

#include <stdlib.h>

/* Prints "quipu-bench: what: why" and exits with EXIT_FAILURE. */
_Noreturn void bench_fail(const char *what, const char *why);

/* Ends the program with the error's message unless `status` is QUIPU_OK. */
void bench_fail_on_error(int status, const quipu_error *error,
                         const char *what);

/* Allocates zeroed memory, or ends the program. */
static inline void *bench_allocate(size_t size)
{
    void *memory = calloc(1, size);

    if (!memory) {
        bench_fail("memory", "the system has none left");
    }
    return memory;
}

#endif
