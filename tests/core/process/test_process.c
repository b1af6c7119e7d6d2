/* SPDX-License-Identifier: Apache-2.0 */
/* Process managers on a back end, which the macro MODEL names. */
#include "transfers_fixture.h"

#include <quipu/consumer.h>
#include <quipu/erasure.h>

extern const struct model MODEL;

static const uint32_t batches[] = { 1, 7, 500 };
enum { BATCHES = sizeof(batches) / sizeof(*batches) };

static void close_process(quipu_process *process)
{
    quipu_error error;

    assert_ok(quipu_process_close(process, &error), &error);
}

static void assert_all_done(struct bank *bank, int64_t count)
{
    struct audit found = audit(bank, -1);

    assert_audit(&found);
    assert_int_equal(found.requested, count);
    assert_int_equal(found.completed, count);
    assert_int_equal(found.parked, 0);
}

/* ------------------------------------------------------------ R1, R3, C2 */

static void each_transfer_is_one_append(void **state)
{
    (void)state;
    for (int i = 0; i < BATCHES; i++) {
        struct transfers transfers = { .bank = NULL };
        struct bank bank;
        char name[96];

        open_new_bank(&bank, name);
        request_transfers(&bank, 100);
        quipu_process *process = open_transfers(
            &bank, &transfers,
            (quipu_process_options){ .batch_items = batches[i] });

        run_to_head(process, &bank);
        assert_all_done(&bank, 100);
        /* Later ones, too. */
        request_transfers(&bank, 20);
        run_to_head(process, &bank);
        assert_all_done(&bank, 120);
        assert_true(transfers.calls >= 120);
        close_process(process);
        close_bank(&bank);
    }
}

/* ---------------------------------------------------------------------- R3 */

static void forget_record(struct bank *bank)
{
    const quipu_consumer consumer = {
        .name = "transfers",
        .log = "stored_events",
        .position = { .notification_id =
                          tracked(bank->datastore, "transfers") }
    };
    quipu_error error;

    assert_ok(quipu_consumer_reset(bank->datastore, NULL, &consumer, 0, &error),
              &error);
    assert_int_equal(tracked(bank->datastore, "transfers"), 0);
}

/* Handles the same transfers again.  With `is_empty` the accounts have no money
 * left for them, otherwise one cent more than after the first time. */
static void replay(uint32_t batch_items, bool is_empty)
{
    const quipu_process_options options = { .batch_items = batch_items };
    struct transfers transfers = { .refuses_overdraft = true };
    struct bank bank;
    char name[96];

    open_new_bank(&bank, name);
    request_transfers(&bank, 60);
    quipu_process *process = open_transfers(&bank, &transfers, options);

    run_to_head(process, &bank);
    close_process(process);
    for (int account = 0; account < ACCOUNTS; account++) {
        change_account(&bank, account, is_empty ? -balance(&bank, account) : 1);
    }
    struct audit before = audit(&bank, -1);

    forget_record(&bank);
    process = open_transfers(&bank, &transfers, options);
    run_to_head(process, &bank);
    struct audit after = audit(&bank, -1);

    assert_audit(&after);
    assert_int_equal(after.items, before.items);
    assert_int_equal(after.record, after.head);
    close_process(process);
    close_bank(&bank);
}

static void replay_stores_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < BATCHES; i++) {
        replay(batches[i], false);
        replay(batches[i], true);
    }
}

/* ---------------------------------------------------------------------- R2 */

static void change_all(struct transfers *transfers)
{
    for (int account = 0; account < ACCOUNTS; account++) {
        change_account(transfers->bank, account, 1);
    }
}

static void changed_accounts_are_decided_on_again(void **state)
{
    (void)state;
    for (int i = 0; i < BATCHES; i++) {
        struct transfers transfers = { .meanwhile = change_all,
                                       .conflicts = 4 };
        struct bank bank;
        char name[96];
        int64_t cents = 0;

        open_new_bank(&bank, name);
        request_transfers(&bank, 30);
        quipu_process *process =
            open_transfers(&bank, &transfers,
                           (quipu_process_options){ .batch_items = batches[i],
                                                    .attempts = 1 });

        run_to_head(process, &bank);
        assert_all_done(&bank, 30);
        assert_int_equal(transfers.conflicts, 0);
        assert_true(transfers.calls > 30);
        for (int account = 0; account < ACCOUNTS; account++) {
            cents += balance(&bank, account);
        }
        assert_int_equal(cents, ACCOUNTS * OPENING_CENTS + 4 * ACCOUNTS);
        close_process(process);
        close_bank(&bank);
    }
}

