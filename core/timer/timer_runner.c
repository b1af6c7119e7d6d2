/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, running and closing timer runners. */
#include "timer/timer_runner.h"

#include <stdio.h>

#include "base/cancellation.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/structs.h"

#define BATCH_ITEMS 200
#define BATCH_MOST 10000
#define PAUSE 500000 /* microseconds */
#define LEASE_MILLISECONDS 10000
#define GRACE 300 /* milliseconds, as the next two */
#define CONFLICT_PAUSE_FIRST 10
#define CONFLICT_PAUSE_MOST 300

/* ------------------------------------------------------- opening, closing */

static int check_store(const quipu_store *store, quipu_error *error)
{
    if (store->schema_flags & QUIPU_SCHEMA_SPARSE) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "a sparse schema has no next position, and "
                               "therefore no timers");
    }
    const quipu_datastore *datastore = store->records->datastore;

    if (!(datastore->opened.capabilities & QUIPU_CAN_ENTRIES)) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "driver \"%s\" keeps no key-value entries, and "
                               "therefore no timers",
                               datastore->driver->name);
    }
    return QUIPU_OK;
}

static int take_options(const quipu_timer_runner_options *given,
                        quipu_timer_runner_options *options, quipu_error *error)
{
    int status = QUIPU_OK;

    *options = (quipu_timer_runner_options){ .struct_size = sizeof(*options) };
    if (given) {
        status = quipu_struct_take(options, sizeof(*options), given, "options",
                                   error);
    }
    if (status == QUIPU_OK && options->batch_items > BATCH_MOST) {
        status =
            quipu_error_set(error, QUIPU_INVALID,
                            "options: batch_items is above %d", BATCH_MOST);
    }
    if (options->batch_items == 0) {
        options->batch_items = BATCH_ITEMS;
    }
    return status;
}

/* Joins the group.  A member must show that it is alive three times in each
 * lease, so that it pauses for no longer. */
static int join(quipu_timer_runner *runner, const quipu_group_options *options,
                quipu_error *error)
{
    const quipu_records *records = runner->store->records;
    char consumer[128];

    (void)snprintf(consumer, sizeof(consumer), "timers:%s",
                   records->schema->table);
    int status = quipu_group_open(records->datastore, consumer, options,
                                  &runner->group, error);

    if (status == QUIPU_OK) {
        int64_t lease = options->lease_milliseconds > 0
                            ? options->lease_milliseconds
                            : LEASE_MILLISECONDS;

        runner->batch.group = runner->group;
        if (lease * 1000 / 3 < PAUSE) {
            runner->pause = lease * 1000 / 3;
        }
    }
    return status;
}

/* Initializes what a runner owns itself. */
static int init(quipu_timer_runner *runner, quipu_store *store,
                size_t batch_items, quipu_error *error)
{
    int status = quipu_stopper_init(&runner->stopper, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (pthread_mutex_init(&runner->mutex, NULL) != 0) {
        quipu_stopper_finish(&runner->stopper);
        return quipu_error_no_memory(error);
    }
    runner->store = store;
    runner->pause = PAUSE;
    runner->now = quipu_time_now;
    runner->shown.struct_size = sizeof(runner->shown);
    runner->shown.state = QUIPU_CONSUMER_STOPPED;
    status = quipu_timer_batch_init(&runner->batch, store->records, batch_items,
                                    error);
    if (status != QUIPU_OK) {
        quipu_stopper_finish(&runner->stopper);
        (void)pthread_mutex_destroy(&runner->mutex);
    }
    return status;
}

static void finish(quipu_timer_runner *runner)
{
    quipu_timer_batch_finish(&runner->batch);
    quipu_stopper_finish(&runner->stopper);
    (void)pthread_mutex_destroy(&runner->mutex);
}

static int create(quipu_store *store, const quipu_timer_runner_options *options,
                  quipu_timer_runner **out, quipu_error *error)
{
    quipu_timer_runner *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created) {
        return quipu_error_no_memory(error);
    }
    int status = init(created, store, options->batch_items, error);

    if (status == QUIPU_OK && options->group) {
        status = join(created, options->group, error);
        if (status != QUIPU_OK) {
            finish(created);
        }
    }
    if (status != QUIPU_OK) {
        quipu_release(created);
        return status;
    }
    quipu_store_hold(store);
    *out = created;
    return QUIPU_OK;
}

