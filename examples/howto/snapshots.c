/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots and the cache of a repository.  Prints:
 *
 *     ann: 99 cents, version 100
 *     a snapshot was taken
 *     ann: 99 cents, version 100
 *     it was got from the cache
 */
#include "howto.h"

#include <stdio.h>

static int use_snapshots(quipu_repository *accounts, quipu_error *error)
{
    static const quipu_snapshot_policy policy = {
        .struct_size = sizeof(policy),
        .every = 100,
    };

    return quipu_repository_use_snapshots(accounts, &policy, error);
}

static int use_cache(quipu_repository *accounts, quipu_error *error)
{
    static const quipu_cache_policy policy = {
        .struct_size = sizeof(policy),
        .bytes = 64 << 20,
    };

    return quipu_repository_use_cache(accounts, &policy, error);
}

static int deposit(quipu_unit *unit, void *context, quipu_error *error)
{
    const quipu_id id = account_id("ann");
    struct account *account = quipu_unit_get(unit, context, &id, error);

    if (!account) {
        return error->code;
    }
    for (int i = 0; i < 99; i++) {
        QUIPU_TRY(QUIPU_TRIGGER(account, deposited, error, .cents = 1));
    }
    return QUIPU_OK;
}

int snapshots_show(struct bank *bank, quipu_error *error)
{
    quipu_repository_counts counts = { .struct_size = sizeof(counts) };

    QUIPU_TRY(account_open(bank, "ann", 0, error));
    QUIPU_TRY(quipu_unit_run(bank->store, NULL, deposit, bank->accounts, NULL,
                             error));
    QUIPU_TRY(use_snapshots(bank->accounts, error));
    QUIPU_TRY(use_cache(bank->accounts, error));
    QUIPU_TRY(account_print(bank, "ann", error));
    QUIPU_TRY(quipu_repository_count(bank->accounts, &counts, error));
    if (counts.snapshots_taken == 1) {
        printf("a snapshot was taken\n");
    }
    QUIPU_TRY(account_print(bank, "ann", error));
    QUIPU_TRY(quipu_repository_count(bank->accounts, &counts, error));
    if (counts.hits == 1) {
        printf("it was got from the cache\n");
    }
    return QUIPU_OK;
}
