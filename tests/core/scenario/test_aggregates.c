/* SPDX-License-Identifier: Apache-2.0 */
/* Scenarios of an aggregate: those of a right program find nothing, and those
 * of wrong ones find event and member.  Runs on the store that
 * QUIPU_SCENARIO_URI names, or in memory. */
#include "quipu_test.h"

#include <quipu/quipu.h>

QUIPU_EVENT(deposited, "Account.Deposited", QUIPU_VALUE(int64_t, cents),
            QUIPU_NULLABLE(const char *, note));
QUIPU_EVENT(withdrawn, "Account.Withdrawn", QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT_EMPTY(closed, "Account.Closed");

struct account {
    quipu_aggregate base;
    int64_t cents;
};

static int on_deposited(struct account *account, const struct deposited *event,
                        quipu_error *error)
{
    (void)error;
    account->cents += event->cents;
    return QUIPU_OK;
}
QUIPU_TYPED_HANDLER(on_deposited, struct account, struct deposited)

static int on_withdrawn(struct account *account, const struct withdrawn *event,
                        quipu_error *error)
{
    account->cents -= event->cents;
    return account->cents < -1000
               ? quipu_error_set(error, QUIPU_INVALID, "a broken handler")
               : QUIPU_OK;
}
QUIPU_TYPED_HANDLER(on_withdrawn, struct account, struct withdrawn)

static const quipu_field account_fields[] = {
    QUIPU_FIELD(struct account, cents),
    { 0 },
};
static const quipu_handler handlers[] = {
    { .event = &deposited, .apply = on_deposited_untyped },
    { .event = &withdrawn, .apply = on_withdrawn_untyped },
    { .event = &closed, .discards = true },
    { 0 },
};
static const quipu_aggregate_type account_type = {
    .name = "Account",
    .size = sizeof(struct account),
    .fields = account_fields,
    .handlers = handlers,
};

/* The command under test, and the mistakes that its program can have. */
enum mistake { NONE, MEMBER, EVENT, FORGOTTEN, TWICE, CODE, WORDS, TRIGGERS };

static int withdraw(struct account *account, int64_t cents,
                    enum mistake mistake, quipu_error *error)
{
    int status = QUIPU_OK;

    if (account->cents < cents && mistake != TRIGGERS) {
        return quipu_error_set(
            error, mistake == CODE ? QUIPU_INVALID : QUIPU_DENIED,
            mistake == WORDS ? "no" : "the account has only %lld",
            (long long)account->cents);
    }
    if (mistake == EVENT) {
        return QUIPU_TRIGGER(account, deposited, error, .cents = cents);
    }
    for (int i = 0; i < (mistake == TWICE ? 2 : 1) && status == QUIPU_OK; i++) {
        status =
            mistake == FORGOTTEN
                ? QUIPU_OK
                : QUIPU_TRIGGER(account, withdrawn, error,
                                .cents = mistake == MEMBER ? cents + 1 : cents);
    }
    return status;
}

static quipu_scenario *begin(void)
{
    quipu_scenario *s = quipu_scenario_of_aggregate(&account_type, NULL);

    assert_non_null(s);
    quipu_scenario_given(
        s, &deposited,
        &(struct deposited){ .cents = 200, .note = "a gift" }.base);
    return s;
}

/* Checks the report, and ends the scenario. */
static void end(quipu_scenario *s, int differences, const char *report)
{
    quipu_scenario_nothing(s);
    assert_string_equal(quipu_scenario_report(s), report);
    assert_int_equal(quipu_scenario_end(s), differences);
}

/* Withdraws 150 of 200 cents. */
static quipu_scenario *withdrawing(enum mistake mistake)
{
    quipu_scenario *s = begin();
    struct account *account = quipu_scenario_when(s);

    assert_non_null(account);
    assert_int_equal(account->cents, 200);
    assert_ok(withdraw(account, 150, mistake, quipu_scenario_error(s)),
              quipu_scenario_error(s));
    quipu_scenario_then(s, &withdrawn,
                        &(struct withdrawn){ .cents = 150 }.base);
    return s;
}

/* Asks for 250 of 200 cents. */
static quipu_scenario *overdrawing(enum mistake mistake)
{
    quipu_scenario *s = begin();
    struct account *account = quipu_scenario_when(s);
    int status = withdraw(account, 250, mistake, quipu_scenario_error(s));

    quipu_scenario_refused(s, status, QUIPU_DENIED, "has only 200");
    return s;
}

static void test_a_right_program(void **state)
{
    (void)state;
    end(withdrawing(NONE), 0, "");
    end(overdrawing(NONE), 0, "");
}

static void test_a_wrong_member(void **state)
{
    (void)state;
    end(withdrawing(MEMBER), 1,
        "event 1: expected Account.Withdrawn.cents 150, got 151\n");
}

static void test_a_wrong_event(void **state)
{
    (void)state;
    end(withdrawing(EVENT), 2,
        "event 1: missing: Account.Withdrawn { cents: 150 }\n"
        "additional event: Account.Deposited { cents: 150, note: none }\n");
}

static void test_a_missing_event(void **state)
{
    (void)state;
    end(withdrawing(FORGOTTEN), 1,
        "event 1: missing: Account.Withdrawn { cents: 150 }\n");
}

static void test_an_additional_event(void **state)
{
    (void)state;
    end(withdrawing(TWICE), 1,
        "additional event: Account.Withdrawn { cents: 150 }\n");
}

static void test_another_refusal(void **state)
{
    (void)state;
    end(overdrawing(CODE), 1,
        "expected DENIED, got INVALID: the account has only 200\n");
    end(overdrawing(WORDS), 1,
        "DENIED: expected a message with \"has only 200\", got \"no\"\n");
}

static void test_no_refusal(void **state)
{
    (void)state;
    end(overdrawing(TRIGGERS), 2,
        "expected DENIED, got OK: nothing was refused\n"
        "additional event: Account.Withdrawn { cents: 250 }\n");
}

static void test_the_wrong_order(void **state)
{
    quipu_scenario *s = begin();
    struct account *account = quipu_scenario_when(s);
    quipu_error *error = quipu_scenario_error(s);

    (void)state;
    assert_ok(withdraw(account, 150, NONE, error), error);
    assert_ok(withdraw(account, 20, NONE, error), error);
    assert_ok(quipu_aggregate_discard(&account->base, error), error);
    quipu_scenario_then(s, &withdrawn, &(struct withdrawn){ .cents = 20 }.base);
    quipu_scenario_then(s, &withdrawn,
                        &(struct withdrawn){ .cents = 150 }.base);
    quipu_scenario_then(s, &closed, NULL);
    end(s, 1,
        "wrong order: Account.Withdrawn { cents: 20 } is event 2, expected as "
        "event 1\n");
}

/* Each command sees what the last one has stored; each comparison concerns what
 * has happened since the last one, and given events in between do not count. */
static void test_several_commands(void **state)
{
    quipu_scenario *s = withdrawing(NONE);
    struct account *account = quipu_scenario_when(s);

    (void)state;
    assert_int_equal(account->cents, 50);
    assert_int_equal(account->base.version, 2);
    quipu_scenario_nothing(s);
    quipu_scenario_given(s, &deposited, &(struct deposited){ .cents = 7 }.base);
    account = quipu_scenario_when(s);
    assert_int_equal(account->cents, 57);
    assert_ok(withdraw(account, 57, NONE, quipu_scenario_error(s)), NULL);
    quipu_scenario_then(s, &withdrawn, &(struct withdrawn){ .cents = 57 }.base);
    end(s, 0, "");
}

static void test_a_new_aggregate(void **state)
{
    quipu_scenario *s = quipu_scenario_of_aggregate(&account_type, NULL);
    struct account *account = quipu_scenario_when(s);

    (void)state;
    assert_non_null(account);
    assert_int_equal(account->base.version, 0);
    assert_true(quipu_id_equal(&account->base.id, quipu_scenario_id(s)));
    assert_ok(QUIPU_TRIGGER(account, deposited, quipu_scenario_error(s),
                            .cents = 1, .note = "\"a\\b\"\n\x01"),
              NULL);
    end(s, 1,
        "additional event: Account.Deposited { cents: 1, note: "
        "\"\\\"a\\\\b\\\"\\n\\x01\" }\n");
}

/* Events of other aggregates are stored, and do not concern this one. */
static void test_other_sequences(void **state)
{
    struct deposited event = { .cents = 1000 };
    quipu_scenario *s = begin();
    struct account *account;
    quipu_uuid uuid;

    (void)state;
    quipu_uuid_random(&uuid);
    quipu_id_of_uuid(&event.base.originator_id, &uuid);
    quipu_scenario_given(s, &deposited, &event.base);
    quipu_scenario_given(s, &deposited, &event.base);
    account = quipu_scenario_when(s);
    assert_int_equal(account->cents, 200);
    end(s, 0, "");
}

static void test_a_discarded_aggregate(void **state)
{
    quipu_scenario *s = begin();

    (void)state;
    quipu_scenario_given(s, &closed, NULL);
    assert_null(quipu_scenario_when(s));
    quipu_scenario_refused(s, quipu_scenario_error(s)->code, QUIPU_NOT_FOUND,
                           "discarded");
    end(s, 0, "");

    s = begin();
    quipu_scenario_given(s, &closed, NULL);
    assert_null(quipu_scenario_when(s));
    quipu_scenario_nothing(s);
    assert_contains(quipu_scenario_report(s), "unexpected failure: NOT_FOUND");
    assert_int_equal(quipu_scenario_end(s), 1);
}

/* Events that cannot be stored are a difference. */
static void test_a_broken_handler(void **state)
{
    quipu_scenario *s = begin();
    struct account *account = quipu_scenario_when(s);

    (void)state;
    assert_refused(withdraw(account, 2000, TRIGGERS, quipu_scenario_error(s)),
                   QUIPU_INVALID, quipu_scenario_error(s), "broken");
    quipu_scenario_nothing(s);
    assert_contains(quipu_scenario_report(s),
                    "storing the events of the command: CONFLICT");
    assert_int_equal(quipu_scenario_end(s), 1);

    s = begin();
    account = quipu_scenario_when(s);
    quipu_scenario_refused(
        s, withdraw(account, 2000, TRIGGERS, quipu_scenario_error(s)),
        QUIPU_INVALID, "broken");
    end(s, 0, "");
}

/* Members of the base are compared as far as the test sets them. */
static void test_the_base(void **state)
{
    struct withdrawn expected = { .cents = 150 };
    quipu_scenario *s = withdrawing(NONE);

    (void)state;
    end(s, 0, "");
    s = begin();
    (void)withdraw(quipu_scenario_when(s), 150, NONE, NULL);
    expected.base.originator_id = *quipu_scenario_id(s);
    expected.base.originator_version = 1;
    quipu_scenario_then(s, &withdrawn, &expected.base);
    end(s, 0, "");
    s = begin();
    (void)withdraw(quipu_scenario_when(s), 150, NONE, NULL);
    expected.base.originator_id = *quipu_scenario_id(s);
    expected.base.originator_version = 2;
    expected.base.time.microseconds = 1;
    quipu_scenario_then(s, &withdrawn, &expected.base);
    quipu_scenario_nothing(s);
    assert_contains(
        quipu_scenario_report(s),
        "event 1: expected Account.Withdrawn.originator_version 2, got 1\n"
        "event 1: expected Account.Withdrawn.time 1970-01-01T00:00:00.000001Z, "
        "got ");
    assert_int_equal(quipu_scenario_end(s), 2);
}

static void test_the_clock(void **state)
{
    struct withdrawn expected = { .cents = 150 };
    quipu_scenario *s = begin();

    (void)state;
    quipu_scenario_clock(s, (quipu_time){ 1000 });
    assert_int_equal(quipu_time_now().microseconds, 1000);
    (void)withdraw(quipu_scenario_when(s), 150, NONE, NULL);
    expected.base.time.microseconds = 1000;
    quipu_scenario_then(s, &withdrawn, &expected.base);
    quipu_scenario_nothing(s);
    quipu_scenario_clock(s, (quipu_time){ 2000 });
    (void)withdraw(quipu_scenario_when(s), 10, NONE, NULL);
    expected.cents = 10;
    quipu_scenario_then(s, &withdrawn, &expected.base);
    end(s, 1,
        "event 1: expected Account.Withdrawn.time 1970-01-01T00:00:00.001000Z, "
        "got 1970-01-01T00:00:00.002000Z\n");
    assert_true(quipu_time_now().microseconds > 1000000000);
}

/* A timer is due when the clock has come to it. */
static void test_timers(void **state)
{
    struct withdrawn fee = { .cents = 3 };
    quipu_scenario *s = begin();
    quipu_unit *unit = NULL;
    quipu_error error;

    (void)state;
    quipu_scenario_clock(s, (quipu_time){ 1000000 });
    fee.base.type = &withdrawn;
    fee.base.originator_id = *quipu_scenario_id(s);
    assert_ok(quipu_unit_create(quipu_scenario_store(s), &unit, &error),
              &error);
    assert_ok(quipu_unit_timer_set(unit, "fee", (quipu_time){ 5000000 },
                                   &fee.base, &error),
              &error);
    assert_ok(quipu_unit_commit(unit, NULL, &error), &error);
    quipu_unit_destroy(unit);
    assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
    quipu_scenario_nothing(s);
    quipu_scenario_clock(s, (quipu_time){ 4999999 });
    assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
    quipu_scenario_nothing(s);
    quipu_scenario_clock(s, (quipu_time){ 5000000 });
    assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
    quipu_scenario_then(s, &withdrawn, &(struct withdrawn){ .cents = 3 }.base);
    end(s, 0, "");
}

/* An application's own function over the store meets failures of the store. */
static int withdraw_by_unit(quipu_unit *unit, void *context, quipu_error *error)
{
    quipu_scenario *s = context;
    struct withdrawn event = { .cents = 5 };

    event.base.type = &withdrawn;
    event.base.originator_id = *quipu_scenario_id(s);
    return quipu_unit_event(unit, &event.base, error);
}

static void test_functions_over_the_store(void **state)
{
    static const int statuses[] = { QUIPU_BUSY, QUIPU_IO,
                                    QUIPU_UNKNOWN_OUTCOME };
    quipu_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
        quipu_scenario *s = begin();

        quipu_scenario_fail(s, statuses[i], 2);
        assert_ok(quipu_unit_run(quipu_scenario_store(s), NULL,
                                 withdraw_by_unit, s, NULL, &error),
                  &error);
        quipu_scenario_then(s, &withdrawn,
                            &(struct withdrawn){ .cents = 5 }.base);
        end(s, 0, "");
    }
    quipu_scenario *s = begin();

    quipu_scenario_fail(s, QUIPU_DENIED, 1);
    assert_status(quipu_unit_run(quipu_scenario_store(s), NULL,
                                 withdraw_by_unit, s, NULL, NULL),
                  QUIPU_DENIED);
    end(s, 0, "");
}