int quipu_timer_runner_open(quipu_store *store,
                            const quipu_timer_runner_options *given,
                            quipu_timer_runner **runner, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_timer_runner_options options;

    if (!store || !runner) {
        return quipu_argument_missing(store ? "runner" : "store", error);
    }
    int status = quipu_records_enter(store->records, error);

    if (status == QUIPU_OK) {
        status = check_store(store, error);
    }
    if (status == QUIPU_OK) {
        status = take_options(given, &options, error);
    }
    return status == QUIPU_OK ? create(store, &options, runner, error) : status;
}

/* Only one thread at a time runs it; otherwise `leave` must be called. */
static int enter(quipu_timer_runner *runner, quipu_error *error)
{
    bool running = false;

    if (!runner) {
        return quipu_argument_missing("runner", error);
    }
    int status = quipu_records_enter(runner->store->records, error);

    if (status == QUIPU_OK &&
        !atomic_compare_exchange_strong(&runner->is_running, &running, true)) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "the timer runner runs in another thread");
    }
    return status;
}

static void leave(quipu_timer_runner *runner)
{
    atomic_store(&runner->is_running, false);
}

int quipu_timer_runner_close(quipu_timer_runner *runner, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!runner) {
        return QUIPU_OK;
    }
    int status = enter(runner, error);

    if (status != QUIPU_OK) {
        return status; /* also in a child of fork */
    }
    status = quipu_group_close(runner->group, error);
    quipu_store_release(runner->store);
    finish(runner);
    quipu_release(runner);
    return status;
}

/* ----------------------------------------------------------------- status */

static void show_failure(quipu_timer_status *shown, const quipu_error *error)
{
    shown->last_code = error->code;
    (void)snprintf(shown->last_message, sizeof(shown->last_message), "%.255s",
                   error->message);
}

static void show_batch(quipu_timer_runner *runner)
{
    const struct quipu_timer_batch *batch = &runner->batch;
    quipu_timer_status *shown = &runner->shown;

    (void)pthread_mutex_lock(&runner->mutex);
    shown->state = runner->group && batch->held == 0 ? QUIPU_CONSUMER_STANDBY
                                                     : QUIPU_CONSUMER_LIVE;
    shown->appended += batch->appended;
    shown->refused += batch->refused;
    shown->conflicts += batch->is_conflict;
    shown->next = batch->next;
    runner->first = batch->first;
    if (batch->refused > 0) {
        show_failure(shown, &batch->refusal);
    }
    (void)pthread_mutex_unlock(&runner->mutex);
}

static void show_state(quipu_timer_runner *runner,
                       enum quipu_consumer_state state,
                       const quipu_error *cause)
{
    (void)pthread_mutex_lock(&runner->mutex);
    runner->shown.state = (int32_t)state;
    runner->shown.retries += state == QUIPU_CONSUMER_RETRYING;
    if (cause) {
        show_failure(&runner->shown, cause);
    }
    (void)pthread_mutex_unlock(&runner->mutex);
}

int quipu_timer_runner_status(quipu_timer_runner *runner,
                              quipu_timer_status *status, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!runner) {
        return quipu_argument_missing("runner", error);
    }
    (void)pthread_mutex_lock(&runner->mutex);
    quipu_timer_status shown = runner->shown;
    int64_t first = runner->first.microseconds;

    (void)pthread_mutex_unlock(&runner->mutex);
    int64_t passed = runner->now().microseconds - first;

    shown.behind_microseconds = first != 0 && passed > 0 ? passed : 0;
    return quipu_struct_give(status, &shown, sizeof(shown), "status", error);
}

/* ---------------------------------------------------------------- running */

/* Gives way to other runners after a conflict, and no longer after an append.
 * The grace is random, so that not all of them take over at once. */
static void give_way(quipu_timer_runner *runner)
{
    if (runner->batch.is_conflict) {
        int64_t end = quipu_clock_backoff(GRACE, GRACE, 1);

        runner->grace = (end - quipu_clock_now()) / 1000;
        runner->conflicts++;
    } else if (runner->batch.appended > 0) {
        runner->grace = 0;
        runner->conflicts = 0;
    }
}

