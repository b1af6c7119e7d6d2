/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process manager, stepped by the program and then run by a thread.  Prints:
 *
 *     1 event is handled, 0 retries
 *     ann: 70 cents, version 2
 *     bob: 30 cents, version 2
 *     ann: 60 cents, version 3
 */
#include "howto.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

static int on_requested(quipu_unit *unit, void *context,
                        const quipu_event *event, quipu_error *error)
{
    const struct bank *bank = context;
    const struct requested *asked = (const void *)event;
    struct account *from =
        quipu_unit_get(unit, bank->accounts, &asked->from, error);
    struct account *to =
        from ? quipu_unit_get(unit, bank->accounts, &asked->to, error) : NULL;

    if (!to) {
        return error->code;
    }
    QUIPU_TRY(account_withdraw(from, asked->cents, error));
    return QUIPU_TRIGGER(to, deposited, error, .cents = asked->cents);
}

static const quipu_reaction reactions[] = {
    { .event = &requested, .react = on_requested },
    { 0 },
};
const quipu_process_type transfers = { .name = "transfers",
                                       .reactions = reactions };

/* Handles all that is stored now, and tells what was done. */
static int catch_up(quipu_process *process, quipu_error *error)
{
    quipu_consumer_status progress = { .struct_size = sizeof(progress) };
    bool caught_up = false;

    while (!caught_up) {
        QUIPU_TRY(quipu_process_step(process, &caught_up, error));
    }
    QUIPU_TRY(quipu_process_status(process, &progress, error));
    printf("%" PRIu64 " event is handled, %" PRIu64 " retries\n",
           progress.yielded, progress.retries);
    return QUIPU_OK;
}

/* Asks for a transfer; *id is the notification id of that. */
static int ask(struct bank *bank, int64_t cents, int64_t *id,
               quipu_error *error)
{
    const quipu_expected any = { .version = QUIPU_EXPECT_ANY };
    const quipu_id requests = account_id("requests");
    struct requested event = { .from = account_id("ann"),
                               .to = account_id("bob"),
                               .cents = cents };
    const quipu_event *list[] = { &event.base };
    quipu_result result = { .status = QUIPU_OK };

    quipu_event_init(&event.base, &requested, &requests, 0);
    QUIPU_TRY(quipu_store_append_expecting(bank->store, &any, list, 1, &result,
                                           error));
    *id = result.first_notification_id;
    return QUIPU_OK;
}

/* ---------------------------------------------------------------- a thread */

struct worker {
    quipu_process *process;
    int status;
    quipu_error error;
};

static void *work(void *argument)
{
    struct worker *worker = argument;

    worker->status = quipu_process_run(worker->process, &worker->error);
    return NULL;
}

/* Runs the process in a thread, until it has made a transfer. */
static int run(struct bank *bank, quipu_process *process, quipu_error *error)
{
    struct worker worker = { .process = process };
    pthread_t thread;
    int64_t id;

    if (pthread_create(&thread, NULL, work, &worker) != 0) {
        return quipu_error_set(error, QUIPU_IO, "no thread");
    }
    int status = ask(bank, 10, &id, error);

    if (status == QUIPU_OK) {
        status = quipu_tracking_wait(bank->datastore, "transfers", "accounts",
                                     id, 60000, error);
    }
    quipu_process_stop(process);
    (void)pthread_join(thread, NULL);
    if (status == QUIPU_OK && worker.status != QUIPU_OK) {
        return quipu_error_set(error, worker.status, "%s",
                               worker.error.message);
    }
    return status;
}

/* ------------------------------------------------------------- the program */

static int use(struct bank *bank, quipu_process *process, quipu_error *error)
{
    int64_t id;

    QUIPU_TRY(account_open(bank, "ann", 100, error));
    QUIPU_TRY(account_open(bank, "bob", 0, error));
    QUIPU_TRY(ask(bank, 30, &id, error));
    QUIPU_TRY(catch_up(process, error));
    QUIPU_TRY(account_print(bank, "ann", error));
    QUIPU_TRY(account_print(bank, "bob", error));
    QUIPU_TRY(run(bank, process, error));
    return account_print(bank, "ann", error);
}

int process_show(struct bank *bank, quipu_error *error)
{
    const quipu_process_options options = { .struct_size = sizeof(options),
                                            .context = bank };
    quipu_process *process = NULL;

    QUIPU_TRY(
        quipu_process_open(bank->store, &transfers, &options, &process, error));
    int status = use(bank, process, error);
    int closed = quipu_process_close(process, status ? NULL : error);

    return status == QUIPU_OK ? closed : status;
}
