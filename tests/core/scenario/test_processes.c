/* SPDX-License-Identifier: Apache-2.0 */
/* Scenarios of a process: its reactions are right, also after crashes and
 * failures of the store, and those of wrong programs are found.  Runs on the
 * store that QUIPU_SCENARIO_URI names, or in memory. */
#include "quipu_test.h"

#include <quipu/quipu.h>

QUIPU_EVENT(requested, "Transfer.Requested", QUIPU_VALUE(quipu_id, from),
            QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT(completed, "Transfer.Completed", QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT(refused, "Transfer.Refused", QUIPU_VALUE(const char *, why));
QUIPU_EVENT(deposited, "Account.Deposited", QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT(withdrawn, "Account.Withdrawn", QUIPU_VALUE(int64_t, cents));

struct account {
    quipu_aggregate base;
    int64_t cents;
};

static int apply(void *aggregate, const void *event, quipu_error *error)
{
    struct account *account = aggregate;
    const quipu_event *base = event;

    (void)error;
    account->cents += base->type == &deposited
                          ? ((const struct deposited *)event)->cents
                          : -((const struct withdrawn *)event)->cents;
    return QUIPU_OK;
}

static const quipu_field account_fields[] = {
    QUIPU_FIELD(struct account, cents),
    { 0 },
};
static const quipu_handler handlers[] = {
    { .event = &deposited, .apply = apply },
    { .event = &withdrawn, .apply = apply },
    { 0 },
};
static const quipu_aggregate_type account_type = {
    .name = "Account",
    .size = sizeof(struct account),
    .fields = account_fields,
    .handlers = handlers,
};

/* ---------------------------------------------------------- the process */

/* The mistakes that its program can have. */
enum mistake {
    NONE,
    MEMBER,
    FORGETS,
    OUTSIDE,
    CARELESS,
    REFUSES,
    NO_CAUSE,
    ENDLESS
};

struct program {
    enum mistake mistake;
    quipu_store *store;
    quipu_repository *accounts;
};

static int complete(quipu_unit *unit, const quipu_event *cause, int64_t cents,
                    quipu_error *error)
{
    struct completed event = { .cents = cents };

    event.base.type = &completed;
    event.base.originator_id = cause->originator_id;
    return quipu_unit_event(unit, &event.base, error);
}

static int refuse(quipu_unit *unit, const quipu_event *cause,
                  quipu_error *error)
{
    struct refused event = { .why = "overdrawn" };

    event.base.type = &refused;
    event.base.originator_id = cause->originator_id;
    return quipu_unit_event(unit, &event.base, error);
}

/* Appends an event in a unit of its own, which the process knows nothing of. */
static int complete_outside(const struct program *program,
                            const quipu_event *cause, int64_t cents,
                            quipu_error *error)
{
    quipu_unit *unit = NULL;
    int status = quipu_unit_create(program->store, &unit, error);

    if (status == QUIPU_OK) {
        status = complete(unit, cause, cents, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_unit_commit(unit, NULL, error);
    }
    quipu_unit_destroy(unit);
    return status;
}

static int on_requested(quipu_unit *unit, void *context,
                        const quipu_event *event, quipu_error *error)
{
    const struct program *program = context;
    const struct requested *asked = (const void *)event;
    const int64_t cents = asked->cents + (program->mistake == MEMBER);
    struct account *account =
        quipu_unit_get(unit, program->accounts, &asked->from, error);

    if (!account) {
        return error->code;
    }
    if (program->mistake == ENDLESS) {
        struct requested again = { .from = asked->from };

        again.base.type = &requested;
        again.base.originator_id = event->originator_id;
        return quipu_unit_event(unit, &again.base, error);
    }
    if (program->mistake == REFUSES) {
        return quipu_error_set(error, QUIPU_INVALID, "I do not know");
    }
    if (account->cents < asked->cents) {
        return refuse(unit, event, error);
    }
    int status = QUIPU_TRIGGER(account, withdrawn, error, .cents = cents);

    if (status == QUIPU_OK && program->mistake == NO_CAUSE) {
        quipu_metadata *none = NULL;

        status = quipu_metadata_create(&none, error);
        if (status == QUIPU_OK) {
            status = quipu_metadata_set(none, "user", "ann", error);
        }
        if (status == QUIPU_OK) {
            status = quipu_unit_metadata(unit, none, error);
        }
        quipu_metadata_destroy(none);
    }
    if (status != QUIPU_OK || program->mistake == FORGETS) {
        return status;
    }
    if (program->mistake == CARELESS) {
        (void)complete_outside(program, event, asked->cents, error);
        return QUIPU_OK;
    }
    return program->mistake == OUTSIDE
               ? complete_outside(program, event, asked->cents, error)
               : complete(unit, event, asked->cents, error);
}

static const quipu_reaction reactions[] = {
    { .event = &requested, .react = on_requested },
    { 0 },
};
static const quipu_process_type transfers = { .name = "transfers",
                                              .reactions = reactions };

static int start(void *context, quipu_store *store, quipu_error *error)
{
    struct program *program = context;

    program->store = store;
    return quipu_repository_open(store, NULL, &account_type, &program->accounts,
                                 error);
}

static void stop(void *context)
{
    struct program *program = context;

    quipu_repository_close(program->accounts);
    program->accounts = NULL;
}

static quipu_id id_of(int number)
{
    const quipu_uuid uuid = { { 1, 2, 3, (uint8_t)number } };
    quipu_id id;

    quipu_id_of_uuid(&id, &uuid);
    return id;
}

static void request(quipu_scenario *s, int64_t cents)
{
    const struct requested event = { .from = id_of(1), .cents = cents };

    quipu_scenario_given(s, &requested, &event.base);
}

/* Begins with 100 cents in the account. */
static quipu_scenario *begin(struct program *program)
{
    static const quipu_event_type *const types[] = { &requested, &completed,
                                                     &refused, &deposited,
                                                     &withdrawn };
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types,
                                    .type_count = 5 };
    const quipu_scenario_options options = { .struct_size = sizeof(options),
                                             .mapping = &mapping,
                                             .context = program,
                                             .start = start,
                                             .stop = stop };
    quipu_scenario *s = quipu_scenario_of_process(&transfers, &options);
    struct deposited first = { .cents = 100 };

    first.base.originator_id = id_of(1);
    quipu_scenario_given(s, &deposited, &first.base);
    return s;
}

/* Expects a transfer that the given event of that number has caused. */
static void expect_transfer(quipu_scenario *s, int64_t cents, size_t given)
{
    struct withdrawn first = { .cents = cents };

    first.base.originator_id = id_of(1);
    quipu_scenario_then(s, &withdrawn, &first.base);
    quipu_scenario_caused_by(s, given);
    quipu_scenario_then(s, &completed,
                        &(struct completed){ .cents = cents }.base);
    quipu_scenario_caused_by(s, given);
}

/* Checks the report, and ends the scenario. */
static void end(quipu_scenario *s, int differences, const char *report)
{
    quipu_scenario_nothing(s);
    assert_string_equal(quipu_scenario_report(s), report);
    assert_int_equal(quipu_scenario_end(s), differences);
}

/* Runs a program that is asked for a transfer of 70 cents. */
static quipu_scenario *transfer(struct program *program)
{
    quipu_scenario *s = begin(program);

    request(s, 70);
    assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
    return s;
}

/* ------------------------------------------------------------------- tests */

static void test_a_right_program(void **state)
{
    struct program program = { .mistake = NONE };
    quipu_scenario *s = transfer(&program);

    (void)state;
    expect_transfer(s, 70, 2);
    quipu_scenario_nothing(s);
    request(s, 31);
    assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
    quipu_scenario_then(s, &refused,
                        &(struct refused){ .why = "overdrawn" }.base);
    quipu_scenario_caused_by(s, 3);
    end(s, 0, "");
    assert_null(program.accounts);
}

static void test_a_wrong_member(void **state)
{
    struct program program = { .mistake = MEMBER };
    quipu_scenario *s = transfer(&program);

    (void)state;
    expect_transfer(s, 70, 2);
    end(s, 1, "event 1: expected Account.Withdrawn.cents 70, got 71\n");
}

static void test_a_forgotten_event(void **state)
{
    struct program program = { .mistake = FORGETS };
    quipu_scenario *s = transfer(&program);

    (void)state;
    expect_transfer(s, 70, 2);
    end(s, 1, "event 2: missing: Transfer.Completed { cents: 70 }\n");
}

static void test_the_wrong_order(void **state)
{
    struct program program = { .mistake = NONE };
    quipu_scenario *s = transfer(&program);

    (void)state;
    quipu_scenario_then(s, &completed, &(struct completed){ .cents = 70 }.base);
    quipu_scenario_then(s, &withdrawn, &(struct withdrawn){ .cents = 70 }.base);
    end(s, 1,
        "wrong order: Transfer.Completed { cents: 70 } is event 2, expected as "
        "event 1\n");
}

static void test_a_refused_event(void **state)
{
    struct program program = { .mistake = REFUSES };
    quipu_scenario *s = begin(&program);

    (void)state;
    request(s, 70);
    quipu_scenario_refused(s, quipu_scenario_run(s), QUIPU_INVALID,
                           "I do not know");
    end(s, 0, "");
}

static void test_a_wrong_cause(void **state)
{
    struct program program = { .mistake = NO_CAUSE };
    quipu_scenario *s = transfer(&program);

    (void)state;
    expect_transfer(s, 70, 2);
    quipu_scenario_nothing(s);
    assert_contains(quipu_scenario_report(s),
                    "event 1: expected Account.Withdrawn to be caused by given "
                    "event 2, ");
    assert_contains(quipu_scenario_report(s), ", got no cause\n");
    assert_int_equal(quipu_scenario_end(s), 2);

    program.mistake = NONE;
    s = transfer(&program);
    expect_transfer(s, 70, 1);
    quipu_scenario_nothing(s);
    assert_contains(quipu_scenario_report(s),
                    "event 1: expected Account.Withdrawn to be caused by given "
                    "event 1, ");
    assert_int_equal(quipu_scenario_end(s), 2);

    s = transfer(&program);
    quipu_scenario_caused_by(s, 1);
    expect_transfer(s, 70, 9);
    assert_int_equal(quipu_scenario_end(s), 3);
}

static void test_crashes(void **state)
{
    static const int crashes[] = { QUIPU_CRASH_BEFORE_COMMIT,
                                   QUIPU_CRASH_AFTER_COMMIT };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct program program = { .mistake = NONE };
        quipu_scenario *s = begin(&program);

        request(s, 30);
        request(s, 20);
        quipu_scenario_crash(s, crashes[i]);
        assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
        assert_ptr_equal(program.store, quipu_scenario_store(s));
        expect_transfer(s, 30, 2);
        expect_transfer(s, 20, 3);
        quipu_scenario_nothing(s);
        request(s, 10);
        quipu_scenario_crash(s, crashes[1 - i]);
        assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
        expect_transfer(s, 10, 4);
        end(s, 0, "");
    }
}

/* It acts outside of the unit, which nobody notices without a crash. */
static void test_a_program_that_acts_twice(void **state)
{
    struct program program = { .mistake = OUTSIDE };
    quipu_scenario *s = transfer(&program);

    (void)state;
    quipu_scenario_then(s, &completed, &(struct completed){ .cents = 70 }.base);
    quipu_scenario_then(s, &withdrawn, &(struct withdrawn){ .cents = 70 }.base);
    end(s, 0, "");

    s = begin(&program);
    request(s, 70);
    quipu_scenario_crash(s, QUIPU_CRASH_AFTER_COMMIT);
    assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
    quipu_scenario_then(s, &completed, &(struct completed){ .cents = 70 }.base);
    quipu_scenario_then(s, &withdrawn, &(struct withdrawn){ .cents = 70 }.base);
    end(s, 1,
        "after a crash after the commit:\n"
        "additional event: Transfer.Completed { cents: 70 }\n");
}

/* Nothing reaches the store behind the commit at which the program has died. */
static void test_a_program_that_ignores_failures(void **state)
{
    struct program program = { .mistake = CARELESS };
    quipu_scenario *s = begin(&program);

    (void)state;
    request(s, 70);
    quipu_scenario_crash(s, QUIPU_CRASH_BEFORE_COMMIT);
    assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
    quipu_scenario_then(s, &completed, &(struct completed){ .cents = 70 }.base);
    quipu_scenario_then(s, &withdrawn, &(struct withdrawn){ .cents = 70 }.base);
    end(s, 0, "");
}

/* Its reaction causes the event that it reacts to. */
static void test_a_program_that_does_not_end(void **state)
{
    struct program program = { .mistake = ENDLESS };

    (void)state;
    if (getenv("QUIPU_SCENARIO_URI")) {
        return; /* it takes long with a disk */
    }
    quipu_scenario *s = begin(&program);

    request(s, 70);
    quipu_scenario_refused(s, quipu_scenario_run(s), QUIPU_TIMEOUT,
                           "has not caught up after 1000 steps");
    assert_true(quipu_scenario_end(s) > 0);
}

static void test_failures(void **state)
{
    static const int statuses[] = { QUIPU_BUSY, QUIPU_IO,
                                    QUIPU_UNKNOWN_OUTCOME };

    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
        struct program program = { .mistake = NONE };
        quipu_scenario *s = begin(&program);

        request(s, 30);
        quipu_scenario_fail(s, statuses[i], 2);
        assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
        expect_transfer(s, 30, 2);
        quipu_scenario_nothing(s);
        request(s, 20);
        assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
        expect_transfer(s, 20, 3);
        end(s, 0, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_right_program),
        cmocka_unit_test(test_a_wrong_member),
        cmocka_unit_test(test_a_forgotten_event),
        cmocka_unit_test(test_the_wrong_order),
        cmocka_unit_test(test_a_refused_event),
        cmocka_unit_test(test_a_wrong_cause),
        cmocka_unit_test(test_crashes),
        cmocka_unit_test(test_a_program_that_acts_twice),
        cmocka_unit_test(test_a_program_that_ignores_failures),
        cmocka_unit_test(test_a_program_that_does_not_end),
        cmocka_unit_test(test_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
