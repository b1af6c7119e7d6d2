/* SPDX-License-Identifier: Apache-2.0 */
/* Unusual histories that are correct. */
#include "quipu_test.h"

#include "history_fixture.h"

#include "history/coverage.h"

#define FIRST "10 1 append a h@0/1.1.0/aa\n20 1 OK ids=1 at=0\n"
#define SECOND "30 2 append a h@1/1.2.0/bb\n40 2 OK ids=2 at=1\n"
#define BOTH "1/h@0/1.1.0/aa 2/h@1/1.2.0/bb\n"
#define ONE "1/h@0/1.1.0/aa\n"
#define FINAL(entries) ("9000 1 log a final\n9001 1 OK opened=9000 " entries)

static void empty_log_is_correct(void **state)
{
    (void)state;
    assert_legal(FINAL("\n"));
    assert_legal("1 1 read a h\n2 1 OK opened=1\n3 2 last a h\n4 2 NOT_FOUND\n"
                 "5 3 wait a after=0\n6 3 TIMEOUT\n",
                 FINAL("\n"));
}

static void unknown_append_may_be_stored_or_not(void **state)
{
    (void)state;
    assert_legal("10 1 append a h@0/1.1.0/aa\n20 1 UNKNOWN_OUTCOME\n",
                 FINAL(ONE));
    assert_legal("10 1 append a h@0/1.1.0/aa\n20 1 UNKNOWN_OUTCOME\n",
                 FINAL("\n"));
    assert_legal("10 1 append a h@0/1.1.0/aa\n", FINAL(ONE));
    assert_legal("10 1 append a h@0/1.1.0/aa\n", FINAL("\n"));
}

static void unknown_append_may_be_stored_later(void **state)
{
    (void)state;
    assert_legal("10 1 append a h@0/1.1.0/aa\n20 1 UNKNOWN_OUTCOME\n"
                 "30 2 last a h\n40 2 NOT_FOUND\n"
                 "50 3 last a h\n60 3 OK last=0\n",
                 FINAL(ONE));
}

static void repeat_may_find_first_attempt_stored_or_not(void **state)
{
    (void)state;
    assert_legal("10 1 append a h@0/1.1.0/aa\n20 1 UNKNOWN_OUTCOME\n"
                 "30 2 append a h@0/1.1.0/aa\n40 2 OK ids=1 at=0 repeated\n",
                 FINAL(ONE));
    assert_legal("10 1 append a h@0/1.1.0/aa\n20 1 UNKNOWN_OUTCOME\n"
                 "30 2 append a h@0/1.1.0/aa\n40 2 OK ids=1 at=0\n",
                 FINAL(ONE));
    /* A repeat of the append of a killed session. */
    assert_legal("10 1 append a h@+/1.1.0/aa\n",
                 "30 1 append a h@+/1.1.0/aa\n40 1 OK ids=1 at=0 repeated\n",
                 FINAL(ONE));
    /* A repeat of an acknowledged append. */
    assert_legal(FIRST
                 "30 2 append a h@0/1.1.0/aa\n40 2 OK ids=1 at=0 repeated\n",
                 FINAL(ONE));
}

static void driver_may_retry_an_append_itself(void **state)
{
    (void)state;
    assert_legal("10 1 append a h@+/1.1.0/aa\n90 1 OK ids=1 at=0 repeated\n",
                 FINAL(ONE), "40 1 log a\n50 1 OK opened=45 " ONE);
}

static void failed_append_may_be_made_again(void **state)
{
    (void)state;
    assert_legal("10 1 append a h@+/1.1.0/aa\n20 1 BUSY\n"
                 "30 2 last a h\n40 2 NOT_FOUND\n"
                 "50 3 append a h@+/1.1.0/aa\n60 3 OK ids=1 at=0\n",
                 FINAL(ONE));
}

static void overlapping_appends_may_be_in_either_order(void **state)
{
    (void)state;
    assert_legal("10 1 append a h@0/1.1.0/aa\n50 1 OK ids=2 at=0\n",
                 "20 1 append a g@0/2.1.0/bb\n40 1 OK ids=1 at=0\n",
                 FINAL("1/g@0/2.1.0/bb 2/h@0/1.1.0/aa\n"));
}

static void running_append_may_be_visible_or_not(void **state)
{
    (void)state;
    assert_legal("10 1 append a h@0/1.1.0/aa\n50 1 OK ids=1 at=0\n",
                 "20 1 read a h\n30 1 OK opened=25\n"
                 "31 2 read a h\n35 2 OK opened=33 1/h@0/1.1.0/aa\n",
                 FINAL(ONE));
}

static void slow_cursor_does_not_show_later_appends(void **state)
{
    (void)state;
    assert_legal(FIRST SECOND, FINAL(BOTH),
                 "21 1 log a\n90 1 OK opened=25 1/h@0/1.1.0/aa\n");
}

static void conflict_with_a_cause_is_correct(void **state)
{
    (void)state;
    assert_legal(FIRST SECOND "50 3 append a h@1/1.3.0/bb\n"
                              "60 3 CONFLICT cause=position index=0 last=1\n"
                              "61 4 append a g@5/1.4.0/bb\n"
                              "62 4 CONFLICT cause=position index=0\n"
                              "63 5 append a g@0/1.5.0/bb guard:h=0\n"
                              "64 5 CONFLICT cause=guard index=0 last=1\n"
                              "65 6 append a h@+/1.6.0/bb h@+/1.2.0/bb\n"
                              "66 6 CONFLICT cause=event-id index=1\n",
                 FINAL(BOTH));
    /* While the other append is running: before and after it takes effect. */
    assert_legal(FIRST "30 2 append a h@1/1.2.0/bb\n80 2 OK ids=2 at=1\n",
                 "40 1 append a h@0/2.1.0/bb\n"
                 "50 1 CONFLICT cause=position index=0 last=0\n"
                 "51 2 append a h@0/2.2.0/bb\n"
                 "59 2 CONFLICT cause=position index=0 last=1\n",
                 FINAL(BOTH));
}

