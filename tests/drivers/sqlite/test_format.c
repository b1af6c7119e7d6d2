/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are not a store are refused and stay unchanged to the byte. */
#include "fixture.h"

#include "drivers/common/processes.h"

#include <sys/stat.h>

static void write_file(const char *file, const void *bytes, size_t size)
{
    FILE *stream = fopen(file, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, size, stream), size);
    assert_int_equal(fclose(stream), 0);
}

/* Makes a store with three items, and closes it. */
static void make_store(const char *file)
{
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_driver_datastore *datastore = fixture_open(file);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    for (int i = 0; i < 3; i++) {
        fixture_append(datastore, bound, 1);
    }
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

static void closing_leaves_only_the_database_file(void **state)
{
    (void)state;
    const char *file = fixture_file();
    char beside[40];
    make_store(file);
    static const char *const suffixes[] = { "-wal", "-shm", "-quipu",
                                            "-journal" };
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        (void)snprintf(beside, sizeof(beside), "%s%s", file, suffixes[i]);
        assert_int_equal(access(beside, F_OK), -1);
    }
    assert_int_equal(fixture_ask(file, "SELECT count(*) FROM stored_events"),
                     3);
}

static void file_that_is_not_a_database_is_corrupt(void **state)
{
    (void)state;
    char bytes[10000];
    memset(bytes, 'x', sizeof(bytes));
    static const size_t sizes[] = { 1, 15, 16, 99, 100, 512, 4096, 10000 };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const char *file = fixture_file();
        write_file(file, bytes, sizes[i]);
        fixture_refuses_untouched(file, NULL, QUIPU_CORRUPT, file);
    }
}

static void truncated_store_is_corrupt(void **state)
{
    (void)state;
    const char *file = fixture_file();
    size_t size = 0;
    make_store(file);
    unsigned char *bytes = fixture_bytes(file, &size);
    assert_true(size > 8192);
    const size_t sizes[] = { 1,    16,   50,   100,         512,
                             4095, 4096, 4097, size - 4096, size - 1 };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        write_file(file, bytes, sizes[i]);
        fixture_refuses_untouched(file, NULL, QUIPU_CORRUPT, file);
        const struct opening readonly = { .flags = QUIPU_OPEN_READONLY };
        fixture_refuses_untouched(file, &readonly, QUIPU_CORRUPT, file);
    }
    free(bytes);
}

static void foreign_database_is_refused_unchanged(void **state)
{
    (void)state;
    static const char *const modes[] = { "DELETE", "WAL" };
    for (size_t i = 0; i < 2; i++) {
        const char *file = fixture_file();
        char sql[120];
        (void)snprintf(sql, sizeof(sql),
                       "PRAGMA journal_mode = %s; CREATE TABLE mine (a);"
                       "INSERT INTO mine VALUES (1)",
                       modes[i]);
        fixture_sql(file, sql);
        fixture_refuses_untouched(file, NULL, QUIPU_CORRUPT, "adopt=yes");
    }
}

/* Its WAL holds transactions that no checkpoint has copied. */
static void foreign_database_in_use_is_left_unchanged(void **state)
{
    (void)state;
    const char *file = fixture_file();
    char wal[40];
    size_t before = 0;
    size_t after = 0;
    sqlite3 *db = NULL;
    (void)snprintf(wal, sizeof(wal), "%s-wal", file);
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "PRAGMA journal_mode = WAL;"
                                  "CREATE TABLE mine (a)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    unsigned char *old = fixture_bytes(wal, &before);
    assert_true(before > 0);
    fixture_refuses_untouched(file, NULL, QUIPU_CORRUPT, "adopt=yes");
    unsigned char *now = fixture_bytes(wal, &after);
    assert_bytes(now, after, old, before);
    free(old);
    free(now);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Writes pages of a foreign database in a transaction, and exits without a
 * commit. */
static void die_half_way(void *context)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(context, &db), SQLITE_OK);
    (void)sqlite3_exec(db,
                       "PRAGMA cache_size = 2; BEGIN;"
                       "UPDATE mine SET a = randomblob(3000)",
                       NULL, NULL, NULL);
    _exit(0);
}

