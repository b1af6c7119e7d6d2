/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices operations that a driver does not have yet (--unfinished).
 *
 * The core accepts a driver without some required operations, and reports the
 * call of one that is missing, or that returns UNSUPPORTED because a part of it
 * is missing (quipu_drivers_accept_unfinished).  A case cannot
 * show anything then: its process group is killed, whatever its processes and
 * threads are waiting for, and the runner skips it.
 *
 * The name of the operation is left in an unlinked file, whose descriptor all
 * processes of the case inherit, also those that execute the program again;
 * an environment variable has its number.
 */
#ifndef QUIPU_UNWRITTEN_H
#define QUIPU_UNWRITTEN_H

#include <stdbool.h>
#include <stddef.h>

/* Creates the file; returns its descriptor, or -1. */
int quipu_unwritten_create(void);
/* -1 is allowed. */
void quipu_unwritten_destroy(int file);

/* Accepts unfinished drivers in this process and its subprocesses.  The call of
 * a missing operation ends the process group; with -1 the process only, with
 * QUIPU_EXIT_SKIPPED and a message. */
void quipu_unwritten_accept(int file);

/* To be called where a program enters the suite: accepts unfinished drivers if
 * this is a subprocess of one that does. */
void quipu_unwritten_enter(void);

/* Returns true if this process accepts unfinished drivers. */
bool quipu_unwritten_is_accepted(void);

/* Returns true if something that is missing was called, and stores its name. */
bool quipu_unwritten_called(int file, char *name, size_t size);

#endif
