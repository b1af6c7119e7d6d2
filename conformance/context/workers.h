/* SPDX-License-Identifier: Apache-2.0 */
/* Workers of a case that run at the same time: threads or forked processes. */
#ifndef QUIPU_WORKERS_H
#define QUIPU_WORKERS_H

#include "context.h"

#include <sys/types.h>

#define QUIPU_WORKERS_MAX 16

/* Runs body(context, 0) ... body(context, n - 1) in n threads, which start at
 * the same time, and waits until all have returned. */
void quipu_workers_run_threads(unsigned n,
                               void (*body)(void *context, unsigned i),
                               void *context);

/*
 * Worker processes.  The parent forks them before it opens a datastore, because
 * a datastore belongs to the process that opened it.  They wait until they are
 * released, and then run the body with a context of their own, which has the
 * parent's names.  Results go to shared memory.
 */
struct quipu_workers {
    pid_t children[QUIPU_WORKERS_MAX];
    unsigned count;
    int start; /* write end of a pipe: one byte releases one child */
};

typedef void quipu_workers_body(struct quipu_context *ctx, void *shared,
                                unsigned i);

/* Forks n processes, 0 .. n - 1.  `shared` is passed to the body. */
struct quipu_workers quipu_workers_start(struct quipu_context *ctx, unsigned n,
                                         quipu_workers_body *body,
                                         void *shared);
void quipu_workers_release(struct quipu_workers *workers);
/* Waits for all; if one of them failed, ends the case as failed. */
void quipu_workers_join(struct quipu_workers *workers);
/* Returns true if at least one of them has ended. */
bool quipu_workers_any_ended(const struct quipu_workers *workers);
/* Kills all with SIGKILL and waits for them; if one had failed before, ends the
 * case as failed. */
void quipu_workers_kill(struct quipu_workers *workers);

/* Returns zeroed memory that processes forked later share with the caller. */
void *quipu_workers_share_memory(size_t size);

/* To be called in a forked child: it is killed when its parent ends. */
void quipu_workers_die_with_parent(pid_t parent);

#endif
