/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A unit of work that the program commits itself.  Prints:
 *
 *     ann: 70 cents, version 2
 *     CONFLICT: the limit was changed, decide again
 *     bob: 35 cents, version 3
 */
#include "howto.h"

#include <stdio.h>

/* Ann gives Bob 30 cents; all of this is one append. */
static int fill(quipu_unit *unit, struct bank *bank, quipu_error *error)
{
    const quipu_id ann = account_id("ann");
    struct account *account = quipu_unit_get(unit, bank->accounts, &ann, error);

    if (!account) {
        return error->code;
    }
    QUIPU_TRY(account_withdraw(account, 30, error));

    /* Bob's account is not read: the deposit goes to its end, whatever is
     * stored there meanwhile ... */
    const quipu_id bob = account_id("bob");
    struct deposited deposit = { .cents = 30 };

    quipu_event_init(&deposit.base, &deposited, &bob, 0);
    QUIPU_TRY(quipu_unit_event(unit, &deposit.base, error));

    /* ... but it must exist. */
    const quipu_guard exists = { .sequence_id = quipu_id_bytes(&bob),
                                 .demand = QUIPU_DEMAND_NOT_EMPTY };

    QUIPU_TRY(quipu_unit_guard(unit, &exists, error));

    /* The number of transfers so far: 0 is the revision of an entry that does
     * not exist. */
    const quipu_entry_write count = { .key = quipu_bytes_of_text("transfers"),
                                      .value = quipu_bytes_of_text("1"),
                                      .flags = QUIPU_ENTRY_EXPECT,
                                      .revision = 0 };

    QUIPU_TRY(quipu_unit_entry(unit, &count, error));

    /* The message of another system that asked for the transfer: its number,
     * 17, is recorded, so that it is not handled twice. */
    const quipu_tracking handled = {
        .consumer = quipu_bytes_of_text("orders"),
        .log = quipu_bytes_of_text("messages"),
        .position.notification_id = 17,
    };

    return quipu_unit_track(unit, &handled, NULL, error);
}

static int transfer(struct bank *bank, quipu_error *error)
{
    quipu_unit *unit = NULL;
    int status = quipu_unit_create(bank->store, &unit, error);

    if (status == QUIPU_OK) {
        status = fill(unit, bank, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_unit_commit(unit, NULL, error);
    }
    quipu_unit_destroy(unit);
    return status;
}

/* Bob gets 5 cents, if a limit is still at the revision that was read. */
static int deposit_within_limit(quipu_unit *unit, struct bank *bank,
                                int64_t revision, quipu_error *error)
{
    const quipu_id bob = account_id("bob");
    struct deposited deposit = { .cents = 5 };
    const quipu_entry_write limit = { .key = quipu_bytes_of_text("limit"),
                                      .flags = QUIPU_ENTRY_EXPECT |
                                               QUIPU_ENTRY_CHECK,
                                      .revision = revision };

    (void)bank;
    quipu_event_init(&deposit.base, &deposited, &bob, 0);
    QUIPU_TRY(quipu_unit_event(unit, &deposit.base, error));
    return quipu_unit_entry(unit, &limit, error);
}

static int retry(quipu_unit *unit, struct bank *bank, quipu_error *error)
{
    QUIPU_TRY(deposit_within_limit(unit, bank, 3, error));
    quipu_result result = { .status = 0 };
    int status = quipu_unit_commit(unit, &result, error);

    if (status == QUIPU_CONFLICT && result.cause == QUIPU_CAUSE_ENTRY) {
        printf("CONFLICT: the limit was changed, decide again\n");
        quipu_unit_clear(unit); /* empty, as it was created */
        QUIPU_TRY(deposit_within_limit(unit, bank, 0, error));
        status = quipu_unit_commit(unit, NULL, error);
    }
    return status;
}

int units_show(struct bank *bank, quipu_error *error)
{
    quipu_unit *unit = NULL;

    QUIPU_TRY(account_open(bank, "ann", 100, error));
    QUIPU_TRY(account_open(bank, "bob", 0, error));
    QUIPU_TRY(transfer(bank, error));
    QUIPU_TRY(account_print(bank, "ann", error));
    QUIPU_TRY(quipu_unit_create(bank->store, &unit, error));
    int status = retry(unit, bank, error);

    quipu_unit_destroy(unit);
    return status == QUIPU_OK ? account_print(bank, "bob", error) : status;
}
