/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A projection that parks an event, and its operator's view.  On SQLite.
 * Prints:
 *
 *     parked: 2 Account.Withdrawn (DENIED): no withdrawals yet
 *     balances@1 of accounts: 0 behind, 1 parked
 *     0 events are parked
 *     ann has 70 cents in the table
 */
#include "howto.h"

#include <inttypes.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>

static int execute(void *native, const char *sql, const quipu_id *account,
                   int64_t cents, quipu_error *error)
{
    sqlite3 *database = native;
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);

    if (code == SQLITE_OK && account) {
        (void)sqlite3_bind_text(statement, 1, (const char *)account->data,
                                account->size, SQLITE_STATIC);
        (void)sqlite3_bind_int64(statement, 2, cents);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    (void)sqlite3_finalize(statement);
    return code == SQLITE_DONE ? QUIPU_OK
                               : quipu_error_set(error, QUIPU_IO, "%s",
                                                 sqlite3_errmsg(database));
}

static int create(void *native, void *context, quipu_error *error)
{
    (void)context;
    return execute(native,
                   "CREATE TABLE balances"
                   " (account TEXT PRIMARY KEY, cents INTEGER NOT NULL)",
                   NULL, 0, error);
}

static int drop(void *native, void *context, quipu_error *error)
{
    (void)context;
    return execute(native, "DROP TABLE balances", NULL, 0, error);
}

static int add(void *native, const quipu_id *account, int64_t cents,
               quipu_error *error)
{
    return execute(native,
                   "INSERT INTO balances VALUES ($1, $2)"
                   " ON CONFLICT (account)"
                   " DO UPDATE SET cents = cents + excluded.cents",
                   account, cents, error);
}

QUIPU_PROJECTOR(opened)
{
    return add(native, &event->base.originator_id, event->cents, error);
}

QUIPU_PROJECTOR(deposited)
{
    return add(native, &event->base.originator_id, event->cents, error);
}

QUIPU_PROJECTOR(withdrawn)
{
    const struct model *model = context;

    if (!model->takes_withdrawals) {
        return quipu_error_set(error, QUIPU_DENIED, "no withdrawals yet");
    }
    return add(native, &event->base.originator_id, -event->cents, error);
}

static const quipu_projection_handler handlers[] = {
    QUIPU_PROJECTS(opened),
    QUIPU_PROJECTS(deposited),
    QUIPU_PROJECTS(withdrawn),
    { 0 },
};
const quipu_projection_type balances = { .name = "balances",
                                         .version = 1,
                                         .handlers = handlers,
                                         .create = create,
                                         .drop = drop };

/* ---------------------------------------------------------------- a thread */

static void *run(void *argument)
{
    (void)quipu_projection_run(argument, NULL); /* a failure is in the status */
    return NULL;
}

/* Runs the projection in a thread until it has seen the second event. */
static int run_until(struct bank *bank, quipu_projection *projection,
                     quipu_error *error)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, run, projection) != 0) {
        return quipu_error_set(error, QUIPU_IO, "no thread");
    }
    int status = quipu_tracking_wait(bank->datastore, "balances@1", "accounts",
                                     2, -1, error);

    quipu_projection_stop(projection);
    (void)pthread_join(thread, NULL);
    return status;
}

/* ------------------------------------------------------- an operator's view */

static int print_parked(quipu_datastore *datastore, quipu_error *error)
{
    const quipu_parked_event *event;
    quipu_parked_events *events;

    QUIPU_TRY(
        quipu_parked_events_open(datastore, "balances@1", &events, error));
    int status;

    while ((status = quipu_parked_events_next(events, &event, error)) ==
               QUIPU_OK &&
           event) {
        printf("parked: %" PRId64 " %.*s (%s): %.*s\n", event->notification_id,
               (int)event->topic.size, (const char *)event->topic.data,
               quipu_status_name(event->code), (int)event->message.size,
               (const char *)event->message.data);
    }
    quipu_parked_events_close(events);
    return status;
}

static int print_consumers(quipu_datastore *datastore, quipu_error *error)
{
    const quipu_consumer *consumer;
    quipu_consumers *consumers;

    QUIPU_TRY(quipu_consumers_open(datastore, NULL, &consumers, error));
    int status;

    while ((status = quipu_consumers_next(consumers, &consumer, error)) ==
               QUIPU_OK &&
           consumer) {
        printf("%s of %s: %" PRId64 " behind, %" PRId64 " parked\n",
               consumer->name, consumer->log, consumer->behind,
               consumer->parked);
    }
    quipu_consumers_close(consumers);
    return status;
}

/* ------------------------------------------------------------- the program */

static int print_balance(void *native, void *context, quipu_error *error)
{
    sqlite3_stmt *row = NULL;

    (void)context;
    if (sqlite3_prepare_v2(native,
                           "SELECT cents FROM balances WHERE account = 'ann'",
                           -1, &row, NULL) != SQLITE_OK ||
        sqlite3_step(row) != SQLITE_ROW) {
        (void)sqlite3_finalize(row);
        return quipu_error_set(error, QUIPU_IO, "%s", sqlite3_errmsg(native));
    }
    printf("ann has %lld cents in the table\n", sqlite3_column_int64(row, 0));
    (void)sqlite3_finalize(row);
    return QUIPU_OK;
}

static int use(struct bank *bank, quipu_projection *projection,
               struct model *model, quipu_error *error)
{
    const quipu_append nothing = { .struct_size = sizeof(nothing) };
    int64_t left;

    QUIPU_TRY(run_until(bank, projection, error));
    QUIPU_TRY(print_parked(bank->datastore, error));
    QUIPU_TRY(print_consumers(bank->datastore, error));
    model->takes_withdrawals = true; /* the program was mended */
    QUIPU_TRY(quipu_projection_retry(projection, &left, error));
    printf("%" PRId64 " events are parked\n", left);
    return quipu_datastore_transact(bank->datastore, &nothing, print_balance,
                                    NULL, NULL, error);
}

static int change(quipu_unit *unit, void *context, quipu_error *error)
{
    const quipu_id id = account_id("ann");
    struct account *account = quipu_unit_get(unit, context, &id, error);

    return account ? account_withdraw(account, 30, error) : error->code;
}

int consumers_show(struct bank *bank, quipu_error *error)
{
    struct model model = { .takes_withdrawals = false };
    const quipu_projection_options options = {
        .struct_size = sizeof(options),
        .on_failure = QUIPU_FAILURE_PARK,
        .attempts = 1,
        .context = &model,
    };
    quipu_projection *projection = NULL;

    QUIPU_TRY(account_open(bank, "ann", 100, error));
    QUIPU_TRY(
        quipu_unit_run(bank->store, NULL, change, bank->accounts, NULL, error));
    QUIPU_TRY(quipu_projection_open(bank->store, &balances, &options,
                                    &projection, error));
    int status = use(bank, projection, &model, error);

    (void)quipu_projection_close(projection, NULL);
    return status;
}
