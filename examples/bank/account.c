/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts: their events, and what follows from them. */
#include "bank.h"

#include <stdio.h>

QUIPU_EVENT_DEFINE(opened, "Account.Opened", QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT_DEFINE(deposited, "Account.Deposited", QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT_DEFINE(withdrawn, "Account.Withdrawn", QUIPU_VALUE(int64_t, cents),
                   QUIPU_VALUE(const char *, to));

quipu_id account_id(int number)
{
    char name[ACCOUNT_NAME_SIZE];
    quipu_id id;

    (void)snprintf(name, sizeof(name), "account-%02d", number);
    (void)quipu_id_of_text(&id, name, NULL);
    return id;
}

int account_withdraw(struct account *account, int64_t cents, const char *to,
                     quipu_error *error)
{
    if (account->cents < cents) {
        return quipu_error_set(error, QUIPU_DENIED,
                               "the account has only %lld cents",
                               (long long)account->cents);
    }
    return QUIPU_TRIGGER(account, withdrawn, error, .cents = cents, .to = to);
}

int64_t account_change(const quipu_event *event)
{
    return event->type == &opened ? ((const struct opened *)event)->cents
           : event->type == &deposited
               ? ((const struct deposited *)event)->cents
               : -((const struct withdrawn *)event)->cents;
}

/* Runs when an event is triggered, and again whenever the account is read from
 * the store; so it only assigns. */
static int apply(void *aggregate, const void *event, quipu_error *error)
{
    struct account *account = aggregate;
    (void)error;

    account->cents += account_change(event);
    return QUIPU_OK;
}

static const quipu_handler handlers[] = {
    { .event = &opened, .apply = apply },
    { .event = &deposited, .apply = apply },
    { .event = &withdrawn, .apply = apply },
    { 0 },
};
static const quipu_field fields[] = {
    QUIPU_FIELD(struct account, cents),
    { 0 },
};
const quipu_aggregate_type account_type = {
    .name = "Account",
    .size = sizeof(struct account),
    .fields = fields,
    .handlers = handlers,
};
