/* SPDX-License-Identifier: Apache-2.0 */
/* Servers, databases and roles with unusual settings. */
#include "fixture.h"

static int try_it(const char *options, quipu_error *error)
{
    quipu_driver_datastore *datastore = NULL;
    *error = (quipu_error){ 0 };
    int status = fixture_try_open(options, &datastore, error);
    if (status == QUIPU_OK) {
        fixture_close(datastore);
    }
    return status;
}

/* Sets a schema up, appends, and checks a refusal and the head. */
static void exercise(const char *options, const char *table, int64_t expected)
{
    quipu_schema schema = fixture_schema(table);
    quipu_driver_datastore *datastore = fixture_open(options);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    struct piece piece;
    quipu_result result;
    quipu_error error = { 0 };
    int64_t before = fixture_head(datastore, bound);
    fixture_append(datastore, bound, 1);
    fixture_append(datastore, bound, 1);
    fixture_piece(&piece, 1, 0, 4711);
    assert_status(
        fixture_put(datastore, bound, &piece, SECOND, &result, &error),
        QUIPU_CONFLICT);
    assert_int_equal(result.last_position, before + 1);
    assert_int_equal(fixture_head(datastore, bound), expected);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

static void role_without_create_uses_existing_tables(void **state)
{
    quipu_error error;
    (void)state;
    exercise("schema=rights", "plain", 2);
    fixture_sql("CREATE ROLE worker LOGIN");
    fixture_sql("GRANT USAGE ON SCHEMA rights TO worker");
    fixture_sql("GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA rights"
                " TO worker");
    exercise("schema=rights&user=worker", "plain", 4);

    quipu_schema other = fixture_schema("other");
    quipu_driver_datastore *datastore =
        fixture_open("schema=rights&user=worker");
    assert_refused(fixture_driver()->setup(datastore, &other,
                                           fixture_now() + 5 * SECOND, &error),
                   QUIPU_DENIED, &error, "permission denied");
    assert_contains(error.message, "grant CREATE on the PostgreSQL schema");
    fixture_close(datastore);
    assert_refused(try_it("schema=elsewhere&user=worker", &error), QUIPU_DENIED,
                   &error, "grant CREATE");
    assert_contains(error.message, "on the database");
    fixture_sql("CREATE SCHEMA closed");
    fixture_sql("GRANT USAGE ON SCHEMA closed TO worker");
    assert_refused(try_it("schema=closed&user=worker", &error), QUIPU_DENIED,
                   &error, "grant CREATE");
}

static void role_with_select_reads(void **state)
{
    quipu_error error = { 0 };
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_schema *bound = NULL;
    (void)state;
    exercise("schema=looking", "plain", 2);
    fixture_sql("CREATE ROLE looker LOGIN");
    fixture_sql("GRANT USAGE ON SCHEMA looking TO looker");
    fixture_sql("GRANT SELECT ON ALL TABLES IN SCHEMA looking TO looker");
    quipu_driver_datastore *datastore =
        fixture_open("schema=looking&user=looker&readonly=yes");
    assert_ok(fixture_driver()->bind(datastore, &schema,
                                     fixture_now() + 20 * SECOND, &bound,
                                     &error),
              &error);
    assert_int_equal(fixture_head(datastore, bound), 2);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

/* PostgreSQL truncates longer names, which could make two names equal. */
static void names_of_63_bytes_are_not_truncated(void **state)
{
    char name[64];
    (void)state;
    memset(name, 'n', 62);
    name[62] = '1';
    name[63] = '\0';
    exercise("schema=names", name, 2);
    name[62] = '2';
    exercise("schema=names", name, 2);
    assert_int_equal(fixture_ask("SELECT count(*) FROM pg_tables WHERE"
                                 " schemaname = 'names' AND"
                                 " length(tablename) = 63"),
                     2);
}

/* In a namespace whose schema has another shape, the table's name is longer
 * than the schema's and is cut, but not within a character. */
static void cut_names_are_cut_between_characters(void **state)
{
    static const char *const characters[] = { "\xc3\xa4", "\xe2\x82\xac",
                                              "\xf0\x9f\x90\xa6" };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (size_t shift = 0; shift < 4; shift++) {
            char name[64] = "";
            size_t width = strlen(characters[i]);
            memset(name, 'n', shift);
            for (size_t at = shift; at + width <= 63; at += width) {
                memcpy(name + at, characters[i], width + 1);
            }
            memset(name + strlen(name), 'z', 63 - strlen(name));
            name[63] = '\0';
            quipu_schema schema = fixture_schema(name);
            exercise("schema=cut&namespace=first", name, 2);
            schema.metadata = "more";
            quipu_driver_datastore *datastore =
                fixture_open("schema=cut&namespace=second");
            quipu_driver_schema *bound = fixture_bind(datastore, &schema);
            fixture_append(datastore, bound, 1);
            fixture_driver()->unbind(datastore, bound);
            fixture_close(datastore);
        }
    }
}

static void schema_option_overrides_the_search_path(void **state)
{
    (void)state;
    exercise("options=-c search_path=public&schema=chosen", "plain", 2);
    exercise("options=-c search_path=nowhere&schema=chosen", "plain", 4);
    exercise("options=-c search_path=chosen", "plain", 6);
}

static void missing_rights_are_named_in_the_message(void **state)
{
    quipu_error error;
    (void)state;
    fixture_sql("CREATE ROLE stranger LOGIN");
    assert_refused(try_it("schema=rights&user=stranger", &error), QUIPU_DENIED,
                   &error, "grant SELECT, INSERT and UPDATE");
}

static void serializable_default_isolation_works(void **state)
{
    (void)state;
    fixture_sql("ALTER DATABASE quipu SET default_transaction_isolation ="
                " 'serializable'");
    exercise("schema=strict", "plain", 2);
    exercise("schema=strict&prepared=no", "plain", 4);
    fixture_sql("ALTER DATABASE quipu RESET default_transaction_isolation");
}

static void search_path_with_missing_and_quoted_schemas_works(void **state)
{
    (void)state;
    fixture_sql("CREATE SCHEMA \"Odd \"\"one\"\"\"");
    fixture_sql("ALTER DATABASE quipu SET search_path = \"$user\", missing,"
                " \"Odd \"\"one\"\"\", public");
    exercise("closed", "plain", 2);
    fixture_sql("ALTER DATABASE quipu RESET search_path");
    assert_int_equal(
        fixture_ask("SELECT count(*) FROM \"Odd \"\"one\"\"\".plain"), 2);
}

static void database_with_other_encoding_is_refused(void **state)
{
    quipu_error error;
    (void)state;
    fixture_sql("CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C'"
                " LOCALE_PROVIDER libc"
                " TEMPLATE template0");
    assert_refused(try_it("dbname=ascii", &error), QUIPU_UNSUPPORTED, &error,
                   "ENCODING 'UTF8'");
    assert_refused(try_it("dbname=nowhere", &error), QUIPU_NOT_FOUND, &error,
                   "createdb");
}

static void server_without_fsync_is_refused(void **state)
{
    quipu_error error;
    static const char *const settings[] = { "fsync", "full_page_writes" };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        fixture_sql("ALTER SYSTEM SET %s = off", settings[i]);
        fixture_sql("SELECT pg_reload_conf()");
        while (fixture_ask("SELECT (current_setting('%s') = 'on')::int",
                           settings[i]) != 0) {
        }
        assert_refused(try_it("schema=unsafe", &error), QUIPU_UNSUPPORTED,
                       &error, settings[i]);
        assert_contains(error.message, "trust_server=yes");
        assert_ok(try_it("schema=unsafe&relaxed=yes", &error), &error);
        assert_ok(try_it("schema=unsafe&trust_server=yes", &error), &error);
        fixture_sql("ALTER SYSTEM RESET %s", settings[i]);
        fixture_sql("SELECT pg_reload_conf()");
        while (fixture_ask("SELECT (current_setting('%s') = 'on')::int",
                           settings[i]) == 0) {
        }
    }
}

