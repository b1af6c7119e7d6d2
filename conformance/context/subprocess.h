/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subprocesses with faults: this program, executed again with quipu-faults.so
 * preloaded, so that file operations below one folder are recorded or fail.
 *
 * A subprocess runs a job by name.  It has a context like the case's, whose
 * store is in the given folder, and no channel to the runner.  It may start
 * subprocesses of its own.
 */
#ifndef QUIPU_SUBPROCESS_H
#define QUIPU_SUBPROCESS_H

#include "context.h"

#include <sys/types.h>

/* Work that a subprocess can do.  `shared` is memory that all subprocesses and
 * their parent share. */
struct quipu_subprocess_job {
    const char *name;
    void (*run)(struct quipu_context *ctx, void *shared, unsigned index);
};

#define QUIPU_SUBPROCESS_FAULTS 8

/* How to start a subprocess. */
struct quipu_subprocess_spec {
    const struct quipu_subprocess_job *job;
    const char *folder;  /* absolute path of an existing folder: in place of
                          * {dir}, and the one in which faults happen */
    const char *options; /* added to the URI, or NULL */
    struct {
        const char *name, *value; /* "QUIPU_FAULT_CALL", "sync" */
    } faults[QUIPU_SUBPROCESS_FAULTS];
};

/* --------------------------------------------------------- in the case */

/* Skips the case if subprocesses cannot run: without quipu-faults.so, or in a
 * program that was built with a sanitizer. */
void quipu_subprocess_require(struct quipu_context *ctx);

/* Returns zeroed memory that subprocesses started later share.  To be called
 * once in a case. */
void *quipu_subprocess_share_memory(size_t size);

/* Adds an environment variable of quipu-faults.so (faults/plan.c). */
void quipu_subprocess_add_fault(struct quipu_subprocess_spec *spec,
                                const char *name, const char *value);

/* Starts a subprocess; `index` is passed to its job.  It is killed when its
 * parent ends. */
pid_t quipu_subprocess_start(struct quipu_context *ctx,
                             const struct quipu_subprocess_spec *spec,
                             unsigned index);
/* Waits for its end; returns its status as waitpid does. */
int quipu_subprocess_wait(pid_t process);

/* Has a subprocess do the rest of the case, waits for it, and fails or skips
 * the case if the subprocess did. */
void quipu_subprocess_delegate(struct quipu_context *ctx,
                               const struct quipu_subprocess_spec *spec);

/* Returns the case's URI, as it is opened in this process, with `folder` in
 * place of {dir}. */
const char *quipu_subprocess_uri(struct quipu_context *ctx, const char *folder);

/* --------------------------------------------------- in the subprocess */

/* To be called where a program enters the suite, with all jobs,
 * NULL-terminated: in a subprocess it runs the job and does not return. */
void quipu_subprocess_enter(const struct quipu_subprocess_job *const *jobs);

/* Returns the number of calls that quipu-faults.so has made fail. */
unsigned quipu_subprocess_failures(void);
/* Returns the number of calls of the kind that is to fail. */
unsigned quipu_subprocess_calls(void);
/* Writes to the journal that writer `writer` has made `count` acknowledged
 * appends. */
void quipu_subprocess_mark(unsigned writer, int64_t count);

#endif
