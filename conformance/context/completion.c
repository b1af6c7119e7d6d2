/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of statements, in memory that all processes of a run share.
 *
 * An entry is the number of a process and its statement, in one atomic word.
 *
 *   1. A process writes entries with its own number only; so a process that a
 *      driver forks cannot speak for its parent.
 *   2. The parent removes the entry after it has waited for the process.  Until
 *      then the kernel does not give the number to another process.
 *   3. An entry whose parent has died before it was removed is taken by another
 *      process when its own has ended and no entry is empty: between the wait
 *      for a process and the look at its entry, an entry whose parent lives
 *      looks the same.  A process that gets the same number removes it first
 *      (quipu_completion_begin).
 *
 * The table is a memfd, because a subprocess is executed again and must map it.
 */
#include "completion.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENTRIES 1024 /* processes that have ended and are not waited for */
#define SIZE (ENTRIES * sizeof(_Atomic uint64_t))

static const int statuses[] = {
    [QUIPU_COMPLETION_DIED] = EXIT_FAILURE,
    [QUIPU_COMPLETION_DONE] = EXIT_SUCCESS,
    [QUIPU_COMPLETION_FAILED] = QUIPU_EXIT_FAILED,
    [QUIPU_COMPLETION_SKIPPED] = QUIPU_EXIT_SKIPPED,
    [QUIPU_COMPLETION_INAPPLICABLE] = QUIPU_EXIT_SKIPPED,
};

static _Atomic uint64_t *entries; /* NULL: there is no table */
static int table_fd = -1;

static uint64_t entry_of(pid_t process, enum quipu_completion completion)
{
    return (uint64_t)process << 8 | (uint64_t)completion;
}

/* Returns the entry of a process, or NULL. */
static _Atomic uint64_t *find(pid_t process)
{
    for (size_t i = 0; entries && i < ENTRIES; i++) {
        uint64_t entry = atomic_load(&entries[i]);

        if (entry != 0 && entry >> 8 == (uint64_t)process) {
            return &entries[i];
        }
    }
    return NULL;
}

/* Returns true if the process of an entry does not exist, not even as one that
 * is to be waited for. */
static bool is_orphaned(uint64_t entry)
{
    return kill((pid_t)(entry >> 8), 0) != 0 && errno == ESRCH;
}

/* Writes an entry in the place of one that is empty, or of an orphaned one. */
static bool add(uint64_t entry, bool orphaned)
{
    for (size_t i = 0; entries && i < ENTRIES; i++) {
        uint64_t old = atomic_load(&entries[i]);

        if ((old == 0 || (orphaned && is_orphaned(old))) &&
            atomic_compare_exchange_strong(&entries[i], &old, entry)) {
            return true;
        }
    }
    return false;
}

/* --------------------------------------------------------- in the process */

void quipu_completion_begin(void)
{
    _Atomic uint64_t *entry = find(getpid());

    if (entry) {
        atomic_store(entry, 0);
    }
}

void quipu_completion_state(enum quipu_completion completion)
{
    uint64_t own = entry_of(getpid(), completion);
    _Atomic uint64_t *entry = find(getpid());

    if (entry) {
        atomic_store(entry, own);
        return;
    }
    if (!add(own, false)) {
        (void)add(own, true);
    }
}

void quipu_completion_exit(enum quipu_completion completion)
{
    quipu_completion_state(completion);
    _exit(statuses[completion]);
}

/* ---------------------------------------------------------- in its parent */

bool quipu_completion_attach(int descriptor)
{
    void *memory =
        mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);

    if (memory == MAP_FAILED) {
        return false;
    }
    entries = memory;
    table_fd = descriptor;
    return true;
}

bool quipu_completion_create(void)
{
    int descriptor;

    if (entries) {
        return true;
    }
    descriptor = memfd_create("completion", MFD_CLOEXEC);
    if (descriptor >= 0 && ftruncate(descriptor, (off_t)SIZE) == 0 &&
        quipu_completion_attach(descriptor)) {
        return true;
    }
    if (descriptor >= 0) {
        close(descriptor);
    }
    return false;
}

int quipu_completion_descriptor(void)
{
    return table_fd;
}

enum quipu_completion quipu_completion_of(pid_t process, int status)
{
    _Atomic uint64_t *entry = find(process);
    enum quipu_completion stated = QUIPU_COMPLETION_DIED;

    if (entry) {
        stated = (enum quipu_completion)(atomic_exchange(entry, 0) & 0xff);
    }
    return stated != QUIPU_COMPLETION_DIED && WIFEXITED(status) &&
                   WEXITSTATUS(status) == statuses[stated]
               ? stated
               : QUIPU_COMPLETION_DIED;
}

const char *quipu_completion_describe(int status, char *text, size_t size)
{
    if (WIFSIGNALED(status)) {
        snprintf(text, size, "died of signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    } else {
        snprintf(text, size,
                 "ended with exit status %d before its work was done: some "
                 "function that it called has ended it",
                 WEXITSTATUS(status));
    }
    return text;
}
