/* SPDX-License-Identifier: Apache-2.0 */
/* SQL of the application on the writing connection: triggers, and the function
 * in the transaction. */
#include "fixture.h"

#include "sqlite.h"

struct place {
    char file[32];
    quipu_schema schema;
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
};

static struct place place;

static void open_place(uint32_t flags)
{
    (void)snprintf(place.file, sizeof(place.file), "%s", fixture_file());
    place.schema = fixture_schema("stored_events", flags);
    place.datastore = fixture_open(place.file);
    place.bound = fixture_bind(place.datastore, &place.schema);
    fixture_sql(place.file, "CREATE TABLE audit (id INTEGER, UNIQUE (id))");
}

static void close_place(void)
{
    fixture_driver()->unbind(place.datastore, place.bound);
    fixture_close(place.datastore);
}

/* ---------------------------------------------------------------- triggers */

struct trigger {
    const char *sql;
    const char *name;
    const char *table; /* in the message */
};

/* Appends an item with a tracking record at `position`. */
static int append_tracked(uint32_t number, int64_t position, uint32_t sequence,
                          quipu_result *result, quipu_error *error)
{
    struct piece piece;
    const quipu_tracking tracking = { .consumer = { "reader", 6 },
                                      .log = { "log", 3 },
                                      .position = { .notification_id =
                                                        number } };
    fixture_piece(&piece, sequence, position, number);
    const quipu_request request = { .schema = place.bound,
                                    .items = &piece.item,
                                    .item_count = 1,
                                    .tracking = &tracking };
    return fixture_append_all(place.datastore, &request, 1, result, error);
}

/* Appends in the optimistic pass; and in the strict one, behind a request that
 * the first pass must give up. Nothing may be stored. */
static void check_refused(const struct trigger *trigger, uint32_t flags)
{
    quipu_result result = { 0 };
    quipu_result results[2] = { { 0 } };
    quipu_error error = { 0 };
    struct piece pieces[2];
    int64_t head = 0;

    open_place(flags);
    assert_ok(append_tracked(1, 0, 1, &result, &error), &error);
    head = fixture_head(place.datastore, place.bound);
    fixture_sql(place.file, trigger->sql);
    assert_refused(append_tracked(2, 1, 1, &result, &error), QUIPU_DENIED,
                   &error, trigger->name);
    assert_non_null(strstr(error.message, trigger->table));
    assert_null(strstr(error.message, "report this"));
    fixture_piece(&pieces[0], 1, 0, 1); /* a repeat */
    fixture_piece(&pieces[1], 1, 1, 3);
    const quipu_tracking tracking = { .consumer = { "reader", 6 },
                                      .log = { "log", 3 },
                                      .position = { .notification_id = 7 } };
    const quipu_request requests[2] = {
        { .schema = place.bound, .items = &pieces[0].item, .item_count = 1 },
        { .schema = place.bound,
          .items = &pieces[1].item,
          .item_count = 1,
          .tracking = &tracking },
    };
    assert_refused(
        fixture_append_all(place.datastore, requests, 2, results, &error),
        QUIPU_DENIED, &error, trigger->name);
    assert_int_equal(fixture_count(place.datastore, place.bound), head);
    assert_int_equal(
        fixture_ask(place.file, "SELECT notification_id FROM quipu_tracking"),
        1);
    assert_int_equal(fixture_ask(place.file, "SELECT head FROM quipu_heads"),
                     head);
    fixture_sql(place.file, "DROP TRIGGER culprit");
    assert_ok(append_tracked(4, 1, 1, &result, &error), &error);
    assert_int_equal(result.status, QUIPU_OK);
    assert_int_equal(result.first_notification_id, head + 1);
    close_place();
}

