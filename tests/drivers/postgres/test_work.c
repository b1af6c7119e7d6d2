/* SPDX-License-Identifier: Apache-2.0 */
/* Mistakes of a caller's function in the transaction of an append: the status
 * and the message say whether the append is stored, and nothing of the session
 * is left to the next user of the connection. */
#include "fixture.h"

#include <libpq-fe.h>

static quipu_driver_datastore *datastore;
static quipu_driver_schema *bound;

static int open_store(void **state)
{
    quipu_schema schema = fixture_schema("plain");
    (void)state;
    fixture_sql("CREATE ROLE helper");
    datastore = fixture_open("schema=work&pool=1");
    bound = fixture_bind(datastore, &schema);
    return 0;
}

static int close_store(void **state)
{
    (void)state;
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
    return 0;
}

/* SQL that the function runs, and the status that it returns. */
struct task {
    const char *statements[5];
    int status;
};

static int run_task(void *connection, void *context, quipu_error *error)
{
    const struct task *task = context;
    (void)error;
    for (size_t i = 0; task->statements[i]; i++) {
        PQclear(PQexec(connection, task->statements[i]));
    }
    return task->status;
}

static int transact(const struct task *task, quipu_error *error)
{
    static uint64_t events;
    struct piece piece;
    struct task copy = *task;
    quipu_result result = { 0 };
    fixture_piece(&piece, 1, -1, ++events);
    const quipu_request request = { .schema = bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    *error = (quipu_error){ 0 };
    int status =
        fixture_driver()->transact(datastore, &request, run_task, &copy,
                                   &result, fixture_now() + 20 * SECOND, error);
    return status == QUIPU_OK ? result.status : status;
}

static int64_t count_items(void)
{
    return fixture_ask("SELECT count(*) FROM work.plain");
}

static void assert_task(const struct task *task, int expected, int64_t stored,
                        const char *words)
{
    quipu_error error;
    int64_t before = count_items();
    assert_refused(transact(task, &error), expected, &error, words);
    assert_int_equal(count_items(), before + stored);
    assert_int_equal(fixture_head(datastore, bound), count_items());
}

static void function_that_works_stores_both(void **state)
{
    quipu_error error;
    (void)state;
    const struct task task = { .statements = { "CREATE TABLE work.rows (n int)",
                                               "SAVEPOINT a",
                                               "ROLLBACK TO a" } };
    int64_t before = count_items();
    assert_ok(transact(&task, &error), &error);
    assert_int_equal(count_items(), before + 1);
    assert_int_equal(fixture_ask("SELECT count(*) FROM work.rows"), 0);
}

static void commit_is_told_with_the_truth(void **state)
{
    (void)state;
    assert_task(&(struct task){ .statements = { "COMMIT" } },
                QUIPU_UNKNOWN_OUTCOME, 1, "the append is stored");
    assert_task(&(struct task){ .statements = { "COMMIT", "BEGIN" } },
                QUIPU_UNKNOWN_OUTCOME, 1, "the append is stored");
    assert_task(
        &(struct task){ .statements = { "COMMIT", "BEGIN", "SELECT 1/0" } },
        QUIPU_UNKNOWN_OUTCOME, 1, "the append is stored");
    assert_task(
        &(struct task){
            .statements = { "COMMIT", "BEGIN", "CREATE TABLE work.other ()" } },
        QUIPU_UNKNOWN_OUTCOME, 1, "the append is stored");
    assert_int_equal(fixture_ask("SELECT count(*) FROM pg_class"
                                 " WHERE relname = 'other'"),
                     0);
}

/* Even if the function reports a failure itself. */
static void commit_before_a_failure_is_told(void **state)
{
    (void)state;
    assert_task(&(struct task){ .statements = { "COMMIT" }, .status = 4711 },
                QUIPU_UNKNOWN_OUTCOME, 1, "the append is stored");
    assert_task(
        &(struct task){ .statements = { "COMMIT", "BEGIN" }, .status = 4711 },
        QUIPU_UNKNOWN_OUTCOME, 1, "the append is stored");
}

static void rollback_stores_nothing_and_is_refused(void **state)
{
    (void)state;
    assert_task(&(struct task){ .statements = { "ROLLBACK" } }, QUIPU_INVALID,
                0, "nothing of the append is stored");
    assert_task(&(struct task){ .statements = { "ROLLBACK", "BEGIN" } },
                QUIPU_INVALID, 0, "nothing of the append is stored");
    assert_task(
        &(struct task){ .statements = { "ROLLBACK", "BEGIN",
                                        "CREATE TABLE work.other ()" } },
        QUIPU_INVALID, 0, "nothing of the append is stored");
    assert_int_equal(fixture_ask("SELECT count(*) FROM pg_class"
                                 " WHERE relname = 'other'"),
                     0);
}

static void failed_statement_that_is_not_reported_is_refused(void **state)
{
    (void)state;
    assert_task(&(struct task){ .statements = { "SELECT 1/0" } }, QUIPU_INVALID,
                0, "did not report it");
}

static void status_of_the_function_is_returned(void **state)
{
    (void)state;
    assert_task(&(struct task){ .status = 4711 }, 4711, 0, "set no error");
    assert_task(&(struct task){ .statements = { "ROLLBACK" }, .status = 4711 },
                4711, 0, "set no error");
}

static void prepared_transaction_is_refused(void **state)
{
    (void)state; /* max_prepared_transactions is 0: the statement fails */
    assert_task(&(struct task){ .statements = { "PREPARE TRANSACTION 'x'" } },
                QUIPU_INVALID, 0, "nothing");
}

/* The pool has one connection, so the next function gets the same. */
static int look(void *connection, void *context, quipu_error *error)
{
    char *seen = context;
    (void)error;
    PGresult *result = PQexec(
        connection,
        "SELECT concat_ws(' ', current_user, current_setting('search_path'),"
        " current_setting('work_mem'), current_setting('enable_seqscan'),"
        " (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'),"
        " (SELECT count(*) FROM pg_class WHERE relname = 'scratch'),"
        " (SELECT count(*) FROM pg_cursors WHERE is_holdable),"
        " (SELECT count(*) FROM pg_listening_channels()),"
        " current_setting('synchronous_commit'))");
    (void)snprintf(seen, 300, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return QUIPU_OK;
}

static void see(char seen[300])
{
    struct piece piece;
    static uint64_t events = 1000000;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    fixture_piece(&piece, 1, -1, ++events);
    const quipu_request request = { .schema = bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    assert_ok(fixture_driver()->transact(datastore, &request, look, seen,
                                         &result, fixture_now() + 20 * SECOND,
                                         &error),
              &error);
}

static void settings_of_a_function_do_not_stay(void **state)
{
    char before[300] = "";
    char after[300] = "";
    quipu_error error;
    (void)state;
    const struct task tasks[] = {
        { .statements = { "SET search_path = work",
                          "SET work_mem = '65MB'; SET enable_seqscan = on",
                          "SELECT pg_advisory_lock(4711)",
                          "CREATE TEMP TABLE scratch (n int)" } },
        { .statements = { "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
                          "LISTEN somewhere", "SET synchronous_commit = off",
                          "SET ROLE helper" } },
        { .statements = { "DEALLOCATE ALL" } },
        { .statements = { "SET SESSION AUTHORIZATION helper" } },
    };
    see(before);
    for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++) {
        assert_ok(transact(&tasks[i], &error), &error);
        see(after);
        assert_string_equal(before, after);
        fixture_append(datastore, bound, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(function_that_works_stores_both),
        cmocka_unit_test(commit_is_told_with_the_truth),
        cmocka_unit_test(commit_before_a_failure_is_told),
        cmocka_unit_test(rollback_stores_nothing_and_is_refused),
        cmocka_unit_test(failed_statement_that_is_not_reported_is_refused),
        cmocka_unit_test(status_of_the_function_is_returned),
        cmocka_unit_test(prepared_transaction_is_refused),
        cmocka_unit_test(settings_of_a_function_do_not_stay),
    };
    return cmocka_run_group_tests(tests, open_store, close_store) != 0;
}
