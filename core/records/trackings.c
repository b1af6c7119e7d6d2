/* SPDX-License-Identifier: Apache-2.0 */
/* Tracking records of a datastore: reading one, and listing all. */
#include <quipu/id.h>

#include "base/cancellation.h"
#include "base/memory.h"
#include "base/status.h"
#include "records/rows.h"
#include "records/validate.h"

/* ------------------------------------------------------------- reading one */

static int read_tracking(quipu_datastore *datastore, quipu_bytes consumer,
                         quipu_bytes log, quipu_position *position,
                         quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_position found = { .notification_id = 0 };
    struct quipu_observer_call observed;
    quipu_error cause;

    quipu_records_observe(&observed, QUIPU_OPERATION_READ, datastore, NULL);
    quipu_status_begin(&cause);
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): checked before. */
    int status = datastore->driver->read_tracking(
        datastore->handle, consumer, log, quipu_datastore_deadline(datastore),
        &found, &cause);

    if (status == QUIPU_OK) {
        *position = found;
    }
    status = quipu_driver_call_end(datastore->driver, QUIPU_CALL_READ_TRACKING,
                                   status, &cause, error);
    quipu_observer_end(&observed, status);
    return status;
}

int quipu_tracking_read(quipu_datastore *datastore, const char *consumer,
                        const char *log, quipu_position *position,
                        quipu_error *error)
{
    quipu_bytes consumer_bytes = quipu_bytes_of_text(consumer);
    quipu_bytes log_bytes = quipu_bytes_of_text(log);
    int status = quipu_datastore_enter(datastore, error);

    if (status == QUIPU_OK) {
        status = quipu_driver_call_supported(
            datastore, QUIPU_CALL_READ_TRACKING,
            datastore->driver->read_tracking, QUIPU_CAN_TRACK, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_validate_text(consumer_bytes, quipu_validate_argument,
                                     "consumer", error);
    }
    if (status == QUIPU_OK) {
        status = quipu_validate_text(log_bytes, quipu_validate_argument, "log",
                                     error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (!position) {
        return quipu_argument_missing("position", error);
    }
    return read_tracking(datastore, consumer_bytes, log_bytes, position, error);
}

/* ------------------------------------------------------------- listing all */

struct quipu_trackings {
    struct quipu_rows rows; /* of quipu_tracking */
};

static int open_listing(quipu_datastore *datastore, quipu_trackings **out,
                        quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_trackings *trackings = quipu_allocate(sizeof(*trackings));
    quipu_error cause;

    if (!trackings) {
        return quipu_error_no_memory(error);
    }
    quipu_rows_init(&trackings->rows, datastore, NULL);
    quipu_rows_opening(&trackings->rows, NULL, &cause);
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): checked before. */
    int status = datastore->driver->list_tracking(
        datastore->handle, quipu_datastore_deadline(datastore),
        &trackings->rows.handle, &cause);

    status = quipu_rows_opened(&trackings->rows, QUIPU_CALL_LIST_TRACKING,
                               status, &cause, error);
    if (status != QUIPU_OK) {
        quipu_trackings_close(trackings);
        return status;
    }
    *out = trackings;
    return QUIPU_OK;
}

int quipu_trackings_open(quipu_datastore *datastore,
                         quipu_trackings **trackings, quipu_error *error)
{
    int status = quipu_datastore_enter(datastore, error);

    if (status == QUIPU_OK) {
        status = quipu_driver_call_supported(
            datastore, QUIPU_CALL_LIST_TRACKING,
            datastore->driver->list_tracking, QUIPU_CAN_TRACK, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (!trackings) {
        return quipu_argument_missing("trackings", error);
    }
    return open_listing(datastore, trackings, error);
}

int quipu_trackings_next(quipu_trackings *trackings,
                         const quipu_tracking **tracking, quipu_error *error)
{
    const void *row;

    if (!trackings || !tracking) {
        return quipu_argument_missing(trackings ? "tracking" : "trackings",
                                      error);
    }
    int status =
        quipu_rows_next(&trackings->rows, sizeof(**tracking), &row, error);

    if (status == QUIPU_OK) {
        *tracking = row;
    }
    return status;
}

void quipu_trackings_close(quipu_trackings *trackings)
{
    if (trackings && quipu_rows_finish(&trackings->rows)) {
        quipu_release(trackings);
    }
}
