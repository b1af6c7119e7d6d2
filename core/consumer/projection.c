/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Projections.
 *
 * METHOD
 *
 * A projection reads a batch of events into memory, and applies it in one or
 * more transactions, each of which moves the tracking record from the position
 * where this projection has put it (T1) to that of the last event it applied.
 * So each event is applied once, whatever the size of a transaction, however
 * often it is rolled back, and however many processes run the projection.
 *
 * The number of events of a transaction follows the time that they take: it
 * doubles while they take less than half of batch_milliseconds.  A transaction
 * that takes longer is rolled back, and its first events are applied again in a
 * smaller one.
 *
 * Blame.  If a handler refuses an event, the transaction is rolled back; the
 * events before it are applied and committed, and then it is tried alone (P3).
 * Only what a handler returns counts against an event, never a failure of the
 * store (P4).
 *
 *   INV1  The tracking record, as it was read or written last, is at or below
 *         the first event of the batch that is not committed.
 *   INV2  An event is parked, or counted as skipped, in the same commit that
 *         moves the record past it (P5).
 *   INV3  A later event of a sequence is parked, as long as an earlier one is:
 *         the commit requires that the entry of the earlier one is still there.
 */
#include "consumer/projection.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <quipu/id.h>

#include "base/cancellation.h"
#include "base/clock.h"
#include "base/status.h"
#include "consumer/skipped.h"

#define MILLISECOND INT64_C(1000000)
#define RECORD_NANOSECONDS (1000 * MILLISECOND) /* without events */

/* Returned by the function in the transaction to roll it back; no code of
 * quipu. */
#define TOO_SLOW 10001

/* ----------------------------------------------------------- transactions */

/* A transaction that applies a part of the batch. */
struct part {
    quipu_projection *projection;
    struct quipu_batch_event *events;
    size_t count;
    size_t applied;
    int64_t begin; /* time */
    int refusal;   /* the handler's code for events[applied] */
};

static int refuse_undecoded(const struct quipu_batch_event *event,
                            quipu_error *error)
{
    return quipu_error_set(error, event->status, "%s", event->message);
}

int quipu_projection_refuse(int status, quipu_error *error)
{
    if (status == QUIPU_BUSY) {
        return status;
    }
    if (error->code != status) {
        (void)quipu_error_set(error, status, "the handler set no error");
    }
    error->code = QUIPU_PROJECTION_REFUSED;
    return QUIPU_PROJECTION_REFUSED;
}

/* The function in the transaction; perhaps called more than once. */
static int apply_part(void *native, void *context, quipu_error *error)
{
    struct part *part = context;
    const quipu_projection *projection = part->projection;
    int64_t limit = projection->options.batch_milliseconds * MILLISECOND;

    part->begin = quipu_clock_now();
    for (part->applied = 0; part->applied < part->count; part->applied++) {
        const struct quipu_batch_event *event = &part->events[part->applied];

        if (part->applied > 0 && quipu_clock_now() - part->begin > limit) {
            return quipu_error_set(error, TOO_SLOW, "the batch takes too long");
        }
        int status = event->event
                         ? event->apply(native, projection->options.context,
                                        event->event, &event->item, error)
                         : refuse_undecoded(event, error);

        if (status != QUIPU_OK) {
            part->refusal = status;
            return quipu_projection_refuse(status, error);
        }
    }
    return QUIPU_OK;
}

static void show_position(quipu_projection *projection)
{
    const struct quipu_batch *batch = &projection->batch;

    quipu_progress_oldest(
        &projection->progress,
        quipu_batch_is_empty(batch) ? NULL : &batch->events[batch->begin].item);
    quipu_progress_position(&projection->progress,
                            quipu_tracker_position(&projection->tracker),
                            projection->follower.head.notification_id);
}

/* Notes that the first `count` events of the batch are committed. */
static void advance(quipu_projection *projection, size_t count)
{
    struct quipu_batch *batch = &projection->batch;

    batch->begin += count;
    projection->refusals = 0;
    projection->failures = 0;
    projection->committed_time = quipu_clock_now();
    quipu_progress_yielded(&projection->progress, count);
    quipu_progress_recorded(&projection->progress);
    show_position(projection);
}

/* The position of the record after `count` events of the batch. */
static quipu_position position_after(const quipu_projection *projection,
                                     size_t count)
{
    const struct quipu_batch *batch = &projection->batch;

    return batch->begin + count == batch->count
               ? batch->end
               : batch->events[batch->begin + count - 1].position;
}

