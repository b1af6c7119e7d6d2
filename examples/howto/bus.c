/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus of an application, and aggregates without a repository.  Prints:
 *
 *     Account.Opened is stored
 *     Account.Deposited is stored
 *     refused: nobody deposits more than 1000 cents
 *     2 events are pending
 *     Account.Opened is stored
 *     Account.Withdrawn is stored
 *     Account.Opened is stored
 *     all were saved
 *     replayed: 70 cents
 *     Account.Deposited is stored
 */
#include "howto.h"

#include <inttypes.h>
#include <stdio.h>

/* ------------------------------------------------------------- subscribers */

/* A policy may refuse events before they are stored. */
static int limit(void *context, const quipu_event *const *events, size_t count,
                 quipu_error *error)
{
    (void)context;
    for (size_t i = 0; i < count; i++) {
        if (events[i]->type == &deposited &&
            ((const struct deposited *)events[i])->cents > 1000) {
            return quipu_error_set(error, QUIPU_DENIED,
                                   "nobody deposits more than 1000 cents");
        }
    }
    return QUIPU_OK;
}

/* A listener gets events that have been stored. */
static void note(void *context, const quipu_event *const *events, size_t count)
{
    (void)context;
    for (size_t i = 0; i < count; i++) {
        printf("%s is stored\n", events[i]->type->topic);
    }
}

/* ----------------------------------------------------- with an application */

static int use(quipu_repository *accounts, quipu_error *error)
{
    const quipu_id id = account_id("ann");
    struct account *account = quipu_repository_create(accounts, &id, error);

    if (!account) {
        return error->code;
    }
    int status = QUIPU_TRIGGER(account, opened, error, .cents = 0);

    if (status == QUIPU_OK) {
        status = QUIPU_TRIGGER(account, deposited, error, .cents = 10);
    }
    quipu_aggregate_destroy(account);
    return status;
}

static int try_too_much(quipu_bus *bus, quipu_error *error)
{
    const quipu_id id = account_id("ann");
    struct deposited event = { .cents = 2000 };
    const quipu_event *list[] = { &event.base };

    quipu_event_init(&event.base, &deposited, &id, 0);
    if (quipu_bus_publish(bus, list, 1, error) != QUIPU_DENIED) {
        return quipu_error_set(error, QUIPU_INTERNAL, "it was not refused");
    }
    printf("refused: %s\n", error->message);
    return QUIPU_OK;
}

