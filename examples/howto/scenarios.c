/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of an aggregate, a projection and a process.  On SQLite.  Prints:
 *
 *     0 differences
 */
#include "howto.h"

#include <sqlite3.h>
#include <stdio.h>

/* ------------------------------------------------------------ an aggregate */

static int overdrawing_is_refused(void)
{
    quipu_scenario *s = quipu_scenario_of_aggregate(&account_type, NULL);

    quipu_scenario_given(s, &opened, &(struct opened){ .cents = 100 }.base);

    struct account *account = quipu_scenario_when(s);
    int status = account_withdraw(account, 150, quipu_scenario_error(s));

    quipu_scenario_refused(s, status, QUIPU_DENIED, "has only 100 cents");
    return quipu_scenario_end(s);
}

static int money_is_withdrawn(void)
{
    quipu_scenario *s = quipu_scenario_of_aggregate(&account_type, NULL);

    quipu_scenario_given(s, &opened, &(struct opened){ .cents = 100 }.base);
    (void)account_withdraw(quipu_scenario_when(s), 30, quipu_scenario_error(s));
    quipu_scenario_then(s, &withdrawn, &(struct withdrawn){ .cents = 30 }.base);
    return quipu_scenario_end(s);
}

/* ------------------------------------------------------------ a projection */

static int64_t select_cents(sqlite3 *database)
{
    sqlite3_stmt *row = NULL;
    int64_t cents = -1;

    if (sqlite3_prepare_v2(database, "SELECT sum(cents) FROM balances", -1,
                           &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW) {
        cents = sqlite3_column_int64(row, 0);
    }
    (void)sqlite3_finalize(row);
    return cents;
}

static int balance_is(void *native, void *context, quipu_error *error)
{
    const int64_t *expected = context;
    int64_t cents = select_cents(native); /* a query of your own */

    return cents == *expected
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_INVALID,
                                 "expected %lld cents, got %lld",
                                 (long long)*expected, (long long)cents);
}

static int balance_is_kept(void)
{
    struct model model = { .takes_withdrawals = true };
    const quipu_scenario_options options = { .struct_size = sizeof(options),
                                             .context = &model };
    quipu_scenario *s = quipu_scenario_of_projection(&balances, &options);

    quipu_scenario_given(s, &opened, &(struct opened){ .cents = 100 }.base);
    quipu_scenario_run(s);
    quipu_scenario_look(s, balance_is, &(int64_t){ 100 });
    return quipu_scenario_end(s);
}

static int balance_survives_a_crash(void)
{
    struct model model = { .takes_withdrawals = true };
    const quipu_scenario_options options = { .struct_size = sizeof(options),
                                             .context = &model };
    quipu_scenario *s = quipu_scenario_of_projection(&balances, &options);

    quipu_scenario_given(s, &opened, &(struct opened){ .cents = 100 }.base);
    quipu_scenario_crash(s, QUIPU_CRASH_BEFORE_COMMIT);
    quipu_scenario_run(s);
    quipu_scenario_look(s, balance_is, &(int64_t){ 100 });
    return quipu_scenario_end(s);
}

/* --------------------------------------------------------------- a process */

static int open_accounts(void *context, quipu_store *store, quipu_error *error)
{
    struct bank *bank = context;

    return quipu_repository_open(store, NULL, &account_type, &bank->accounts,
                                 error);
}

static void close_accounts(void *context)
{
    struct bank *bank = context;

    quipu_repository_close(bank->accounts);
    bank->accounts = NULL;
}

/* The schema of a scenario has UUIDs, if the options name no other. */
static quipu_id new_id(void)
{
    quipu_uuid uuid;
    quipu_id id;

    quipu_uuid_ordered(&uuid);
    quipu_id_of_uuid(&id, &uuid);
    return id;
}

static int transfer_is_made(void)
{
    struct bank bank = { .accounts = NULL };
    const quipu_scenario_options options = { .struct_size = sizeof(options),
                                             .mapping = &mapping_of_bank,
                                             .context = &bank,
                                             .start = open_accounts,
                                             .stop = close_accounts };
    const quipu_id ann = new_id(), bob = new_id();
    struct opened first = { .base.originator_id = ann, .cents = 100 };
    struct opened second = { .base.originator_id = bob };
    struct requested asked = { .from = ann, .to = bob, .cents = 70 };
    quipu_scenario *s = quipu_scenario_of_process(&transfers, &options);

    quipu_scenario_given(s, &opened, &first.base);
    quipu_scenario_given(s, &opened, &second.base);
    quipu_scenario_given(s, &requested, &asked.base);
    quipu_scenario_fail(s, QUIPU_BUSY, 3);
    quipu_scenario_run(s);
    quipu_scenario_then(s, &withdrawn, &(struct withdrawn){ .cents = 70 }.base);
    quipu_scenario_caused_by(s, 3);
    quipu_scenario_then(s, &deposited, &(struct deposited){ .cents = 70 }.base);
    return quipu_scenario_end(s);
}

/* ------------------------------------------------------------------- time */

static int time_stands_still(void)
{
    quipu_scenario *s = quipu_scenario_of_aggregate(&account_type, NULL);
    const quipu_time now = { 5000000 };

    quipu_scenario_clock(s, now);
    struct account *account = quipu_scenario_when(s);

    (void)QUIPU_TRIGGER(account, opened, quipu_scenario_error(s), .cents = 1);
    quipu_scenario_then(s, &opened,
                        &(struct opened){ .base.time = now, .cents = 1 }.base);
    return quipu_scenario_end(s);
}

int scenarios_show(struct bank *bank, quipu_error *error)
{
    (void)bank;
    (void)error;
    printf("%d differences\n", overdrawing_is_refused() + money_is_withdrawn() +
                                   balance_is_kept() +
                                   balance_survives_a_crash() +
                                   transfer_is_made() + time_stands_still());
    return QUIPU_OK;
}
