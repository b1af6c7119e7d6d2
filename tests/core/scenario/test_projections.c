/* SPDX-License-Identifier: Apache-2.0 */
/* Scenarios of a projection: the read model is right, also after crashes and
 * failures of the store, and what is wrong is found.  LEDGER is that of the
 * back end. */
#include "ledger_fixture.h"

QUIPU_EVENT(deposited, "Account.Deposited", QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT(withdrawn, "Account.Withdrawn", QUIPU_VALUE(int64_t, cents));

/* The mistakes that the projection can have. */
enum mistake { NONE, MEMBER, REMEMBERS, REFUSES };

struct program {
    enum mistake mistake;
    int64_t remembered; /* by a program that keeps the sum in memory */
    int applied;
    int starts;
    quipu_store *store;
};

static int apply(void *native, void *context, const quipu_event *event,
                 const quipu_item *item, quipu_error *error)
{
    struct program *program = context;
    int64_t cents = event->type == &deposited
                        ? ((const struct deposited *)event)->cents
                        : -((const struct withdrawn *)event)->cents;

    (void)item;
    program->applied++;
    if (program->mistake == REFUSES && cents < 0) {
        return quipu_error_set(error, QUIPU_INVALID, "cents are negative");
    }
    if (program->mistake == MEMBER) {
        cents++;
    }
    program->remembered += cents;
    return LEDGER.set(native, program->mistake == REMEMBERS
                                  ? program->remembered
                                  : LEDGER.sum(native) + cents);
}

static int create(void *native, void *context, quipu_error *error)
{
    (void)context;
    (void)error;
    return LEDGER.create(native);
}

static int drop(void *native, void *context, quipu_error *error)
{
    (void)context;
    (void)error;
    return LEDGER.drop(native);
}

static int start(void *context, quipu_store *store, quipu_error *error)
{
    struct program *program = context;

    (void)error;
    program->starts++;
    program->store = store;
    return QUIPU_OK;
}

static void stop(void *context)
{
    ((struct program *)context)->store = NULL;
}

static const quipu_projection_handler handlers[] = {
    { .event = &deposited, .apply = apply },
    { .event = &withdrawn, .apply = apply },
    { 0 },
};
static const quipu_projection_type type = { .name = "ledger",
                                            .version = 1,
                                            .handlers = handlers,
                                            .create = create,
                                            .drop = drop };

/* Begins with 100 cents deposited, and 30 withdrawn. */
static quipu_scenario *begin(struct program *program)
{
    const quipu_scenario_options options = { .struct_size = sizeof(options),
                                             .context = program,
                                             .start = start,
                                             .stop = stop };
    quipu_scenario *s = quipu_scenario_of_projection(&type, &options);

    quipu_scenario_given(s, &deposited,
                         &(struct deposited){ .cents = 100 }.base);
    quipu_scenario_given(s, &withdrawn,
                         &(struct withdrawn){ .cents = 30 }.base);
    return s;
}

static int look(void *native, void *context, quipu_error *error)
{
    const int64_t cents = LEDGER.sum(native);
    const int64_t expected = *(int64_t *)context;

    return cents == expected
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_INVALID,
                                 "expected %lld cents, got %lld",
                                 (long long)expected, (long long)cents);
}

/* Looks, checks the report, and ends the scenario. */
static void end(quipu_scenario *s, int64_t cents, const char *report)
{
    quipu_scenario_look(s, look, &cents);
    quipu_scenario_nothing(s);
    assert_string_equal(quipu_scenario_report(s), report);
    assert_int_equal(quipu_scenario_end(s), *report ? 1 : 0);
}

static void test_a_right_program(void **state)
{
    struct program program = { .mistake = NONE };
    quipu_scenario *s = begin(&program);
    int64_t before = 70;

    (void)state;
    assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
    quipu_scenario_look(s, look, &before);
    quipu_scenario_given(s, &deposited, &(struct deposited){ .cents = 7 }.base);
    assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
    assert_int_equal(program.applied, 3);
    end(s, 77, "");
    assert_int_equal(program.starts, 1);
    assert_null(program.store);
}

static void test_a_wrong_member(void **state)
{
    struct program program = { .mistake = MEMBER };
    quipu_scenario *s = begin(&program);

    (void)state;
    assert_ok(quipu_scenario_run(s), NULL);
    end(s, 70,
        "looking at the read model: INVALID: expected 70 cents, got 72\n");
}

