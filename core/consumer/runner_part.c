/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a batch.
 *
 * METHOD
 *
 * A consumer reads a batch of events into memory, and applies it in one or more
 * parts.  Each part is one commit, which moves the tracking record from the
 * position where this runner has put it (T1) to that of the last event of the
 * part.  So each event is applied once, whatever the size of a part, however
 * often it is rolled back, and however many processes run the consumer.
 *
 * The number of events of a part follows the time that they take: it doubles
 * while they take less than half of batch_milliseconds.  A part that takes
 * longer is rolled back, and its first events are applied again in a smaller
 * one.
 *
 * Blame.  If the program refuses an event, the part is rolled back; the events
 * before it are applied and committed, and then it is tried alone (P3).  Only
 * what the program returns counts against an event, never a failure of the
 * store (P4).
 *
 *   INV1  The tracking record, as it was read or written last, is at or below
 *         the first event of the batch that is not committed.
 *   INV2  An event is parked, or counted as skipped, in the same commit that
 *         moves the record past it (P5).
 *   INV3  A later event of a sequence is parked, as long as an earlier one is:
 *         the commit requires that the entry of the earlier one is still there.
 */
#include "consumer/runner.h"

#include <inttypes.h>

#include <quipu/id.h>

#include "base/clock.h"
#include "base/status.h"
#include "consumer/skipped.h"

#define MILLISECOND INT64_C(1000000)
#define RECORD_NANOSECONDS (1000 * MILLISECOND) /* without events */
#define PAUSE_FIRST 1  /* milliseconds, after the second conflict in a row */
#define PAUSE_MOST 100 /* likewise */

/* -------------------------------------------------------------- refusals */

int quipu_runner_part_refuse(struct quipu_part *part, int status,
                             quipu_error *error)
{
    if (error->code != status) {
        (void)quipu_error_set(error, status, "the handler set no error");
    }
    part->refusal = status;
    error->code = QUIPU_RUNNER_REFUSED;
    return QUIPU_RUNNER_REFUSED;
}

int quipu_runner_part_undecoded(struct quipu_part *part, quipu_error *error)
{
    const struct quipu_batch_event *event = &part->events[part->applied];

    (void)quipu_error_set(error, event->status, "%s", event->message);
    return quipu_runner_part_refuse(part, event->status, error);
}

/* -------------------------------------------------------------- applying */

/* Notes that the first `count` events of the batch are committed. */
static void advance(struct quipu_runner *runner, size_t count)
{
    struct quipu_batch *batch = &runner->batch;

    batch->begin += count;
    runner->refusals = 0;
    runner->conflicts = 0;
    runner->failures = 0;
    runner->committed_time = quipu_clock_now();
    quipu_progress_yielded(&runner->progress, count);
    quipu_progress_recorded(&runner->progress);
    quipu_runner_show(runner);
}

/* The position of the record after `count` events of the batch. */
static quipu_position position_after(const struct quipu_runner *runner,
                                     size_t count)
{
    const struct quipu_batch *batch = &runner->batch;

    return batch->begin + count == batch->count
               ? batch->end
               : batch->events[batch->begin + count - 1].position;
}

/* Sets *check to what a commit needs now, and returns 1 or 0. */
static size_t condition(const struct quipu_runner *runner,
                        quipu_entry_write *check)
{
    return runner->type->condition &&
                   runner->tracker.recorded.notification_id == 0
               ? runner->type->condition(runner->owner, check)
               : 0;
}

static uint64_t bytes_of(const struct quipu_part *part)
{
    uint64_t size = 0;

    for (size_t i = 0; i < part->count; i++) {
        size += part->events[i].item.state.size +
                part->events[i].item.metadata.size;
    }
    return size;
}

/* The status of a part as the observer sees it. */
static int observed_status(const struct quipu_part *part, int status)
{
    return status == QUIPU_RUNNER_REFUSED ? part->refusal
           : status == QUIPU_RUNNER_AGAIN ? QUIPU_CONFLICT
                                          : status;
}

/* Lets the consumer apply the part, as an operation of its own. */
static int apply_observed(struct quipu_runner *runner, struct quipu_part *part,
                          const struct quipu_tracker_commit *commit,
                          quipu_error *error)
{
    struct quipu_observer_call observed;

    if (quipu_observer_wanted(&observed)) {
        quipu_observer_init(&observed, runner->type->operation,
                            runner->tracker.datastore->metrics);
        observed.info.schema = runner->records->schema->table;
        observed.info.consumer = quipu_bytes_of_text(runner->consumer);
        observed.info.attempt =
            runner->refusals + runner->conflicts + runner->failures + 1;
        observed.info.items = part->count;
        observed.info.bytes = bytes_of(part);
        quipu_observer_trace(&observed, &part->events->item);
        quipu_observer_begin(&observed);
    }
    int status = runner->type->apply(runner->owner, part, commit, error);

    quipu_observer_end(&observed, observed_status(part, status));
    return status;
}