/* A condition that can never hold is no conflict that passes. */
static int require_nothing(quipu_unit *unit, void *context,
                           const quipu_event *event, quipu_error *error)
{
    const quipu_guard guard = { .sequence_id =
                                    quipu_id_bytes(&event->originator_id),
                                .demand = QUIPU_DEMAND_EMPTY };
    int *calls = context;

    ++*calls;
    return quipu_unit_guard(unit, &guard, error);
}

static void condition_that_never_holds_is_refused(void **state)
{
    struct transfers transfers = { .bank = NULL };
    quipu_process *process;
    quipu_error error;
    struct bank bank;
    char name[96];
    int calls = 0;
    (void)state;

    open_new_bank(&bank, name);
    request_transfers(&bank, 3);
    const quipu_reaction table[] = {
        { .event = transfers_type.reactions[0].event,
          .react = require_nothing },
        { 0 },
    };
    const quipu_process_type type = { .name = "transfers", .reactions = table };
    const quipu_process_options options = { .struct_size = sizeof(options),
                                            .attempts = 1,
                                            .context = &calls };

    assert_ok(quipu_process_open(bank.store, &type, &options, &process, &error),
              &error);
    assert_refused(catch_up(process, &error), QUIPU_CONFLICT, &error,
                   "process \"transfers\" cannot apply notification 11");
    assert_int_equal(calls, 2);
    close_process(process);
    (void)transfers;
    close_bank(&bank);
}

/* ---------------------------------------------------------- P7: two runners */

static void two_by_mistake_do_no_harm(void **state)
{
    (void)state;
    for (int i = 0; i < BATCHES; i++) {
        struct transfers transfers[2] = { { .bank = NULL }, { .bank = NULL } };
        quipu_process *processes[2];
        struct bank bank;
        char name[96];

        open_new_bank(&bank, name);
        request_transfers(&bank, 60);
        for (int j = 0; j < 2; j++) {
            processes[j] =
                open_transfers(&bank, &transfers[j],
                               (quipu_process_options){
                                   .batch_items = batches[(i + j) % BATCHES] });
        }
        for (int round = 0; round < 40; round++) {
            quipu_error error;

            request_transfers(&bank, round % 3);
            assert_ok(quipu_process_step(processes[round % 2], NULL, &error),
                      &error);
            assert_ok(
                quipu_process_step(processes[round % 5 % 2], NULL, &error),
                &error);
        }
        run_to_head(processes[0], &bank);
        assert_all_done(&bank, bank.requested);
        assert_true(transfers[0].calls > 0 && transfers[1].calls > 0);
        close_process(processes[0]);
        close_process(processes[1]);
        close_bank(&bank);
    }
}

/* ------------------------------------------------------ P5: parked, skipped */

static void parked_transfers_are_retried(void **state)
{
    static const int policies[] = { QUIPU_FAILURE_PARK,
                                    QUIPU_FAILURE_PARK_SEQUENCE };
    (void)state;

    for (int i = 0; i < 2; i++) {
        struct transfers transfers = { .refused = 7,
                                       .refusal = QUIPU_NOT_FOUND,
                                       .meanwhile = change_all };
        struct bank bank;
        quipu_error error;
        int64_t left = -1;
        char name[96];

        open_new_bank(&bank, name);
        request_transfers(&bank, 50);
        quipu_process *process =
            open_transfers(&bank, &transfers,
                           (quipu_process_options){ .on_failure = policies[i],
                                                    .attempts = 1 });

        run_to_head(process, &bank);
        struct audit found = audit(&bank, -1);

        assert_audit(&found);
        assert_int_equal(found.completed, 43);
        assert_int_equal(found.parked, 7);
        assert_ok(quipu_process_retry(process, &left, &error), &error);
        assert_int_equal(left, 7);
        found = audit(&bank, -1);
        assert_audit(&found);
        atomic_store(&transfers.is_mended, true);
        transfers.conflicts = 2; /* of retried ones */
        assert_ok(quipu_process_retry(process, &left, &error), &error);
        assert_int_equal(left, 0);
        assert_all_done(&bank, 50);
        close_process(process);
        close_bank(&bank);
    }
}

static void skipped_transfers_are_counted(void **state)
{
    struct transfers transfers = { .refused = 7, .refusal = QUIPU_INVALID };
    quipu_consumer_status status = { .struct_size = sizeof(status) };
    struct bank bank;
    quipu_error error;
    char name[96];
    (void)state;

    open_new_bank(&bank, name);
    request_transfers(&bank, 50);
    quipu_process *process =
        open_transfers(&bank, &transfers,
                       (quipu_process_options){
                           .on_failure = QUIPU_FAILURE_SKIP, .attempts = 1 });

    run_to_head(process, &bank);
    struct audit found = audit(&bank, -1);

    assert_int_equal(found.completed, 43);
    assert_int_equal(found.missing, 7);
    assert_int_equal(found.torn + found.twice + found.strange, 0);
    assert_ok(quipu_process_status(process, &status, &error), &error);
    assert_int_equal(status.skipped, 7);
    close_process(process);
    close_bank(&bank);
}

