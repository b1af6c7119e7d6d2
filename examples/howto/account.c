/* SPDX-License-Identifier: Apache-2.0 */
/* The accounts of the programs in this folder. */
#include "howto.h"

#include <inttypes.h>
#include <stdio.h>

QUIPU_EVENT_DEFINE(opened, "Account.Opened", QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT_DEFINE(deposited, "Account.Deposited", QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT_DEFINE(withdrawn, "Account.Withdrawn", QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT_DEFINE(requested, "Transfer.Requested", QUIPU_VALUE(quipu_id, from),
                   QUIPU_VALUE(quipu_id, to), QUIPU_VALUE(int64_t, cents));

static const quipu_event_type *const types[] = { &opened, &deposited,
                                                 &withdrawn, &requested };
const quipu_mapping mapping_of_bank = { .struct_size = sizeof(mapping_of_bank),
                                        .types = types,
                                        .type_count = 4 };

QUIPU_HANDLER(account, opened)
{
    account->cents = event->cents;
    return QUIPU_OK;
}

QUIPU_HANDLER(account, deposited)
{
    account->cents += event->cents;
    return QUIPU_OK;
}

QUIPU_HANDLER(account, withdrawn)
{
    account->cents -= event->cents;
    return QUIPU_OK;
}

QUIPU_AGGREGATE_TYPE(account, "Account", QUIPU_APPLIES(opened),
                     QUIPU_APPLIES(deposited), QUIPU_APPLIES(withdrawn));

quipu_id account_id(const char *name)
{
    quipu_id id = { .size = 0 };

    (void)quipu_id_of_text(&id, name, NULL);
    return id;
}

struct opening {
    quipu_repository *accounts;
    quipu_id id;
    int64_t cents;
};

static int open_account(quipu_unit *unit, void *context, quipu_error *error)
{
    const struct opening *opening = context;
    struct account *account =
        quipu_unit_new(unit, opening->accounts, &opening->id, error);

    return account
               ? QUIPU_TRIGGER(account, opened, error, .cents = opening->cents)
               : error->code;
}

int account_open(struct bank *bank, const char *name, int64_t cents,
                 quipu_error *error)
{
    struct opening opening = { bank->accounts, account_id(name), cents };

    return quipu_unit_run(bank->store, NULL, open_account, &opening, NULL,
                          error);
}

int account_withdraw(struct account *account, int64_t cents, quipu_error *error)
{
    if (account->cents < cents) {
        return quipu_error_set(error, QUIPU_DENIED,
                               "the account has only %" PRId64 " cents",
                               account->cents);
    }
    return QUIPU_TRIGGER(account, withdrawn, error, .cents = cents);
}

int account_print(struct bank *bank, const char *name, quipu_error *error)
{
    const quipu_id id = account_id(name);
    struct account *account = quipu_repository_get(bank->accounts, &id, error);

    if (!account) {
        return error->code;
    }
    printf("%s: %" PRId64 " cents, version %" PRId64 "\n", name, account->cents,
           account->base.version);
    quipu_aggregate_destroy(account);
    return QUIPU_OK;
}