/* SQLite would roll it back for any connection that may write. */
static void foreign_unfinished_transaction_is_left_unchanged(void **state)
{
    (void)state;
    char file[32];
    char journal[48];
    size_t before = 0;
    size_t after = 0;
    (void)snprintf(file, sizeof(file), "%s", fixture_file());
    (void)snprintf(journal, sizeof(journal), "%s-journal", file);
    fixture_sql(file, "CREATE TABLE mine (a);"
                      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
                      " SELECT i + 1 FROM n WHERE i < 100)"
                      "INSERT INTO mine SELECT randomblob(3000) FROM n");
    expect_success(start_child(die_half_way, file));
    unsigned char *old = fixture_bytes(journal, &before);
    assert_true(before > 0);
    fixture_refuses_untouched(file, NULL, QUIPU_CORRUPT, "half written");
    unsigned char *now = fixture_bytes(journal, &after);
    assert_bytes(now, after, old, before);
    free(old);
    free(now);
}

static void file_of_another_application_is_not_adopted(void **state)
{
    (void)state;
    const char *file = fixture_file();
    const struct opening adopt = { .option = "adopt", .value = "yes" };
    fixture_sql(file, "PRAGMA application_id = 252006673; CREATE TABLE f (a)");
    fixture_refuses_untouched(file, NULL, QUIPU_CORRUPT, "another application");
    fixture_refuses_untouched(file, &adopt, QUIPU_CORRUPT, "252006673");
}

static void newer_format_is_unsupported(void **state)
{
    (void)state;
    const char *file = fixture_file();
    make_store(file);
    fixture_sql(file, "UPDATE quipu_store SET format = 3");
    fixture_refuses_untouched(
        file, NULL, QUIPU_UNSUPPORTED,
        "has format 3, but this driver supports formats up to "
        "2; use a newer quipu");
}

static void store_without_a_format_is_corrupt(void **state)
{
    (void)state;
    const char *file = fixture_file();
    make_store(file);
    fixture_sql(file, "DELETE FROM quipu_store");
    fixture_refuses_untouched(file, NULL, QUIPU_CORRUPT, "names no format");
    fixture_sql(file, "ALTER TABLE quipu_store RENAME COLUMN format TO f");
    fixture_refuses_untouched(file, NULL, QUIPU_CORRUPT, "no such column");
    fixture_sql(file, "DROP TABLE quipu_store");
    fixture_refuses_untouched(file, NULL, QUIPU_CORRUPT, "was a store");
}

static void user_version_is_left_to_the_application(void **state)
{
    (void)state;
    const char *file = fixture_file();
    make_store(file);
    fixture_sql(file, "PRAGMA user_version = 99; CREATE TABLE mine (a)");
    fixture_close(fixture_open(file));
    assert_int_equal(fixture_ask(file, "PRAGMA user_version"), 99);
}

static void utf16_database_is_not_adopted(void **state)
{
    (void)state;
    const char *file = fixture_file();
    const struct opening adopt = { .option = "adopt", .value = "yes" };
    fixture_sql(file, "PRAGMA encoding = 'UTF-16'; CREATE TABLE mine (a)");
    fixture_refuses_untouched(file, &adopt, QUIPU_UNSUPPORTED, "UTF-16");
}

static void adopt_adds_tables_to_a_database(void **state)
{
    (void)state;
    const char *file = fixture_file();
    const struct opening adopt = { .option = "adopt", .value = "yes" };
    const struct opening no_create = { .flags = QUIPU_OPEN_RELAXED,
                                       .option = "adopt",
                                       .value = "yes" };
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_schema mine = fixture_schema("mine", 0);
    fixture_sql(file, "CREATE TABLE mine (a); INSERT INTO mine VALUES (7)");
    fixture_refuses_untouched(file, &no_create, QUIPU_CORRUPT, "adopt=yes");
    assert_ok(fixture_try_open(file, &adopt, &datastore, &error), &error);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    fixture_append(datastore, bound, 1);
    fixture_driver()->unbind(datastore, bound);
    assert_refused(fixture_driver()->setup(datastore, &mine, FOREVER, &error),
                   QUIPU_CONFLICT, &error, "quipu did not create");
    fixture_close(datastore);
    assert_int_equal(fixture_ask(file, "SELECT a FROM mine"), 7);
    fixture_close(fixture_open(file)); /* it is a store now */
}

