/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting until a log grows.
 *
 * A wait alternates between a look at the head and a wait for the commit
 * counter. The counter is read before the head: a commit in between changes the
 * counter, so that the wait for it returns at once.
 *
 * A datastore that may write shares the commit counter of the lock file with
 * the writers of all processes. A read-only datastore does not use the lock
 * file, and another program's commit advances no counter; so every wait looks
 * at the head from time to time. It then also checks that the name of the file
 * still leads to it: no one appends to a file that was replaced. */
#include "common/clock.h"
#include "common/safeguard.h"
#include "sqlite.h"

/* The longest time between two looks at the head. */
#define LOOK_WRITER (500 * CLOCK_MILLISECOND)
#define LOOK_READER (50 * CLOCK_MILLISECOND)
#define LOOK_PATIENCE (100 * CLOCK_MILLISECOND)

static int read_head(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound, int64_t deadline,
                     int64_t *head, quipu_error *error)
{
    /* A wait whose deadline has passed still reports the head, for which it may
     * have to wait for a writer of a store in memory. */
    const int64_t least = clock_now() + LOOK_PATIENCE;
    struct reader_use use = { .datastore = datastore,
                              .deadline = deadline > least ? deadline : least };
    int status;

    do {
        status = quipu_sqlite_reader_borrow(&use, error);
        if (status == QUIPU_OK) {
            use.reader->deadline = INT64_MAX;
            status = quipu_sqlite_lookup_head(use.reader, bound, head, error);
        }
    } while (quipu_sqlite_reader_return(&use, &status, error));
    return status;
}

int quipu_sqlite_wait(quipu_driver_datastore *datastore,
                      quipu_driver_schema *bound, int64_t after,
                      int64_t deadline, int64_t *head, quipu_error *error)
{
    const uint32_t interrupts = atomic_load(&datastore->interrupts);
    const int64_t pause =
        datastore->is_writer || !datastore->path
            ? LOOK_WRITER
            : SAFEGUARDED("L4.look-of-readers", LOOK_READER, 100 * LOOK_READER);

    for (;;) {
        const uint32_t seen =
            quipu_common_commit_counter_read(datastore->commit_counter);
        int64_t now = 0;
        int status = read_head(datastore, bound, deadline, &now, error);

        if (status != QUIPU_OK) {
            return status;
        }
        if (now > after + SAFEGUARDED("L4.what-is-there", 0, 1) ||
            atomic_load(&datastore->interrupts) != interrupts) {
            *head = now;
            return QUIPU_OK;
        }
        if (clock_now() >= deadline) {
            return datastore->host->error_set(
                error, QUIPU_TIMEOUT, 0, NULL,
                "the log of \"%s\" did not grow beyond %lld",
                bound->schema.table, (long long)after);
        }
        if (datastore->path && !datastore->immutable) {
            status = quipu_sqlite_file_check_name(
                datastore->file, datastore->host, datastore->path, error);
            if (status != QUIPU_OK) {
                return status;
            }
        }
        quipu_common_commit_counter_wait(datastore->commit_counter, seen,
                                         clock_after(pause, deadline));
    }
}

void quipu_sqlite_wait_interrupt(quipu_driver_datastore *datastore)
{
    SAFEGUARD("L4.interrupt")
    (void)atomic_fetch_add(&datastore->interrupts, 1);
    quipu_common_commit_counter_advance(datastore->commit_counter);
}