static void refused_transfer_stops(void **state)
{
    struct transfers transfers = { .refused = 4, .refusal = QUIPU_DENIED };
    struct bank bank;
    quipu_error error;
    char name[96];
    (void)state;

    open_new_bank(&bank, name);
    request_transfers(&bank, 9);
    quipu_process *process = open_transfers(
        &bank, &transfers, (quipu_process_options){ .attempts = 2 });

    assert_refused(quipu_process_run(process, &error), QUIPU_DENIED, &error,
                   "process \"transfers\" cannot apply notification 14 (topic "
                   "\"Transfer.Requested\"): no such account");
    struct audit found = audit(&bank, -1);

    assert_audit(&found);
    assert_int_equal(found.completed, 3);
    assert_int_equal(found.record, 13);
    atomic_store(&transfers.is_mended, true);
    run_to_head(process, &bank);
    assert_all_done(&bank, 9);
    close_process(process);
    close_bank(&bank);
}

/* ------------------------------------------------------------ P4: failures */

static const struct {
    int status;
    bool after;
} failures[] = {
    { QUIPU_BUSY, false },
    { QUIPU_IO, false },
    { QUIPU_UNKNOWN_OUTCOME, false },
    { QUIPU_UNKNOWN_OUTCOME, true },
};

/* Returns false if the process has ended before that call. */
static bool fail_at(int call, size_t failure)
{
    struct transfers transfers = { .refused = 9, .refusal = QUIPU_NOT_FOUND };
    struct bank bank;
    quipu_error error;
    char name[96];
    int status;

    open_new_bank(&bank, name);
    request_transfers(&bank, 20);
    quipu_process *process = open_transfers(
        &bank, &transfers,
        (quipu_process_options){ .batch_items = 7,
                                 .attempts = 1,
                                 .on_failure = QUIPU_FAILURE_PARK });

    atomic_store(&interposed.calls, 0);
    interposed.status = failures[failure].status;
    interposed.after = failures[failure].after;
    interposed.appends_only = failures[failure].status == QUIPU_UNKNOWN_OUTCOME;
    interposed.fail_at = call;
    do {
        status = catch_up(process, &error);
    } while (status != QUIPU_OK && quipu_status_is_transient(status));
    assert_ok(status, &error);
    bool has_failed = atomic_load(&interposed.calls) >= call;

    interposed.fail_at = 0;
    struct audit found = audit(&bank, -1);

    assert_audit(&found);
    assert_int_equal(found.completed, 18);
    assert_int_equal(found.parked, 2);
    close_process(process);
    close_bank(&bank);
    return has_failed;
}

static void each_failure_of_the_store_passes(void **state)
{
    int count = 0;
    (void)state;

    for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
        for (int call = 1; fail_at(call, i); call++) {
            count++;
        }
    }
    print_message("%d failures\n", count);
    assert_true(count > 50);
}

/* ------------------------------------------------------------------- group */

static void members_divide_the_transfers(void **state)
{
    const quipu_group_options group = { .struct_size = sizeof(group),
                                        .partitions = 8 };
    struct transfers transfers[3] = { { .bank = NULL } };
    quipu_process *members[3];
    struct bank bank;
    quipu_error error;
    char name[96];
    (void)state;

    open_new_bank(&bank, name);
    request_transfers(&bank, 90);
    for (int i = 0; i < 3; i++) {
        members[i] = open_transfers(
            &bank, &transfers[i],
            (quipu_process_options){ .batch_items = 7, .group = &group });
    }
    const int64_t until = quipu_time_now().microseconds + 60000000;
    struct audit found = { .completed = 0 };
    bool all_share = false;

    while (found.completed < bank.requested || !all_share) {
        assert_true(quipu_time_now().microseconds < until);
        if (found.completed == bank.requested) {
            request_transfers(&bank, 8);
        }
        for (int i = 0; i < 3; i++) {
            assert_ok(quipu_process_step(members[i], NULL, &error), &error);
        }
        all_share = transfers[0].calls > 0 && transfers[1].calls > 0 &&
                    transfers[2].calls > 0;
        found = audit(&bank, INT64_MAX);
    }
    for (int i = 0; i < 3; i++) {
        close_process(members[i]);
    }
    found = audit(&bank, 0);
    assert_int_equal(found.twice + found.torn + found.strange, 0);
    assert_int_equal(found.completed, bank.requested);
    close_bank(&bank);
}

