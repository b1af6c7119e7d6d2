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
                0, "nothing is stored");
    assert_task(&(struct task){ .statements = { "ROLLBACK", "BEGIN" } },
                QUIPU_INVALID, 0, "nothing is stored");
    assert_task(
        &(struct task){ .statements = { "ROLLBACK", "BEGIN",
                                        "CREATE TABLE work.other ()" } },
        QUIPU_INVALID, 0, "nothing is stored");
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

/* ------------------------------------------- prepared statements of a session
 */

#define SCHEMAS 300 /* with two statements for each append */

static int count_prepared(void *connection, void *context, quipu_error *error)
{
    int64_t *seen = context;
    (void)error;
    PGresult *result =
        PQexec(connection, "SELECT (SELECT count(*) FROM"
                           " pg_prepared_statements), pg_backend_pid()");
    seen[0] = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    seen[1] = strtoll(PQgetvalue(result, 0, 1), NULL, 10);
    PQclear(result);
    return QUIPU_OK;
}

static void look_at_session(int64_t seen[2])
{
    static uint64_t events = 2000000;
    struct piece piece;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    fixture_piece(&piece, 1, -1, ++events);
    const quipu_request request = { .schema = bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    assert_ok(fixture_driver()->transact(datastore, &request, count_prepared,
                                         seen, &result,
                                         fixture_now() + 20 * SECOND, &error),
              &error);
}

/* The session stays, and others take the places of statements that were not
 * used for long. */
static void session_with_many_statements_stays(void **state)
{
    static quipu_driver_schema *many[SCHEMAS];
    int64_t before[2] = { 0 };
    int64_t after[2] = { 0 };
    (void)state;
    look_at_session(before);
    for (int i = 0; i < SCHEMAS; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "many%d", i);
        quipu_schema schema = fixture_schema(name);
        many[i] = fixture_bind(datastore, &schema);
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < SCHEMAS; i++) {
            fixture_append(datastore, many[i], 1);
        }
    }
    look_at_session(after);
    assert_int_equal(before[1], after[1]);
    assert_in_range(after[0], 500, 520);
    for (int i = 0; i < SCHEMAS; i++) {
        assert_int_equal(fixture_head(datastore, many[i]), 3);
        fixture_driver()->unbind(datastore, many[i]);
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
        cmocka_unit_test(session_with_many_statements_stays),
    };
    return cmocka_run_group_tests(tests, open_store, close_store) != 0;
}
