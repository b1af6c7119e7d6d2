/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An outbox whose receiver refuses an item at first.  Prints:
 *
 *     sent 1: Account.Opened
 *     refused 2: Account.Deposited
 *     sent 3: Account.Withdrawn
 *     3 items handled, 0 behind
 *     sent 2: Account.Deposited
 *     0 items are parked
 */
#include "howto.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

/* The other system.  A real one is called over a connection, of which `send`
 * reports a failure by QUIPU_IO. */
struct broker {
    bool takes_deposits;
};

static int send_items(void *context, const quipu_item *items, size_t count,
                      quipu_error *error)
{
    const struct broker *broker = context;
    const quipu_bytes deposit = quipu_bytes_of_text("Account.Deposited");

    for (size_t i = 0; i < count; i++) {
        bool refused = !broker->takes_deposits &&
                       quipu_bytes_equal(items[i].topic, deposit);

        printf("%s %" PRId64 ": %.*s\n", refused ? "refused" : "sent",
               items[i].notification_id, (int)items[i].topic.size,
               (const char *)items[i].topic.data);
        if (refused) {
            return quipu_error_set(error, QUIPU_DENIED, "no deposits");
        }
    }
    return QUIPU_OK;
}

/* Sends all that is stored now, and then the parked items again. */
static int use(quipu_outbox *outbox, struct broker *broker, quipu_error *error)
{
    quipu_consumer_status progress = { .struct_size = sizeof(progress) };
    bool caught_up = false;
    int64_t left;

    while (!caught_up) {
        QUIPU_TRY(quipu_outbox_step(outbox, &caught_up, error));
    }
    QUIPU_TRY(quipu_outbox_status(outbox, &progress, error));
    printf("%" PRIu64 " items handled, %" PRId64 " behind\n", progress.yielded,
           progress.behind);

    broker->takes_deposits = true; /* the other system was mended */
    QUIPU_TRY(quipu_outbox_retry(outbox, &left, error));
    printf("%" PRId64 " items are parked\n", left);
    return QUIPU_OK;
}

/* ---------------------------------------------------------------- a thread */

static void *run(void *argument)
{
    quipu_outbox *outbox = argument;

    (void)quipu_outbox_run(outbox, NULL); /* a failure is in the status */
    return NULL;
}

/* Runs an outbox in a thread until the program is to end. */
static int run_and_stop(quipu_outbox *outbox, quipu_error *error)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, run, outbox) != 0) {
        return quipu_error_set(error, QUIPU_IO, "no thread");
    }
    /* ... the work of the program ... */
    quipu_outbox_stop(outbox);
    (void)pthread_join(thread, NULL);
    return QUIPU_OK;
}

/* ------------------------------------------------------------- the program */

static int change(quipu_unit *unit, void *context, quipu_error *error)
{
    const quipu_id id = account_id("ann");
    struct account *account = quipu_unit_get(unit, context, &id, error);

    if (!account) {
        return error->code;
    }
    QUIPU_TRY(QUIPU_TRIGGER(account, deposited, error, .cents = 10));
    return account_withdraw(account, 5, error);
}

int outbox_show(struct bank *bank, quipu_error *error)
{
    struct broker broker = { .takes_deposits = false };
    const quipu_outbox_options options = { .struct_size = sizeof(options),
                                           .on_failure = QUIPU_FAILURE_PARK,
                                           .attempts = 1,
                                           .batch_items = 1,
                                           .context = &broker };
    quipu_outbox *outbox = NULL;

    QUIPU_TRY(account_open(bank, "ann", 0, error));
    QUIPU_TRY(
        quipu_unit_run(bank->store, NULL, change, bank->accounts, NULL, error));
    QUIPU_TRY(quipu_outbox_open(quipu_store_records(bank->store), "feed",
                                send_items, &options, &outbox, error));
    int status = use(outbox, &broker, error);

    if (status == QUIPU_OK) {
        status = run_and_stop(outbox, error);
    }
    (void)quipu_outbox_close(outbox, NULL);
    return status;
}
