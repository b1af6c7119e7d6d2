/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contents of an account's events are erased.  Prints:
 *
 *     2 items can be erased
 *     2 were erased
 *     a cache of before is out of date
 *     ann: 0 cents, version 2
 *     1 more with the account of bob
 */
#include "howto.h"

#include <inttypes.h>
#include <stdio.h>

static int erase(quipu_records *records, const quipu_id *id, quipu_error *error)
{
    const quipu_erasure all = { .struct_size = sizeof(all),
                                .sequence_id = quipu_id_bytes(id),
                                .lower = INT64_MIN,
                                .upper = INT64_MAX };
    int64_t items, erased;

    QUIPU_TRY(quipu_records_erasable(records, &all, &items, error));
    printf("%" PRId64 " items can be erased\n", items);
    QUIPU_TRY(quipu_records_erase(records, &all, &erased, error));
    printf("%" PRId64 " were erased\n", erased);
    return QUIPU_OK;
}

/* A program that caches items reads the number before them: the cache is valid
 * as long as the number is the same. */
static int erase_and_compare(struct bank *bank, quipu_error *error)
{
    quipu_records *records = quipu_store_records(bank->store);
    const quipu_id id = account_id("ann");
    int64_t before, after;

    QUIPU_TRY(quipu_records_erasures(records, &before, error));
    QUIPU_TRY(erase(records, &id, error));
    QUIPU_TRY(quipu_records_erasures(records, &after, error));
    if (after != before) {
        printf("a cache of before is out of date\n");
    }
    return QUIPU_OK;
}

/* Erases all events of an aggregate, and what is kept of its state. */
static int erase_account(quipu_repository *accounts, const char *name,
                         quipu_error *error)
{
    const quipu_id id = account_id(name);
    int64_t erased;
    int status = quipu_repository_erase(accounts, &id, 0, &erased, error);

    printf("%" PRId64 " more with the account of %s\n", erased, name);
    return status;
}

/* ------------------------------------------------------------- the program */

static int deposit(quipu_unit *unit, void *context, quipu_error *error)
{
    const quipu_id id = account_id("ann");
    struct account *account = quipu_unit_get(unit, context, &id, error);

    return account ? QUIPU_TRIGGER(account, deposited, error, .cents = 10)
                   : error->code;
}

int erasure_show(struct bank *bank, quipu_error *error)
{
    QUIPU_TRY(account_open(bank, "ann", 100, error));
    QUIPU_TRY(account_open(bank, "bob", 1, error));
    QUIPU_TRY(quipu_unit_run(bank->store, NULL, deposit, bank->accounts, NULL,
                             error));
    QUIPU_TRY(erase_and_compare(bank, error));
    QUIPU_TRY(account_print(bank, "ann", error));
    return erase_account(bank->accounts, "bob", error);
}
