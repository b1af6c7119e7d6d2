/* SPDX-License-Identifier: Apache-2.0 */
/* Many at once: threads, and processes. */
#ifndef QUIPU_CROWD_H
#define QUIPU_CROWD_H

#include "trial.h"

#include <sys/types.h>

#define QUIPU_CROWD_MAX 16

/* Runs body(context, 0 .. n - 1) in n threads that start together, and waits
 * for all. */
void quipu_crowd_threads(unsigned n, void (*body)(void *context, unsigned i),
                         void *context);

/* In a child that was just forked: it will be killed when its parent ends. */
void quipu_crowd_end_with(pid_t parent);

/*
 * Child processes.  They are made before their parent opens anything (a
 * datastore belongs to the process that opened it), wait for `go`, and run the
 * body with a trial of their own that has the parent's names.  What they find
 * out they leave in shared memory.
 */
struct quipu_crew {
    pid_t children[QUIPU_CROWD_MAX];
    unsigned count;
    int start; /* a byte for each child lets it go */
};

struct quipu_crew quipu_crew_start(struct quipu_trial *t, unsigned n,
                                   void (*body)(struct quipu_trial *t,
                                                void *shared, unsigned i),
                                   void *shared);
void quipu_crew_go(struct quipu_crew *crew);
/* Waits for all; a child that failed ends the case. */
void quipu_crew_join(struct quipu_crew *crew);
/* Whether one of them has come to its end. */
bool quipu_crew_ended(const struct quipu_crew *crew);
/* kill -9, and waits; a child that had failed before ends the case. */
void quipu_crew_kill(struct quipu_crew *crew);

/* Zeroed memory that children share with their parent. */
void *quipu_crew_share(size_t size);

#endif
