/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers: this program, run once more with quipu-faults.so in it, so that the
 * disk below one folder can fail for it.  A worker works on the trial's URI
 * with that folder in place of {dir}.
 */
#ifndef QUIPU_SUBPROCESS_H
#define QUIPU_SUBPROCESS_H

#include "context.h"

#include <sys/types.h>

/* What a worker can do.  `shared` is memory of all workers and their parent;
 * its trial is as the case's, with the folder as its {dir}, and has no link to
 * the runner.  A worker may have workers of its own. */
struct quipu_subprocess_job {
    const char *name;
    void (*run)(struct quipu_context *ctx, void *shared, unsigned index);
};

extern const struct quipu_subprocess_job
    *const quipu_subprocess_jobs[]; /* NULL-terminated */

#define QUIPU_SUBPROCESS_FAULTS 8

struct quipu_subprocess_spec {
    const struct quipu_subprocess_job *job;
    const char *folder;  /* absolute, and there */
    const char *options; /* of the URI, or NULL */
    struct {
        const char *name, *value; /* "QUIPU_FAULT_CALL", "sync" */
    } faults[QUIPU_SUBPROCESS_FAULTS];
};

/* Where a program comes to the suite: a process that is a worker does its work
 * here, and ends. */
void quipu_subprocess_enter(void);

/* Skips the case where workers cannot be. */
void quipu_subprocess_require(struct quipu_context *ctx);

/* Zeroed memory that workers started later share; one a case. */
void *quipu_subprocess_share_memory(size_t size);

/* Adds a fault to a task. */
void quipu_subprocess_add_fault(struct quipu_subprocess_spec *task,
                                const char *name, const char *value);

/* Starts number `index` of the workers at a task. */
pid_t quipu_subprocess_start(struct quipu_context *ctx,
                             const struct quipu_subprocess_spec *task,
                             unsigned index);
/* Waits for its end; gives its status as waitpid does. */
int quipu_subprocess_wait(pid_t worker);

/* Lets a worker do the rest of the case: fails, or skips it, as that does. */
void quipu_subprocess_delegate(struct quipu_context *ctx,
                               const struct quipu_subprocess_spec *task);

/* The trial's URI, to be opened here, with a folder in place of {dir}. */
const char *quipu_subprocess_uri(struct quipu_context *ctx, const char *folder);

/* --------------------------------------------------------- in the worker */

/* How often a call has failed because its failure was planned. */
unsigned quipu_subprocess_failures(void);
/* How many calls of the kind to fail were made. */
unsigned quipu_subprocess_calls(void);
/* Tells the journal how far number `who` has come. */
void quipu_subprocess_mark(unsigned who, int64_t where);

#endif
