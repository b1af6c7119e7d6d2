/* SPDX-License-Identifier: Apache-2.0 */
/* The tracking record of a consumer; tracker.h has the method. */
#include "consumer/tracker.h"

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "records/append.h"

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

int quipu_tracker_append(struct quipu_tracker *tracker,
                         const quipu_append *append, quipu_work work,
                         void *context, quipu_error *error)
{
    struct quipu_append_work in_transaction = { .function = work,
                                                .context = context };
    const struct quipu_append_call call = { .datastore = tracker->datastore,
                                            .records = tracker->records,
                                            .is_internal = true,
                                            .work = &in_transaction };

    return work ? quipu_append_transact(&call, append, NULL, error)
                : quipu_append_execute(&call, append, NULL, error);
}

static int write_record(struct quipu_tracker *tracker,
                        const struct quipu_tracker_commit *commit,
                        quipu_error *error)
{
    const int64_t from = tracker->recorded.notification_id;
    const quipu_tracking tracking = {
        .consumer = quipu_bytes_of_text(tracker->consumer),
        .log = quipu_bytes_of_text(tracker->log),
        .position = commit->position,
    };
    /* A record that is not there need not be removed. */
    const bool moves = commit->position.notification_id != from;
    const quipu_conditions conditions = {
        .struct_size = sizeof(conditions),
        .flags =
            (moves ? QUIPU_CONDITIONS_TRACKING_FROM : 0u) |
            (moves && commit->rewinds ? QUIPU_CONDITIONS_TRACKING_REWIND : 0u),
        .tracking_from = from,
        .entries = commit->entries,
        .entry_count = commit->entry_count,
    };
    const quipu_append append = {
        .struct_size = sizeof(append),
        .tracking = moves ? &tracking : NULL,
        .conditions = expects_position(tracker) ? &conditions : NULL,
    };

    return quipu_tracker_append(tracker, &append, commit->work, commit->context,
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

int quipu_tracker_commit(struct quipu_tracker *tracker,
                         const struct quipu_tracker_commit *commit,
                         quipu_error *error)
{
    int64_t before = tracker->recorded.notification_id;
    int status = QUIPU_OK;

    if (tracker->attempted.notification_id > 0) {
        status = resolve(tracker, error);
    }
    if (status == QUIPU_OK && commit->work &&
        tracker->recorded.notification_id != before &&
        tracker->recorded.notification_id != commit->position.notification_id) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "another commit of consumer \"%s\", whose "
                               "outcome was unknown, is stored",
                               tracker->consumer);
    }
    if (status != QUIPU_OK ||
        (!commit->rewinds && commit->position.notification_id ==
                                 tracker->recorded.notification_id)) {
        return status;
    }
    status = write_record(tracker, commit, error);
    if (status == QUIPU_OK) {
        tracker->recorded = commit->position;
    } else if (status == QUIPU_UNKNOWN_OUTCOME) {
        tracker->attempted = commit->position;
    }
    return status;
}

int quipu_tracker_write(struct quipu_tracker *tracker,
                        const quipu_position *position, quipu_error *error)
{
    const struct quipu_tracker_commit commit = { .position = *position };

    return quipu_tracker_commit(tracker, &commit, error);
}

int quipu_tracker_refresh(struct quipu_tracker *tracker, quipu_error *error)
{
    tracker->attempted = (quipu_position){ .notification_id = 0 };
    return read_record(tracker, &tracker->recorded, error);
}
