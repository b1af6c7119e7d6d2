/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system's calls that LMDB makes, defined anew in the test's program: they
 * fail when told to, and are counted.
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

/* From now on the n-th such call (1: the next) fails with that errno, and so do
 * those after it, `times` in all. */
void shim_fail(enum shim_call call, int n, int times, int number);
/* Nothing fails any more. */
void shim_heal(void);
/* Whether the failure that was ordered has come. */
bool shim_has_failed(void);

/* How many calls there were since the program began or shim_reset. */
int shim_count(enum shim_call call);
void shim_reset(void);

#endif
