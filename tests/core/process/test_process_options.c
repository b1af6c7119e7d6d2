/* SPDX-License-Identifier: Apache-2.0 */
/* Options, arguments and units of process managers on a back end, which the
 * macro MODEL names. */
#include "transfers_fixture.h"

#include <quipu/consumer.h>
#include <quipu/timer.h>

extern const struct model MODEL;

static void close_process(quipu_process *process)
{
    quipu_error error;

    assert_ok(quipu_process_close(process, &error), &error);
}

/* ------------------------------------------------------------------ target */

/* The accounts are in another datastore than the requests. */
static void another_datastore_is_the_target(void **state)
{
    struct transfers transfers = { .refused = 7, .refusal = QUIPU_NOT_FOUND };
    struct bank requests;
    struct bank accounts;
    quipu_error error;
    int64_t left = -1;
    char names[2][96];
    (void)state;

    open_new_bank(&requests, names[0]);
    open_new_bank(&accounts, names[1]);
    request_transfers(&requests, 20);
    transfers.bank = &accounts;
    quipu_process *process = open_transfers(
        &requests, &transfers,
        (quipu_process_options){ .target = accounts.store,
                                 .on_failure = QUIPU_FAILURE_PARK,
                                 .attempts = 1 });

    assert_ok(catch_up(process, &error), &error);
    assert_int_equal(tracked(accounts.datastore, "transfers"), 30);
    assert_int_equal(tracked(requests.datastore, "transfers"), 0);
    atomic_store(&transfers.is_mended, true);
    assert_ok(quipu_process_retry(process, &left, &error), &error);
    assert_int_equal(left, 0);
    close_process(process);

    quipu_position head = { .notification_id = 0 };
    int64_t cents = 0;

    assert_ok(
        quipu_records_head(quipu_store_records(accounts.store), &head, &error),
        &error);
    assert_int_equal(head.notification_id, ACCOUNTS + 3 * 20);
    for (int i = 0; i < ACCOUNTS; i++) {
        cents += balance(&accounts, i);
    }
    assert_int_equal(cents, ACCOUNTS * OPENING_CENTS);
    close_bank(&accounts);
    close_bank(&requests);
}

/* ------------------------------------------------------------------- units */

/* The work of a reaction on its unit. */
struct deed {
    int (*act)(quipu_unit *unit, const quipu_event *event, quipu_error *error);
};

static int react(quipu_unit *unit, void *context, const quipu_event *event,
                 quipu_error *error)
{
    const struct deed *deed = context;

    return deed->act(unit, event, error);
}

static quipu_process *open_deed(struct bank *bank, const struct deed *deed,
                                const quipu_process_type *type)
{
    const quipu_process_options options = { .struct_size = sizeof(options),
                                            .attempts = 1,
                                            .context = (void *)deed };
    quipu_process *process = NULL;
    quipu_error error;

    assert_ok(quipu_process_open(bank->store, type, &options, &process, &error),
              &error);
    return process;
}

/* All events write one key, which an append can write once only. */
static int write_entry(quipu_unit *unit, const quipu_event *event,
                       quipu_error *error)
{
    const quipu_entry_write write = {
        .key = quipu_bytes_of_text("last"),
        .value = quipu_id_bytes(&event->originator_id),
    };

    return quipu_unit_entry(unit, &write, error);
}

static int write_own_entry(quipu_unit *unit, const quipu_event *event,
                           quipu_error *error)
{
    const quipu_entry_write write = {
        .key = quipu_bytes_of_text("quipu/last"),
        .value = quipu_id_bytes(&event->originator_id),
    };

    return quipu_unit_entry(unit, &write, error);
}

static int track(quipu_unit *unit, const quipu_event *event, quipu_error *error)
{
    const quipu_tracking tracking = { .consumer = quipu_bytes_of_text("c"),
                                      .log = quipu_bytes_of_text("l"),
                                      .position = { .notification_id = 1 } };
    (void)event;

    return quipu_unit_track(unit, &tracking, NULL, error);
}

static int set_timer(quipu_unit *unit, const quipu_event *event,
                     quipu_error *error)
{
    const quipu_time due = { quipu_time_now().microseconds + 3600000000 };

    return quipu_unit_timer_set(unit, "late", due, event, error);
}

static void units_hold_what_they_may(void **state)
{
    static const struct {
        struct deed deed;
        int status;
        const char *message;
    } cases[] = {
        { { write_entry }, QUIPU_OK, NULL },
        { { set_timer }, QUIPU_OK, NULL },
        { { write_own_entry }, QUIPU_INVALID, "quipu keeps to itself" },
        { { track }, QUIPU_INVALID, "must not set the tracking record" },
    };
    const quipu_reaction table[] = {
        { .event = transfers_type.reactions[0].event, .react = react },
        { 0 },
    };
    const quipu_process_type type = { .name = "deeds", .reactions = table };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct bank bank;
        quipu_error error;
        char name[96];

        open_new_bank(&bank, name);
        request_transfers(&bank, 12);
        quipu_process *process = open_deed(&bank, &cases[i].deed, &type);
        int status = catch_up(process, &error);

        if (cases[i].status == QUIPU_OK) {
            assert_ok(status, &error);
            assert_int_equal(tracked(bank.datastore, "deeds"), 22);
        } else {
            assert_refused(status, cases[i].status, &error, cases[i].message);
            assert_int_equal(tracked(bank.datastore, "deeds"), 0);
        }
        close_process(process);
        close_bank(&bank);
    }
}