static void synchronous_commit_follows_the_durability(void **state)
{
    (void)state;
    fixture_sql("ALTER DATABASE quipu SET synchronous_commit = off");
    for (int relaxed = 0; relaxed < 2; relaxed++) {
        quipu_driver_datastore *datastore = fixture_open(
            relaxed ? "schema=durable&relaxed=1" : "schema=durable");
        fixture_sql("CREATE OR REPLACE FUNCTION full_says() RETURNS trigger"
                    " LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config("
                    "'quipu.seen', current_setting('synchronous_commit'),"
                    " false); IF current_setting('synchronous_commit') <> '%s'"
                    " THEN RAISE 'wrong'; END IF; RETURN NEW; END $$",
                    relaxed ? "off" : "on");
        quipu_schema schema = fixture_schema("plain");
        quipu_driver_schema *bound = fixture_bind(datastore, &schema);
        fixture_sql(
            "CREATE OR REPLACE TRIGGER says BEFORE INSERT ON durable.plain"
            " EXECUTE FUNCTION full_says()");
        fixture_append(datastore, bound, 1);
        fixture_driver()->unbind(datastore, bound);
        fixture_close(datastore);
    }
    fixture_sql("ALTER DATABASE quipu RESET synchronous_commit");
}

static void foreign_table_of_the_same_name_is_kept(void **state)
{
    quipu_error error;
    quipu_schema schema = fixture_schema("mine");
    (void)state;
    exercise("schema=foreign1", "plain", 2);
    fixture_sql("CREATE TABLE foreign1.mine (x int)");
    quipu_driver_datastore *datastore = fixture_open("schema=foreign1");
    assert_refused(fixture_driver()->setup(datastore, &schema,
                                           fixture_now() + 5 * SECOND, &error),
                   QUIPU_CONFLICT, &error, "did not create");
    fixture_close(datastore);
    fixture_sql("CREATE SCHEMA foreign2");
    fixture_sql("CREATE TABLE foreign2.quipu_heads (x int)");
    assert_status(try_it("schema=foreign2", &error), QUIPU_CORRUPT);
    assert_int_equal(fixture_ask("SELECT count(*) FROM pg_tables"
                                 " WHERE schemaname = 'foreign2'"),
                     1);
}