static void append_that_a_trigger_spoils_is_refused(void **state)
{
#define ON "CREATE TRIGGER culprit "
    static const struct trigger triggers[] = {
        { ON "BEFORE INSERT ON stored_events "
             "BEGIN SELECT raise(IGNORE); END",
          "culprit", "stored_events" },
        { ON "BEFORE INSERT ON stored_events WHEN new.aggregate_version > 0 "
             "BEGIN SELECT raise(IGNORE); END",
          "culprit", "stored_events" },
        { ON "BEFORE UPDATE ON quipu_heads BEGIN SELECT raise(IGNORE); END",
          "culprit", "quipu_heads" },
        { ON "BEFORE INSERT ON quipu_tracking "
             "BEGIN SELECT raise(IGNORE); END",
          "culprit", "quipu_tracking" },
        { ON "BEFORE UPDATE ON quipu_tracking "
             "BEGIN SELECT raise(IGNORE); END",
          "culprit", "quipu_tracking" },
        { ON "AFTER INSERT ON stored_events BEGIN "
             "UPDATE stored_events SET state = x'00'; END",
          "culprit", "stored_events" },
        { ON
          "AFTER INSERT ON stored_events WHEN new.aggregate_version < 0 BEGIN "
          "INSERT INTO stored_events SELECT * FROM stored_events; END",
          "culprit", "stored_events" },
        { ON "AFTER INSERT ON stored_events BEGIN "
             "DELETE FROM Stored_Events WHERE aggregate_version = 0; END",
          "culprit", "stored_events" },
        { ON "AFTER INSERT ON stored_events BEGIN "
             "UPDATE quipu_heads SET head = head + 1; END",
          "culprit", "quipu_heads" },
        { ON "AFTER UPDATE ON quipu_heads BEGIN "
             "UPDATE quipu_heads SET head = head + 1; END",
          "culprit", "quipu_heads" },
        { ON "AFTER UPDATE ON quipu_tracking BEGIN "
             "UPDATE quipu_tracking SET notification_id = 0; END",
          "culprit", "quipu_tracking" },
        { ON "AFTER INSERT ON stored_events BEGIN "
             "SELECT raise(ABORT, 'not today'); END",
          "not today", "culprit" },
        { ON "AFTER INSERT ON stored_events BEGIN "
             "SELECT raise(ROLLBACK, 'not today'); END",
          "not today", "culprit" },
        { ON "AFTER INSERT ON stored_events BEGIN "
             "SELECT raise(FAIL, 'not today'); END",
          "not today", "culprit" },
        { ON "AFTER INSERT ON stored_events BEGIN "
             "INSERT INTO missing VALUES (1); END",
          "missing", "culprit" },
        { ON "AFTER INSERT ON stored_events BEGIN "
             "SELECT abs(-9223372036854775807 - 1); END",
          "integer overflow", "culprit" },
        { ON "AFTER INSERT ON stored_events BEGIN "
             "SELECT zeroblob(2000000000); END",
          "too big", "culprit" },
        { ON "AFTER INSERT ON stored_events BEGIN "
             "INSERT INTO audit VALUES (1), (1); END",
          "audit.id", "culprit" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(triggers) / sizeof(triggers[0]); i++) {
        check_refused(&triggers[i], 0);
        check_refused(&triggers[i], QUIPU_SCHEMA_SPARSE);
    }
}

static void trigger_may_write_to_tables_of_the_application(void **state)
{
    quipu_result result = { 0 };
    quipu_error error = { 0 };

    (void)state;
    open_place(0);
    fixture_sql(place.file,
                "CREATE TRIGGER mirror AFTER INSERT ON stored_events BEGIN "
                "INSERT INTO audit VALUES (new.id); "
                "UPDATE audit SET id = -id WHERE id = new.id; "
                "END");
    assert_ok(append_tracked(1, 0, 1, &result, &error), &error);
    assert_ok(append_tracked(2, 1, 1, &result, &error), &error);
    assert_int_equal(fixture_ask(place.file, "SELECT sum(id) FROM audit"), -3);
    close_place();
}

static int spied;

static void spy(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    spied++;
    sqlite3_result_null(context);
}

static int add_spy(void *native, void *context, quipu_error *error)
{
    (void)context;
    (void)error;
    return sqlite3_create_function_v2(native, "spy", 0, SQLITE_UTF8, NULL, spy,
                                      NULL, NULL, NULL) == SQLITE_OK
               ? QUIPU_OK
               : QUIPU_INTERNAL;
}

/* Appends with a trigger that calls the application's function. */
static int append_spied(quipu_error *error)
{
    const quipu_request none = { .schema = place.bound };
    quipu_result result = { 0 };

    spied = 0;
    assert_ok(fixture_driver()->transact(place.datastore, &none, add_spy, NULL,
                                         &result, FOREVER, error),
              error);
    return fixture_try_append(place.datastore, place.bound, 1, &result, error);
}

/* A file from somebody else may have such a trigger. */
static void trigger_calls_no_function_of_the_application(void **state)
{
    const struct opening trusted = { .option = "trusted", .value = "yes" };
    quipu_error error = { 0 };
    int on = -1;

    (void)state;
    open_place(0);
    fixture_sql(place.file, "CREATE TRIGGER culprit AFTER INSERT ON "
                            "stored_events BEGIN SELECT spy(); END");
    assert_refused(append_spied(&error), QUIPU_DENIED, &error,
                   "unsafe use of spy()");
    assert_int_equal(spied, 0);
    assert_int_equal(sqlite3_db_config(place.datastore->writer.db,
                                       SQLITE_DBCONFIG_DEFENSIVE, -1, &on),
                     SQLITE_OK);
    assert_int_equal(on, 1);
    close_place();
    assert_ok(fixture_try_open(place.file, &trusted, &place.datastore, &error),
              &error);
    place.bound = fixture_bind(place.datastore, &place.schema);
    assert_ok(append_spied(&error), &error);
    assert_int_equal(spied, 1);
    close_place();
}

/* Set-up and tear-down are one transaction, which is undone as a whole. */
static void suppressed_entry_of_the_catalogue_is_refused(void **state)
{
    static const char *const tables[] = { "quipu_schemas", "quipu_heads",
                                          "quipu_columns" };
    const quipu_driver *driver = fixture_driver();
    const quipu_column column = { .name = "extra", .kind = QUIPU_VALUE_INT };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(tables) / sizeof(tables[0]); i++) {
        quipu_error error = { 0 };
        char sql[160];

        open_place(0);
        quipu_schema other = fixture_schema("other", 0);
        other.columns = &column;
        other.column_count = 1;
        bool removal = i % 2 == 1;
        if (removal) {
            assert_ok(driver->setup(place.datastore, &other, FOREVER, &error),
                      &error);
        }
        (void)snprintf(sql, sizeof(sql),
                       "CREATE TRIGGER culprit BEFORE %s ON %s BEGIN "
                       "SELECT raise(IGNORE); END",
                       removal ? "DELETE" : "INSERT", tables[i / 2]);
        fixture_sql(place.file, sql);
        assert_refused(
            removal ? driver->teardown(place.datastore, &other, FOREVER, &error)
                    : driver->setup(place.datastore, &other, FOREVER, &error),
            QUIPU_DENIED, &error, "culprit");
        assert_int_equal(fixture_ask(place.file,
                                     "SELECT count(*) FROM sqlite_schema "
                                     "WHERE name = 'other'"),
                         removal);
        close_place();
    }
}

