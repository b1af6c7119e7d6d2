/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits for the log to grow.
 *
 * A driver's `wait` may return early for any reason (L4), and how it waits is
 * its own affair: a notification of the server, a counter in shared memory, or
 * polling.  The core adds the loop: it calls the driver again until the log's
 * head is above `after`, the deadline has passed, or the datastore has been
 * interrupted.
 *
 * Interrupts.  quipu_datastore_interrupt raises a counter and then calls the
 * driver's `interrupt`, which wakes the waits that are under way.  A wait that
 * begins between the two sees the new counter; a wait that read the old counter
 * but has not reached the driver is woken by nothing.  It returns after at most
 * one slice (a second), and then sees the counter.
 */
#include <time.h>

#include "base/cancellation.h"
#include "base/status.h"
#include "datastore/driver_call.h"
#include "records/records.h"

/* The longest time in milliseconds for which a driver waits in one call; see
 * "Interrupts". */
enum { SLICE_MILLISECONDS = 1000 };

/* Bounds the rate of calls if a driver returns early again and again. */
static void pause_between_calls(void)
{
    const struct timespec millisecond = { .tv_nsec = 1000000 };

    nanosleep(&millisecond, NULL);
}

/* Returns the deadline of the next slice. */
static int64_t slice_of(int64_t deadline)
{
    int64_t slice = quipu_clock_deadline(SLICE_MILLISECONDS);

    return slice < deadline ? slice : deadline;
}

static int call_driver(quipu_records *records, int64_t after, int64_t deadline,
                       int64_t *head, quipu_error *cause)
{
    quipu_datastore *datastore = records->datastore;

    quipu_status_begin(cause);
    return datastore->driver->wait(datastore->handle, records->bound, after,
                                   deadline, head, cause);
}

static int timed_out(const quipu_records *records, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_TIMEOUT,
                           "the log of \"%s\" did not grow before the deadline",
                           records->schema->table);
}

/* Calls the driver until the log has grown, an interrupt was counted, or the
 * deadline has passed. */
static int wait_for_growth(quipu_records *records, int64_t after,
                           int64_t deadline, int64_t *head, quipu_error *error)
{
    atomic_uint *interrupted = &records->datastore->interrupted;
    unsigned before = atomic_load(interrupted);

    for (;;) {
        bool stopped = atomic_load(interrupted) != before;
        int64_t slice = slice_of(deadline);
        int64_t now = 0;
        quipu_error cause;
        /* Every head is above -1, so that the driver returns it at once. */
        int status =
            call_driver(records, stopped ? -1 : after, slice, &now, &cause);

        if (status == QUIPU_OK && (stopped || now > after)) {
            *head = now;
            return QUIPU_OK;
        }
        if (status != QUIPU_OK &&
            (status != QUIPU_TIMEOUT || slice == deadline)) {
            return quipu_driver_call_end(records->datastore->driver,
                                         QUIPU_CALL_WAIT, status, &cause,
                                         error);
        }
        if (atomic_load(interrupted) == before) {
            if (quipu_clock_left(deadline) == 0) {
                return timed_out(records, error);
            }
            pause_between_calls();
        }
    }
}

int quipu_records_wait(quipu_records *records, int64_t after,
                       int64_t milliseconds, int64_t *head, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    struct quipu_observer_call observed;
    quipu_datastore *datastore;
    int status = quipu_records_enter(records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    datastore = records->datastore;
    status = quipu_driver_call_supported(datastore, QUIPU_CALL_WAIT,
                                         datastore->driver->wait, QUIPU_CAN_LOG,
                                         error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (!head) {
        return quipu_argument_missing("head", error);
    }
    quipu_records_observe(&observed, QUIPU_OPERATION_WAIT, datastore, records);
    status = wait_for_growth(records, after, quipu_clock_deadline(milliseconds),
                             head, error);
    quipu_observer_end(&observed, status);
    return status;
}