static void guard_that_held_is_correct(void **state)
{
    (void)state;
    assert_legal("10 1 append a h@0/1.1.0/aa guard:g=empty\n"
                 "20 1 OK ids=1 at=0\n"
                 "30 2 append a h@1/1.2.0/bb guard:h=0 guard:h=filled\n"
                 "40 2 OK ids=2 at=1\n"
                 "50 3 append a guard:h=1\n60 3 OK\n",
                 FINAL(BOTH));
}

static void increasing_tracking_records_are_correct(void **state)
{
    (void)state;
    assert_legal("10 1 append a h@0/1.1.0/aa track:c=5\n20 1 OK ids=1 at=0\n"
                 "30 2 append a h@1/1.2.0/bb track:c=9\n40 2 OK ids=2 at=1\n"
                 "50 3 append a h@2/1.3.0/bb track:c=7\n60 3 ALREADY\n"
                 "70 4 track a c\n80 4 OK at=9\n"
                 "81 5 track a d\n82 5 NOT_FOUND\n",
                 FINAL(BOTH), "30 1 track a c\n40 1 OK at=5\n");
}

static void partial_reads_are_correct(void **state)
{
    (void)state;
    assert_legal(FIRST SECOND, FINAL(BOTH),
                 "50 1 read a h from=1\n51 1 OK opened=50 2/h@1/1.2.0/bb\n"
                 "52 2 read a h from=2\n53 2 OK opened=52\n"
                 "54 3 read a h to=0 desc\n55 3 OK opened=54 " ONE
                 "56 4 read a h limit=1 desc\n"
                 "57 4 OK opened=56 2/h@1/1.2.0/bb\n"
                 "58 5 read a h limit=0\n59 5 OK opened=58\n"
                 "60 6 read a h from=5 to=2\n61 6 OK opened=60\n"
                 "62 7 log a from=2 to=9 desc\n"
                 "63 7 OK opened=62 2/h@1/1.2.0/bb\n"
                 "64 8 log a limit=1\n65 8 OK opened=64 " ONE
                 "66 9 read a h from=-7 to=-2 desc\n67 9 OK opened=66\n");
}

static void woken_waits_are_correct(void **state)
{
    (void)state;
    assert_legal(FIRST SECOND, FINAL(BOTH),
                 "5 1 wait a after=0\n25 1 OK head=1\n"
                 "26 2 wait a after=1\n45 2 OK head=2\n"
                 "46 3 wait a after=2\n8000 3 TIMEOUT\n");
}

static void logs_are_independent(void **state)
{
    (void)state;
    assert_legal(FIRST "30 2 append b h@0/1.2.0/bb\n40 2 OK ids=1 at=0\n",
                 FINAL(ONE "9002 2 log b final\n"
                           "9003 2 OK opened=9003 1/h@0/1.2.0/bb\n"));
}

static void coverage_counts_situations(void **state)
{
    struct quipu_history h;
    struct quipu_coverage coverage;

    (void)state;
    history_write(SESSIONS(
        FIRST SECOND "50 3 append a h@1/1.3.0/bb\n"
                     "60 3 CONFLICT cause=position index=0 last=1\n"
                     "70 4 append a h@1/1.2.0/bb\n"
                     "80 4 OK ids=2 at=1 repeated\n"
                     "81 5 append a h@2/1.5.0/bb track:c=1\n82 5 ALREADY\n"
                     "90 6 append a h@2/1.6.0/bb\n",
        FINAL(BOTH), "5 1 wait a after=0\n25 1 OK head=1\n"));
    assert_true(quipu_history_load(&h, "history"));
    quipu_history_coverage_count(&h, &coverage);
    assert_int_equal(coverage.operations, 8);
    assert_int_equal(coverage.items, 2);
    assert_int_equal(coverage.overlaps, 1);
    assert_int_equal(coverage.conflicts[QUIPU_CAUSE_POSITION], 1);
    assert_int_equal(coverage.repeats, 1);
    assert_int_equal(coverage.already, 1);
    assert_int_equal(coverage.unanswered, 1);
    assert_int_equal(coverage.woken, 1);
    quipu_history_finish(&h);
    history_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_log_is_correct),
        cmocka_unit_test(unknown_append_may_be_stored_or_not),
        cmocka_unit_test(unknown_append_may_be_stored_later),
        cmocka_unit_test(repeat_may_find_first_attempt_stored_or_not),
        cmocka_unit_test(driver_may_retry_an_append_itself),
        cmocka_unit_test(failed_append_may_be_made_again),
        cmocka_unit_test(overlapping_appends_may_be_in_either_order),
        cmocka_unit_test(running_append_may_be_visible_or_not),
        cmocka_unit_test(slow_cursor_does_not_show_later_appends),
        cmocka_unit_test(conflict_with_a_cause_is_correct),
        cmocka_unit_test(guard_that_held_is_correct),
        cmocka_unit_test(increasing_tracking_records_are_correct),
        cmocka_unit_test(partial_reads_are_correct),
        cmocka_unit_test(woken_waits_are_correct),
        cmocka_unit_test(logs_are_independent),
        cmocka_unit_test(coverage_counts_situations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