static int step(quipu_timer_runner *runner, quipu_error *error)
{
    struct quipu_timer_batch *batch = &runner->batch;
    int status = runner->group
                     ? quipu_group_renew(runner->group, &batch->held, error)
                     : QUIPU_OK;

    if (status == QUIPU_OK) {
        quipu_time now = { runner->now().microseconds - runner->grace };

        status = quipu_timer_batch_run(batch, now, error);
    }
    if (status == QUIPU_OK) {
        runner->failures = 0;
        give_way(runner);
        show_batch(runner);
    }
    return status;
}

/* The time at which the next step is due. */
static quipu_time next_step(const quipu_timer_runner *runner)
{
    const struct quipu_timer_batch *batch = &runner->batch;
    quipu_time now = runner->now();
    int64_t latest = now.microseconds + runner->pause;

    if (batch->count > 0) { /* there may be more that are due */
        return now;
    }
    int64_t due = batch->next.microseconds + runner->grace;

    return (quipu_time){ batch->next.microseconds != 0 && due < latest
                             ? due
                             : latest };
}

int quipu_timer_runner_step(quipu_timer_runner *runner, quipu_time *next,
                            quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    int status = enter(runner, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = step(runner, error);
    if (status == QUIPU_OK && next) {
        *next = next_step(runner);
    }
    leave(runner);
    return status;
}

/* Pauses; a member of a group renews its lease meanwhile. */
static void pause_until(quipu_timer_runner *runner, int64_t deadline)
{
    struct quipu_stopper *stopper = &runner->stopper;

    while (quipu_clock_left(deadline) > 0 &&
           !quipu_stopper_is_requested(stopper)) {
        int64_t slice = quipu_clock_now() + runner->pause * 1000;

        quipu_stopper_pause(stopper, slice < deadline ? slice : deadline);
        if (runner->group) {
            /* If this fails, too, the next step finds out why. */
            (void)quipu_group_renew(runner->group, &runner->batch.held, NULL);
        }
    }
}

/* The end of the pause after a step that was OK, by the monotonic clock. */
static int64_t pause_end(const quipu_timer_runner *runner)
{
    int64_t left = next_step(runner).microseconds - runner->now().microseconds;

    if (runner->batch.is_conflict) {
        return quipu_clock_backoff(CONFLICT_PAUSE_FIRST, CONFLICT_PAUSE_MOST,
                                   runner->conflicts);
    }
    return left > 0 ? quipu_clock_now() + left * 1000 : 0;
}

/* Pauses after a failure that may pass.  Returns OK if it did. */
static int recover(quipu_timer_runner *runner, int status, quipu_error *cause,
                   quipu_error *error)
{
    cause->code = status;
    if (!quipu_status_is_transient(status)) {
        show_state(runner, QUIPU_CONSUMER_FAILED, cause);
        return quipu_status_end(status, cause, error, "a step");
    }
    show_state(runner, QUIPU_CONSUMER_RETRYING, cause);
    pause_until(runner, quipu_stopper_back_off_end(++runner->failures));
    return QUIPU_OK;
}

static int run(quipu_timer_runner *runner, quipu_error *error)
{
    while (!quipu_stopper_is_requested(&runner->stopper)) {
        quipu_error cause;

        quipu_status_begin(&cause);
        int status = step(runner, &cause);

        if (status == QUIPU_OK) {
            pause_until(runner, pause_end(runner));
        } else {
            status = recover(runner, status, &cause, error);
        }
        if (status != QUIPU_OK) {
            return status;
        }
    }
    show_state(runner, QUIPU_CONSUMER_STOPPED, NULL);
    return QUIPU_OK;
}

int quipu_timer_runner_run(quipu_timer_runner *runner, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    int status = enter(runner, error);

    if (status == QUIPU_OK) {
        status = run(runner, error);
        leave(runner);
    }
    return status;
}

void quipu_timer_runner_stop(quipu_timer_runner *runner)
{
    QUIPU_UNCANCELLABLE;
    if (runner) {
        quipu_stopper_stop(&runner->stopper, runner->store->records->datastore);
    }
}

void quipu_timer_runner_request_stop(quipu_timer_runner *runner)
{
    if (runner) {
        quipu_stopper_request(&runner->stopper);
    }
}
