/* SPDX-License-Identifier: Apache-2.0 */
/* Waits for the log to grow. */
#include <time.h>

#include <quipu/error.h>
#include <quipu/records.h>

#include "base/clock.h"
#include "records/calls.h"
#include "records/handles.h"

/* How long a driver waits at a time.  An interrupt may come just before the
 * driver begins to wait, and wake nobody; so it is looked for again. */
enum { SLICE_MILLISECONDS = 1000 };

/* A driver may wake at every hint; so it cannot make this a busy loop. */
static void breathe(void)
{
    const struct timespec millisecond = { .tv_nsec = 1000000 };

    nanosleep(&millisecond, NULL);
}

static int64_t slice_of(int64_t deadline)
{
    int64_t slice = quipu_clock_deadline(SLICE_MILLISECONDS);

    return slice < deadline ? slice : deadline;
}

static int ask_driver(quipu_records *records, int64_t after, int64_t deadline,
                      int64_t *head, quipu_error *said)
{
    quipu_datastore *datastore = records->datastore;

    quipu_call_prepare(said);
    return datastore->driver->wait(datastore->handle, records->bound, after,
                                   deadline, head, said);
}

static int timed_out(const quipu_records *records, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_TIMEOUT,
                           "the log of \"%s\" has not grown in time",
                           records->schema->table);
}

/* Until the log has grown, somebody interrupts, or the time is up: a driver's
 * wait may end early for less. */
static int wait_for_growth(quipu_records *records, int64_t after,
                           int64_t deadline, int64_t *head, quipu_error *error)
{
    atomic_uint *interrupted = &records->datastore->interrupted;
    unsigned before = atomic_load(interrupted);

    for (;;) {
        bool stopped = atomic_load(interrupted) != before;
        int64_t slice = slice_of(deadline);
        int64_t now = 0;
        quipu_error said;
        /* Every head is above -1: then the driver only tells it. */
        int status =
            ask_driver(records, stopped ? -1 : after, slice, &now, &said);

        if (status == QUIPU_OK && (stopped || now > after)) {
            *head = now;
            return QUIPU_OK;
        }
        if (status != QUIPU_OK &&
            (status != QUIPU_TIMEOUT || slice == deadline)) {
            return quipu_call_answer(records->datastore->driver,
                                     QUIPU_CALL_WAIT, status, &said, error);
        }
        if (atomic_load(interrupted) == before) {
            if (quipu_clock_left(deadline) == 0) {
                return timed_out(records, error);
            }
            breathe();
        }
    }
}

int quipu_records_wait(quipu_records *records, int64_t after,
                       int64_t milliseconds, int64_t *head, quipu_error *error)
{
    quipu_datastore *datastore;
    int status = quipu_records_enter(records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    datastore = records->datastore;
    status = quipu_call_possible(datastore, QUIPU_CALL_WAIT,
                                 datastore->driver->wait, QUIPU_CAN_LOG, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (!head) {
        return quipu_argument_missing("head", error);
    }
    return wait_for_growth(records, after, quipu_deadline_in(milliseconds),
                           head, error);
}