/* -------------------------------------------- functions in the transaction */

/* Runs the statements in turn, and goes on after an error, as a careless
 * function would. */
static int run_all(void *native, void *context, quipu_error *error)
{
    (void)error;
    for (const char *const *sql = context; *sql; sql++) {
        (void)sqlite3_exec(native, *sql, NULL, NULL, NULL);
    }
    return QUIPU_OK;
}

static int transact(quipu_work work, void *context, quipu_error *error)
{
    struct piece piece;
    quipu_result result = { 0 };

    fixture_piece(&piece, 1, -1, 99);
    const quipu_request request = { .schema = place.bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    return fixture_driver()->transact(place.datastore, &request, work, context,
                                      &result, FOREVER, error);
}

static void function_that_ends_the_transaction_stores_nothing(void **state)
{
#define INSERT "INSERT INTO audit VALUES (5)"
    static const struct {
        const char *statements[6];
        const char *message;
    } mistakes[] = {
        { { INSERT, "COMMIT" }, "ran COMMIT" },
        { { INSERT, "END" }, "ran COMMIT" },
        { { INSERT, "ROLLBACK", "BEGIN", INSERT }, "ran BEGIN" },
        { { INSERT, "BEGIN" }, "ran BEGIN" },
        { { INSERT, "COMMIT", "BEGIN IMMEDIATE" }, "ran BEGIN" },
        { { INSERT, "INSERT OR ROLLBACK INTO audit VALUES (5)",
            "INSERT INTO audit VALUES (6)" },
          "a statement that ended the transaction" },
        { { INSERT, "PRAGMA journal_mode = DELETE" },
          "ran PRAGMA journal_mode" },
        { { INSERT, "PRAGMA synchronous = OFF" }, "ran PRAGMA synchronous" },
        { { INSERT, "PRAGMA wal_autocheckpoint = 1" },
          "ran PRAGMA wal_autocheckpoint" },
        { { INSERT, "ATTACH ':memory:' AS other" }, "ran ATTACH" },
    };
    quipu_error error = { 0 };

    (void)state;
    open_place(0);
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        assert_refused(
            transact(run_all, (void *)mistakes[i].statements, &error),
            QUIPU_INVALID, &error, mistakes[i].message);
        assert_non_null(strstr(error.message, "nothing is stored"));
        assert_int_equal(fixture_count(place.datastore, place.bound), 0);
        assert_int_equal(fixture_ask(place.file, "SELECT count(*) FROM audit"),
                         0);
    }
    fixture_append(place.datastore, place.bound, 1);
    close_place();
}