/* Applies the events of the part, the first ones of the batch. */
static int apply(struct quipu_runner *runner, struct quipu_part *part,
                 quipu_error *error)
{
    quipu_entry_write check;
    struct quipu_tracker_commit commit = {
        .position = position_after(runner, part->count),
        .entries = &check,
        .entry_count = condition(runner, &check),
    };
    int status =
        quipu_follower_complete(&runner->follower, &commit.position, error);

    if (status == QUIPU_OK) {
        status = apply_observed(runner, part, &commit, error);
    }
    if (status == QUIPU_OK) {
        int64_t took = quipu_clock_now() - part->begin;

        advance(runner, part->count);
        if (runner->has_entries &&
            took < runner->options.batch_milliseconds * MILLISECOND / 2 &&
            runner->part_items < runner->options.batch_items) {
            runner->part_items *= 2;
        }
    }
    return status;
}

/* ---------------------------------------------------------------- parking */

/* Parks the first event of the batch.  `first`: the earlier event of its
 * sequence that is parked (INV3), or NULL. */
static int park(struct quipu_runner *runner,
                const struct quipu_parked_sequence *first,
                const quipu_error *cause, quipu_error *error)
{
    const struct quipu_batch_event *event =
        &runner->batch.events[runner->batch.begin];
    char keys[2][QUIPU_PARKED_KEY_SIZE];
    uint8_t value[QUIPU_PARKED_VALUE_SIZE];
    const quipu_parked_event parked = {
        .notification_id = event->item.notification_id,
        .sequence_id = event->item.sequence_id,
        .topic = event->item.topic,
        .message = cause ? quipu_bytes_of_text(cause->message)
                         : quipu_bytes_of_text(""),
        .code = cause ? cause->code : QUIPU_OK,
        .attempts = cause ? runner->refusals : 0,
        .parked = quipu_time_now(),
        .follows = first,
    };
    quipu_entry_write entries[3] = {
        { .key = quipu_parked_key(runner->consumer, event->item.notification_id,
                                  keys[0]),
          .value = quipu_parked_encode(&parked, value) },
        { .key = quipu_parked_key(runner->consumer,
                                  first ? first->notification_id : 0, keys[1]),
          .flags = QUIPU_ENTRY_CHECK | QUIPU_ENTRY_EXPECT,
          .revision = first ? first->revision : 0 },
    };
    size_t count = first ? 2 : 1;

    count += condition(runner, &entries[count]);
    struct quipu_tracker_commit commit = {
        .position = position_after(runner, 1),
        .entries = entries,
        .entry_count = count,
    };
    int status =
        quipu_follower_complete(&runner->follower, &commit.position, error);

    if (status == QUIPU_OK) {
        status = quipu_tracker_commit(&runner->tracker, &commit, error);
    }
    if (status == QUIPU_OK) {
        advance(runner, 1);
        runner->is_parked_stale = true;
    }
    return status;
}

/* --------------------------------------------------------------- skipping */

/* Leaves the first event of the batch out, and counts it. */
static int skip(struct quipu_runner *runner, const quipu_error *cause,
                quipu_error *error)
{
    const struct quipu_batch_event *event =
        &runner->batch.events[runner->batch.begin];
    struct quipu_tracker_commit commit = {
        .position = position_after(runner, 1),
    };
    struct quipu_skipped_write counted;
    quipu_entry_write entries[2];
    int status =
        quipu_follower_complete(&runner->follower, &commit.position, error);

    if (status == QUIPU_OK && runner->has_entries) {
        status = quipu_skipped_add(&counted, runner->tracker.datastore,
                                   runner->consumer,
                                   event->item.notification_id, cause, error);
        if (status == QUIPU_OK) {
            entries[0] = counted.write;
            commit.entries = entries;
            commit.entry_count = 1 + condition(runner, &entries[1]);
        }
    }
    if (status == QUIPU_OK) {
        status = quipu_tracker_commit(&runner->tracker, &commit, error);
    }
    if (status == QUIPU_OK) {
        advance(runner, 1);
        quipu_progress_skipped(&runner->progress);
    }
    return status;
}

/* ---------------------------------------------------------------- failures */

static int name_event(const struct quipu_runner *runner,
                      const quipu_error *cause, quipu_error *error)
{
    const quipu_item *item = &runner->batch.events[runner->batch.begin].item;

    return quipu_error_set(error, cause->code,
                           "%s \"%s\" cannot apply notification %" PRId64
                           " (topic \"%.*s\"): %.600s",
                           runner->type->kind, runner->consumer,
                           item->notification_id, (int)item->topic.size,
                           (const char *)item->topic.data, cause->message);
}

/* The record is not where this runner has put it, or another condition of quipu
 * does not hold. */
static int handle_commit(struct quipu_runner *runner, int status,
                         const quipu_error *cause, quipu_error *error)
{
    return status == QUIPU_CONFLICT || status == QUIPU_ALREADY
               ? quipu_runner_restart(runner, error)
               : quipu_status_end(status, cause, error, "the commit");
}