/* As many commits fail as are to, and none of the scenario's own; after
 * UNKNOWN_OUTCOME the events are stored. */
static void test_the_number_of_failures(void **state)
{
    quipu_scenario *s = begin();
    quipu_unit *unit = NULL;

    (void)state;
    assert_ok(quipu_unit_create(quipu_scenario_store(s), &unit, NULL), NULL);
    assert_ok(withdraw_by_unit(unit, s, NULL), NULL);
    quipu_scenario_fail(s, QUIPU_BUSY, 2);
    quipu_scenario_given(s, &deposited, &(struct deposited){ .cents = 1 }.base);
    assert_ok(withdraw(quipu_scenario_when(s), 1, NONE, NULL), NULL);
    quipu_scenario_then(s, &withdrawn, &(struct withdrawn){ .cents = 1 }.base);
    quipu_scenario_nothing(s);
    assert_status(quipu_unit_commit(unit, NULL, NULL), QUIPU_BUSY);
    assert_status(quipu_unit_commit(unit, NULL, NULL), QUIPU_BUSY);
    quipu_scenario_nothing(s);
    quipu_scenario_fail(s, QUIPU_UNKNOWN_OUTCOME, 1);
    assert_status(quipu_unit_commit(unit, NULL, NULL), QUIPU_UNKNOWN_OUTCOME);
    quipu_scenario_then(s, &withdrawn, &(struct withdrawn){ .cents = 5 }.base);
    quipu_scenario_nothing(s);
    assert_ok(quipu_unit_commit(unit, NULL, NULL), NULL);
    quipu_unit_destroy(unit);
    end(s, 0, "");
}

