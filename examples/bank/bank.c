/* SPDX-License-Identifier: Apache-2.0 */
/* The bank: its store, its accounts, and transfers between two of them. */
#include "bank.h"

#include <stdio.h>

/* Opens all accounts, if the first one does not exist. */
static int open_accounts(quipu_unit *unit, void *context, quipu_error *error)
{
    const struct bank *bank = context;
    quipu_id id = account_id(0);
    bool exists = false;
    int status = quipu_repository_contains(bank->accounts, &id, &exists, error);

    for (int i = 0; status == QUIPU_OK && !exists && i < ACCOUNTS; i++) {
        id = account_id(i);
        struct account *account =
            quipu_unit_new(unit, bank->accounts, &id, error);

        status = account ? QUIPU_TRIGGER(account, opened, error,
                                         .cents = ACCOUNT_CENTS)
                         : error->code;
    }
    return status;
}

int bank_open(struct bank *bank, const char *uri, quipu_error *error)
{
    static const quipu_event_type *const types[] = {
        &opened, &deposited, &withdrawn, &ordered, &paid, &refused, &expired
    };
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types,
                                    .type_count =
                                        sizeof(types) / sizeof(types[0]) };
    quipu_schema schema;

    *bank = (struct bank){ .datastore = NULL };
    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    schema.time = "stored_at"; /* shows the age of what is not yet processed */
    int status = quipu_datastore_open(uri, NULL, &bank->datastore, error);

    if (status == QUIPU_OK) {
        status = quipu_datastore_setup(bank->datastore, &schema, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_store_open(bank->datastore, &schema, &mapping,
                                  &bank->store, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_repository_open(bank->store, NULL, &account_type,
                                       &bank->accounts, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_repository_open(bank->store, NULL, &payment_type,
                                       &bank->payments, error);
    }
    return status == QUIPU_OK ? quipu_unit_run(bank->store, NULL, open_accounts,
                                               bank, NULL, error)
                              : status;
}

void bank_close(struct bank *bank)
{
    quipu_repository_close(bank->payments);
    quipu_repository_close(bank->accounts);
    (void)quipu_store_close(bank->store, NULL);
    (void)quipu_datastore_close(bank->datastore, NULL);
}

/* ---------------------------------------------------------------- transfers */

struct transfer {
    quipu_repository *accounts;
    quipu_id from;
    quipu_id to;
    int64_t cents;
    char to_name[ACCOUNT_NAME_SIZE];
};

/* Decides on the accounts as they are stored now.  It is called again if
 * another process has changed one of them before the commit. */
static int transfer(quipu_unit *unit, void *context, quipu_error *error)
{
    const struct transfer *order = context;
    struct account *from =
        quipu_unit_get(unit, order->accounts, &order->from, error);
    struct account *to =
        from ? quipu_unit_get(unit, order->accounts, &order->to, error) : NULL;

    if (!to) {
        return error->code;
    }
    int status = account_withdraw(from, order->cents, order->to_name, error);

    return status == QUIPU_OK
               ? QUIPU_TRIGGER(to, deposited, error, .cents = order->cents)
               : status;
}

int bank_transfer(struct bank *bank, int from, int to, int64_t cents,
                  quipu_error *error)
{
    struct transfer order = { bank->accounts, account_id(from), account_id(to),
                              cents, "" };

    (void)snprintf(order.to_name, sizeof(order.to_name), "%.*s", order.to.size,
                   (const char *)order.to.data);
    return quipu_unit_run(bank->store, NULL, transfer, &order, NULL, error);
}
