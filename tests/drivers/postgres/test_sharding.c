/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The restrictions that a Citus cluster puts on the driver's statements, on a
 * server without Citus.  A few objects of Citus are made, so that the driver
 * takes the server for a coordinator:
 *
 * - Each statement on tables with a namespace names it, so that it is routed to
 *   one shard; none needs what Citus cannot route (docs/scaling.md).
 * - Everything is written between BEGIN and COMMIT: without them Citus commits
 *   each statement of a pipeline on its own.
 * - The workers are asked for the settings that an acknowledged append needs.
 */
#include "drivers/common/tour.h"

#include <libpq-fe.h>

#include "catalogue/schema.h"
#include "datastore.h"

#define STORE "///" /* the database that the environment names */
#define NAMES_MAX 1000

static struct {
    bool in_transaction;
    unsigned writes; /* statements that write rows */
    unsigned alone;  /* ... those outside of BEGIN and COMMIT */
    unsigned unrouted;
    struct {
        char name[64];
        const char *text; /* of the driver, for as long as it is prepared */
    } prepared[NAMES_MAX];
    size_t count;
} sent;

/* ---------------------------------------------------------------- sending */

int __real_PQsendPrepare(PGconn *pg, const char *name, const char *text,
                         int count, const Oid *types);
int __wrap_PQsendPrepare(PGconn *pg, const char *name, const char *text,
                         int count, const Oid *types);
int __real_PQsendQueryPrepared(PGconn *pg, const char *name, int count,
                               const char *const *values, const int *lengths,
                               const int *formats, int format);
int __wrap_PQsendQueryPrepared(PGconn *pg, const char *name, int count,
                               const char *const *values, const int *lengths,
                               const int *formats, int format);

