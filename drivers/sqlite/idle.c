/* SPDX-License-Identifier: Apache-2.0 */
/* Idle databases, which a read-only datastore reads without making a file.
 *
 * METHOD
 *
 * SQLite creates a WAL and its index beside a WAL database even to read it, in
 * the name of the user who reads. If that user is not the one who writes, the
 * writer may then be denied the use of its own store. So a read-only datastore
 * reads an idle database through a connection with immutable=1, which uses no
 * other file and no lock. A database is idle if its WAL is missing or empty and
 * there is no rollback journal: then the file alone has all commits.
 *
 * Meanwhile a process may open the store for writing, and its checkpoints may
 * change the file. So the state of the file is compared before and after each
 * operation, by inode, size and time of modification. If it has changed, the
 * operation is repeated, until its deadline. A WAL that is no longer empty does
 * not matter: all that was committed before the operation began is in the file.
 *
 * The time of modification may lag behind the clock by TICK. A file that was
 * modified within that time may be modified again without a trace, so a reader
 * waits that long. */
#include "common/clock.h"
#include "sqlite.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define TICK (20 * CLOCK_MILLISECOND)

static bool has_journal(const quipu_driver_datastore *datastore)
{
    struct stat info;
    char *path = sqlite3_mprintf("%s-journal", datastore->path);
    bool found = !path || (stat(path, &info) == 0 && info.st_size > 0);

    sqlite3_free(path);
    return found;
}

void quipu_sqlite_idle_read(const quipu_driver_datastore *datastore,
                            struct idle_state *state)
{
    struct stat info;

    *state = (struct idle_state){ .idle = false };
    if (stat(datastore->path, &info) == 0) {
        state->inode = info.st_ino;
        state->size = info.st_size;
        state->modified = info.st_mtim;
        state->idle = quipu_sqlite_wal_mark_wal_size(datastore) <= 0 &&
                      !has_journal(datastore);
    }
}

bool quipu_sqlite_idle_is_unchanged(const struct idle_state *a,
                                    const struct idle_state *b)
{
    return a->inode == b->inode && a->size == b->size &&
           a->modified.tv_sec == b->modified.tv_sec &&
           a->modified.tv_nsec == b->modified.tv_nsec;
}

void quipu_sqlite_idle_settle(const struct idle_state *state)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    int64_t age = (now.tv_sec - state->modified.tv_sec) * CLOCK_SECOND +
                  (now.tv_nsec - state->modified.tv_nsec);
    if (age >= 0 && age < TICK) {
        clock_sleep_until(clock_now() + TICK - age);
    }
}
