/* SPDX-License-Identifier: Apache-2.0 */
/* Answers about one thing: a sequence's last position, a tracking record. */
#include <quipu/error.h>
#include <quipu/id.h>
#include <quipu/records.h>

#include "records/calls.h"
#include "records/check.h"
#include "records/handles.h"

static const struct quipu_place nowhere = { NULL, 0 };

static int last_position(quipu_records *records, quipu_bytes sequence_id,
                         int64_t *position, quipu_error *error)
{
    quipu_datastore *datastore = records->datastore;
    bool found = false;
    int64_t last = 0;
    quipu_error said;
    int status;

    quipu_call_prepare(&said);
    status = datastore->driver->last_position(
        datastore->handle, records->bound, sequence_id,
        quipu_deadline_of(datastore), &found, &last, &said);
    if (status != QUIPU_OK) {
        return quipu_call_answer(datastore->driver, QUIPU_CALL_LAST_POSITION,
                                 status, &said, error);
    }
    if (!found) {
        return quipu_error_set(error, QUIPU_NOT_FOUND, "the sequence is empty");
    }
    *position = last;
    return QUIPU_OK;
}

int quipu_records_last(quipu_records *records, quipu_bytes sequence_id,
                       int64_t *position, quipu_error *error)
{
    int status = quipu_records_enter(records, error);

    if (status == QUIPU_OK) {
        status = quipu_check_sequence_id(records->schema, sequence_id, nowhere,
                                         "sequence_id", error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (!position) {
        return quipu_argument_missing("position", error);
    }
    return last_position(records, sequence_id, position, error);
}

static int read_tracking(quipu_datastore *datastore, quipu_bytes consumer,
                         quipu_bytes log, quipu_position *position,
                         quipu_error *error)
{
    quipu_position found = { .notification_id = 0 };
    quipu_error said;
    int status;

    quipu_call_prepare(&said);
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): it is there. */
    status = datastore->driver->read_tracking(datastore->handle, consumer, log,
                                              quipu_deadline_of(datastore),
                                              &found, &said);
    if (status == QUIPU_OK) {
        *position = found;
    }
    return quipu_call_answer(datastore->driver, QUIPU_CALL_READ_TRACKING,
                             status, &said, error);
}

int quipu_tracking_read(quipu_datastore *datastore, const char *consumer,
                        const char *log, quipu_position *position,
                        quipu_error *error)
{
    quipu_bytes consumer_bytes = quipu_bytes_of_text(consumer);
    quipu_bytes log_bytes = quipu_bytes_of_text(log);
    int status = quipu_datastore_enter(datastore, error);

    if (status == QUIPU_OK) {
        status = quipu_call_possible(datastore, QUIPU_CALL_READ_TRACKING,
                                     datastore->driver->read_tracking,
                                     QUIPU_CAN_TRACK, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_check_text(consumer_bytes, nowhere, "consumer", error);
    }
    if (status == QUIPU_OK) {
        status = quipu_check_text(log_bytes, nowhere, "log", error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (!position) {
        return quipu_argument_missing("position", error);
    }
    return read_tracking(datastore, consumer_bytes, log_bytes, position, error);
}
