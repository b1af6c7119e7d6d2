/* SPDX-License-Identifier: Apache-2.0 */
#include "quipu_test.h"

#include "history_fixture.h"

static const char *const stale[] = {
    "10000000 1 append a h@0/1.1.0/aa\n20000000 1 OK ids=1 at=0\n"
    "21000000 2 append a h@1/1.2.0/bb\n22500000 2 OK ids=2 at=1\n"
    "23000000 3 append a h@2/1.3.0/cc\n",
    "50000000 1 log a\n60000000 1 OK opened=55000000 1/h@0/1.1.0/aa\n",
    "54000000 1 head a\n55000000 1 OK head=2\n",
    "90000000 1 log a final\n"
    "91000000 1 OK opened=90000000 1/h@0/1.1.0/aa 2/h@1/1.2.0/bb\n",
    NULL
};

static void report_shows_only_evidence(void **state)
{
    static struct quipu_violations violations;

    (void)state;
    history_check(stale, &violations);
    assert_string_equal(
        history_report(),
        "stale-read (V1), 1 in all: 1.2 was acknowledged before 2.1 began, "
        "which took effect without id 2\n"
        "  21.000-22.500 ms, 1.2 (process 0): append a h@1/1.2.0/bb\n"
        "      -> OK ids=2 at=1\n"
        "  50.000-60.000 ms, 2.1 (process 1): log a\n"
        "      -> OK opened=55000000 1/h@0/1.1.0/aa\n");
}

static void timeline_shows_concurrent_operations(void **state)
{
    static struct quipu_violations violations;

    (void)state;
    history_check(stale, &violations);
    assert_string_equal(
        history_timeline(),
        "{\"lane\":\"session 1\",\"from\":21.000000,\"to\":22.500000,"
        "\"what\":\"append a h@1/1.2.0/bb\",\"outcome\":\"OK ids=2 at=1\","
        "\"bad\":true}\n"
        "{\"lane\":\"session 2\",\"from\":50.000000,\"to\":60.000000,"
        "\"what\":\"log a\",\"outcome\":"
        "\"OK opened=55000000 1/h@0/1.1.0/aa\",\"bad\":true}\n"
        "{\"lane\":\"session 1\",\"from\":23.000000,"
        "\"what\":\"append a h@2/1.3.0/cc\",\"outcome\":\"\","
        "\"bad\":false}\n"
        "{\"lane\":\"session 3\",\"from\":54.000000,\"to\":55.000000,"
        "\"what\":\"head a\",\"outcome\":\"OK head=2\",\"bad\":false}\n");
}

static void long_read_is_shortened_to_relevant_entries(void **state)
{
    static struct quipu_violations violations;

    (void)state;
    history_check(
        SESSIONS("10 1 append a h@+/1.1.0/a h@+/1.1.1/a h@+/1.1.2/a "
                 "h@+/1.1.3/a h@+/1.1.4/a h@+/1.1.5/a\n"
                 "20 1 OK ids=1 at=0,1,2,3,4,5\n",
                 "90 1 log a final\n"
                 "91 1 OK opened=90 1/h@0/1.1.0/a 2/h@1/1.1.1/a 3/h@2/1.1.2/a "
                 "4/h@3/1.1.3/ff 5/h@4/1.1.4/a 6/h@5/1.1.5/a\n"),
        &violations);
    assert_contains(history_report(),
                    "-> OK opened=90 1/h@0/1.1.0/a .. 3/h@2/1.1.2/a "
                    "4/h@3/1.1.3/ff 5/h@4/1.1.4/a 6/h@5/1.1.5/a\n");
}

static void append_that_invalidated_a_guard_is_shown(void **state)
{
    static struct quipu_violations violations;

    (void)state;
    history_check(
        SESSIONS("10 1 append a h@0/1.1.0/aa track:c=5\n20 1 OK ids=1 at=0\n"
                 "30 2 append a g@0/1.2.0/bb guard:h=empty track:c=5\n"
                 "40 2 OK ids=2 at=0\n",
                 "90 1 log a final\n"
                 "91 1 OK opened=90 1/h@0/1.1.0/aa 2/g@0/1.2.0/bb\n"),
        &violations);
    assert_int_equal(violations.counts[QUIPU_UNJUSTIFIED_SUCCESS], 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            violations.at[QUIPU_UNJUSTIFIED_SUCCESS][i].operation_count, 2);
    }
    assert_contains(history_report(), "1.1 (process 0): append a h@0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(report_shows_only_evidence),
        cmocka_unit_test(timeline_shows_concurrent_operations),
        cmocka_unit_test(append_that_invalidated_a_guard_is_shown),
        cmocka_unit_test(long_read_is_shortened_to_relevant_entries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
