/* SPDX-License-Identifier: Apache-2.0 */
#include "quipu_test.h"

#include "history_fixture.h"

#include <stdio.h>
#include <unistd.h>

#define FINAL "9000 1 log a final\n9001 1 OK opened=9000"

static void load(struct quipu_history *history, const char *lines)
{
    history_write(SESSIONS(lines, FINAL "\n"));
    if (!quipu_history_load(history, "history")) {
        print_error("%s\n", history->problem);
        fail();
    }
}

static void append_is_parsed_with_all_words(void **state)
{
    struct quipu_history h;
    const struct quipu_operation *op;

    (void)state;
    load(&h, "# a comment\n"
             "10 1 append a h@5/1.1.0/00ff n1.2@+/1.1.1/7 guard:h=4 "
             "guard:x=empty guard:y=filled track:c=17\n"
             "20 1 OK ids=41 at=5,0 repeated\n");
    op = &h.operations[0];
    assert_int_equal(op->call, QUIPU_HISTORY_APPEND);
    assert_int_equal(op->begin, 10);
    assert_int_equal(op->end, 20);
    assert_int_equal(op->count, 2);
    assert_int_equal(h.entries[op->entries].position, 5);
    assert_int_equal(h.entries[op->entries].hash, 255);
    assert_true(h.entries[op->entries + 1].position == QUIPU_HISTORY_NEXT);
    assert_string_equal(
        h.sequences.at[h.entries[op->entries + 1].sequence].text, "n1.2");
    assert_int_equal(op->guard_count, 3);
    assert_int_equal(h.guards[op->guards].position, 4);
    assert_int_equal(h.guards[op->guards + 1].demand, QUIPU_DEMAND_EMPTY);
    assert_int_equal(h.guards[op->guards + 2].demand, QUIPU_DEMAND_NOT_EMPTY);
    assert_true(op->tracks);
    assert_int_equal(op->tracking, 17);
    assert_int_equal(op->result, 41);
    assert_int_equal(h.positions[op->positions], 5);
    assert_true(op->repeated);
    quipu_history_finish(&h);
}

static void read_is_parsed_with_its_entries(void **state)
{
    struct quipu_history h;
    const struct quipu_operation *op;

    (void)state;
    load(&h, "10 1 read a h from=-3 to=9 limit=2 desc\n"
             "20 1 OK opened=15 41/h@5/1.1.0/ff 40/h@4/?dead/0\n");
    op = &h.operations[0];
    assert_int_equal(op->from, -3);
    assert_int_equal(op->to, 9);
    assert_int_equal(op->limit, 2);
    assert_true(op->descending);
    assert_int_equal(op->opened, 15);
    assert_int_equal(op->count, 2);
    assert_int_equal(h.entries[op->entries].id, 41);
    assert_int_equal(h.entries[op->entries + 1].origin.session, 0);
    quipu_history_finish(&h);
}

static void conflict_is_parsed_with_its_cause(void **state)
{
    struct quipu_history h;
    const struct quipu_operation *op;

    (void)state;
    load(&h, "10 1 append a h@5/1.1.0/ff\n"
             "20 1 CONFLICT cause=position index=0 last=7\n"
             "30 2 append a h@5/1.2.0/ff\n"
             "40 2 UNKNOWN_OUTCOME\n");
    op = &h.operations[0];
    assert_int_equal(op->status, QUIPU_CONFLICT);
    assert_int_equal(op->cause, QUIPU_CAUSE_POSITION);
    assert_true(op->has_last);
    assert_int_equal(op->result, 7);
    assert_int_equal(op[1].status, QUIPU_UNKNOWN_OUTCOME);
    assert_false(op[1].has_last);
    quipu_history_finish(&h);
}