/* The first event of the batch, alone, was refused. */
static int refuse_event(struct quipu_runner *runner, const quipu_error *cause,
                        quipu_error *error)
{
    const struct quipu_batch_event *event =
        &runner->batch.events[runner->batch.begin];
    quipu_error failure;

    runner->refusals++;
    runner->is_given_up =
        runner->refusals >= runner->options.attempts ||
        event->status != QUIPU_OK; /* decoding it again gives the same */
    if (!runner->is_given_up ||
        runner->options.on_failure == QUIPU_FAILURE_STOP) {
        runner->is_refused = true;
        return name_event(runner, cause, error);
    }
    quipu_status_begin(&failure);
    int status = runner->options.on_failure == QUIPU_FAILURE_SKIP
                     ? skip(runner, cause, &failure)
                     : park(runner, NULL, cause, &failure);

    return handle_commit(runner, status, &failure, error);
}

/* The program decides again, at once after the first conflict, and on fewer
 * events. */
static void decide_again(struct quipu_runner *runner,
                         const struct quipu_part *part)
{
    runner->conflicts++;
    quipu_metrics_retry(runner->tracker.datastore->metrics,
                        runner->type->operation, QUIPU_CONFLICT);
    runner->part_items = part->count > 1 ? part->count / 2 : 1;
    if (runner->conflicts > 1) {
        quipu_stopper_pause(&runner->stopper,
                            quipu_clock_backoff(PAUSE_FIRST, PAUSE_MOST,
                                                runner->conflicts - 1));
    }
}

/* A part was not committed.  Returns OK if the next step goes on with another
 * one. */
static int handle(struct quipu_runner *runner, const struct quipu_part *part,
                  int status, const quipu_error *cause, quipu_error *error)
{
    switch (status) {
    case QUIPU_RUNNER_AGAIN:
        decide_again(runner, part);
        return QUIPU_OK;
    case QUIPU_RUNNER_REFUSED:
        if (part->count == 1) {
            return refuse_event(runner, cause, error);
        }
        runner->part_items = part->applied > 0 ? part->applied : 1;
        return QUIPU_OK;
    case QUIPU_RUNNER_SMALLER:
        runner->part_items = part->applied > 0 ? part->applied : 1;
        return QUIPU_OK;
    default:
        return handle_commit(runner, status, cause, error);
    }
}

/* ------------------------------------------------------------------- parts */

/* The number of events at the beginning of the batch, at most
 * part_items, before the first one that has to be parked. */
static size_t count_applicable(const struct quipu_runner *runner)
{
    const struct quipu_batch *batch = &runner->batch;
    size_t left = batch->count - batch->begin;
    size_t count = 0;

    while (count < left && count < runner->part_items &&
           !quipu_parked_sequences_find(
               &runner->parked,
               batch->events[batch->begin + count].item.sequence_id)) {
        count++;
    }
    return count;
}

/* Reads the sequences with parked events again if they may have changed.  No
 * event is applied without knowing them (INV3). */
static int read_parked(struct quipu_runner *runner, quipu_error *error)
{
    if (!runner->is_parked_stale ||
        runner->options.on_failure != QUIPU_FAILURE_PARK_SEQUENCE) {
        return QUIPU_OK;
    }
    int status = quipu_parked_sequences_read(
        &runner->parked, runner->tracker.datastore, runner->consumer, error);

    runner->is_parked_stale = status != QUIPU_OK;
    return status;
}

int quipu_runner_part_commit(struct quipu_runner *runner, quipu_error *error)
{
    struct quipu_batch *batch = &runner->batch;
    struct quipu_part part = { .events = &batch->events[batch->begin],
                               .conflict = &runner->conflict };
    quipu_error cause;
    int status = read_parked(runner, error);

    if (status != QUIPU_OK) {
        return status;
    }
    part.count = count_applicable(runner);
    quipu_status_begin(&cause);
    if (part.count > 0) {
        status = apply(runner, &part, &cause);
    } else {
        status = park(runner,
                      quipu_parked_sequences_find(
                          &runner->parked, part.events->item.sequence_id),
                      NULL, &cause);
    }
    cause.code = status == QUIPU_RUNNER_REFUSED ? part.refusal : status;
    return status == QUIPU_OK ? QUIPU_OK
                              : handle(runner, &part, status, &cause, error);
}

int quipu_runner_part_pass(struct quipu_runner *runner, quipu_error *error)
{
    quipu_entry_write check;
    struct quipu_tracker_commit commit = {
        .position = runner->follower.examined,
        .entries = &check,
        .entry_count = condition(runner, &check),
    };
    quipu_error cause;

    if (commit.position.notification_id <=
            runner->tracker.recorded.notification_id ||
        quipu_clock_now() - runner->committed_time < RECORD_NANOSECONDS) {
        return QUIPU_OK;
    }
    int status =
        quipu_follower_complete(&runner->follower, &commit.position, error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_status_begin(&cause);
    status = quipu_tracker_commit(&runner->tracker, &commit, &cause);
    if (status == QUIPU_OK) {
        advance(runner, 0);
        return QUIPU_OK;
    }
    return handle_commit(runner, status, &cause, error);
}
