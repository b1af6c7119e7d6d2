/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations without memory: tries each point of failure of an operation.
 *
 * The host's allocator is replaced by one that counts.  The n-th allocation of
 * the operation fails, alone or together with all after it, for n = 1, 2, 3 ...
 * until the operation makes fewer.  Each time it must return NO_MEMORY or
 * succeed; nothing is half done, and the next attempt, with memory, succeeds.
 * When all handles are closed, all memory must have been released.
 */
#ifndef QUIPU_MEMORY_FAULT_H
#define QUIPU_MEMORY_FAULT_H

#include "cases/case.h"

/* Objects that operations work on. */
struct quipu_memory_fault {
    struct quipu_context *ctx;
    quipu_records *records;
    quipu_bytes sequence;
    const quipu_schema *schema; /* a new one, for set-up and tear-down */
    struct quipu_builder *builder;
    int64_t stored;  /* number of items in the sequence */
    int64_t pending; /* number of items of the current append */
};

struct quipu_memory_operation {
    const char *name;
    int (*run)(struct quipu_memory_fault *f); /* returns the status */
    /* Called before each attempt, with memory; or NULL. */
    void (*prepare)(struct quipu_memory_fault *f);
    /* Called after each attempt, with memory; `done`: it returned OK; or
     * NULL. */
    void (*check)(struct quipu_memory_fault *f, bool done);
};

/* Installs the counting allocator, without a store. */
void quipu_memory_fault_install(void);
/* Installs it, and opens a schema with a sequence of five items. */
struct quipu_memory_fault quipu_memory_fault_begin(struct quipu_context *ctx);
/* Tries all points of failure of an operation, as far as the profile allows. */
void quipu_memory_fault_try(struct quipu_memory_fault *f,
                            const struct quipu_memory_operation *operation);
/* Closes all handles and checks that all memory has been released. */
void quipu_memory_fault_end(struct quipu_context *ctx);

/* From here on the n-th allocation fails, and with `all` those after it. */
void quipu_memory_fault_arm(unsigned long n, bool all);
/* The next allocation takes some milliseconds. */
void quipu_memory_fault_pause(void);
/* Allocations succeed again; returns true if one has failed. */
bool quipu_memory_fault_disarm(void);

#endif
