/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VFS between SQLite and the default VFS. It counts the calls on files of one
 * kind, lets chosen calls fail, and calls the test at certain points of a
 * checkpoint.
 */
#ifndef SQLITE_SHIM_H
#define SQLITE_SHIM_H

#include <stdbool.h>

enum shim_call { SHIM_WRITE, SHIM_SYNC, SHIM_READ, SHIM_OPEN, SHIM_CALLS };
enum shim_file { SHIM_ANY, SHIM_DATABASE, SHIM_WAL, SHIM_OTHER };

/* Makes it the default VFS of connections that are opened later. */
void shim_install(void);

/* Lets the n-th call (1: the next) on a file of that kind return `code`, and
 * the calls after it, `times` in all. */
void shim_fail(enum shim_call call, enum shim_file file, int n, int times,
               int code);
/* Kills the process at the n-th call, before it is made. */
void shim_kill(enum shim_call call, enum shim_file file, int n);
/* Removes the fault. */
void shim_heal(void);
/* Returns true if the fault has been injected. */
bool shim_has_failed(void);

/* A checkpoint starts; or it has found that another connection has written
 * since the last commit that it knows. */
enum shim_moment { SHIM_CHECKPOINT, SHIM_SURPRISE, SHIM_MOMENTS };

/* Sets the callback for that point, called in the thread that runs the
 * checkpoint; NULL removes it. It applies to the connections of all threads,
 * and of processes that are forked later. */
void shim_at(enum shim_moment moment, void (*call)(void *context),
             void *context);

/* Returns the number of calls since shim_install or shim_reset. */
int shim_count(enum shim_call call, enum shim_file file);
void shim_reset(void);

#endif
