/* SPDX-License-Identifier: Apache-2.0 */
/* Many at once: threads, and processes. */
#ifndef QUIPU_WORKERS_H
#define QUIPU_WORKERS_H

#include "context.h"

#include <sys/types.h>

#define QUIPU_WORKERS_MAX 16

/* Runs body(context, 0 .. n - 1) in n threads that start together, and waits
 * for all. */
void quipu_workers_run_threads(unsigned n,
                               void (*body)(void *context, unsigned i),
                               void *context);

/* In a child that was just forked: it will be killed when its parent ends. */
void quipu_workers_die_with_parent(pid_t parent);

/*
 * Child processes.  They are made before their parent opens anything (a
 * datastore belongs to the process that opened it), wait for `go`, and run the
 * body with a trial of their own that has the parent's names.  What they find
 * out they leave in shared memory.
 */
struct quipu_workers {
    pid_t children[QUIPU_WORKERS_MAX];
    unsigned count;
    int start; /* a byte for each child lets it go */
};

struct quipu_workers quipu_workers_start(struct quipu_context *ctx, unsigned n,
                                         void (*body)(struct quipu_context *ctx,
                                                      void *shared, unsigned i),
                                         void *shared);
void quipu_workers_release(struct quipu_workers *crew);
/* Waits for all; a child that failed ends the case. */
void quipu_workers_join(struct quipu_workers *crew);
/* Whether one of them has come to its end. */
bool quipu_workers_any_ended(const struct quipu_workers *crew);
/* kill -9, and waits; a child that had failed before ends the case. */
void quipu_workers_kill(struct quipu_workers *crew);

/* Zeroed memory that children share with their parent. */
void *quipu_workers_share_memory(size_t size);

#endif
