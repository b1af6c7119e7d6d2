/* SPDX-License-Identifier: Apache-2.0 */
/* The audit compares each version of the read model, at its tracking record,
 * with the sums of the log up to there, and checks that no money was made or
 * lost, no account overdrawn, and no payment made twice. */
#include "bank.h"

#include <stdio.h>
#include <stdlib.h>

struct ledger {
    struct balance rows[ACCOUNTS]; /* by number */
    int count;
    int64_t last; /* notification id */
    /* Payments: all, by their ends, and those with a second end. */
    int64_t ordered, paid, refused, expired, ended_twice;
    int64_t moved_by_payments; /* withdrawals and deposits */
};

static struct balance *find(struct ledger *ledger, const void *account)
{
    /* "account-07" */
    return &ledger
                ->rows[strtol((const char *)account + 8, NULL, 10) % ACCOUNTS];
}

static void visit(const struct balance *row, void *context)
{
    struct ledger *ledger = context;

    *find(ledger, row->account) = *row;
    ledger->count++;
}

/* Counts an event of a payment; false: it is one of an account.  A payment has
 * its order at version 0, and its end at version 1. */
static bool count_payment(struct ledger *ledger, const quipu_event *event)
{
    const quipu_event_type *type = event->type;

    ledger->ordered += type == &ordered;
    ledger->paid += type == &paid;
    ledger->refused += type == &refused;
    ledger->expired += type == &expired;
    if (type == &opened || type == &deposited || type == &withdrawn) {
        /* Those that an order has caused say so in their metadata. */
        ledger->moved_by_payments += event->metadata.data != NULL;
        return false;
    }
    ledger->ended_twice += event->originator_version > 1;
    return true;
}

/* Adds up the log to a notification id. */
static int add_up(struct bank *bank, int64_t last, struct ledger *ledger,
                  quipu_error *error)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_LTE,
                                .lte = last };
    const quipu_event *event = NULL;
    quipu_events *events;
    int status = quipu_store_read_log(bank->store, &query, &events, error);

    if (status != QUIPU_OK) {
        return status;
    }
    *ledger = (struct ledger){ .count = 0 };
    while ((status = quipu_events_next(events, &event, error)) == QUIPU_OK &&
           event) {
        ledger->last = quipu_events_item(events)->notification_id;
        if (count_payment(ledger, event)) {
            continue;
        }
        struct balance *row = find(ledger, event->originator_id.data);

        row->cents += account_change(event);
        row->transfers += event->type != &opened;
        ledger->count += event->type == &opened;
    }
    quipu_events_close(events);
    return status;
}

/* Reads the rows of a version: those of the record, if that is the same before
 * and after. */
static int read_rows(struct bank *bank, int version, int64_t *record,
                     struct ledger *ledger, quipu_error *error)
{
    quipu_position position;
    char consumer[32];

    (void)snprintf(consumer, sizeof(consumer), "balances@%d", version);
    int status = quipu_tracking_read(bank->datastore, consumer, "stored_events",
                                     &position, error);
    do {
        *record = position.notification_id;
        *ledger = (struct ledger){ .count = 0 };
        if (status == QUIPU_OK) {
            status = balances_list(bank, version, visit, ledger, error);
        }
        if (status == QUIPU_OK) {
            status = quipu_tracking_read(bank->datastore, consumer,
                                         "stored_events", &position, error);
        }
    } while (status == QUIPU_OK && position.notification_id != *record);
    return status;
}

static int audit_version(struct bank *bank, int version, quipu_error *error)
{
    struct ledger model;
    struct ledger log;
    int64_t record;
    int status = read_rows(bank, version, &record, &model, error);

    if (status == QUIPU_NOT_FOUND) {
        return QUIPU_OK; /* it was not built, or retired */
    }
    if (status == QUIPU_OK) {
        status = add_up(bank, record, &log, error);
    }
    for (int i = 0; status == QUIPU_OK && i < ACCOUNTS; i++) {
        if (model.rows[i].cents != log.rows[i].cents ||
            (version > 1 && model.rows[i].transfers != log.rows[i].transfers)) {
            status = quipu_error_set(
                error, QUIPU_CORRUPT,
                "balances@%d has %lld cents in account-%02d at notification "
                "%lld, and the log has %lld",
                version, (long long)model.rows[i].cents, i, (long long)record,
                (long long)log.rows[i].cents);
        }
    }
    if (status == QUIPU_OK) {
        printf("balances@%d: %d accounts at notification %lld, as in the log\n",
               version, model.count, (long long)record);
    }
    return status;
}

static int audit_payments(const struct ledger *log, quipu_error *error)
{
    int64_t ended = log->paid + log->refused + log->expired;

    if (log->ended_twice > 0 || log->moved_by_payments != 2 * log->paid) {
        return quipu_error_set(
            error, QUIPU_CORRUPT,
            "%lld payments have ended twice, and %lld were paid, by %lld "
            "withdrawals and deposits",
            (long long)log->ended_twice, (long long)log->paid,
            (long long)log->moved_by_payments);
    }
    printf("payments: %lld paid, %lld refused, %lld expired, %lld open\n",
           (long long)log->paid, (long long)log->refused,
           (long long)log->expired, (long long)(log->ordered - ended));
    return QUIPU_OK;
}

int audit_run(struct bank *bank, int unused, quipu_error *error)
{
    struct ledger log;
    int64_t cents = 0;
    int64_t transfers = 0;
    int status = add_up(bank, INT64_MAX, &log, error);
    (void)unused;

    for (int i = 0; status == QUIPU_OK && i < ACCOUNTS; i++) {
        cents += log.rows[i].cents;
        transfers += log.rows[i].transfers;
        if (log.rows[i].cents < 0) {
            status = quipu_error_set(error, QUIPU_CORRUPT,
                                     "account-%02d is overdrawn", i);
        }
    }
    if (status == QUIPU_OK && cents != (int64_t)ACCOUNTS * ACCOUNT_CENTS) {
        status = quipu_error_set(error, QUIPU_CORRUPT,
                                 "there are %lld cents, but %d were paid in",
                                 (long long)cents, ACCOUNTS * ACCOUNT_CENTS);
    }
    if (status == QUIPU_OK) {
        printf("log: %lld cents after %lld transfers, as paid in, at "
               "notification %lld\n",
               (long long)cents, (long long)transfers / 2, (long long)log.last);
        status = audit_payments(&log, error);
    }
    for (int i = 1; status == QUIPU_OK && i <= 2; i++) {
        status = audit_version(bank, i, error);
    }
    return status;
}
