/* SPDX-License-Identifier: Apache-2.0 */
/* The tracking record of a consumer; tracker.h has the method. */
#include "consumer/tracker.h"

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "records/datastore.h"

static bool expects_position(const struct quipu_tracker *tracker)
{
    return tracker->datastore->opened.capabilities & QUIPU_CAN_ENTRIES;
}

/* Reads the record; one that does not exist is at 0. */
static int read_record(struct quipu_tracker *tracker, quipu_position *position,
                       quipu_error *error)
{
    quipu_error cause;
    int status = quipu_tracking_read(tracker->datastore, tracker->consumer,
                                     tracker->log, position, &cause);

    if (status == QUIPU_NOT_FOUND) {
        *position = (quipu_position){ .notification_id = 0 };
        return QUIPU_OK;
    }
    if (status != QUIPU_OK && error) {
        *error = cause;
    }
    return status;
}

static int check_datastore(const struct quipu_tracker *tracker,
                           quipu_error *error)
{
    if (tracker->records || expects_position(tracker)) {
        return QUIPU_OK;
    }
    return quipu_error_set(
        error, QUIPU_UNSUPPORTED,
        "the tracking record of consumer \"%s\" is to be kept in another "
        "datastore than the log, whose driver \"%s\" keeps no entries, and "
        "therefore takes no append without a schema",
        tracker->consumer, tracker->datastore->driver->name);
}

int quipu_tracker_init(struct quipu_tracker *tracker, quipu_records *records,
                       quipu_datastore *datastore, const char *consumer,
                       const char *log, quipu_error *error)
{
    quipu_datastore *own = quipu_records_datastore(records);

    *tracker = (struct quipu_tracker){
        .datastore = datastore ? datastore : own,
        .records = !datastore || datastore == own ? records : NULL,
        .consumer = quipu_text_copy(consumer),
        .log = quipu_text_copy(log ? log : quipu_records_schema(records)->table)
    };
    int status = tracker->consumer && tracker->log
                     ? check_datastore(tracker, error)
                     : quipu_error_no_memory(error);

    if (status == QUIPU_OK) {
        status = read_record(tracker, &tracker->recorded, error);
    }
    if (status != QUIPU_OK) {
        quipu_tracker_finish(tracker);
    }
    return status;
}

void quipu_tracker_finish(struct quipu_tracker *tracker)
{
    quipu_release(tracker->consumer);
    quipu_release(tracker->log);
    *tracker = (struct quipu_tracker){ .datastore = NULL };
}

static int write_record(struct quipu_tracker *tracker,
                        const quipu_position *position, quipu_error *error)
{
    const quipu_tracking tracking = {
        .consumer = quipu_bytes_of_text(tracker->consumer),
        .log = quipu_bytes_of_text(tracker->log),
        .position = *position,
    };
    const quipu_conditions conditions = {
        .struct_size = sizeof(conditions),
        .flags = QUIPU_CONDITIONS_TRACKING_FROM,
        .tracking_from = tracker->recorded.notification_id,
    };
    const quipu_append append = {
        .struct_size = sizeof(append),
        .tracking = &tracking,
        .conditions = expects_position(tracker) ? &conditions : NULL,
    };

    return tracker->records
               ? quipu_records_append(tracker->records, &append, NULL, error)
               : quipu_datastore_commit(tracker->datastore, &append, NULL,
                                        error);
}

/* Finds out what became of a write whose outcome is unknown. */
static int resolve(struct quipu_tracker *tracker, quipu_error *error)
{
    quipu_position now;
    int status = read_record(tracker, &now, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (now.notification_id == tracker->attempted.notification_id) {
        tracker->recorded = tracker->attempted;
    }
    tracker->attempted = (quipu_position){ .notification_id = 0 };
    return QUIPU_OK;
}

int quipu_tracker_write(struct quipu_tracker *tracker,
                        const quipu_position *position, quipu_error *error)
{
    int status = QUIPU_OK;

    if (tracker->attempted.notification_id > 0) {
        status = resolve(tracker, error);
    }
    if (status != QUIPU_OK ||
        position->notification_id == tracker->recorded.notification_id) {
        return status;
    }
    status = write_record(tracker, position, error);
    if (status == QUIPU_OK) {
        tracker->recorded = *position;
    } else if (status == QUIPU_UNKNOWN_OUTCOME) {
        tracker->attempted = *position;
    }
    return status;
}
