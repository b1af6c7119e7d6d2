/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the transfers of the example bank, on a store in memory. */
#include "quipu_test.h"

#include "bank.h"

static struct bank bank;
static quipu_error error;

static int open_bank(void **state)
{
    (void)state;
    return bank_open(&bank, "sqlite:///:memory:", &error);
}

static int close_bank(void **state)
{
    (void)state;
    bank_close(&bank);
    return 0;
}

static int64_t cents_in(const char *name)
{
    quipu_id id;

    assert_ok(quipu_id_of_text(&id, name, &error), &error);
    struct account *account = quipu_repository_get(bank.accounts, &id, &error);

    assert_non_null(account);
    int64_t cents = account->cents;

    quipu_aggregate_destroy(account);
    return cents;
}

static void transfer_moves_money(void **state)
{
    (void)state;
    assert_ok(bank_transfer(&bank, 1, 2, 2500, &error), &error);
    assert_int_equal(cents_in("account-01"), ACCOUNT_CENTS - 2500);
    assert_int_equal(cents_in("account-02"), ACCOUNT_CENTS + 2500);
}

static void transfer_beyond_the_balance_is_denied(void **state)
{
    (void)state;
    assert_status(bank_transfer(&bank, 3, 4, ACCOUNT_CENTS + 1, &error),
                  QUIPU_DENIED);
    assert_int_equal(cents_in("account-03"), ACCOUNT_CENTS);
    assert_int_equal(cents_in("account-04"), ACCOUNT_CENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(transfer_moves_money, open_bank,
                                        close_bank),
        cmocka_unit_test_setup_teardown(transfer_beyond_the_balance_is_denied,
                                        open_bank, close_bank),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
