/* SPDX-License-Identifier: Apache-2.0 */
/* Runners: opening, steps, and running until they are stopped.  runner_part.c
 * describes the method. */
#include "consumer/runner.h"

#include <quipu/id.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/structs.h"
#include "datastore/driver_call.h"
#include "store/topic_filter.h"

#define ATTEMPTS 5
#define BATCH_ITEMS 500
#define BATCH_ITEMS_MOST 10000
#define BATCH_MILLISECONDS 50

/* ------------------------------------------------------------------ checks */

int quipu_runner_check_options(struct quipu_runner_options *options,
                               quipu_error *error)
{
    int status = QUIPU_OK;

    if (options->on_failure < QUIPU_FAILURE_STOP ||
        options->on_failure > QUIPU_FAILURE_SKIP) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "options: on_failure is not in enum "
                                 "quipu_failure_policy");
    }
    if (status == QUIPU_OK && options->batch_items > BATCH_ITEMS_MOST) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "options: batch_items is above %d",
                                 BATCH_ITEMS_MOST);
    }
    if (options->attempts == 0) {
        options->attempts = ATTEMPTS;
    }
    if (options->batch_items == 0) {
        options->batch_items = BATCH_ITEMS;
    }
    if (options->batch_milliseconds == 0) {
        options->batch_milliseconds = BATCH_MILLISECONDS;
    }
    return status;
}

int quipu_runner_check_event(const struct quipu_runner *runner,
                             const quipu_event_type *const *types, size_t index,
                             quipu_error *error)
{
    const char *topic = types[index]->topic;

    if (quipu_mapper_type(runner->store->mapper, topic) != types[index]) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s \"%s\": the event type \"%s\" is not one "
                               "of the store's mapping",
                               runner->type->kind, runner->consumer, topic);
    }
    for (size_t i = 0; i < index; i++) {
        if (types[i] == types[index]) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "%s \"%s\": the event type \"%s\" has two "
                                   "handlers",
                                   runner->type->kind, runner->consumer, topic);
        }
    }
    return QUIPU_OK;
}

int quipu_runner_check_target(const struct quipu_runner_options *options,
                              const quipu_datastore *target, quipu_error *error)
{
    const bool is_parking = options->on_failure == QUIPU_FAILURE_PARK ||
                            options->on_failure == QUIPU_FAILURE_PARK_SEQUENCE;
    int status = quipu_driver_call_supported(target, QUIPU_CALL_READ_TRACKING,
                                             target->driver->read_tracking,
                                             QUIPU_CAN_TRACK, error);

    if (status == QUIPU_OK && is_parking &&
        !(target->opened.capabilities & QUIPU_CAN_ENTRIES)) {
        status = quipu_error_set(error, QUIPU_UNSUPPORTED,
                                 "events cannot be parked: driver \"%s\" keeps "
                                 "no key-value entries",
                                 target->driver->name);
    }
    return status;
}

/* -------------------------------------------------------- opening, closing */

/* Opens the follower for the topics of the types, and for their aliases. */
static int follow_types(struct quipu_runner *runner,
                        const quipu_event_type *const *types, size_t count,
                        quipu_error *error)
{
    quipu_bytes *topics = quipu_allocate_array(count, sizeof(*topics));

    if (!topics) {
        return quipu_error_no_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        topics[i] = quipu_bytes_of_text(types[i]->topic);
    }
    const quipu_match match = { .topics = topics, .topic_count = count };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    quipu_topic_filter with_aliases;
    int status = quipu_topic_filter_init(&with_aliases, runner->store->mapper,
                                         &filter, error);

    if (status == QUIPU_OK) {
        status =
            quipu_follower_init(&runner->follower, runner->records,
                                &with_aliases.filter, &runner->stopper, error);
    }
    quipu_topic_filter_finish(&with_aliases);
    quipu_release(topics);
    return status;
}

/* Opens what needs no other part. */
static int begin_parts(struct quipu_runner *runner, quipu_error *error)
{
    int status = quipu_stopper_init(&runner->stopper, error);

    if (status == QUIPU_OK) {
        status = quipu_progress_init(&runner->progress, error);
        if (status != QUIPU_OK) {
            quipu_stopper_finish(&runner->stopper);
        }
    }
    runner->part_items = 1;
    runner->committed_time = quipu_clock_now();
    return status;
}

/* Completes the opening with the batch, or ends it. */
static int end_parts(struct quipu_runner *runner,
                     const quipu_event_type *const *types, size_t count,
                     int status, quipu_error *error)
{
    if (status == QUIPU_OK) {
        status = quipu_batch_init(&runner->batch, types, count,
                                  runner->options.batch_items, error);
    }
    runner->follower.consumer = runner->consumer;
    if (status != QUIPU_OK) {
        quipu_runner_finish(runner);
    }
    return status;
}