static int with_application(struct bank *bank, quipu_error *error)
{
    quipu_application *application = NULL;
    quipu_repository *accounts = NULL;
    quipu_subscriber *listener = NULL;
    int status = quipu_application_open(bank->datastore, &bank->schema,
                                        &mapping_of_bank, &application, error);

    if (status == QUIPU_OK) {
        quipu_bus *bus = quipu_application_bus(application);

        status = quipu_bus_listen(bus, note, NULL, &listener, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_application_repository(application, &account_type,
                                              &accounts, error);
    }
    if (status == QUIPU_OK) {
        status = use(accounts, error);
    }
    quipu_bus_unsubscribe(listener);
    quipu_repository_close(accounts);
    (void)quipu_application_close(application, NULL);
    return status;
}

/* ---------------------------------------------------- with a bus of its own */

/* Two accounts are changed, and stored as one append: a persistence policy
 * stores the events of a list together. */
static int save_two(quipu_bus *bus, quipu_error *error)
{
    const quipu_id ids[] = { account_id("bob"), account_id("eve") };
    struct account *bob = NULL, *eve = NULL;
    size_t count = 0;
    int status = quipu_aggregate_create(&account_type, &ids[0], bus,
                                        (void **)&bob, error);

    if (status == QUIPU_OK) {
        status = quipu_aggregate_create(&account_type, &ids[1], bus,
                                        (void **)&eve, error);
    }
    if (status == QUIPU_OK) {
        quipu_aggregate_collect(&bob->base); /* until they are saved */
        quipu_aggregate_collect(&eve->base);
        status = QUIPU_TRIGGER(bob, opened, error, .cents = 100);
    }
    if (status == QUIPU_OK) {
        status = QUIPU_TRIGGER(bob, withdrawn, error, .cents = 30);
    }
    if (status == QUIPU_OK) {
        status = QUIPU_TRIGGER(eve, opened, error, .cents = 30);
    }
    if (status == QUIPU_OK) {
        (void)quipu_aggregate_pending(&bob->base, &count);
        printf("%zu events are pending\n", count);
        status = quipu_aggregates_save(
            (quipu_aggregate *[]){ &bob->base, &eve->base }, 2, error);
    }
    if (status == QUIPU_OK) {
        (void)quipu_aggregate_pending(&bob->base, &count);
        printf("%s\n", count == 0 ? "all were saved" : "some are pending");
    }
    quipu_aggregate_destroy(bob);
    quipu_aggregate_destroy(eve);
    return status;
}

static int with_bus(struct bank *bank, quipu_error *error)
{
    quipu_subscriber *policy = NULL, *listener = NULL;
    quipu_persistence_policy *persistence = NULL;
    quipu_bus *bus = NULL;
    int status = quipu_bus_open(&bus, error);

    if (status == QUIPU_OK) { /* the first one: before anything is stored */
        status = quipu_bus_subscribe(bus, limit, NULL, &policy, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_persistence_policy_open(bus, bank->store, NULL, 0,
                                               &persistence, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_bus_listen(bus, note, NULL, &listener, error);
    }
    if (status == QUIPU_OK) {
        status = try_too_much(bus, error);
    }
    if (status == QUIPU_OK) {
        status = save_two(bus, error);
    }
    quipu_bus_unsubscribe(listener);
    quipu_persistence_policy_close(persistence);
    quipu_bus_unsubscribe(policy);
    (void)quipu_bus_close(bus, NULL);
    return status;
}

/* --------------------------------------- without a repository and a bus */

/* Builds an account from its events, as a repository does. */
static int replay(quipu_store *store, struct account *account,
                  quipu_error *error)
{
    const quipu_event *event;
    quipu_events *events;

    QUIPU_TRY(quipu_store_read(store, &account->base.id, NULL, &events, error));
    int status;

    while ((status = quipu_events_next(events, &event, error)) == QUIPU_OK &&
           event) {
        status = quipu_aggregate_replay(&account->base, event, error);
        if (status != QUIPU_OK) {
            break;
        }
    }
    quipu_events_close(events);
    return status;
}

/* Stores the pending events of an account that is attached to no bus. */
static int store_pending(quipu_store *store, struct account *account,
                         quipu_error *error)
{
    size_t count;
    const quipu_event *const *events =
        quipu_aggregate_pending(&account->base, &count);

    QUIPU_TRY(quipu_store_append(store, events, count, NULL, error));
    note(NULL, events, count);
    return quipu_aggregate_saved(&account->base, error);
}

static int alone(struct bank *bank, quipu_error *error)
{
    const quipu_id id = account_id("bob");
    struct account *account = NULL;

    QUIPU_TRY(quipu_aggregate_create(&account_type, &id, NULL,
                                     (void **)&account, error));
    int status = replay(bank->store, account, error);

    if (status == QUIPU_OK) {
        printf("replayed: %" PRId64 " cents\n", account->cents);
        status = QUIPU_TRIGGER(account, deposited, error, .cents = 5);
    }
    if (status == QUIPU_OK) {
        status = store_pending(bank->store, account, error);
    }
    quipu_aggregate_destroy(account);
    return status;
}

int bus_show(struct bank *bank, quipu_error *error)
{
    QUIPU_TRY(with_application(bank, error));
    QUIPU_TRY(with_bus(bank, error));
    return alone(bank, error);
}
