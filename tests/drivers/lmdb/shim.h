/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls of LMDB and of the driver, defined by the test program: they are
 * counted, and fail on request.  So is mdb_version.
 */
#ifndef LMDB_SHIM_H
#define LMDB_SHIM_H

#include <stdbool.h>

enum shim_call {
    SHIM_WRITE, /* pwrite, writev */
    SHIM_META,  /* pwrite of a descriptor opened with O_DSYNC */
    SHIM_SYNC,  /* fdatasync, fsync */
    SHIM_READ,  /* pread */
    SHIM_OPEN,
    SHIM_MAP,
    SHIM_LOCK, /* fcntl */
    SHIM_CALLS
};

/* Makes the n-th such call from now on (1: the next one) fail with that errno,
 * and the calls after it, `times` in all. */
void shim_fail(enum shim_call call, int n, int times, int number);
/* No call fails any longer. */
void shim_heal(void);
/* Returns true if the requested failure has happened. */
bool shim_has_failed(void);

/* Returns the number of calls since the program began or shim_reset. */
int shim_count(enum shim_call call);
void shim_reset(void);

/* Makes mdb_version answer this version; major -1: the real one. */
void shim_set_version(int major, int minor);

#endif