static void operation_of_killed_session_has_no_response(void **state)
{
    struct quipu_history h;

    (void)state;
    load(&h, "10 1 append a h@5/1.1.0/ff\n");
    assert_int_equal(h.operations[0].status, QUIPU_HISTORY_UNANSWERED);
    assert_true(h.operations[0].end == QUIPU_HISTORY_NEVER);
    quipu_history_finish(&h);
}

static void incomplete_last_line_is_ignored(void **state)
{
    struct quipu_history h;

    (void)state;
    load(&h, "10 1 append a h@5/1.1.0/ff\n20 1 OK ids=4");
    assert_int_equal(h.operation_count, 2);
    assert_int_equal(h.operations[0].status, QUIPU_HISTORY_UNANSWERED);
    quipu_history_finish(&h);
}

static void assert_problem(const char *lines, const char *problem)
{
    struct quipu_history h;

    history_write(SESSIONS(lines, FINAL "\n"));
    assert_false(quipu_history_load(&h, "history"));
    assert_contains(h.problem, problem);
    quipu_history_finish(&h);
}

static void line_outside_the_format_is_reported(void **state)
{
    (void)state;
    assert_problem("10 1 dance a\n",
                   "session-1:3: not a line of the format: 10 1 dan");
    assert_problem("10 2 head a\n", "session-1:3");
    assert_problem("10 1 head a\n9 1 OK head=1\n", "session-1:4");
    assert_problem("10 1 append a h@x/1.1.0/ff\n", "session-1:3");
    assert_problem("10 1 append a h@1/1.1/ff\n", "session-1:3");
    assert_problem("10 1 append a h@1/1.1.0/fg\n", "session-1:3");
    assert_problem("10 1 head a\n11 1 FINE\n", "session-1:4");
    assert_problem("10 1 head a\n11 1 OK\n12 1 OK\n", "session-1:5");
    assert_problem("10 1 append a h@1/1.1.0/f\n11 1 OK ids=1 at=1,2\n",
                   "session-1:4");
}

static void log_without_final_read_is_reported(void **state)
{
    (void)state;
    assert_problem("10 1 head b\n11 1 OK head=0\n", "log b has no final read");
}

static void other_version_is_refused(void **state)
{
    struct quipu_history h;
    FILE *file;

    (void)state;
    history_write(SESSIONS(FINAL "\n"));
    file = fopen("history/session-1", "w");
    assert_non_null(file);
    fputs("quipu-history 2\nsession 1 process 0\n", file);
    fclose(file);
    assert_false(quipu_history_load(&h, "history"));
    assert_contains(h.problem, "does not begin with \"quipu-history 1\"");
    quipu_history_finish(&h);
}

static void empty_session_file_is_ignored(void **state)
{
    struct quipu_history h;
    FILE *file;

    (void)state;
    history_write(SESSIONS("", FINAL "\n"));
    file = fopen("history/session-1", "w");
    assert_non_null(file);
    fclose(file);
    assert_true(quipu_history_load(&h, "history"));
    assert_int_equal(h.session_count, 1);
    quipu_history_finish(&h);
}

static void missing_folder_is_reported(void **state)
{
    struct quipu_history h;

    (void)state;
    assert_false(quipu_history_load(&h, "nowhere"));
    assert_contains(h.problem, "nowhere/run: No such file");
    quipu_history_finish(&h);
}

static int remove_all(void **state)
{
    (void)state;
    history_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(append_is_parsed_with_all_words),
        cmocka_unit_test(read_is_parsed_with_its_entries),
        cmocka_unit_test(conflict_is_parsed_with_its_cause),
        cmocka_unit_test(operation_of_killed_session_has_no_response),
        cmocka_unit_test(incomplete_last_line_is_ignored),
        cmocka_unit_test(line_outside_the_format_is_reported),
        cmocka_unit_test(log_without_final_read_is_reported),
        cmocka_unit_test(other_version_is_refused),
        cmocka_unit_test(empty_session_file_is_ignored),
        cmocka_unit_test(missing_folder_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, remove_all) != 0;
}