/* -------------------------------------------------------------- an operator */

static void operator_lists_and_removes(void **state)
{
    struct transfers transfers = { .refused = 7, .refusal = QUIPU_NOT_FOUND };
    const quipu_consumer *consumer = NULL;
    quipu_consumers *consumers;
    struct bank bank;
    quipu_error error;
    char name[96];
    (void)state;

    open_new_bank(&bank, name);
    request_transfers(&bank, 20);
    quipu_process *process =
        open_transfers(&bank, &transfers,
                       (quipu_process_options){
                           .on_failure = QUIPU_FAILURE_PARK, .attempts = 1 });

    assert_ok(catch_up(process, &error), &error);
    close_process(process);
    assert_ok(quipu_consumers_open(bank.datastore, NULL, &consumers, &error),
              &error);
    assert_ok(quipu_consumers_next(consumers, &consumer, &error), &error);
    assert_non_null(consumer);
    assert_string_equal(consumer->name, "transfers");
    assert_int_equal(consumer->flags, QUIPU_CONSUMER_HEAD);
    assert_int_equal(consumer->parked, 2);
    assert_int_equal(consumer->position.notification_id, 30);
    assert_ok(quipu_consumer_remove(bank.datastore, consumer, &error), &error);
    quipu_consumers_close(consumers);

    /* It begins again, and handles what was parked. */
    struct audit before = audit(&bank, INT64_MAX);

    atomic_store(&transfers.is_mended, true);
    process = open_transfers(&bank, &transfers, (quipu_process_options){ 0 });
    run_to_head(process, &bank);
    close_process(process);
    struct audit after = audit(&bank, -1);

    assert_audit(&after);
    assert_int_equal(after.completed, 20);
    assert_int_equal(after.items, before.items + 2 * 3);
    close_bank(&bank);
}

/* --------------------------------------------------------------- arguments */

static int open_with(struct bank *bank, const quipu_process_type *type,
                     const quipu_process_options *options, quipu_error *error)
{
    quipu_process *process = NULL;
    int status =
        quipu_process_open(bank->store, type, options, &process, error);

    assert_null(process);
    return status;
}

static void arguments_are_checked(void **state)
{
    const quipu_reaction *good = transfers_type.reactions;
    const quipu_event_type unknown = *good[0].event;
    const quipu_reaction none[] = { { 0 } };
    const quipu_reaction strange[] = {
        { .event = &unknown, .react = good[0].react }, { 0 }
    };
    const quipu_reaction twice[] = { good[0], good[0], { 0 } };
    const quipu_reaction idle[] = { { .event = good[0].event }, { 0 } };
    const quipu_process_options policy = { .struct_size = sizeof(policy),
                                           .on_failure = 9 };
    const quipu_process_options items = { .struct_size = sizeof(items),
                                          .batch_items = 10001 };
    const struct {
        quipu_process_type type;
        const quipu_process_options *options;
        const char *message;
    } cases[] = {
        { { .name = NULL, .reactions = good }, NULL, "name of a process" },
        { { .name = "a@1", .reactions = good }, NULL, "without '@' and '/'" },
        { { .name = "a/b", .reactions = good }, NULL, "without '@' and '/'" },
        { { .name = "a" }, NULL, "has no reactions" },
        { { .name = "a", .reactions = none }, NULL, "has no reactions" },
        { { .name = "a", .reactions = strange }, NULL, "not one of the store" },
        { { .name = "a", .reactions = twice }, NULL, "two handlers" },
        { { .name = "a", .reactions = idle }, NULL, "has no function" },
        { { .name = "a", .reactions = good }, &policy, "on_failure" },
        { { .name = "a", .reactions = good }, &items, "batch_items" },
    };
    struct bank bank;
    quipu_error error;
    char name[96];
    (void)state;

    open_new_bank(&bank, name);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_refused(
            open_with(&bank, &cases[i].type, cases[i].options, &error),
            QUIPU_INVALID, &error, cases[i].message);
    }
    assert_refused(open_with(&bank, NULL, NULL, &error), QUIPU_INVALID, &error,
                   "type");
    assert_refused(quipu_process_run(NULL, &error), QUIPU_INVALID, &error,
                   "process");
    assert_refused(quipu_process_retry(NULL, NULL, &error), QUIPU_INVALID,
                   &error, "process");
    assert_ok(quipu_process_close(NULL, &error), &error);
    quipu_process_stop(NULL);
    quipu_process_request_stop(NULL);
    close_bank(&bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_datastore_is_the_target),
        cmocka_unit_test(units_hold_what_they_may),
        cmocka_unit_test(operator_lists_and_removes),
        cmocka_unit_test(arguments_are_checked),
    };

    backend = &MODEL;
    add_interposed(backend->driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
