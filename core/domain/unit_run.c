/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a function that fills a unit of work, and commits it, until it is
 * stored.
 *
 * Two kinds of failures are repeated in different ways.  After a conflict the
 * decision of the function is worthless: it decides again on a fresh unit.
 * After a transient failure of the commit the decision stands, and may be
 * stored already: the same append is repeated, which the store recognises by
 * its event ids (U3).  So a unit is never dropped while its outcome is unknown.
 */
#include "domain/unit.h"

#include "base/cancellation.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/status.h"
#include "base/structs.h"
#include "datastore/datastore.h"
#include "store/store.h"

#define ATTEMPTS 16          /* defaults */
#define MILLISECONDS 10000   /* for all */
#define PAUSE_FIRST 1        /* milliseconds */
#define PAUSE_CONFLICT 100   /* at most, after a conflict */
#define PAUSE_TRANSIENT 1000 /* at most, after a transient failure */

struct run {
    quipu_unit *unit;
    quipu_unit_function function;
    void *context;
    quipu_result *result;
    struct quipu_metrics *metrics;
    uint32_t attempts; /* at most */
    int64_t deadline;
};

/* Pauses after the n-th failure.  Returns false, at once, if the pause would
 * end after the deadline. */
static bool pause(const struct run *run, int64_t most, uint32_t failures)
{
    int64_t until = quipu_clock_backoff(PAUSE_FIRST, most, failures);

    if (until >= run->deadline) {
        return false;
    }
    quipu_clock_sleep(until);
    return true;
}

/* Whether the unit contains nothing but timers, which are set once however
 * often they are written. */
static bool has_only_timers(const quipu_unit *unit)
{
    return unit->timer_count > 0 && unit->entry_count == 0 &&
           unit->guard_count == 0 && !unit->tracking.consumer.data &&
           !unit->work;
}

/* Whether the same append can be repeated and is then stored once. */
static bool is_repeatable(const quipu_unit *unit, int status)
{
    return status != QUIPU_UNKNOWN_OUTCOME ||
           ((quipu_unit_has_events(unit) || has_only_timers(unit)) &&
            quipu_records_schema(unit->store->records)->event_id);
}

/* Commits, and repeats the same append after transient failures. */
static int commit(const struct run *run, quipu_error *error)
{
    uint32_t failures = 0;
    int status = quipu_unit_commit(run->unit, run->result, error);

    while (quipu_status_is_transient(status) &&
           is_repeatable(run->unit, status) &&
           pause(run, PAUSE_TRANSIENT, ++failures)) {
        quipu_metrics_retry(run->metrics, QUIPU_OPERATION_APPEND, status);
        status = quipu_unit_commit(run->unit, run->result, error);
    }
    return status;
}

/* One attempt.  *again: another one may succeed. */
static int attempt(const struct run *run, bool *again, quipu_error *error)
{
    quipu_error cause;

    quipu_unit_clear(run->unit);
    quipu_status_begin(&cause);
    int status = run->function(run->unit, run->context, &cause);

    if (status != QUIPU_OK) {
        *again = quipu_status_is_transient(status);
        return quipu_status_end(status, &cause, error,
                                "the function that fills the unit");
    }
    status = commit(run, error);
    *again = status == QUIPU_CONFLICT;
    return status;
}

/* One attempt, the n-th, as an operation of its own. */
static int observe_attempt(const struct run *run, uint32_t number, bool *again,
                           quipu_error *error)
{
    quipu_records *records = run->unit->store->records;
    struct quipu_observer_call observed;

    if (quipu_observer_wanted(&observed)) {
        quipu_observer_init(&observed, QUIPU_OPERATION_UNIT, run->metrics);
        observed.info.schema = quipu_records_schema(records)->table;
        observed.info.attempt = number;
        quipu_observer_begin(&observed);
    }
    int status = attempt(run, again, error);

    quipu_observer_end(&observed, status);
    return status;
}

static int run_until_stored(const struct run *run, quipu_error *error)
{
    uint32_t failures = 0;
    bool again;
    int status = observe_attempt(run, 1, &again, error);

    while (status != QUIPU_OK && again && ++failures < run->attempts &&
           pause(run,
                 status == QUIPU_CONFLICT ? PAUSE_CONFLICT : PAUSE_TRANSIENT,
                 failures)) {
        quipu_metrics_retry(run->metrics, QUIPU_OPERATION_UNIT, status);
        status = observe_attempt(run, failures + 1, &again, error);
    }
    return status;
}

static int take_limits(const quipu_unit_limits *given,
                       quipu_unit_limits *limits, quipu_error *error)
{
    int status = QUIPU_OK;

    *limits = (quipu_unit_limits){ .struct_size = sizeof(*limits) };
    if (given) {
        status = quipu_struct_take(limits, sizeof(*limits), given,
                                   "quipu_unit_limits", error);
    }
    limits->attempts = limits->attempts > 0 ? limits->attempts : ATTEMPTS;
    if (limits->milliseconds == 0) {
        limits->milliseconds = MILLISECONDS;
    }
    return status;
}

int quipu_unit_run(quipu_store *store, const quipu_unit_limits *limits,
                   quipu_unit_function function, void *context,
                   quipu_result *result, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_unit_limits taken;
    struct run run = { .function = function,
                       .context = context,
                       .result = result };
    int status = take_limits(limits, &taken, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!function) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_unit_run: the function is NULL");
    }
    status = quipu_unit_create(store, &run.unit, error);
    if (status != QUIPU_OK) {
        return status;
    }
    run.metrics = quipu_records_datastore(store->records)->metrics;
    run.attempts = taken.attempts;
    run.deadline = quipu_clock_deadline(taken.milliseconds);
    status = run_until_stored(&run, error);
    quipu_unit_destroy(run.unit);
    return status;
}
