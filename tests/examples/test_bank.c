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

/* ---------------------------------------------------------------- payments */

/* Lets the process handle all that was ordered. */
static void run_payments(void)
{
    const quipu_process_options options = { .struct_size = sizeof(options),
                                            .context = &bank };
    bool caught_up = false;
    quipu_process *process;

    assert_ok(
        quipu_process_open(bank.store, &payments, &options, &process, &error),
        &error);
    while (!caught_up) {
        assert_ok(quipu_process_step(process, &caught_up, &error), &error);
    }
    assert_ok(quipu_process_close(process, &error), &error);
}

/* Appends what is due. */
static void run_timers(void)
{
    quipu_timer_runner *runner;

    assert_ok(quipu_timer_runner_open(bank.store, NULL, &runner, &error),
              &error);
    assert_ok(quipu_timer_runner_step(runner, NULL, &error), &error);
    assert_ok(quipu_timer_runner_close(runner, &error), &error);
}

static int count_events(const quipu_event_type *type)
{
    const quipu_event *event;
    quipu_events *events;
    int count = 0;

    assert_ok(quipu_store_read_log(bank.store, NULL, &events, &error), &error);
    do {
        assert_ok(quipu_events_next(events, &event, &error), &error);
        count += event && event->type == type;
    } while (event);
    quipu_events_close(events);
    return count;
}

static void payment_is_made_once(void **state)
{
    (void)state;
    assert_ok(payment_order(&bank, 1, 2, 2500, 0, &error), &error);
    run_payments();
    run_timers(); /* its timer was cancelled */
    run_payments();
    assert_int_equal(cents_in("account-01"), ACCOUNT_CENTS - 2500);
    assert_int_equal(cents_in("account-02"), ACCOUNT_CENTS + 2500);
    assert_int_equal(count_events(&paid), 1);
    assert_int_equal(count_events(&expired), 0);
}

static void payment_beyond_the_balance_is_refused(void **state)
{
    (void)state;
    assert_ok(payment_order(&bank, 1, 2, ACCOUNT_CENTS + 1, 0, &error), &error);
    run_payments();
    run_timers();
    assert_int_equal(count_events(&refused), 1);
    assert_int_equal(count_events(&expired), 0);
    assert_int_equal(cents_in("account-01"), ACCOUNT_CENTS);
}

static void payment_that_is_late_expires(void **state)
{
    (void)state;
    assert_ok(payment_order(&bank, 1, 2, 2500, 0, &error), &error);
    run_timers();
    run_payments();
    assert_int_equal(count_events(&expired), 1);
    assert_int_equal(count_events(&paid), 0);
    assert_int_equal(cents_in("account-01"), ACCOUNT_CENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(transfer_moves_money, open_bank,
                                        close_bank),
        cmocka_unit_test_setup_teardown(transfer_beyond_the_balance_is_denied,
                                        open_bank, close_bank),
        cmocka_unit_test_setup_teardown(payment_is_made_once, open_bank,
                                        close_bank),
        cmocka_unit_test_setup_teardown(payment_beyond_the_balance_is_refused,
                                        open_bank, close_bank),
        cmocka_unit_test_setup_teardown(payment_that_is_late_expires, open_bank,
                                        close_bank),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