/* Applies the first `count` events of the batch. */
static int apply(quipu_projection *projection, struct part *part,
                 quipu_error *error)
{
    quipu_entry_write check;
    struct quipu_tracker_commit commit = {
        .position = position_after(projection, part->count),
        .entries = &check,
        .entry_count = quipu_model_beginning(projection, &check),
        .work = apply_part,
        .context = part,
    };
    int status =
        quipu_follower_complete(&projection->follower, &commit.position, error);

    if (status == QUIPU_OK) {
        status = quipu_tracker_commit(&projection->tracker, &commit, error);
    }
    if (status == QUIPU_OK) {
        int64_t took = quipu_clock_now() - part->begin;

        advance(projection, part->count);
        if (projection->has_entries &&
            took < projection->options.batch_milliseconds * MILLISECOND / 2 &&
            projection->transaction_items < projection->options.batch_items) {
            projection->transaction_items *= 2;
        }
    }
    return status;
}

/* ---------------------------------------------------------------- parking */

static quipu_time now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_REALTIME, &time);
    return (quipu_time){ (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000 };
}

/* Parks the first event of the batch.  `first`: the earlier event of its
 * sequence that is parked (INV3), or NULL. */
static int park(quipu_projection *projection,
                const struct quipu_parked_sequence *first,
                const quipu_error *cause, quipu_error *error)
{
    const struct quipu_batch_event *event =
        &projection->batch.events[projection->batch.begin];
    char keys[2][QUIPU_PARKED_KEY_SIZE];
    uint8_t value[QUIPU_PARKED_VALUE_SIZE];
    const quipu_parked_event parked = {
        .notification_id = event->item.notification_id,
        .sequence_id = event->item.sequence_id,
        .topic = event->item.topic,
        .message = cause ? quipu_bytes_of_text(cause->message)
                         : quipu_bytes_of_text(""),
        .code = cause ? cause->code : QUIPU_OK,
        .attempts = cause ? projection->refusals : 0,
        .parked = now(),
        .follows = first,
    };
    quipu_entry_write entries[3] = {
        { .key = quipu_parked_key(projection->consumer,
                                  event->item.notification_id, keys[0]),
          .value = quipu_parked_encode(&parked, value) },
        { .key = quipu_parked_key(projection->consumer,
                                  first ? first->notification_id : 0, keys[1]),
          .flags = QUIPU_ENTRY_CHECK | QUIPU_ENTRY_EXPECT,
          .revision = first ? first->revision : 0 },
    };
    size_t count = first ? 2 : 1;

    count += quipu_model_beginning(projection, &entries[count]);
    struct quipu_tracker_commit commit = {
        .position = position_after(projection, 1),
        .entries = entries,
        .entry_count = count,
    };
    int status =
        quipu_follower_complete(&projection->follower, &commit.position, error);

    if (status == QUIPU_OK) {
        status = quipu_tracker_commit(&projection->tracker, &commit, error);
    }
    if (status == QUIPU_OK) {
        advance(projection, 1);
        projection->is_parked_stale = true;
    }
    return status;
}

/* --------------------------------------------------------------- skipping */

/* Leaves the first event of the batch out, and counts it. */
static int skip(quipu_projection *projection, const quipu_error *cause,
                quipu_error *error)
{
    const struct quipu_batch_event *event =
        &projection->batch.events[projection->batch.begin];
    struct quipu_tracker_commit commit = {
        .position = position_after(projection, 1),
    };
    struct quipu_skipped_write counted;
    quipu_entry_write entries[2];
    int status =
        quipu_follower_complete(&projection->follower, &commit.position, error);

    if (status == QUIPU_OK && projection->has_entries) {
        status = quipu_skipped_add(&counted, projection->tracker.datastore,
                                   projection->consumer,
                                   event->item.notification_id, cause, error);
        if (status == QUIPU_OK) {
            entries[0] = counted.write;
            commit.entries = entries;
            commit.entry_count =
                1 + quipu_model_beginning(projection, &entries[1]);
        }
    }
    if (status == QUIPU_OK) {
        status = quipu_tracker_commit(&projection->tracker, &commit, error);
    }
    if (status == QUIPU_OK) {
        advance(projection, 1);
        quipu_progress_skipped(&projection->progress);
    }
    return status;
}

/* ----------------------------------------------------------------- failures */

/* Goes on from the position of the tracker, with the partitions that it
 * holds. */
