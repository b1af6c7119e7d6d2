/* SPDX-License-Identifier: Apache-2.0 */
/* Waits for the log to grow. */
#include <time.h>

#include <quipu/error.h>
#include <quipu/records.h>

#include "base/clock.h"
#include "records/calls.h"
#include "records/handles.h"

/* A driver may wake at every hint; so it cannot make this a busy loop. */
static void breathe(void)
{
    const struct timespec millisecond = { .tv_nsec = 1000000 };

    nanosleep(&millisecond, NULL);
}

static int wait_once(quipu_records *records, int64_t after, int64_t deadline,
                     int64_t *head, quipu_error *error)
{
    quipu_datastore *datastore = records->datastore;
    quipu_error said;
    int status;

    quipu_call_prepare(&said);
    status = datastore->driver->wait(datastore->handle, records->bound, after,
                                     deadline, head, &said);
    return quipu_call_answer(datastore->driver, QUIPU_CALL_WAIT, status, &said,
                             error);
}

/* Until the log has grown, somebody interrupts, or the time is up: a driver's
 * wait may end early for less. */
static int wait_for_growth(quipu_records *records, int64_t after,
                           int64_t deadline, int64_t *head, quipu_error *error)
{
    atomic_uint *interrupted = &records->datastore->interrupted;
    unsigned before = atomic_load(interrupted);
    int64_t now = 0;
    int status;

    for (;;) {
        status = wait_once(records, after, deadline, &now, error);
        if (status != QUIPU_OK) {
            return status;
        }
        if (now > after || atomic_load(interrupted) != before) {
            *head = now;
            return QUIPU_OK;
        }
        if (quipu_clock_left(deadline) == 0) {
            return quipu_error_set(error, QUIPU_TIMEOUT,
                                   "the log of \"%s\" has not grown in time",
                                   records->schema->table);
        }
        breathe();
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
                                 datastore->driver->wait != NULL, QUIPU_CAN_LOG,
                                 error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (!head) {
        return quipu_argument_missing("head", error);
    }
    return wait_for_growth(records, after, quipu_deadline_in(milliseconds),
                           head, error);
}
