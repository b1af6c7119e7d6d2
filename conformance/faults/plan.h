/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fault plan: which system calls fail, and how.  It is read from the
 * environment when the library is loaded; the head of plan.c lists the
 * variables.
 */
#ifndef QUIPU_FAULTS_PLAN_H
#define QUIPU_FAULTS_PLAN_H

#include <stdbool.h>

/* Kinds of calls that can fail. */
enum call {
    CALL_SYNC,     /* fsync, fdatasync, msync, writes with O_DSYNC */
    CALL_FOLDER,   /* fsync and fdatasync of a folder */
    CALL_WRITE,    /* write, writev, pwrite, pwritev */
    CALL_READ,     /* read, readv, pread, preadv */
    CALL_TRUNCATE, /* ftruncate */
    CALL_ALLOCATE, /* fallocate, posix_fallocate */
    CALL_OPEN,     /* open, openat */
    CALL_MAP,      /* mmap */
    CALL_REMOVE,   /* unlink, rename, linkat */
    CALLS
};

enum fault {
    FAULT_NONE,
    FAULT_FAIL,         /* the call fails; errno is set */
    FAULT_FAIL_SILENTLY /* the call has no effect, but reports success */
};

struct plan {
    bool active;
    bool lie;  /* syncs report success and do nothing, and are not recorded */
    bool slow; /* syncs begin late, so that others can act before them */
    bool idle; /* syncs are recorded and not made, because they cost time */
};
extern struct plan quipu_fault_plan;

/* Counts a call on a watched file, and returns whether it fails.  Kills the
 * process instead if the plan says so. */
enum fault quipu_fault_plan_decide(enum call call);

#endif
