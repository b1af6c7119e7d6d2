/* SPDX-License-Identifier: Apache-2.0 */
/* Promoting a version of a projection (P6). */
#include <inttypes.h>

#include <quipu/id.h>

#include "base/cancellation.h"
#include "base/status.h"
#include "group/group_state.h"
#include "projection/projection.h"

/* Reads how far the consumer has come: its tracking record, or the lowest
 * partition of its group. */
static int read_progress(const quipu_projection *projection, int64_t *id,
                         quipu_error *error)
{
    const struct quipu_tracker *tracker = &projection->runner.tracker;
    struct quipu_group_state state = { .partition_count = 0 };
    quipu_position record = { .notification_id = 0 };
    quipu_error cause;
    int status;

    if (tracker->group) {
        status = quipu_group_state_read(&state, tracker->datastore,
                                        projection->runner.consumer, error);
        *id = quipu_group_state_lowest(
                  &state, quipu_group_all_partitions(state.partition_count))
                  .notification_id;
        quipu_group_state_finish(&state);
        return status;
    }
    status =
        quipu_tracking_read(tracker->datastore, projection->runner.consumer,
                            tracker->log, &record, &cause);
    *id = record.notification_id;
    return status == QUIPU_NOT_FOUND
               ? QUIPU_OK
               : quipu_status_end(status, &cause, error, "reading a record");
}

/*
 * Returns BUSY if the consumer is more than `lag` below the head of the log.
 * The head is read first: with a lag of 0 the read model contains all that was
 * stored when the caller asked.  The record does not fall until the commit,
 * which checks the entry of the read model.
 */
static int check_lag(const quipu_projection *projection, int64_t lag,
                     quipu_error *error)
{
    quipu_position head = { .notification_id = 0 };
    int64_t id = 0;
    int status = quipu_records_head(projection->runner.records, &head, error);

    if (status == QUIPU_OK) {
        status = read_progress(projection, &id, error);
    }
    if (status != QUIPU_OK || head.notification_id - id <= lag) {
        return status;
    }
    return quipu_error_set(
        error, QUIPU_BUSY,
        "projection \"%s\" is not promoted: it is at notification %" PRId64
        ", and the head of the log at %" PRId64 ", which is more than %" PRId64
        " ahead; try again when it has caught up",
        projection->runner.consumer, id, head.notification_id, lag);
}

static int run_show(void *native, void *context, quipu_error *error)
{
    const quipu_projection *projection = context;

    return projection->type->show(native, projection->context, error);
}

/* Shows the version, if nobody has shown another one, or removed this one,
 * since both entries were read. */
static int show(quipu_projection *projection, struct quipu_shown *shown,
                const quipu_entry_write *model, quipu_error *error)
{
    shown->version = projection->type->version;
    const quipu_entry_write entries[] = { quipu_shown_entry(shown, 0), *model };
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = entries,
                                          .entry_count = 2 };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };
    quipu_error cause;

    quipu_status_begin(&cause);
    int status = quipu_tracker_append(&projection->runner.tracker, &append,
                                      projection->type->show ? run_show : NULL,
                                      projection, &cause);

    if (status == QUIPU_CONFLICT) {
        return quipu_error_set(
            error, status,
            "projection \"%s\" is not promoted: another "
            "process has promoted, reset or retired a "
            "version meanwhile (%.300s); look at the version "
            "that is shown, and try again",
            projection->runner.consumer, cause.message);
    }
    return quipu_status_end(status, &cause, error, "the function `show`");
}

static int promote(quipu_projection *projection, int64_t lag,
                   quipu_error *error)
{
    struct quipu_shown shown = { .version = 0 };
    /* Not all of projection->model, which `run` changes. */
    quipu_entry_write model = { .key = projection->model.key,
                                .flags = projection->model.flags };
    int status = quipu_model_find(projection, &model.revision, error);

    if (status == QUIPU_OK) {
        status = quipu_shown_read(&shown, projection->runner.tracker.datastore,
                                  projection->type->name, error);
    }
    if (status != QUIPU_OK || shown.version == projection->type->version) {
        return status;
    }
    status = check_lag(projection, lag, error);
    return status == QUIPU_OK ? show(projection, &shown, &model, error)
                              : status;
}

int quipu_projection_promote(quipu_projection *projection, int64_t lag,
                             quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!projection) {
        return quipu_argument_missing("projection", error);
    }
    int status = quipu_records_enter(projection->runner.records, error);

    if (status == QUIPU_OK && lag < 0) {
        status = quipu_error_set(error, QUIPU_INVALID, "lag is below 0");
    }
    if (status == QUIPU_OK && !projection->runner.has_entries) {
        status = quipu_error_set(error, QUIPU_UNSUPPORTED,
                                 "projection \"%s\" cannot be promoted: its "
                                 "target keeps no key-value entries",
                                 projection->runner.consumer);
    }
    return status == QUIPU_OK ? promote(projection, lag, error) : status;
}