/* ------------------------------------------------------------ capabilities */

static void entries_and_transactions_are_not_needed(void **state)
{
    struct transfers transfers = { .bank = NULL };
    struct bank bank;
    struct bank poor;
    char name[96];
    (void)state;

    open_new_bank(&bank, name);
    request_transfers(&bank, 20);
    interposed.without = QUIPU_CAN_ENTRIES | QUIPU_CAN_TRANSACT;
    open_bank(&poor, name);
    interposed.without = 0;
    quipu_process *process =
        open_transfers(&poor, &transfers, (quipu_process_options){ 0 });

    run_to_head(process, &poor);
    close_process(process);
    assert_all_done(&bank, 20);
    close_bank(&poor);
    close_bank(&bank);
}

/* ---------------------------------------------------------------------- P9 */

static void erase(struct bank *bank, int64_t from, int64_t to)
{
    const quipu_erasure erasure = { .struct_size = sizeof(erasure),
                                    .lower = from,
                                    .upper = to };
    quipu_error error;
    int64_t erased = 0;

    assert_ok(quipu_records_erase(quipu_store_records(bank->store), &erasure,
                                  &erased, &error),
              &error);
    assert_int_equal(erased, to - from + 1);
}

/* The accounts are opened first, so the first request is ACCOUNTS + 1. */
static void erased_requests_count_as_handled(void **state)
{
    (void)state;
    for (int i = 0; i < BATCHES; i++) {
        const quipu_process_options options = { .batch_items = batches[i] };
        struct transfers transfers = { .bank = NULL };
        struct bank bank;
        char name[96];

        open_new_bank(&bank, name);
        request_transfers(&bank, 30);
        erase(&bank, ACCOUNTS + 1, ACCOUNTS + 1);
        erase(&bank, ACCOUNTS + 8, ACCOUNTS + 10);
        erase(&bank, ACCOUNTS + 30, ACCOUNTS + 30);
        quipu_process *process = open_transfers(&bank, &transfers, options);

        run_to_head(process, &bank);
        close_process(process);
        assert_all_done(&bank, 25);
        /* With a lost record, one more is erased that was handled. */
        erase(&bank, ACCOUNTS + 2, ACCOUNTS + 2);
        forget_record(&bank);
        int64_t items = audit(&bank, -1).items;

        process = open_transfers(&bank, &transfers, options);
        run_to_head(process, &bank);
        close_process(process);
        assert_int_equal(audit(&bank, -1).items, items);
        close_bank(&bank);
    }
}

static void erased_requests_do_not_stay_parked(void **state)
{
    struct transfers transfers = { .refused = 7, .refusal = QUIPU_INVALID };
    struct bank bank;
    quipu_error error;
    int64_t left = -1;
    char name[96];
    (void)state;

    open_new_bank(&bank, name);
    request_transfers(&bank, 50);
    quipu_process *process =
        open_transfers(&bank, &transfers,
                       (quipu_process_options){
                           .on_failure = QUIPU_FAILURE_PARK, .attempts = 1 });

    run_to_head(process, &bank);
    assert_int_equal(audit(&bank, -1).parked, 7);
    erase(&bank, ACCOUNTS + 1, ACCOUNTS + 50);
    assert_ok(quipu_process_retry(process, &left, &error), &error);
    assert_int_equal(left, 0);
    close_process(process);
    assert_int_equal(audit(&bank, -1).parked, 0);
    assert_int_equal(audit(&bank, -1).completed, 43);
    close_bank(&bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(erased_requests_count_as_handled),
        cmocka_unit_test(erased_requests_do_not_stay_parked),
        cmocka_unit_test(each_transfer_is_one_append),
        cmocka_unit_test(replay_stores_nothing),
        cmocka_unit_test(changed_accounts_are_decided_on_again),
        cmocka_unit_test(condition_that_never_holds_is_refused),
        cmocka_unit_test(two_by_mistake_do_no_harm),
        cmocka_unit_test(parked_transfers_are_retried),
        cmocka_unit_test(skipped_transfers_are_counted),
        cmocka_unit_test(refused_transfer_stops),
        cmocka_unit_test(each_failure_of_the_store_passes),
        cmocka_unit_test(members_divide_the_transfers),
        cmocka_unit_test(entries_and_transactions_are_not_needed),
    };

    backend = &MODEL;
    add_interposed(backend->driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
