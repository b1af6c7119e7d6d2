/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outboxes: a runner whose parts are sent, and then recorded (R5).
 *
 *   INV1  The record is moved only past items that `send` has taken.
 */
#include <quipu/outbox.h>

#include <stdio.h>

#include "base/cancellation.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/structs.h"
#include "consumer/runner.h"
#include "consumer/shown.h"
#include "datastore/datastore.h"

struct quipu_outbox {
    quipu_send send;
    void *context;
    struct quipu_runner runner;
};

/* ----------------------------------------------------------------- sending */

static int send_items(const quipu_outbox *outbox, struct quipu_part *part,
                      quipu_error *error)
{
    quipu_item *items = quipu_allocate_array(part->count, sizeof(*items));

    if (!items) {
        return quipu_error_no_memory(error);
    }
    for (size_t i = 0; i < part->count; i++) {
        items[i] = part->events[i].item;
    }
    int status = outbox->send(outbox->context, items, part->count, error);

    quipu_release(items);
    if (status == QUIPU_OK || quipu_status_is_transient(status)) {
        return status;
    }
    part->applied = 0; /* any of them may be refused */
    return quipu_runner_part_refuse(part, status, error);
}

static int apply(void *owner, struct quipu_part *part,
                 const struct quipu_tracker_commit *commit, quipu_error *error)
{
    quipu_outbox *outbox = owner;

    part->begin = quipu_clock_now();
    int status = send_items(outbox, part, error);

    return status == QUIPU_OK
               ? quipu_tracker_commit(&outbox->runner.tracker, commit, error)
               : status;
}

static const struct quipu_runner_type runner_type = {
    .kind = "outbox",
    .operation = QUIPU_OPERATION_PUBLISH,
    .apply = apply,
};

/* -------------------------------------------------------- opening, closing */

static int check_arguments(const quipu_records *records, const char *consumer,
                           quipu_send send, quipu_outbox *const *outbox,
                           quipu_error *error)
{
    if (!records || !send || !outbox) {
        return quipu_argument_missing(!records ? "records"
                                      : !send  ? "send"
                                               : "outbox",
                                      error);
    }
    return quipu_shown_check_name("an outbox", consumer, error);
}

static int take_options(quipu_outbox_options *options,
                        const quipu_outbox_options *given, quipu_error *error)
{
    int status = QUIPU_OK;

    *options = (quipu_outbox_options){ .struct_size = sizeof(*options) };
    if (given) {
        status = quipu_struct_take(options, sizeof(*options), given, "options",
                                   error);
    }
    if (status == QUIPU_OK && options->filter &&
        options->filter->partition_count > 0) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "options: the filter of an outbox has no "
                                 "partitions; a group divides them");
    }
    return status;
}

static int open_runner(quipu_outbox *outbox,
                       const quipu_outbox_options *options, quipu_error *error)
{
    struct quipu_runner *runner = &outbox->runner;
    quipu_datastore *tracking =
        options->tracking ? options->tracking : runner->records->datastore;
    int status = quipu_runner_check_options(&runner->options, error);

    if (status == QUIPU_OK) {
        status = quipu_runner_check_target(&runner->options, tracking, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_runner_init_items(runner, options->filter, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    status =
        quipu_runner_track(runner, runner->records, options->tracking, error);
    if (status == QUIPU_OK) {
        status = quipu_runner_begin(runner, options->group, error);
    }
    if (status != QUIPU_OK) {
        quipu_runner_finish(runner);
    }
    return status;
}

int quipu_outbox_open(quipu_records *records, const char *consumer,
                      quipu_send send, const quipu_outbox_options *given,
                      quipu_outbox **outbox, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_outbox_options options;
    int status = check_arguments(records, consumer, send, outbox, error);

    if (status == QUIPU_OK) {
        status = quipu_records_enter(records, error);
    }
    if (status == QUIPU_OK) {
        status = take_options(&options, given, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_outbox *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created) {
        return quipu_error_no_memory(error);
    }
    created->send = send;
    created->context = options.context;
    created->runner.type = &runner_type;
    created->runner.owner = created;
    created->runner.records = records;
    created->runner.options = (struct quipu_runner_options){
        .on_failure = options.on_failure,
        .attempts = options.attempts,
        .batch_items = options.batch_items,
        .batch_milliseconds = options.batch_milliseconds,
    };
    (void)snprintf(created->runner.consumer, sizeof(created->runner.consumer),
                   "%s", consumer);
    status = open_runner(created, &options, error);
    if (status != QUIPU_OK) {
        quipu_release(created);
        return status;
    }
    atomic_fetch_add(&records->children, 1);
    atomic_fetch_add(&created->runner.tracker.datastore->children, 1);
    *outbox = created;
    return QUIPU_OK;
}

int quipu_outbox_close(quipu_outbox *outbox, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!outbox) {
        return QUIPU_OK;
    }
    struct quipu_runner *runner = &outbox->runner;
    int status = quipu_runner_enter(runner, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_tracker_leave(&runner->tracker, error);
    atomic_fetch_sub(&runner->tracker.datastore->children, 1);
    atomic_fetch_sub(&runner->records->children, 1);
    quipu_runner_finish(runner);
    quipu_release(outbox);
    return status;
}

/* ----------------------------------------------------------------- running */

int quipu_outbox_step(quipu_outbox *outbox, bool *caught_up, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    return outbox ? quipu_runner_step(&outbox->runner, caught_up, error)
                  : quipu_argument_missing("outbox", error);
}

int quipu_outbox_run(quipu_outbox *outbox, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    return outbox ? quipu_runner_run(&outbox->runner, error)
                  : quipu_argument_missing("outbox", error);
}

void quipu_outbox_stop(quipu_outbox *outbox)
{
    QUIPU_UNCANCELLABLE;
    if (outbox) {
        quipu_runner_stop(&outbox->runner);
    }
}

void quipu_outbox_request_stop(quipu_outbox *outbox)
{
    if (outbox) {
        quipu_stopper_request(&outbox->runner.stopper);
    }
}

int quipu_outbox_status(quipu_outbox *outbox, quipu_consumer_status *status,
                        quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    return outbox ? quipu_progress_read(&outbox->runner.progress, status, error)
                  : quipu_argument_missing("outbox", error);
}

int quipu_outbox_retry(quipu_outbox *outbox, int64_t *left, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    return outbox ? quipu_runner_retry(&outbox->runner, left, error)
                  : quipu_argument_missing("outbox", error);
}