static void test_failures_that_do_not_follow(void **state)
{
    quipu_scenario *s = begin();

    (void)state;
    quipu_scenario_fail(s, QUIPU_BUSY, 3);
    quipu_scenario_fail(s, QUIPU_CONFLICT, 3);
    quipu_scenario_crash(s, QUIPU_CRASH_BEFORE_COMMIT);
    assert_string_equal(quipu_scenario_report(s),
                        "CONFLICT is no failure of a commit\n"
                        "no crash: a scenario of an aggregate cannot repeat "
                        "the command\n");
    assert_int_equal(quipu_scenario_end(s), 3);
}

static void test_wrong_arguments(void **state)
{
    const quipu_scenario_options no_store = { .struct_size = sizeof(no_store),
                                              .uri = "nowhere:" };
    quipu_scenario *s = quipu_scenario_of_aggregate(&account_type, &no_store);

    (void)state;
    assert_contains(quipu_scenario_report(s),
                    "beginning the scenario: NOT_FOUND: no driver for");
    assert_null(quipu_scenario_when(s));
    quipu_scenario_given(s, &deposited, NULL);
    assert_int_equal(quipu_scenario_end(s), 1);

    s = quipu_scenario_of_aggregate(NULL, NULL);
    assert_string_equal(quipu_scenario_report(s),
                        "beginning the scenario: INVALID: the type is NULL\n");
    assert_int_equal(quipu_scenario_end(s), 1);

    s = begin();
    quipu_scenario_then(s, NULL, NULL);
    assert_string_equal(quipu_scenario_report(s),
                        "expecting an event: INVALID: an event type is NULL\n");
    assert_int_equal(quipu_scenario_end(s), 1);

    assert_null(quipu_scenario_when(NULL));
    quipu_scenario_nothing(NULL);
    assert_int_equal(quipu_scenario_end(NULL), 1);
}