static bool begins(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

static void note(const char *text)
{
    if (begins(text, "BEGIN")) {
        sent.in_transaction = true;
    } else if (begins(text, "COMMIT") || begins(text, "ROLLBACK")) {
        sent.in_transaction = false;
    } else if (begins(text, "INSERT") || begins(text, "DELETE") ||
               begins(text, "UPDATE") || strstr(text, " UPDATE \"")) {
        sent.writes++;
        sent.alone += !sent.in_transaction;
        sent.unrouted += begins(text, "WITH") && strstr(text, "INSERT ");
    }
}

int __wrap_PQsendPrepare(PGconn *pg, const char *name, const char *text,
                         int count, const Oid *types)
{
    assert_true(sent.count < NAMES_MAX);
    (void)snprintf(sent.prepared[sent.count].name,
                   sizeof(sent.prepared[0].name), "%s", name);
    sent.prepared[sent.count++].text = text;
    return __real_PQsendPrepare(pg, name, text, count, types);
}

int __wrap_PQsendQueryPrepared(PGconn *pg, const char *name, int count,
                               const char *const *values, const int *lengths,
                               const int *formats, int format)
{
    for (size_t i = sent.count; i > 0; i--) {
        if (strcmp(sent.prepared[i - 1].name, name) == 0) {
            note(sent.prepared[i - 1].text);
            break;
        }
    }
    return __real_PQsendQueryPrepared(pg, name, count, values, lengths, formats,
                                      format);
}

/* -------------------------------------------------------------------- SQL */

/* Runs SQL as the superuser; the caller clears the result. */
static PGresult *query(PGconn *pg, const char *sql)
{
    PGresult *result = PQexec(pg, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK &&
        PQresultStatus(result) != PGRES_TUPLES_OK) {
        fail_msg("%s: %s", sql, PQerrorMessage(pg));
    }
    return result;
}

static PGconn *connect_plain(void)
{
    PGconn *pg = PQconnectdb("options='-c client_min_messages=warning"
                             " -c allow_system_table_mods=on"
                             " -c enable_seqscan=off"
                             " -c plan_cache_mode=force_generic_plan'");
    if (PQstatus(pg) != CONNECTION_OK) {
        fail_msg("%s", PQerrorMessage(pg));
    }
    return pg;
}

static void run(const char *sql)
{
    PGconn *pg = connect_plain();
    PQclear(query(pg, sql));
    PQfinish(pg);
}

static int64_t ask(const char *sql)
{
    PGconn *pg = connect_plain();
    PGresult *result = query(pg, sql);
    int64_t answer = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    PQfinish(pg);
    return answer;
}

/* The objects of Citus that the driver uses.  A worker is this server. */
static int make_citus(void **state)
{
    (void)state;
    run("CREATE TABLE pg_catalog.pg_dist_node (nodeid int);"
        "CREATE TABLE pg_catalog.pg_dist_partition ("
        "    logicalrelid regclass, partmethod \"char\", colocationid int,"
        "    partkey text, colocate_with text);"
        "GRANT SELECT ON pg_catalog.pg_dist_partition TO PUBLIC;"
        "CREATE FUNCTION pg_catalog.create_reference_table(t regclass)"
        "    RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
        "    INSERT INTO pg_catalog.pg_dist_partition"
        "    VALUES (t, 'n', 0, '', ''); END $$;"
        "CREATE FUNCTION pg_catalog.create_distributed_table("
        "    t regclass, k text, colocate_with text)"
        "    RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
        "    INSERT INTO pg_catalog.pg_dist_partition"
        "    VALUES (t, 'h', 1, k, colocate_with); END $$;"
        "CREATE TABLE pg_catalog.quipu_test_worker ("
        "    lacks text, success boolean);"
        "CREATE FUNCTION pg_catalog.run_command_on_workers("
        "    command text, OUT success boolean, OUT result text)"
        "    RETURNS SETOF record LANGUAGE plpgsql AS $$ BEGIN"
        "    EXECUTE command INTO result; success := true; RETURN NEXT;"
        "    RETURN QUERY SELECT w.success, w.lacks"
        "                   FROM pg_catalog.quipu_test_worker AS w;"
        " END $$");
    return 0;
}

/* --------------------------------------------------------- each statement */

/* A failure of a rule shows the statement, or its plan. */
static void check_rule(bool holds, const char *rule, const char *text)
{
    if (!holds) {
        fail_msg("%s:\n%s", rule, text);
    }
}

static bool is_insert(const char *line)
{
    return strstr(line, "Insert on ") != NULL;
}

/* A node of a plan that reads a table with a namespace. */
static bool reads_table(const char *line)
{
    const char *on = strstr(line, " Scan");
    on = on ? strstr(on, " on quipu_shards.") : NULL;
    return on && !strstr(on, ".quipu_store") && !strstr(on, ".quipu_tables") &&
           !strstr(on, ".quipu_namespaces");
}

/* Each scan is bounded by the namespace, whose column comes from a table where
 * rows are inserted from a query. */
static void check_plan(const PGresult *plan, const char *text)
{
    bool inserts = is_insert(PQgetvalue(plan, 0, 0));
    int scans = 0;
    int bounded = 0;
    const char *output = NULL;
    for (int i = 0; i < PQntuples(plan); i++) {
        const char *line = PQgetvalue(plan, i, 0);
        scans += reads_table(line);
        bounded += strstr(line, "Cond: ") && !strstr(line, "Join") &&
                   strstr(line, "namespace = $1)") && !strstr(line, "Recheck");
        if (inserts && i > 0 && begins(PQgetvalue(plan, i - 1, 0), "  ->  ")) {
            output = strstr(line, "Output: "); /* of what is inserted */
        }
    }
    check_rule(bounded >= scans, "a scan lacks the namespace", text);
    check_rule(!output || scans == 0 || !begins(output, "Output: $"),
               "the namespace of new rows is no column", text);
}

static void check_words(const char *text)
{
    const char *values = strstr(text, " VALUES (");
    bool writes = strstr(text, "INSERT ") || strstr(text, "UPDATE ");
    check_rule(!values || !strstr(values, "SELECT"),
               "a subquery in VALUES cannot be routed", text);
    check_rule(!begins(text, "WITH") || !strstr(text, "INSERT "),
               "an INSERT with a CTE is not routed", text);
    check_rule(!writes || !strstr(text, "pg_catalog.pg_class"),
               "a table of the server is not on the workers", text);
}

static void check_statement(PGconn *pg, const struct statement *statement)
{
    char sql[400] = "EXPLAIN (VERBOSE, COSTS OFF) EXECUTE s";
    PGresult *result =
        PQprepare(pg, "s", statement->text, statement->count, statement->types);
    check_rule(PQresultStatus(result) == PGRES_COMMAND_OK, PQerrorMessage(pg),
               statement->text);
    PQclear(result);
    for (int i = 0; i < statement->count; i++) {
        (void)strcat(sql, i == 0 ? "(NULL" : ", NULL");
    }
    (void)strcat(sql, statement->count > 0 ? ")" : "");
    result = query(pg, sql);
    check_words(statement->text);
    check_plan(result, statement->text);
    PQclear(result);
    PQclear(query(pg, "DEALLOCATE s"));
}

/* Statements that are not sent to a cluster, the catalogue of the server, and
 * those that concern all namespaces. */
static bool is_routed(enum catalogue_sql which, const char *text)
{
    return which != SQL_COLUMN_SHARED && which != SQL_LOGS &&
           which != SQL_DISTRIBUTION && which != SQL_DISTRIBUTE &&
           which != SQL_SHARED_FLUSH_ADD && strstr(text, "\"quipu_");
}

static bool is_sent(enum item_sql which)
{
    return which != SQL_INSERT_CHECKED && which != SQL_INSERT_ONE &&
           which != SQL_INSERT_RUN;
}

static void statements_name_the_namespace(void **state)
{
    quipu_schema schema = fixture_schema("items", 0);
    const struct opening how = { .option = "schema", .value = "quipu_shards" };
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    (void)state;
    assert_ok(fixture_try_open(STORE, &how, &datastore, &error), &error);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    run("CREATE TABLE quipu_shards.quipu_shared_flush ("
        "    namespace int PRIMARY KEY)");
    PGconn *pg = connect_plain();
    for (int i = 0; i < CATALOGUE_SQL_COUNT; i++) {
        if (is_routed((enum catalogue_sql)i, datastore->sql[i].text)) {
            check_statement(pg, &datastore->sql[i]);
        }
    }
    for (int i = 0; i < ITEM_SQL_COUNT; i++) {
        if (is_sent((enum item_sql)i)) {
            check_statement(pg, &bound->sql[i]);
        }
    }
    PQfinish(pg);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

/* ---------------------------------------------------------------- sessions */

/* Citus cannot make generic plans, and lock_timeout does not reach workers. */
int fixture_work(void *native, void *context, quipu_error *error)
{
    PGresult *result =
        PQexec(native, "SELECT current_setting('plan_cache_mode'),"
                       "       current_setting('statement_timeout')"
                       "           = current_setting('lock_timeout')");
    (void)context;
    (void)error;
    assert_int_equal(PQntuples(result), 1);
    assert_string_equal(PQgetvalue(result, 0, 0), "auto");
    assert_string_equal(PQgetvalue(result, 0, 1), "t");
    PQclear(result);
    return QUIPU_OK;
}

const char *fixture_data(const char *file)
{
    return file;
}

/* On a single server this is one statement, and a transaction by itself. */
static void append_first(void)
{
    quipu_schema schema = fixture_schema("first", 0);
    quipu_driver_datastore *datastore = fixture_open(STORE);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    struct piece piece;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    fixture_piece(&piece, 1, 0, 1);
    const quipu_request request = { .schema = bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    assert_ok(fixture_append_all(datastore, &request, 1, &result, &error),
              &error);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

static void rows_are_written_in_transactions(void **state)
{
    quipu_error error = { 0 };
    (void)state;
    run("ALTER ROLE quipu SET search_path = public");
    assert_ok(tour_take(STORE, "", &error), &error);
    append_first();
    assert_true(sent.writes > 20);
    assert_int_equal(sent.alone, 0);
    assert_int_equal(sent.unrouted, 0);
}

/* ------------------------------------------------------------------ opening */

static int try_open(const char *option, const char *value, uint32_t flags,
                    quipu_error *error)
{
    const struct opening how = { .option = option,
                                 .value = value,
                                 .flags = QUIPU_OPEN_CREATE | flags };
    quipu_driver_datastore *datastore = NULL;
    *error = (quipu_error){ 0 };
    int status = fixture_try_open(STORE, &how, &datastore, error);
    if (status == QUIPU_OK) {
        fixture_close(datastore);
    }
    return status;
}

static void worker_that_may_lose_commits_is_refused(void **state)
{
    quipu_error error;
    (void)state;
    run("INSERT INTO pg_catalog.quipu_test_worker VALUES ('fsync', true)");
    assert_refused(try_open("trust_server", "no", 0, &error), QUIPU_UNSUPPORTED,
                   &error, "a worker of");
    assert_contains(error.message, "fsync=off");
    assert_ok(try_open("trust_server", "yes", 0, &error), &error);
    assert_ok(try_open("pool", "1", QUIPU_OPEN_RELAXED, &error), &error);
    run("UPDATE pg_catalog.quipu_test_worker SET success = false");
    assert_ok(try_open("pool", "1", 0, &error), &error);
    run("DELETE FROM pg_catalog.quipu_test_worker");
}

/* The next appends to a table fail as if a worker were lost: the coordinator
 * reports it by 08006 or XX000. */
static void lose_worker(const char *table, const char *trigger, int times)
{
    char sql[700];
    (void)snprintf(
        sql, sizeof(sql),
        "CREATE SEQUENCE IF NOT EXISTS public.losses;"
        "ALTER SEQUENCE public.losses RESTART;"
        "CREATE FUNCTION public.lose_%s() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ DECLARE n bigint := nextval('public.losses'); BEGIN"
        " IF n <= %d THEN RAISE 'connection to the remote node failed'"
        " USING ERRCODE = CASE n WHEN 2 THEN 'XX000' ELSE '08006' END;"
        " END IF; RETURN NEW; END $$;"
        "CREATE %s ON public.%s %s FOR EACH ROW"
        " EXECUTE FUNCTION public.lose_%s()",
        table, times, trigger, table,
        strstr(trigger, "AFTER") ? "DEFERRABLE INITIALLY DEFERRED" : "", table);
    run(sql);
}

static int append_to_lossy(const char *table, const char *trigger, int times,
                           bool event_ids)
{
    quipu_schema schema = fixture_schema(table, 0);
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    struct piece piece;
    schema.event_id = event_ids ? schema.event_id : NULL;
    run("ALTER ROLE quipu SET search_path = public");
    quipu_driver_datastore *datastore = fixture_open(STORE);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    lose_worker(table, trigger, times);
    fixture_piece(&piece, 1, 0, 1);
    const quipu_request request = { .schema = bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    int status = fixture_append_all(datastore, &request, 1, &result, &error);
    assert_int_equal(fixture_head(datastore, bound), status == QUIPU_OK);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
    return status;
}

/* The append waits for the worker, longer than the tries after other errors
 * last. */
static void append_survives_the_loss_of_a_worker(void **state)
{
    (void)state;
    assert_int_equal(
        append_to_lossy("lossy", "TRIGGER lose BEFORE INSERT", 15, true),
        QUIPU_OK);
    assert_int_equal(ask("SELECT last_value FROM public.losses"), 16);
}

/* The worker may have committed before it was lost. */
static void commit_without_a_worker_is_looked_up(void **state)
{
    static const char *const trigger = "CONSTRAINT TRIGGER lose AFTER INSERT";
    (void)state;
    assert_int_equal(append_to_lossy("lossy2", trigger, 3, true), QUIPU_OK);
    assert_int_equal(ask("SELECT last_value FROM public.losses"), 4);
    assert_int_equal(append_to_lossy("lossy3", trigger, 3, false),
                     QUIPU_UNKNOWN_OUTCOME);
    assert_int_equal(ask("SELECT last_value FROM public.losses"), 1);
}

static void tables_are_distributed_by_namespace(void **state)
{
    const struct opening how = { .option = "distribute", .value = "namespace" };
    quipu_schema schema = fixture_schema("later", 0);
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    (void)state;
    run("CREATE SCHEMA by_namespace");
    run("ALTER ROLE quipu SET search_path = by_namespace");
    assert_ok(fixture_try_open(STORE, &how, &datastore, &error), &error);
    assert_int_equal(ask("SELECT count(*) FROM pg_tables AS t"
                         "  JOIN pg_dist_partition AS p"
                         "    ON p.logicalrelid = to_regclass("
                         "           'by_namespace.' || t.tablename)"
                         " WHERE t.schemaname = 'by_namespace'"),
                     ask("SELECT count(*) FROM pg_tables"
                         " WHERE schemaname = 'by_namespace'"));
    fixture_driver()->unbind(datastore, fixture_bind(datastore, &schema));
    fixture_close(datastore);
    assert_int_equal(ask("SELECT count(*) FROM pg_dist_partition"
                         " WHERE logicalrelid = 'by_namespace.later'::regclass"
                         "   AND partkey = 'quipu_namespace'"
                         "   AND colocate_with = 'by_namespace.quipu_heads'"),
                     1);
    assert_ok(try_open("distribute", "auto", 0, &error), &error);
    assert_ok(try_open("distribute", "namespace", 0, &error), &error);
    run("ALTER ROLE quipu SET search_path = public");
    assert_refused(try_open("distribute", "namespace", 0, &error),
                   QUIPU_UNSUPPORTED, &error, "is distributed otherwise");
    run("ALTER ROLE quipu RESET search_path");
}

/* The coordinator knows nothing of the disks of the workers. */
static void shared_flushes_are_refused(void **state)
{
    const struct opening how = { .option = "shared_flush",
                                 .value = "yes",
                                 .flags = QUIPU_OPEN_CREATE };
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    (void)state;
    run("CREATE SCHEMA flushing");
    run("ALTER ROLE quipu SET search_path = flushing");
    assert_refused(try_open("shared_flush", "yes", 0, &error),
                   QUIPU_UNSUPPORTED, &error, "cannot have shared flushes");
    assert_int_equal(ask("SELECT count(*) FROM flushing.quipu_namespaces"), 0);
    assert_int_equal(ask("SELECT max(format) FROM flushing.quipu_store"), 1);
    run("ALTER TABLE pg_catalog.pg_dist_node RENAME TO pg_no_dist_node");
    assert_ok(fixture_try_open(STORE, &how, &datastore, &error), &error);
    fixture_close(datastore);
    run("ALTER TABLE pg_catalog.pg_no_dist_node RENAME TO pg_dist_node");
    assert_refused(try_open("distribute", "auto", 0, &error), QUIPU_UNSUPPORTED,
                   &error, "cannot have shared flushes");
    run("ALTER ROLE quipu RESET search_path");
}

/* The last test: without the table there is no cluster. */
static void server_without_citus_distributes_nothing(void **state)
{
    quipu_error error;
    (void)state;
    run("DROP TABLE pg_catalog.pg_dist_node");
    assert_refused(try_open("distribute", "namespace", 0, &error),
                   QUIPU_UNSUPPORTED, &error, "is no Citus cluster");
    assert_refused(try_open("distribute", "schema", 0, &error), QUIPU_INVALID,
                   &error, "needs schema=");
    assert_refused(try_open("distribute", "yes", 0, &error), QUIPU_INVALID,
                   &error, "auto, schema or namespace");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_name_the_namespace),
        cmocka_unit_test(rows_are_written_in_transactions),
        cmocka_unit_test(worker_that_may_lose_commits_is_refused),
        cmocka_unit_test(append_survives_the_loss_of_a_worker),
        cmocka_unit_test(commit_without_a_worker_is_looked_up),
        cmocka_unit_test(tables_are_distributed_by_namespace),
        cmocka_unit_test(shared_flushes_are_refused),
        cmocka_unit_test(server_without_citus_distributes_nothing),
    };
    return cmocka_run_group_tests(tests, make_citus, NULL) != 0;
}
