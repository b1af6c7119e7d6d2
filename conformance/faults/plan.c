/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan.  The environment says what happens to calls on the files below one
 * folder:
 *
 *   QUIPU_FAULT_FOLDER   the folder, absolute; without it nothing happens
 *   QUIPU_FAULT_JOURNAL  a file to which all that is done to them is told
 *   QUIPU_FAULT_LIE      1: syncs report success and do nothing
 *   QUIPU_FAULT_IDLE     1: syncs are told to the journal and cost no time
 *   QUIPU_FAULT_CALL     "sync", "folder" (a sync of one), "write", "read",
 *                        "truncate", "allocate", "open", "map" or "remove": the
 *                        calls that fail,
 *   QUIPU_FAULT_AT       from the n-th on, default 1,
 *   QUIPU_FAULT_TIMES    so many, default 1,
 *   QUIPU_FAULT_ERRNO    with this number, default EIO;
 *   QUIPU_FAULT_HIDE     1: but their callers hear that all went well;
 *   QUIPU_FAULT_KILL     1: instead of failing, the process dies of SIGKILL
 */
#include "plan.h"

#include "files.h"
#include "journal.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct plan quipu_fault_plan;

static struct {
    int call; /* enum call, or -1 */
    unsigned long at;
    unsigned long times;
    int number; /* for errno */
    bool hide;
    bool kill;
} failure;

static atomic_ulong counts[CALLS];
static atomic_uint failed;

/* For who has the library: how often a call has failed. */
unsigned quipu_fault_plan_failed(void);
unsigned quipu_fault_plan_failed(void)
{
    return atomic_load(&failed);
}

/* How many calls of the kind to fail were made. */
unsigned quipu_fault_plan_calls(void);
unsigned quipu_fault_plan_calls(void)
{
    return failure.call < 0 ? 0 : (unsigned)atomic_load(&counts[failure.call]);
}

/* POSIX lets what dlsym gives be a function; ISO C has no cast for that. */
void (*quipu_fault_plan_next_symbol(const char *name))(void)
{
    union {
        void *object;
        void (*function)(void);
    } symbol = { dlsym(RTLD_NEXT, name) };
    if (!symbol.object) {
        abort();
    }
    return symbol.function;
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
