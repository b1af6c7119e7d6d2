/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VFS of SQLite's between it and the system's: its calls on the files of one
 * kind fail when told to, and are counted; and at some moments of a checkpoint
 * it calls the test.
 */
#ifndef SQLITE_SHIM_H
#define SQLITE_SHIM_H

#include <stdbool.h>

enum shim_call { SHIM_WRITE, SHIM_SYNC, SHIM_READ, SHIM_OPEN, SHIM_CALLS };
enum shim_file { SHIM_ANY, SHIM_DATABASE, SHIM_WAL, SHIM_OTHER };

/* Makes it the default for all connections that are opened from now on. */
void shim_install(void);

/* From now on the n-th call (1: the next) on such a file answers `code`, and so
 * do those after it, `times` in all. */
void shim_fail(enum shim_call call, enum shim_file file, int n, int times,
               int code);
/* Nothing fails any more. */
void shim_heal(void);
/* Whether the failure that was ordered has come. */
bool shim_has_failed(void);

/* A checkpoint begins; and, a little later, it has found that another
 * connection wrote since its own last look. */
enum shim_moment { SHIM_CHECKPOINT, SHIM_SURPRISE, SHIM_MOMENTS };

/* Calls back at that moment, in the thread that checkpoints; NULL: no more.
 * For connections of all threads, and of processes that are forked later. */
void shim_at(enum shim_moment moment, void (*call)(void *context),
             void *context);

/* How many calls there were since shim_install or shim_reset. */
int shim_count(enum shim_call call, enum shim_file file);
void shim_reset(void);

#endif