static int begin_again(quipu_projection *projection, quipu_error *error)
{
    struct quipu_tracker *tracker = &projection->tracker;
    struct quipu_follower *follower = &projection->follower;
    quipu_position highest = quipu_tracker_highest(tracker);
    int status = QUIPU_OK;

    projection->is_parked_stale = true;
    quipu_batch_clear(&projection->batch);
    projection->refusals = 0;
    /* The log may have been set back behind a partition that is further on. */
    if (highest.notification_id != tracker->recorded.notification_id) {
        quipu_follower_reset(follower);
        follower->examined = highest;
        status = quipu_follower_check(follower, error);
    }
    quipu_follower_move(follower, &tracker->recorded,
                        tracker->group && tracker->group->held
                            ? tracker->group->state.partition_count
                            : 0,
                        tracker->group ? tracker->group->held : 0);
    if (tracker->group && status == QUIPU_OK) {
        tracker->group->is_changed = false;
    }
    show_position(projection);
    return status;
}

/* If the read model was removed, the old record stays in memory, with which no
 * commit succeeds. */
int quipu_projection_start_over(quipu_projection *projection,
                                quipu_error *error)
{
    int status = QUIPU_OK;

    if (projection->has_entries) {
        status =
            quipu_model_find(projection, &projection->model.revision, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_tracker_refresh(&projection->tracker, error);
    }
    return status == QUIPU_OK ? begin_again(projection, error) : status;
}

/* Looks at the group if that is due.  If the member has lost, taken or given up
 * partitions, the batch is read again. */
static int tend(quipu_projection *projection, quipu_error *error)
{
    const struct quipu_group *group = projection->tracker.group;
    int status = quipu_tracker_tend(&projection->tracker, error);

    if (status == QUIPU_CONFLICT) { /* there is no such group any more */
        return quipu_projection_start_over(projection, error);
    }
    return status == QUIPU_OK && group && group->is_changed
               ? begin_again(projection, error)
               : status;
}

static int name_event(const quipu_projection *projection,
                      const quipu_error *cause, quipu_error *error)
{
    const quipu_item *item =
        &projection->batch.events[projection->batch.begin].item;

    return quipu_error_set(
        error, cause->code,
        "projection \"%s\" cannot apply notification %" PRId64
        " (topic \"%.*s\"): %.600s",
        projection->consumer, item->notification_id, (int)item->topic.size,
        (const char *)item->topic.data, cause->message);
}

/* The first event of the batch, alone, was refused. */
static int refuse_event(quipu_projection *projection, const quipu_error *cause,
                        quipu_error *error)
{
    const struct quipu_batch_event *event =
        &projection->batch.events[projection->batch.begin];

    projection->refusals++;
    projection->is_given_up =
        projection->refusals >= projection->options.attempts ||
        !event->event; /* decoding it again gives the same */
    if (!projection->is_given_up ||
        projection->options.on_failure == QUIPU_FAILURE_STOP) {
        return name_event(projection, cause, error);
    }
    return projection->options.on_failure == QUIPU_FAILURE_SKIP
               ? skip(projection, cause, error)
               : park(projection, NULL, cause, error);
}

/* A transaction has failed.  Returns OK if the next step goes on with a smaller
 * one. */
static int handle(quipu_projection *projection, const struct part *part,
                  int status, const quipu_error *cause, quipu_error *error)
{
    bool is_refused = status == QUIPU_PROJECTION_REFUSED;

    if (status == TOO_SLOW || (is_refused && part->count > 1)) {
        projection->transaction_items = part->applied > 0 ? part->applied : 1;
        return QUIPU_OK;
    }
    if (is_refused) {
        return refuse_event(projection, cause, error);
    }
    if (status == QUIPU_CONFLICT || status == QUIPU_ALREADY) {
        return quipu_projection_start_over(projection, error);
    }
    return quipu_status_end(status, cause, error, "the transaction");
}

/* -------------------------------------------------------------------- steps */

/* The number of events at the beginning of the batch, at most
 * transaction_items, before the first one that has to be parked. */
static size_t count_applicable(const quipu_projection *projection)
{
    const struct quipu_batch *batch = &projection->batch;
    size_t left = batch->count - batch->begin;
    size_t count = 0;

    while (count < left && count < projection->transaction_items &&
           !quipu_parked_sequences_find(
               &projection->parked,
               batch->events[batch->begin + count].item.sequence_id)) {
        count++;
    }
    return count;
}

/* Reads the sequences with parked events again if they may have changed.  No
 * event is applied without knowing them (INV3). */
static int read_parked(quipu_projection *projection, quipu_error *error)
{
    if (!projection->is_parked_stale ||
        projection->options.on_failure != QUIPU_FAILURE_PARK_SEQUENCE) {
        return QUIPU_OK;
    }
    int status = quipu_parked_sequences_read(&projection->parked,
                                             projection->tracker.datastore,
                                             projection->consumer, error);

    projection->is_parked_stale = status != QUIPU_OK;
    return status;
}

/* Commits a part of the batch, which is not empty. */
static int commit_part(quipu_projection *projection, quipu_error *error)
{
    struct quipu_batch *batch = &projection->batch;
    struct part part = { .projection = projection,
                         .events = &batch->events[batch->begin],
                         .count = count_applicable(projection) };
    quipu_error cause;
    int status;

    quipu_status_begin(&cause);
    if (part.count > 0) {
        status = apply(projection, &part, &cause);
    } else {
        status = park(projection,
                      quipu_parked_sequences_find(
                          &projection->parked, part.events->item.sequence_id),
                      NULL, &cause);
    }
    cause.code = status == QUIPU_PROJECTION_REFUSED ? part.refusal : status;
    return status == QUIPU_OK
               ? QUIPU_OK
               : handle(projection, &part, status, &cause, error);
}

/* Moves the record past events that do not concern the projection, once a
 * second. */
static int record_idle(quipu_projection *projection, quipu_error *error)
{
    quipu_entry_write check;
    struct quipu_tracker_commit commit = {
        .position = projection->follower.examined,
        .entries = &check,
        .entry_count = quipu_model_beginning(projection, &check),
    };
    quipu_error cause;

    if (commit.position.notification_id <=
            projection->tracker.recorded.notification_id ||
        quipu_clock_now() - projection->committed_time < RECORD_NANOSECONDS) {
        return QUIPU_OK;
    }
    int status =
        quipu_follower_complete(&projection->follower, &commit.position, error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_status_begin(&cause);
    status = quipu_tracker_commit(&projection->tracker, &commit, &cause);
    if (status == QUIPU_OK) {
        advance(projection, 0);
        return QUIPU_OK;
    }
    return status == QUIPU_CONFLICT || status == QUIPU_ALREADY
               ? quipu_projection_start_over(projection, error)
               : quipu_status_end(status, &cause, error, "the record");
}

/* The member holds no partition. */
static int stand_by(quipu_projection *projection, quipu_error *error)
{
    int status = quipu_records_head(projection->records,
                                    &projection->follower.head, error);

    if (status == QUIPU_OK) {
        projection->failures = 0;
        show_position(projection);
    }
    return status;
}

/* Reads a batch if there is none, and commits a part of it. */
static int step(quipu_projection *projection, bool *caught_up,
                quipu_error *error)
{
    struct quipu_batch *batch = &projection->batch;
    int status = QUIPU_OK;

    *caught_up = false;
    status = tend(projection, error);
    if (status == QUIPU_OK && !quipu_tracker_is_active(&projection->tracker)) {
        *caught_up = true;
        return stand_by(projection, error);
    }
    if (status == QUIPU_OK && quipu_batch_is_empty(batch)) {
        status = quipu_batch_read(batch, &projection->follower,
                                  &projection->tracker, projection->store,
                                  projection->type->handlers, error);
        if (status == QUIPU_OK) {
            projection->failures = 0;
            show_position(projection);
        }
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (!quipu_batch_is_empty(batch)) {
        status = read_parked(projection, error);
        return status == QUIPU_OK ? commit_part(projection, error) : status;
    }
    *caught_up = quipu_follower_is_at_head(&projection->follower);
    return record_idle(projection, error);
}

int quipu_projection_enter(quipu_projection *projection, quipu_error *error)
{
    bool running = false;

    if (!projection) {
        return quipu_argument_missing("projection", error);
    }
    int status = quipu_records_enter(projection->records, error);

    if (status == QUIPU_OK && !atomic_compare_exchange_strong(
                                  &projection->is_running, &running, true)) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "projection \"%s\" is running in another "
                                 "thread",
                                 projection->consumer);
    }
    return status;
}

void quipu_projection_leave(quipu_projection *projection)
{
    atomic_store(&projection->is_running, false);
}

int quipu_projection_step(quipu_projection *projection, bool *caught_up,
                          quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    bool at_end = false;
    int status = quipu_projection_enter(projection, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = step(projection, &at_end, error);
    quipu_projection_leave(projection);
    if (status == QUIPU_OK && caught_up) {
        *caught_up = at_end;
    }
    return status;
}

/* ---------------------------------------------------------------------- run */

/* Pauses; a member of a group renews its lease meanwhile. */
static void pause_until(quipu_projection *projection, int64_t deadline)
{
    struct quipu_tracker *tracker = &projection->tracker;

    while (quipu_clock_left(deadline) > 0 &&
           !quipu_stopper_is_requested(&projection->stopper)) {
        int64_t due = quipu_tracker_due(tracker);

        quipu_stopper_pause(&projection->stopper,
                            due < deadline ? due : deadline);
        /* If this fails, too, the next step finds out why. */
        (void)quipu_tracker_tend(tracker, NULL);
    }
}

/* Pauses after a failure that may pass.  Returns OK if it did. */
static int recover(quipu_projection *projection, int status,
                   const quipu_error *cause, quipu_error *error)
{
    bool is_refused = projection->refusals > 0;

    if (is_refused ? projection->is_given_up
                   : !quipu_status_is_transient(status)) {
        projection->refusals = 0; /* `run` may be called again */
        quipu_progress_failed(&projection->progress, QUIPU_CONSUMER_FAILED,
                              cause);
        return quipu_status_end(status, cause, error, "a step");
    }
    quipu_progress_failed(&projection->progress, QUIPU_CONSUMER_RETRYING,
                          cause);
    if (!is_refused) {
        quipu_follower_reset(&projection->follower);
        projection->failures++;
    }
    pause_until(projection,
                quipu_stopper_back_off_end(is_refused ? projection->refusals
                                                      : projection->failures));
    return QUIPU_OK;
}

/* Waits for events, or for the next look at the group. */
static int wait(quipu_projection *projection, quipu_error *error)
{
    int64_t due = quipu_tracker_due(&projection->tracker);

    if (quipu_tracker_is_active(&projection->tracker)) {
        return quipu_follower_wait(&projection->follower, due, error);
    }
    quipu_stopper_pause(&projection->stopper, due);
    return QUIPU_OK;
}

static enum quipu_consumer_state state_after(const quipu_projection *projection,
                                             bool caught_up)
{
    if (!quipu_tracker_is_active(&projection->tracker)) {
        return QUIPU_CONSUMER_STANDBY;
    }
    return caught_up ? QUIPU_CONSUMER_LIVE : QUIPU_CONSUMER_CATCHING_UP;
}

static int run(quipu_projection *projection, quipu_error *error)
{
    while (!quipu_stopper_is_requested(&projection->stopper)) {
        bool caught_up = false;
        quipu_error cause;

        quipu_status_begin(&cause);
        int status = step(projection, &caught_up, &cause);

        if (status == QUIPU_OK) {
            quipu_progress_state(&projection->progress,
                                 state_after(projection, caught_up));
        }
        if (status == QUIPU_OK && caught_up) {
            status = wait(projection, &cause);
        }
        if (status != QUIPU_OK) {
            cause.code = status;
            status = recover(projection, status, &cause, error);
        }
        if (status != QUIPU_OK) {
            return status;
        }
    }
    quipu_progress_state(&projection->progress, QUIPU_CONSUMER_STOPPED);
    return QUIPU_OK;
}

int quipu_projection_run(quipu_projection *projection, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    int status = quipu_projection_enter(projection, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = run(projection, error);
    /* If the store fails now, the others wait for a lease. */
    (void)quipu_tracker_leave(&projection->tracker, NULL);
    quipu_projection_leave(projection);
    return status;
}

void quipu_projection_stop(quipu_projection *projection)
{
    QUIPU_UNCANCELLABLE;
    if (projection) {
        quipu_stopper_stop(&projection->stopper,
                           projection->records->datastore);
    }
}

void quipu_projection_request_stop(quipu_projection *projection)
{
    if (projection) {
        quipu_stopper_request(&projection->stopper);
    }
}

int quipu_projection_status(quipu_projection *projection,
                            quipu_consumer_status *status, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!projection) {
        return quipu_argument_missing("projection", error);
    }
    return quipu_progress_read(&projection->progress, status, error);
}

int quipu_projection_reset(quipu_projection *projection, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    int status = quipu_projection_enter(projection, error);

    if (status == QUIPU_OK) {
        status = quipu_model_reset(projection, error);
        if (status == QUIPU_OK) {
            status = quipu_projection_start_over(projection, error);
        }
        quipu_projection_leave(projection);
    }
    return status;
}

int quipu_projection_retire(quipu_projection *projection, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    int status = quipu_projection_enter(projection, error);

    if (status == QUIPU_OK) {
        status = quipu_model_retire(projection, error);
        quipu_projection_leave(projection);
    }
    return status;
}

int quipu_projection_shown(quipu_datastore *target, const char *name,
                           uint32_t *version, quipu_error *error)
{
    struct quipu_shown shown;
    int status = quipu_shown_check_name(name, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!version) {
        return quipu_argument_missing("version", error);
    }
    status = quipu_shown_read(&shown, target, name, error);
    if (status == QUIPU_OK) {
        *version = shown.version;
    }
    return status;
}