static void newer_format_is_refused(void **state)
{
    quipu_error error;
    (void)state;
    exercise("schema=newer", "plain", 2);
    fixture_sql("UPDATE newer.quipu_store SET format = 4");
    assert_refused(try_it("schema=newer", &error), QUIPU_UNSUPPORTED, &error,
                   "use a newer quipu");
    fixture_sql("DELETE FROM newer.quipu_store");
    assert_refused(try_it("schema=newer", &error), QUIPU_CORRUPT, &error,
                   "has no format");
}

/* A namespace keeps the property with which it was made.  A driver that does
 * not know it must not open the store. */
static void shared_flushes_belong_to_the_namespace(void **state)
{
    quipu_error error;
    (void)state;
    fixture_close(fixture_open("schema=flushes&namespace=a"));
    assert_int_equal(fixture_ask("SELECT format FROM flushes.quipu_store"), 1);
    exercise("schema=flushes&namespace=b&shared_flush=yes", "plain", 2);
    assert_int_equal(fixture_ask("SELECT format FROM flushes.quipu_store"), 3);
    assert_refused(
        try_it("schema=flushes&namespace=a&shared_flush=yes", &error),
        QUIPU_INVALID, &error, "was made without shared flushes");
    assert_refused(try_it("schema=flushes&namespace=b&shared_flush=no", &error),
                   QUIPU_INVALID, &error, "was made with shared flushes");
    exercise("schema=flushes&namespace=a&shared_flush=no", "plain", 2);
    exercise("schema=flushes&namespace=b", "plain", 4);
    assert_int_equal(fixture_ask("SELECT max(namespace)"
                                 " FROM flushes.quipu_shared_flush"),
                     2);
}

/* Two namespaces share the table; a third with another shape has its own. */
static void namespaces_share_a_table_of_the_same_shape(void **state)
{
    quipu_schema schema = fixture_schema("shared");
    quipu_error error;
    (void)state;
    exercise("schema=spaces&namespace=a", "shared", 2);
    exercise("schema=spaces&namespace=b", "shared", 2);
    schema.metadata = "more";
    quipu_driver_datastore *datastore =
        fixture_open("schema=spaces&namespace=c");
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    fixture_append(datastore, bound, 1);
    assert_int_equal(fixture_ask("SELECT count(*) FROM spaces.shared"), 4);
    assert_int_equal(fixture_ask("SELECT count(*) FROM spaces.quipu_tables"),
                     2);
    fixture_driver()->unbind(datastore, bound);
    assert_ok(fixture_driver()->teardown(datastore, &schema,
                                         fixture_now() + 5 * SECOND, &error),
              &error);
    fixture_close(datastore);
    schema = fixture_schema("shared");
    datastore = fixture_open("schema=spaces&namespace=a");
    assert_ok(fixture_driver()->teardown(datastore, &schema,
                                         fixture_now() + 5 * SECOND, &error),
              &error);
    fixture_close(datastore);
    assert_int_equal(fixture_ask("SELECT count(*) FROM spaces.shared"), 2);
    assert_int_equal(fixture_ask("SELECT count(*) FROM spaces.quipu_tables"),
                     1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(role_without_create_uses_existing_tables),
        cmocka_unit_test(role_with_select_reads),
        cmocka_unit_test(names_of_63_bytes_are_not_truncated),
        cmocka_unit_test(cut_names_are_cut_between_characters),
        cmocka_unit_test(schema_option_overrides_the_search_path),
        cmocka_unit_test(missing_rights_are_named_in_the_message),
        cmocka_unit_test(serializable_default_isolation_works),
        cmocka_unit_test(search_path_with_missing_and_quoted_schemas_works),
        cmocka_unit_test(database_with_other_encoding_is_refused),
        cmocka_unit_test(server_without_fsync_is_refused),
        cmocka_unit_test(synchronous_commit_follows_the_durability),
        cmocka_unit_test(foreign_table_of_the_same_name_is_kept),
        cmocka_unit_test(newer_format_is_refused),
        cmocka_unit_test(shared_flushes_belong_to_the_namespace),
        cmocka_unit_test(namespaces_share_a_table_of_the_same_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
