/* SPDX-License-Identifier: Apache-2.0 */
/* An allocator that fails, and the attempts of an operation with it. */
#include "fault.h"

#include <quipu/memory.h>

#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>

/* ---------------------------------------------------- the failing allocator */

static atomic_long held;       /* allocations not released yet */
static atomic_ulong made;      /* allocations since _arm */
static atomic_ulong fail_from; /* number of the first that fails, or 0 */
static atomic_ulong fail_to;
static atomic_bool failed;

/* The first allocation after quipu_memory_fault_pause waits, so that the
 * requests of other threads queue behind the one that makes it. */
#define PAUSE 3000 /* microseconds */

static atomic_bool pauses;

void quipu_memory_fault_pause(void)
{
    atomic_store(&pauses, true);
}

static bool fails(void)
{
    unsigned long n = atomic_fetch_add(&made, 1) + 1;
    unsigned long from = atomic_load(&fail_from);

    if (from == 0 || n < from || n > atomic_load(&fail_to)) {
        return false;
    }
    atomic_store(&failed, true);
    return true;
}

static void *allocate(size_t size)
{
    void *memory;

    if (atomic_exchange(&pauses, false)) {
        quipu_context_sleep(PAUSE);
    }
    memory = fails() ? NULL : malloc(size);

    held += memory != NULL;
    return memory;
}

static void *reallocate(void *memory, size_t size)
{
    if (!memory) {
        return allocate(size);
    }
    return fails() ? NULL : realloc(memory, size);
}

static void release(void *memory)
{
    held -= memory != NULL;
    free(memory);
}

void quipu_memory_fault_install(void)
{
    static const quipu_allocator allocator = { .struct_size = sizeof(allocator),
                                               .allocate = allocate,
                                               .reallocate = reallocate,
                                               .release = release };

    OK(quipu_allocator_use(&allocator, ERR));
}

void quipu_memory_fault_arm(unsigned long n, bool all)
{
    atomic_store(&failed, false);
    atomic_store(&made, 0);
    atomic_store(&fail_to, all ? ULONG_MAX : n);
    atomic_store(&fail_from, n);
}

bool quipu_memory_fault_disarm(void)
{
    atomic_store(&fail_from, 0);
    return atomic_load(&failed);
}

/* ------------------------------------------------------------- the attempts */

/* Makes one attempt in which allocation n fails, and, if the operation failed,
 * another one with memory.  Returns true if an allocation has failed. */
static bool attempt(struct quipu_memory_fault *f,
                    const struct quipu_memory_operation *operation,
                    unsigned long n, bool all)
{
    bool failed_allocation;
    int status;

    if (operation->prepare) {
        operation->prepare(f);
    }
    quipu_memory_fault_arm(n, all);
    status = operation->run(f);
    failed_allocation = quipu_memory_fault_disarm();
    CHECK(status == QUIPU_OK ||
              (failed_allocation && status == QUIPU_NO_MEMORY),
          "%s returns %s when allocation %lu %s: %s", operation->name,
          quipu_status_name(status), n,
          failed_allocation ? "fails" : "does not fail", ERR->message);
    if (operation->check) {
        operation->check(f, status == QUIPU_OK);
    }
    if (status != QUIPU_OK) {
        OK(operation->run(f));
        if (operation->check) {
            operation->check(f, true);
        }
    }
    return failed_allocation;
}

void quipu_memory_fault_try(struct quipu_memory_fault *f,
                            const struct quipu_memory_operation *operation)
{
    unsigned most = quipu_context_scale(f->ctx, 40, 100000, 100000);

    for (int all = 0; all < 2; all++) {
        for (unsigned long n = 1;
             n <= most && attempt(f, operation, n, all != 0); n++) {
            quipu_context_count(f->ctx, "faults", 1);
        }
    }
}

struct quipu_memory_fault quipu_memory_fault_begin(struct quipu_context *ctx)
{
    struct quipu_memory_fault f = { .ctx = ctx };

    quipu_memory_fault_install();
    f.records = quipu_context_records(ctx, 0);
    f.sequence = quipu_context_sequence(ctx);
    f.builder = quipu_builder_create(ctx, f.records, 3);
    quipu_builder_append_many(ctx, f.records, f.sequence, 5);
    f.stored = 5;
    return f;
}

void quipu_memory_fault_end(struct quipu_context *ctx)
{
    quipu_context_close_all(ctx);
    CHECK(atomic_load(&held) == 0,
          "all handles are closed, but %ld allocations are not released",
          atomic_load(&held));
}
