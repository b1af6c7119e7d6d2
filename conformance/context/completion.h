/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a process of the suite ended.
 *
 * An exit status does not prove that a case has run to its end: a driver, or
 * its library, may call exit(0).  So a process states its ending itself, as the
 * last thing before it exits, and its parent compares the statement with the
 * status.  Without a statement the process has died, whatever its status is.
 *
 * This holds for all processes that the suite starts: cases, the probe, worker
 * processes, and subprocesses, which are executed again.
 */
#ifndef QUIPU_COMPLETION_H
#define QUIPU_COMPLETION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Exit statuses that go with the statements FAILED, and SKIPPED or
 * INAPPLICABLE. */
#define QUIPU_EXIT_FAILED 1
#define QUIPU_EXIT_SKIPPED 77

enum quipu_completion {
    QUIPU_COMPLETION_DIED,    /* it stated nothing, or its status is another */
    QUIPU_COMPLETION_DONE,    /* its work has returned */
    QUIPU_COMPLETION_FAILED,  /* an assertion failed, and wrote the reason */
    QUIPU_COMPLETION_SKIPPED, /* the case cannot run, and wrote the reason */
    QUIPU_COMPLETION_INAPPLICABLE /* it does not apply to the store; the same */
};

/* --------------------------------------------------------- in the process */

/* To be called first in a forked process: forgets what another process with
 * this number has stated. */
void quipu_completion_begin(void);
/* States how this process ends.  The caller then exits with the status that
 * goes with it (DONE: 0).  The last statement counts. */
void quipu_completion_state(enum quipu_completion completion);
/* The same, and exits with that status, without exit handlers. */
_Noreturn void quipu_completion_exit(enum quipu_completion completion);

/* ---------------------------------------------------------- in its parent */

/* Creates the table of statements unless there is one: before a process forks
 * others.  Returns false if there is no memory or descriptor. */
bool quipu_completion_create(void);
/* Descriptor of the table, which is closed on exec unless the caller changes
 * that; and its use in a program that has inherited it. */
int quipu_completion_descriptor(void);
bool quipu_completion_attach(int descriptor);

/* Returns how a process ended, from its status as of waitpid; to be called once
 * for each process that has been waited for. */
enum quipu_completion quipu_completion_of(pid_t process, int status);
/* Describes the end of a process that died: "died of signal 11 (Segmentation
 * fault)".  Returns `text`. */
const char *quipu_completion_describe(int status, char *text, size_t size);

#endif