static void missing_file_is_not_found(void **state)
{
    (void)state;
    const struct opening no_create = { .flags = QUIPU_OPEN_RELAXED };
    const struct opening readonly = { .flags = QUIPU_OPEN_READONLY |
                                               QUIPU_OPEN_CREATE };
    const char *file = fixture_file();
    fixture_refuses_untouched(file, &no_create, QUIPU_NOT_FOUND, "create=yes");
    fixture_refuses_untouched(file, &readonly, QUIPU_NOT_FOUND,
                              "does not exist");
    write_file(file, "", 0);
    fixture_refuses_untouched(file, &no_create, QUIPU_NOT_FOUND, "is empty");
    fixture_refuses_untouched(file, &readonly, QUIPU_NOT_FOUND, "is empty");
    fixture_close(fixture_open(file));
}

static void bind_reports_a_missing_column(void **state)
{
    (void)state;
    const char *file = fixture_file();
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_driver_schema *bound = NULL;
    quipu_error error = { 0 };
    size_t before = 0;
    size_t after = 0;
    make_store(file);
    fixture_sql(file, "ALTER TABLE stored_events DROP COLUMN state");
    unsigned char *old = fixture_bytes(file, &before);
    quipu_driver_datastore *datastore = fixture_open(file);
    assert_refused(
        fixture_driver()->bind(datastore, &schema, FOREVER, &bound, &error),
        QUIPU_CORRUPT, &error, "has no column \"state\"");
    assert_refused(fixture_driver()->setup(datastore, &schema, FOREVER, &error),
                   QUIPU_CORRUPT, &error, "has no column \"state\"");
    fixture_close(datastore);
    unsigned char *now = fixture_bytes(file, &after);
    assert_bytes(now, after, old, before);
    free(old);
    free(now);
    fixture_sql(file, "DROP TABLE stored_events");
    datastore = fixture_open(file);
    assert_refused(
        fixture_driver()->bind(datastore, &schema, FOREVER, &bound, &error),
        QUIPU_CORRUPT, &error, "has no column \"id\"");
    fixture_close(datastore);
}

/* A restore that was killed has left the copy beside the database, some of
 * whose files it may have removed. */
static void interrupted_restore_is_refused(void **state)
{
    const char *file = fixture_file();
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    char copy[48];
    (void)state;
    make_store(file);
    (void)snprintf(copy, sizeof(copy), "%s-quipu-restored", file);
    write_file(copy, "a store", 7);
    assert_refused(
        fixture_try_open(file, &(struct opening){ 0 }, &datastore, &error),
        QUIPU_CORRUPT, &error, "was interrupted; repeat it");
    assert_int_equal(unlink(copy), 0);
    fixture_close(fixture_open(file));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closing_leaves_only_the_database_file),
        cmocka_unit_test(file_that_is_not_a_database_is_corrupt),
        cmocka_unit_test(truncated_store_is_corrupt),
        cmocka_unit_test(foreign_database_is_refused_unchanged),
        cmocka_unit_test(foreign_database_in_use_is_left_unchanged),
        cmocka_unit_test(foreign_unfinished_transaction_is_left_unchanged),
        cmocka_unit_test(file_of_another_application_is_not_adopted),
        cmocka_unit_test(newer_format_is_unsupported),
        cmocka_unit_test(store_without_a_format_is_corrupt),
        cmocka_unit_test(user_version_is_left_to_the_application),
        cmocka_unit_test(utf16_database_is_not_adopted),
        cmocka_unit_test(adopt_adds_tables_to_a_database),
        cmocka_unit_test(missing_file_is_not_found),
        cmocka_unit_test(bind_reports_a_missing_column),
        cmocka_unit_test(interrupted_restore_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
