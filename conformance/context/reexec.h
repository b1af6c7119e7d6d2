/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running the program anew, for what needs a process without any past.  It is
 * given the arguments that it had, so it comes to the suite by the same way,
 * with the same drivers linked in; the words that say what it is to do there
 * travel in the environment.
 */
#ifndef QUIPU_REEXEC_H
#define QUIPU_REEXEC_H

#include <stdbool.h>
#include <stddef.h>

#define QUIPU_REEXEC_WORDS 16

/* Becomes the program anew; returns if the system refuses.  Its standard output
 * goes nowhere: it would tell the report what it was told before. */
void quipu_reexec_run(const char *const *words, size_t count);

/* The words that this process was run anew with, once; else false.  They stay.
 */
bool quipu_reexec_words(const char *words[static QUIPU_REEXEC_WORDS],
                        size_t *count);

#endif
