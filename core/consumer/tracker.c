/* SPDX-License-Identifier: Apache-2.0 */
/* How far a consumer has processed its log; tracker.h has the method. */
#include "consumer/tracker.h"

#include <string.h>

#include <quipu/id.h>

#include "base/clock.h"
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
    if (tracker->group) {
        quipu_group_finish(tracker->group);
        quipu_release(tracker->group);
    }
    quipu_release(tracker->consumer);
    quipu_release(tracker->log);
    *tracker = (struct quipu_tracker){ .datastore = NULL };
}

static int append_with(const struct quipu_tracker *tracker,
                       const quipu_append *append,
                       struct quipu_append_work *work, quipu_result *result,
                       quipu_error *error)
{
    const struct quipu_append_call call = { .datastore = tracker->datastore,
                                            .records = tracker->records,
                                            .is_internal = true,
                                            .work = work };

    return work->function ? quipu_append_transact(&call, append, result, error)
                          : quipu_append_execute(&call, append, result, error);
}

int quipu_tracker_append(struct quipu_tracker *tracker,
                         const quipu_append *append, quipu_work work,
                         void *context, quipu_error *error)
{
    struct quipu_append_work in_transaction = { .function = work,
                                                .context = context };

    return append_with(tracker, append, &in_transaction, NULL, error);
}

/* ------------------------------------------------------------------ groups */

/* CONFLICT if the consumer, which has no tracking record, is a group. */
static int check_alone(const struct quipu_tracker *tracker, quipu_error *error)
{
    struct quipu_group_settings settings;
    quipu_error cause;

    if (!tracker->excludes_group || tracker->recorded.notification_id > 0) {
        return QUIPU_OK;
    }
    int status = quipu_group_state_read_settings(
        tracker->datastore, tracker->consumer, &settings, &cause);

    if (status == QUIPU_NOT_FOUND) {
        return QUIPU_OK;
    }
    if (status != QUIPU_OK) {
        if (error) {
            *error = cause;
        }
        return status;
    }
    return quipu_error_set(error, QUIPU_CONFLICT,
                           "consumer \"%s\" is a group of %u partitions; run "
                           "it with the option `group`, or reset it",
                           tracker->consumer,
                           (unsigned)settings.partition_count);
}

/* The partitions that concern a member: those that it holds, or all if it
 * holds none. */
static uint64_t own_partitions(const struct quipu_group *group)
{
    return group->held
               ? group->held
               : quipu_group_all_partitions(group->state.partition_count);
}

/* After the group was read. */
static void take_position(struct quipu_tracker *tracker)
{
    const struct quipu_group *group = tracker->group;

    tracker->recorded =
        quipu_group_state_lowest(&group->state, own_partitions(group));
}

int quipu_tracker_share(struct quipu_tracker *tracker,
                        const quipu_group_options *options, quipu_error *error)
{
    bool moved = true;
    int status = QUIPU_OK;

    if (!options) {
        tracker->excludes_group = expects_position(tracker);
        return check_alone(tracker, error);
    }
    struct quipu_group *group = quipu_allocate_zeroed(sizeof(*group));

    if (!group) {
        return quipu_error_no_memory(error);
    }
    while (moved) {
        status = quipu_group_init(group, tracker->datastore, tracker->consumer,
                                  tracker->log, &tracker->recorded, options,
                                  &moved, error);
        if (moved) {
            status = read_record(tracker, &tracker->recorded, error);
            moved = status == QUIPU_OK;
        }
    }
    if (status != QUIPU_OK) {
        quipu_release(group);
        return status;
    }
    tracker->group = group;
    take_position(tracker);
    return QUIPU_OK;
}

int quipu_tracker_tend(struct quipu_tracker *tracker, quipu_error *error)
{
    if (!tracker->group) {
        return QUIPU_OK;
    }
    int status = quipu_group_look(tracker->group, error);

    take_position(tracker);
    return status;
}

int quipu_tracker_leave(struct quipu_tracker *tracker, quipu_error *error)
{
    return tracker->group ? quipu_group_leave(tracker->group, error) : QUIPU_OK;
}

int64_t quipu_tracker_due(const struct quipu_tracker *tracker)
{
    return tracker->group ? tracker->group->look_time : QUIPU_CLOCK_NEVER;
}

int64_t quipu_tracker_position(const struct quipu_tracker *tracker)
{
    const struct quipu_group *group = tracker->group;

    return group ? quipu_group_state_lowest(
                       &group->state,
                       quipu_group_all_partitions(group->state.partition_count))
                       .notification_id
                 : tracker->recorded.notification_id;
}

quipu_position quipu_tracker_highest(const struct quipu_tracker *tracker)
{
    const struct quipu_group *group = tracker->group;

    return group
               ? quipu_group_state_highest(&group->state, own_partitions(group))
               : tracker->recorded;
}

bool quipu_tracker_has_handled(const struct quipu_tracker *tracker,
                               const quipu_schema *schema,
                               const quipu_item *item)
{
    return tracker->group &&
           quipu_group_has_handled(tracker->group, schema, item);
}

/* ----------------------------------------------------------------- writing */

/* Sets the entries of a commit, with those that the tracker needs: the
 * partitions of the member, or the check that there is no group.  *owned is
 * released by the caller. */