int quipu_runner_init(struct quipu_runner *runner,
                      const quipu_event_type *const *types, size_t count,
                      quipu_error *error)
{
    int status = begin_parts(runner, error);

    return status == QUIPU_OK
               ? end_parts(runner, types, count,
                           follow_types(runner, types, count, error), error)
               : status;
}

/* The follower keeps a filter that restricts nothing only if it has a match. */
int quipu_runner_init_items(struct quipu_runner *runner,
                            const quipu_filter *given, quipu_error *error)
{
    const quipu_match any_topic = { .topic_count = 0 };
    quipu_filter filter = { .struct_size = sizeof(filter) };
    int status = QUIPU_OK;

    if (given) {
        status =
            quipu_struct_take(&filter, sizeof(filter), given, "filter", error);
    }
    if (status == QUIPU_OK) {
        status = begin_parts(runner, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (filter.match_count == 0) {
        filter.matches = &any_topic;
        filter.match_count = 1;
    }
    status = quipu_follower_init(&runner->follower, runner->records, &filter,
                                 &runner->stopper, error);
    return end_parts(runner, NULL, 0, status, error);
}

int quipu_runner_track(struct quipu_runner *runner, quipu_records *writes,
                       quipu_datastore *target, quipu_error *error)
{
    int status =
        quipu_tracker_init(&runner->tracker, writes, target, runner->consumer,
                           quipu_records_schema(runner->records)->table, error);

    if (status == QUIPU_OK) {
        runner->has_entries =
            runner->tracker.datastore->opened.capabilities & QUIPU_CAN_ENTRIES;
    }
    return status;
}

/* A member of a group renews its lease between two batches. */
static void limit_batches(struct quipu_runner *runner)
{
    const struct quipu_group *group = runner->tracker.group;

    if (group && runner->options.batch_milliseconds >
                     group->self.lease_milliseconds / 3) {
        runner->options.batch_milliseconds = group->self.lease_milliseconds / 3;
    }
}

int quipu_runner_begin(struct quipu_runner *runner,
                       const quipu_group_options *group, quipu_error *error)
{
    int status = quipu_tracker_share(&runner->tracker, group, error);

    if (status == QUIPU_OK) {
        limit_batches(runner);
        status = quipu_runner_restart(runner, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_follower_check(&runner->follower, error);
    }
    if (status == QUIPU_OK) {
        quipu_progress_publish(&runner->progress, runner->type->operation,
                               runner->records, runner->consumer,
                               runner->tracker.log);
    }
    return status;
}

void quipu_runner_finish(struct quipu_runner *runner)
{
    quipu_progress_finish(&runner->progress);
    quipu_parked_sequences_finish(&runner->parked);
    quipu_batch_finish(&runner->batch);
    quipu_follower_finish(&runner->follower);
    quipu_tracker_finish(&runner->tracker);
    quipu_stopper_finish(&runner->stopper);
}

/* ------------------------------------------------------------------- steps */

int quipu_runner_enter(struct quipu_runner *runner, quipu_error *error)
{
    bool running = false;
    int status = quipu_records_enter(runner->records, error);

    if (status == QUIPU_OK &&
        !atomic_compare_exchange_strong(&runner->is_running, &running, true)) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "%s \"%s\" is running in another thread",
                                 runner->type->kind, runner->consumer);
    }
    return status;
}

void quipu_runner_leave(struct quipu_runner *runner)
{
    atomic_store(&runner->is_running, false);
}

/* Looks at the group if that is due.  If the member has lost, taken or given up
 * partitions, the batch is read again. */
static int look_at_group(struct quipu_runner *runner, quipu_error *error)
{
    const struct quipu_group *group = runner->tracker.group;
    int status = quipu_tracker_tend(&runner->tracker, error);

    if (status == QUIPU_CONFLICT) { /* there is no such group any more */
        return quipu_runner_restart(runner, error);
    }
    return status == QUIPU_OK && group && group->is_changed
               ? quipu_runner_restart_here(runner, error)
               : status;
}

/* The member holds no partition. */
static int stand_by(struct quipu_runner *runner, quipu_error *error)
{
    int status =
        quipu_records_head(runner->records, &runner->follower.head, error);

    if (status == QUIPU_OK) {
        runner->failures = 0;
        quipu_runner_show(runner);
    }
    return status;
}

/* Reads a batch if there is none, and commits a part of it. */
static int step(struct quipu_runner *runner, bool *caught_up,
                quipu_error *error)
{
    struct quipu_batch *batch = &runner->batch;

    *caught_up = false;
    runner->is_refused = false;
    int status = look_at_group(runner, error);
    if (status == QUIPU_OK && !quipu_tracker_is_active(&runner->tracker)) {
        *caught_up = true;
        return stand_by(runner, error);
    }
    if (status == QUIPU_OK && quipu_batch_is_empty(batch)) {
        status = quipu_batch_read(batch, &runner->follower, &runner->tracker,
                                  runner->store, error);
        if (status == QUIPU_OK) {
            runner->failures = 0;
            quipu_runner_show(runner);
        }
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (!quipu_batch_is_empty(batch)) {
        return quipu_runner_part_commit(runner, error);
    }
    *caught_up = quipu_follower_is_at_head(&runner->follower);
    return quipu_runner_part_pass(runner, error);
}

int quipu_runner_step(struct quipu_runner *runner, bool *caught_up,
                      quipu_error *error)
{
    bool at_end = false;
    int status = quipu_runner_enter(runner, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = step(runner, &at_end, error);
    quipu_runner_leave(runner);
    if (status == QUIPU_OK && caught_up) {
        *caught_up = at_end;
    }
    return status;
}

/* ---------------------------------------------------------------------- run */

/* Pauses; a member of a group renews its lease meanwhile. */
static void pause_until(struct quipu_runner *runner, int64_t deadline)
{
    struct quipu_tracker *tracker = &runner->tracker;

    while (quipu_clock_left(deadline) > 0 &&
           !quipu_stopper_is_requested(&runner->stopper)) {
        int64_t due = quipu_tracker_due(tracker);

        quipu_stopper_pause(&runner->stopper, due < deadline ? due : deadline);
        /* If this fails, too, the next step finds out why. */
        (void)quipu_tracker_tend(tracker, NULL);
    }
}

/* Pauses after a failure that may pass.  Returns OK if it did. */
static int recover(struct quipu_runner *runner, int status,
                   const quipu_error *cause, quipu_error *error)
{
    bool is_refused = runner->is_refused;

    if (is_refused ? runner->is_given_up : !quipu_status_is_transient(status)) {
        runner->refusals = 0; /* `run` may be called again */
        quipu_progress_failed(&runner->progress, QUIPU_CONSUMER_FAILED, cause);
        return quipu_status_end(status, cause, error, "a step");
    }
    quipu_progress_failed(&runner->progress, QUIPU_CONSUMER_RETRYING, cause);
    if (!is_refused) {
        quipu_follower_reset(&runner->follower);
        runner->failures++;
    }
    pause_until(runner, quipu_stopper_back_off_end(
                            is_refused ? runner->refusals : runner->failures));
    return QUIPU_OK;
}

/* Waits for events, or for the next look at the group. */
static int wait(struct quipu_runner *runner, quipu_error *error)
{
    int64_t due = quipu_tracker_due(&runner->tracker);

    if (quipu_tracker_is_active(&runner->tracker)) {
        return quipu_follower_wait(&runner->follower, due, error);
    }
    quipu_stopper_pause(&runner->stopper, due);
    return QUIPU_OK;
}

static enum quipu_consumer_state state_after(const struct quipu_runner *runner,
                                             bool caught_up)
{
    if (!quipu_tracker_is_active(&runner->tracker)) {
        return QUIPU_CONSUMER_STANDBY;
    }
    return caught_up ? QUIPU_CONSUMER_LIVE : QUIPU_CONSUMER_CATCHING_UP;
}

static int run_until_stopped(struct quipu_runner *runner, quipu_error *error)
{
    while (!quipu_stopper_is_requested(&runner->stopper)) {
        bool caught_up = false;
        quipu_error cause;

        quipu_status_begin(&cause);
        int status = step(runner, &caught_up, &cause);

        if (status == QUIPU_OK) {
            quipu_progress_state(&runner->progress,
                                 state_after(runner, caught_up));
        }
        if (status == QUIPU_OK && caught_up) {
            status = wait(runner, &cause);
        }
        if (status != QUIPU_OK) {
            cause.code = status;
            status = recover(runner, status, &cause, error);
        }
        if (status != QUIPU_OK) {
            return status;
        }
    }
    quipu_progress_state(&runner->progress, QUIPU_CONSUMER_STOPPED);
    return QUIPU_OK;
}

int quipu_runner_run(struct quipu_runner *runner, quipu_error *error)
{
    int status = quipu_runner_enter(runner, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = run_until_stopped(runner, error);
    /* If the store fails now, the others wait for a lease. */
    (void)quipu_tracker_leave(&runner->tracker, NULL);
    quipu_runner_leave(runner);
    return status;
}

void quipu_runner_stop(struct quipu_runner *runner)
{
    quipu_stopper_stop(&runner->stopper, runner->records->datastore);
}