static void test_a_refused_event(void **state)
{
    struct program program = { .mistake = REFUSES };
    quipu_scenario *s = begin(&program);

    (void)state;
    quipu_scenario_refused(s, quipu_scenario_run(s), QUIPU_INVALID,
                           "Account.Withdrawn");
    end(s, 100, "");

    program.applied = 0;
    s = begin(&program);
    assert_status(quipu_scenario_run(s), QUIPU_INVALID);
    quipu_scenario_nothing(s);
    assert_contains(quipu_scenario_report(s), "unexpected failure: INVALID: ");
    assert_contains(quipu_scenario_report(s), "cents are negative");
    assert_int_equal(quipu_scenario_end(s), 1);
}

static void test_a_crash_before_the_commit(void **state)
{
    struct program program = { .mistake = NONE };
    quipu_scenario *s = begin(&program);

    (void)state;
    quipu_scenario_crash(s, QUIPU_CRASH_BEFORE_COMMIT);
    assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
    assert_int_equal(program.applied, 3); /* the first one twice */
    assert_int_equal(program.starts, 2);
    assert_ptr_equal(program.store, quipu_scenario_store(s));
    end(s, 70, "");
}

static void test_a_crash_after_the_commit(void **state)
{
    struct program program = { .mistake = NONE };
    quipu_scenario *s = begin(&program);

    (void)state;
    quipu_scenario_crash(s, QUIPU_CRASH_AFTER_COMMIT);
    assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
    assert_int_equal(program.applied, 2); /* each once */
    assert_int_equal(program.starts, 2);
    end(s, 70, "");
}

/* It keeps what no rollback undoes, and nobody notices without a crash. */
static void test_a_program_that_applies_twice(void **state)
{
    struct program program = { .mistake = REMEMBERS };
    quipu_scenario *s = begin(&program);

    (void)state;
    assert_ok(quipu_scenario_run(s), NULL);
    end(s, 70, "");

    program = (struct program){ .mistake = REMEMBERS };
    s = begin(&program);
    quipu_scenario_crash(s, QUIPU_CRASH_BEFORE_COMMIT);
    assert_ok(quipu_scenario_run(s), NULL);
    end(s, 70,
        "after a crash before the commit that handled the events up to "
        "Account.Deposited { cents: 100 }:\n"
        "looking at the read model: INVALID: expected 70 cents, got 170\n");
}

static void test_failures(void **state)
{
    static const int statuses[] = { QUIPU_BUSY, QUIPU_IO,
                                    QUIPU_UNKNOWN_OUTCOME };
    quipu_scenario *s;

    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
        struct program program = { .mistake = NONE };

        s = begin(&program);
        quipu_scenario_fail(s, statuses[i], 2);
        quipu_scenario_look(s, look, &(int64_t){ 0 });
        assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
        quipu_scenario_given(s, &deposited,
                             &(struct deposited){ .cents = 7 }.base);
        assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
        end(s, 77, "");
    }
    struct program program = { .mistake = NONE };

    s = begin(&program);
    quipu_scenario_fail(s, QUIPU_DENIED, 1);
    quipu_scenario_refused(s, quipu_scenario_run(s), QUIPU_DENIED,
                           "the scenario lets this commit fail");
    end(s, 0, "");
}

static void test_a_crash_that_does_not_come(void **state)
{
    struct program program = { .mistake = NONE };
    quipu_scenario *s = begin(&program);

    (void)state;
    assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
    quipu_scenario_crash(s, QUIPU_CRASH_AFTER_COMMIT);
    assert_int_equal(quipu_scenario_end(s), 1);
}

/* The next scenario finds nothing of one that was not ended. */
static void test_a_scenario_that_was_left(void **state)
{
    struct program program = { .mistake = NONE };
    quipu_scenario *left = begin(&program);

    (void)state;
    assert_ok(quipu_scenario_run(left), NULL);
    if (getenv("QUIPU_SCENARIO_URI")) {
        quipu_scenario *s = begin(&program);

        assert_ok(quipu_scenario_run(s), quipu_scenario_error(s));
        end(s, 70, "");
    }
    (void)quipu_scenario_end(left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_right_program),
        cmocka_unit_test(test_a_wrong_member),
        cmocka_unit_test(test_a_refused_event),
        cmocka_unit_test(test_a_crash_before_the_commit),
        cmocka_unit_test(test_a_crash_after_the_commit),
        cmocka_unit_test(test_a_program_that_applies_twice),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_a_crash_that_does_not_come),
        cmocka_unit_test(test_a_scenario_that_was_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