static void function_may_use_savepoints_and_read_pragmas(void **state)
{
    static const char *const statements[] = {
        "SAVEPOINT one",   "INSERT INTO audit VALUES (7)",
        "ROLLBACK TO one", "INSERT INTO audit VALUES (8)",
        "RELEASE one",     "PRAGMA table_info(audit)",
        "SAVEPOINT left",  NULL,
    };
    quipu_error error = { 0 };

    (void)state;
    open_place(0);
    assert_ok(transact(run_all, (void *)statements, &error), &error);
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    assert_int_equal(fixture_ask(place.file, "SELECT sum(id) FROM audit"), 8);
    close_place();
}

/* A statement that was prepared before the function began passes by the
 * authorizer. */
static int commit_by_stealth(void *native, void *context, quipu_error *error)
{
    sqlite3_stmt *commit = NULL;

    (void)context;
    (void)error;
    (void)sqlite3_set_authorizer(native, NULL, NULL);
    (void)sqlite3_prepare_v2(native, "COMMIT", -1, &commit, NULL);
    (void)sqlite3_step(commit);
    (void)sqlite3_finalize(commit);
    return QUIPU_OK;
}

static void commit_that_passes_the_authorizer_stores_nothing(void **state)
{
    quipu_error error = { 0 };

    (void)state;
    open_place(0);
    assert_refused(transact(commit_by_stealth, NULL, &error), QUIPU_INVALID,
                   &error, "nothing is stored");
    assert_int_equal(fixture_count(place.datastore, place.bound), 0);
    close_place();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(append_that_a_trigger_spoils_is_refused),
        cmocka_unit_test(trigger_may_write_to_tables_of_the_application),
        cmocka_unit_test(trigger_calls_no_function_of_the_application),
        cmocka_unit_test(suppressed_entry_of_the_catalogue_is_refused),
        cmocka_unit_test(function_that_ends_the_transaction_stores_nothing),
        cmocka_unit_test(function_may_use_savepoints_and_read_pragmas),
        cmocka_unit_test(commit_that_passes_the_authorizer_stores_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
