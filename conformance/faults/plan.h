/* SPDX-License-Identifier: Apache-2.0 */
/* What the environment wants to happen, and which calls have been made. */
#ifndef QUIPU_FAULTS_PLAN_H
#define QUIPU_FAULTS_PLAN_H

#include <stdbool.h>

/* The calls that can fail. */
enum call {
    CALL_SYNC,     /* fsync, fdatasync, msync, writes with O_DSYNC */
    CALL_FOLDER,   /* fsync, fdatasync of a folder */
    CALL_WRITE,    /* write, writev, pwrite, pwritev */
    CALL_READ,     /* read, readv, pread, preadv */
    CALL_TRUNCATE, /* ftruncate */
    CALL_ALLOCATE, /* fallocate, posix_fallocate */
    CALL_OPEN,     /* open, openat */
    CALL_MAP,      /* mmap */
    CALL_REMOVE,   /* unlink, rename */
    CALLS
};

enum fault {
    FAULT_NONE,
    FAULT_FAIL,         /* errno is set */
    FAULT_FAIL_SILENTLY /* it fails, and the caller is told that it did not */
};

struct plan {
    bool active;
    bool lie;
    bool idle; /* syncs count, and cost no time */
};
extern struct plan quipu_fault_plan;

/* Counts a call on a watched file and tells what becomes of it; it may be the
 * end of the process. */
enum fault quipu_fault_plan_decide(enum call call);

/* The next definition of a function, as its own type. */
/* NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a function. */
#define NEXT(name) ((__typeof__(&name))quipu_fault_plan_next_symbol(#name))
void (*quipu_fault_plan_next_symbol(const char *name))(void);

#endif
