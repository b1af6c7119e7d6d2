/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers are set and cancelled, listed, and run by a thread.  Prints:
 *
 *     ann: fee is due, Account.Withdrawn
 *     ann: 95 cents, version 2
 */
#include "howto.h"

#include <pthread.h>
#include <stdio.h>

/* Sets two timers: the fee is due at once, the interest in a day. */
static int set(quipu_unit *unit, void *context, quipu_error *error)
{
    const int64_t day = INT64_C(24) * 3600 * 1000000;
    const quipu_time now = quipu_time_now();
    const quipu_time tomorrow = { now.microseconds + day };
    const quipu_id id = account_id("ann");
    struct withdrawn fee = { .cents = 5 };
    struct deposited interest = { .cents = 1 };

    (void)context;
    quipu_event_init(&fee.base, &withdrawn, &id, 0);
    QUIPU_TRY(quipu_unit_timer_set(unit, "fee", now, &fee.base, error));
    quipu_event_init(&interest.base, &deposited, &id, 0);
    return quipu_unit_timer_set(unit, "interest", tomorrow, &interest.base,
                                error);
}

static int cancel(quipu_unit *unit, void *context, quipu_error *error)
{
    const quipu_id id = account_id("ann");

    (void)context;
    return quipu_unit_timer_cancel(unit, &id, "interest", error);
}

static int list(quipu_datastore *datastore, quipu_error *error)
{
    const quipu_timer *timer;
    quipu_timers *timers;

    QUIPU_TRY(quipu_timers_open(datastore, &timers, error));
    int status;

    while ((status = quipu_timers_next(timers, &timer, error)) == QUIPU_OK &&
           timer) {
        printf("%.*s: %.*s is due, %.*s\n", (int)timer->sequence_id.size,
               (const char *)timer->sequence_id.data, (int)timer->name.size,
               (const char *)timer->name.data, (int)timer->topic.size,
               (const char *)timer->topic.data);
    }
    quipu_timers_close(timers);
    return status;
}

static void *run(void *argument)
{
    (void)quipu_timer_runner_run(argument, NULL); /* see its status */
    return NULL;
}

/* Runs the timers in a thread until the fee is stored. */
static int run_until(struct bank *bank, quipu_timer_runner *runner,
                     quipu_error *error)
{
    quipu_records *records = quipu_store_records(bank->store);
    pthread_t thread;
    int64_t head;

    if (pthread_create(&thread, NULL, run, runner) != 0) {
        return quipu_error_set(error, QUIPU_IO, "no thread");
    }
    int status = quipu_records_wait(records, 1, -1, &head, error);

    quipu_timer_runner_stop(runner);
    (void)pthread_join(thread, NULL);
    return status;
}

int timers_show(struct bank *bank, quipu_error *error)
{
    quipu_timer_runner *runner = NULL;

    QUIPU_TRY(account_open(bank, "ann", 100, error));
    QUIPU_TRY(quipu_unit_run(bank->store, NULL, set, NULL, NULL, error));
    QUIPU_TRY(quipu_unit_run(bank->store, NULL, cancel, NULL, NULL, error));
    QUIPU_TRY(list(bank->datastore, error));
    QUIPU_TRY(quipu_timer_runner_open(bank->store, NULL, &runner, error));
    int status = run_until(bank, runner, error);

    (void)quipu_timer_runner_close(runner, NULL);
    return status == QUIPU_OK ? account_print(bank, "ann", error) : status;
}