/* Nothing of an application that is in use is removed. */
static void test_another_namespace_is_refused(void **state)
{
    const char *uri = getenv("QUIPU_SCENARIO_URI");
    char named[400];
    const quipu_scenario_options options = { .struct_size = sizeof(options),
                                             .uri = named };

    (void)state;
    (void)snprintf(
        named, sizeof(named), "%s%cnamespace=shop",
        uri ? uri : "sqlite:///:memory:", uri && strchr(uri, '?') ? '&' : '?');
    quipu_scenario *s = quipu_scenario_of_aggregate(&account_type, &options);

    assert_contains(quipu_scenario_report(s),
                    "names the namespace \"shop\", which a scenario would "
                    "empty");
    assert_int_equal(quipu_scenario_end(s), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_right_program),
        cmocka_unit_test(test_a_wrong_member),
        cmocka_unit_test(test_a_wrong_event),
        cmocka_unit_test(test_a_missing_event),
        cmocka_unit_test(test_an_additional_event),
        cmocka_unit_test(test_another_refusal),
        cmocka_unit_test(test_no_refusal),
        cmocka_unit_test(test_the_wrong_order),
        cmocka_unit_test(test_several_commands),
        cmocka_unit_test(test_a_new_aggregate),
        cmocka_unit_test(test_other_sequences),
        cmocka_unit_test(test_a_discarded_aggregate),
        cmocka_unit_test(test_a_broken_handler),
        cmocka_unit_test(test_the_base),
        cmocka_unit_test(test_the_clock),
        cmocka_unit_test(test_timers),
        cmocka_unit_test(test_functions_over_the_store),
        cmocka_unit_test(test_the_number_of_failures),
        cmocka_unit_test(test_failures_that_do_not_follow),
        cmocka_unit_test(test_wrong_arguments),
        cmocka_unit_test(test_another_namespace_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