static int set_entries(const struct quipu_tracker *tracker,
                       const struct quipu_tracker_commit *commit,
                       char absent_key[QUIPU_GROUP_KEY_SIZE],
                       quipu_conditions *conditions, quipu_entry_write **owned,
                       quipu_error *error)
{
    const bool checks_absence =
        tracker->excludes_group && tracker->recorded.notification_id == 0;
    size_t count = commit->entry_count;

    *owned = NULL;
    conditions->entries = commit->entries;
    conditions->entry_count = count;
    if (commit->stays || (!tracker->group && !checks_absence)) {
        return QUIPU_OK;
    }
    quipu_entry_write *writes =
        quipu_allocate_array(count + QUIPU_PARTITIONS_MAX, sizeof(*writes));

    if (!writes) {
        return quipu_error_no_memory(error);
    }
    if (count > 0) {
        memcpy(writes, commit->entries, count * sizeof(*writes));
    }
    if (tracker->group) {
        count += quipu_group_fill(tracker->group, &commit->position,
                                  commit->rewinds, &writes[count]);
    } else {
        writes[count++] =
            quipu_group_state_check_absence(absent_key, tracker->consumer);
    }
    *owned = writes;
    conditions->entries = writes;
    conditions->entry_count = count;
    return QUIPU_OK;
}

/* Executes the append of a commit.  A repeat (U3) has moved no record, because
 * only a record that is further on makes it one, and writes no entries. */
static int execute(const struct quipu_tracker *tracker,
                   const struct quipu_tracker_commit *commit,
                   const quipu_append *append, quipu_error *error)
{
    struct quipu_append_work work = { .function = commit->work,
                                      .context = commit->context };
    quipu_result result = { .status = QUIPU_OK };
    int status = append_with(tracker, append, &work, &result, error);

    if (status == QUIPU_OK && (result.flags & QUIPU_RESULT_REPEATED)) {
        result.cause = QUIPU_CAUSE_EVENT_ID;
        status = quipu_error_set(error, QUIPU_CONFLICT,
                                 "the items that consumer \"%s\" appends were "
                                 "stored before",
                                 tracker->consumer);
    }
    if (commit->result) {
        *commit->result = result;
    }
    return status;
}

/* Writes the record, or the entries of the partitions, with all else that the
 * commit has. */
static int write_position(struct quipu_tracker *tracker,
                          const struct quipu_tracker_commit *commit,
                          quipu_error *error)
{
    const int64_t from = tracker->recorded.notification_id;
    const quipu_tracking tracking = {
        .consumer = quipu_bytes_of_text(tracker->consumer),
        .log = quipu_bytes_of_text(tracker->log),
        .position = commit->position,
    };
    /* A removal requires also of a record that is not there that it stays
     * so. */
    const bool moves =
        !tracker->group && !commit->stays &&
        (commit->rewinds || commit->position.notification_id != from);
    quipu_conditions conditions = {
        .struct_size = sizeof(conditions),
        .flags =
            (moves ? QUIPU_CONDITIONS_TRACKING_FROM : 0u) |
            (moves && commit->rewinds ? QUIPU_CONDITIONS_TRACKING_REWIND : 0u),
        .tracking_from = moves ? from : 0,
    };
    const quipu_append append = {
        .struct_size = sizeof(append),
        .items = commit->items,
        .item_count = commit->item_count,
        .guards = commit->guards,
        .guard_count = commit->guard_count,
        .tracking = moves ? &tracking : NULL,
        .conditions = expects_position(tracker) ? &conditions : NULL,
    };
    char absent_key[QUIPU_GROUP_KEY_SIZE];
    quipu_entry_write *owned;
    int status =
        set_entries(tracker, commit, absent_key, &conditions, &owned, error);

    if (status == QUIPU_OK) {
        status = execute(tracker, commit, &append, error);
    }
    quipu_release(owned);
    return status;
}

/* Commits for a member.  Its position is read again after an unknown outcome,
 * and then tells what became of the commit. */
static int commit_partitions(struct quipu_tracker *tracker,
                             const struct quipu_tracker_commit *commit,
                             quipu_error *error)
{
    int status = write_position(tracker, commit, error);

    if (status == QUIPU_OK) {
        quipu_group_committed(tracker->group, &commit->position,
                              commit->rewinds);
        take_position(tracker);
    } else if (status == QUIPU_UNKNOWN_OUTCOME) {
        quipu_group_doubt(tracker->group);
    }
    return status;
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

    if (commit->result) {
        *commit->result = (quipu_result){ .status = QUIPU_OK };
    }
    if (commit->stays) {
        return write_position(tracker, commit, error);
    }
    if (tracker->group) {
        return commit_partitions(tracker, commit, error);
    }
    if (tracker->attempted.notification_id > 0) {
        status = resolve(tracker, error);
    }
    if (status == QUIPU_OK && (commit->work || commit->item_count > 0) &&
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
    status = write_position(tracker, commit, error);
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
    int status;

    if (tracker->group) {
        status = quipu_group_look_read(tracker->group, error);
        if (status == QUIPU_OK) {
            take_position(tracker);
        }
        return status;
    }
    tracker->attempted = (quipu_position){ .notification_id = 0 };
    status = read_record(tracker, &tracker->recorded, error);
    return status == QUIPU_OK ? check_alone(tracker, error) : status;
}
