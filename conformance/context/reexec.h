/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executes the running program again, for work that needs a process without any
 * history: with another LD_PRELOAD, for example.
 *
 * The program gets its original arguments, so it takes the same path to the
 * suite, with the same drivers linked in.  Words that describe its task are
 * passed in the environment variable QUIPU_CONFORMANCE_WORKER, which
 * quipu_reexec_words removes, so that further child processes do not see it.
 * Open descriptors without FD_CLOEXEC are inherited.
 */
#ifndef QUIPU_REEXEC_H
#define QUIPU_REEXEC_H

#include <stdbool.h>
#include <stddef.h>

#define QUIPU_REEXEC_WORDS 16 /* at most */

/* Replaces the process by a new execution of its program, with standard output
 * to /dev/null, because the program may print what it has printed before.
 * Returns only on failure.  Words must not contain the byte 0x1f. */
void quipu_reexec_run(const char *const *words, size_t count);

/* Returns true if this process was executed by quipu_reexec_run, and gives the
 * words, which live until the process ends; false at each further call. */
bool quipu_reexec_words(const char *words[static QUIPU_REEXEC_WORDS],
                        size_t *count);

#endif
