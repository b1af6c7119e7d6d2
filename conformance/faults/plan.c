/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fault plan of quipu-faults.so.
 *
 * The library is preloaded into a process.  It interposes the functions of libc
 * that open, write, sync, truncate, map, rename and remove files
 * (interpose_*.c), and acts on files below one folder only.  The environment
 * says what it does there:
 *
 *   QUIPU_FAULT_FOLDER   the folder, an absolute path; without it the library
 *                        does nothing
 *   QUIPU_FAULT_JOURNAL  a file in which all operations are recorded
 *   QUIPU_FAULT_LIE      1: syncs report success and do nothing
 *   QUIPU_FAULT_IDLE     1: syncs are recorded and not made
 *   QUIPU_FAULT_SLOW     1: syncs begin a millisecond later
 *   QUIPU_FAULT_CALL     kind of the calls that fail: "sync", "folder" (sync of
 *                        a folder), "write", "read", "truncate", "allocate",
 *                        "open", "map" or "remove"
 *   QUIPU_FAULT_AT       number of the first call that fails; default 1
 *   QUIPU_FAULT_TIMES    number of calls that fail; default 1
 *   QUIPU_FAULT_ERRNO    their errno, as a number; default EIO
 *   QUIPU_FAULT_HIDE     1: they report success all the same
 *   QUIPU_FAULT_KILL     1: the process is killed instead, before the call
 *
 * Calls are counted for each kind, from 1, over all threads of the process.  So
 * a caller can try all points of failure: N = 1, 2, 3 ... until the process
 * makes fewer than N calls.
 *
 * Not covered: io_uring, stdio (which calls write inside libc), sync() and
 * syncfs().  SQLite and LMDB use none of them.
 */
#include "plan.h"

#include "files.h"
#include "journal.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct plan quipu_fault_plan;

static struct {
    int call;         /* enum call, or -1: none */
    unsigned long at; /* from 1 */
    unsigned long times;
    int number; /* errno */
    bool hide;
    bool kill;
} failure;

static atomic_ulong counts[CALLS];
static atomic_uint failed;

/* Called by the suite: returns the number of calls that were made to fail. */
unsigned quipu_fault_plan_failed(void);
unsigned quipu_fault_plan_failed(void)
{
    return atomic_load(&failed);
}

/* Called by the suite: returns the number of calls of the chosen kind. */
unsigned quipu_fault_plan_calls(void);
unsigned quipu_fault_plan_calls(void)
{
    return failure.call < 0 ? 0 : (unsigned)atomic_load(&counts[failure.call]);
}

static unsigned long number_of(const char *name, unsigned long fallback)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 10) : fallback;
}

static int call_of(const char *name)
{
    static const char *const names[CALLS] = { "sync", "folder",   "write",
                                              "read", "truncate", "allocate",
                                              "open", "map",      "remove" };
    for (int i = 0; name && i < CALLS; i++) {
        if (strcmp(name, names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

__attribute__((constructor)) static void read_plan(void)
{
    const char *folder = getenv("QUIPU_FAULT_FOLDER");
    const char *journal = getenv("QUIPU_FAULT_JOURNAL");
    if (!folder) {
        return;
    }
    quipu_fault_plan.lie = number_of("QUIPU_FAULT_LIE", 0) != 0;
    quipu_fault_plan.idle = number_of("QUIPU_FAULT_IDLE", 0) != 0;
    quipu_fault_plan.slow = number_of("QUIPU_FAULT_SLOW", 0) != 0;
    failure.call = call_of(getenv("QUIPU_FAULT_CALL"));
    failure.at = number_of("QUIPU_FAULT_AT", 1);
    failure.times = number_of("QUIPU_FAULT_TIMES", 1);
    failure.number = (int)number_of("QUIPU_FAULT_ERRNO", EIO);
    failure.hide = number_of("QUIPU_FAULT_HIDE", 0) != 0;
    failure.kill = number_of("QUIPU_FAULT_KILL", 0) != 0;
    files_watch(folder);
    if (journal) {
        journal_start(journal);
    }
    quipu_fault_plan.active = true;
}

enum fault quipu_fault_plan_decide(enum call call)
{
    unsigned long n = atomic_fetch_add(&counts[call], 1) + 1;
    if ((int)call != failure.call || n < failure.at ||
        n - failure.at >= failure.times) {
        return FAULT_NONE;
    }
    if (failure.kill) {
        (void)kill(getpid(), SIGKILL);
    }
    atomic_fetch_add(&failed, 1);
    errno = failure.number;
    return failure.hide ? FAULT_FAIL_SILENTLY : FAULT_FAIL;
}
