/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas in the catalogue, and their tables. */
#include "fixture.h"

static const char hostile[] = "na\xc3\xafve; DROP TABLE x; --";

static void forget(quipu_driver_datastore *datastore,
                   quipu_driver_schema *bound)
{
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

static int64_t count_tables(const char *file, const char *name)
{
    char sql[200];
    (void)snprintf(sql, sizeof(sql),
                   "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
                   " AND name = '%s'",
                   name);
    return fixture_ask(file, sql);
}

static void table_is_readable_with_plain_sql(void **state)
{
    (void)state;
    const char *file = fixture_file();
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_driver_datastore *datastore = fixture_open(file);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    fixture_append(datastore, bound, 1);
    forget(datastore, bound);
    assert_int_equal(
        fixture_ask(file, "SELECT count(*) FROM stored_events WHERE id = 1 AND"
                          " aggregate_version = 0 AND event_type = 'topic' AND"
                          " typeof(event_type) = 'text' AND"
                          " length(aggregate_id) = 16 AND"
                          " CAST(state AS TEXT) LIKE 'state %'"),
        1);
    assert_int_equal(fixture_ask(file, "SELECT strict FROM pragma_table_list"
                                       " WHERE name = 'stored_events'"),
                     1);
    assert_int_equal(fixture_ask(file, "SELECT head FROM quipu_heads"), 1);
}

static void any_name_is_quoted(void **state)
{
    (void)state;
    static const char *const names[] = { "select", "\"quoted\"", hostile,
                                         "it's",   "a b",        "[x]",
                                         "`y`",    "@S?1" };
    const char *file = fixture_file();
    quipu_driver_datastore *datastore = fixture_open(file);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        quipu_schema schema = {
            .struct_size = sizeof(schema),
            .table = names[i],
            .notification_id = names[i],
            .sequence_id = "select2",
            .position = "\"",
            .topic = "; --",
            .state = "order",
            .event_id = "group",
        };
        quipu_driver_schema *bound = fixture_bind(datastore, &schema);
        fixture_append(datastore, bound, 1);
        fixture_append(datastore, bound, 1);
        assert_int_equal(fixture_count(datastore, bound), 2);
        fixture_driver()->unbind(datastore, bound);
    }
    fixture_close(datastore);
}

static void name_that_differs_in_case_only_is_invalid(void **state)
{
    (void)state;
    quipu_error error = { 0 };
    quipu_schema lower = fixture_schema("stored_events", 0);
    quipu_schema upper = fixture_schema("Stored_Events", 0);
    quipu_driver_datastore *datastore = fixture_open(":memory:");
    quipu_driver_schema *bound = fixture_bind(datastore, &lower);
    assert_refused(fixture_driver()->setup(datastore, &upper, FOREVER, &error),
                   QUIPU_INVALID, &error, "in case only");
    quipu_driver_schema *other = NULL;
    assert_status(
        fixture_driver()->bind(datastore, &upper, FOREVER, &other, &error),
        QUIPU_NOT_FOUND);
    forget(datastore, bound);
}

static void foreign_table_is_left_unchanged(void **state)
{
    (void)state;
    const char *file = fixture_file();
    quipu_error error = { 0 };
    quipu_schema schema = fixture_schema("Mine", 0);
    fixture_close(fixture_open(file));
    fixture_sql(file, "CREATE TABLE mine (a); CREATE VIEW seen AS SELECT 1");
    quipu_driver_datastore *datastore = fixture_open(file);
    assert_refused(fixture_driver()->setup(datastore, &schema, FOREVER, &error),
                   QUIPU_CONFLICT, &error, "quipu did not create");
    schema.table = "seen";
    assert_refused(fixture_driver()->setup(datastore, &schema, FOREVER, &error),
                   QUIPU_CONFLICT, &error, "quipu did not create");
    fixture_close(datastore);
}

static void namespace_has_tables_of_its_own(void **state)
{
    (void)state;
    const char *file = fixture_file();
    const struct opening spaces[] = { { .name_space = "" },
                                      { .name_space = "a" },
                                      { .name_space = "A" } };
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_driver_datastore *datastores[3];
    quipu_driver_schema *bounds[3];
    for (int i = 0; i < 3; i++) {
        assert_ok(fixture_try_open(file, &spaces[i], &datastores[i], NULL),
                  NULL);
        bounds[i] = fixture_bind(datastores[i], &schema);
        for (int k = 0; k <= i; k++) {
            fixture_append(datastores[i], bounds[i], 1);
        }
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fixture_count(datastores[i], bounds[i]), i + 1);
        forget(datastores[i], bounds[i]);
    }
    assert_int_equal(count_tables(file, "stored_events"), 1);
    assert_int_equal(count_tables(file, "quipu_2_stored_events"), 1);
    assert_int_equal(count_tables(file, "quipu_3_stored_events"), 1);
}

static void each_difference_of_a_schema_is_named(void **state)
{
    (void)state;
    static const quipu_column columns[] = {
        { .name = "kind", .kind = QUIPU_VALUE_TEXT },
        { .name = "amount", .kind = QUIPU_VALUE_INT },
    };
    static const quipu_column others[] = {
        { .name = "kind", .kind = QUIPU_VALUE_BYTES },
        { .name = "weight", .kind = QUIPU_VALUE_INT },
    };
    quipu_schema stored = fixture_schema("stored_events", 0);
    quipu_driver_datastore *datastore = fixture_open(":memory:");
    stored.columns = columns;
    stored.column_count = 2;
    stored.time = "at";
    quipu_driver_schema *bound = fixture_bind(datastore, &stored);
    struct {
        quipu_schema schema;
        const char *difference;
    } cases[12];
    for (size_t i = 0; i < 12; i++) {
        cases[i].schema = stored;
    }
    cases[0].schema.flags = QUIPU_SCHEMA_TEXT_IDS;
    cases[0].difference = "its kind of ids is uuid, expected text";
    cases[1].schema.flags = QUIPU_SCHEMA_SPARSE;
    cases[1].difference =
        "its kind of positions is contiguous, expected sparse";
    cases[2].schema.notification_id = "n";
    cases[2].difference = "its notification id is id, expected n";
    cases[3].schema.sequence_id = "s";
    cases[3].difference = "its sequence id is aggregate_id, expected s";
    cases[4].schema.position = "p";
    cases[4].difference = "its position is aggregate_version, expected p";
    cases[5].schema.event_id = NULL;
    cases[5].difference = "its event id is event_id, expected (none)";
    cases[6].schema.metadata = "m";
    cases[6].difference = "its metadata is (none), expected m";
    cases[7].schema.time = "T";
    cases[7].difference = "its time is at, expected T";
    cases[8].schema.columns = others;
    cases[8].difference =
        "its kind of a further column is text, expected bytes";
    cases[9].schema.columns = columns + 1;
    cases[9].schema.column_count = 1;
    cases[9].difference = "its further column is kind, expected amount";
    cases[10].schema.column_count = 1;
    cases[10].difference = "its further column is amount, expected (none)";
    cases[11].schema.column_count = 0;
    cases[11].difference = "its further column is kind, expected (none)";
    for (size_t i = 0; i < 12; i++) {
        quipu_error error = { 0 };
        quipu_driver_schema *other = NULL;
        assert_refused(fixture_driver()->bind(datastore, &cases[i].schema,
                                              FOREVER, &other, &error),
                       QUIPU_CONFLICT, &error, cases[i].difference);
        assert_refused(fixture_driver()->setup(datastore, &cases[i].schema,
                                               FOREVER, &error),
                       QUIPU_CONFLICT, &error, cases[i].difference);
        assert_refused(fixture_driver()->teardown(datastore, &cases[i].schema,
                                                  FOREVER, &error),
                       QUIPU_CONFLICT, &error, cases[i].difference);
    }
    quipu_schema longer = stored;
    const quipu_column three[] = { columns[0],
                                   columns[1],
                                   { .name = "z", .kind = QUIPU_VALUE_BOOL } };
    quipu_driver_schema *other = NULL;
    quipu_error error = { 0 };
    longer.columns = three;
    longer.column_count = 3;
    assert_refused(
        fixture_driver()->bind(datastore, &longer, FOREVER, &other, &error),
        QUIPU_CONFLICT, &error, "its further column is (none), expected z");
    forget(datastore, bound);
}

static void foreign_column_is_left_unchanged(void **state)
{
    (void)state;
    static const quipu_column columns[] = {
        { .name = "first", .kind = QUIPU_VALUE_TEXT },
        { .name = "Mine", .kind = QUIPU_VALUE_INT },
    };
    const char *file = fixture_file();
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_driver_datastore *datastore = fixture_open(file);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    quipu_error error = { 0 };
    fixture_append(datastore, bound, 1);
    fixture_sql(file, "ALTER TABLE stored_events ADD COLUMN mine TEXT");
    schema.columns = columns;
    schema.column_count = 2;
    assert_refused(fixture_driver()->alter(datastore, &schema, FOREVER, &error),
                   QUIPU_CONFLICT, &error,
                   "already has a column \"Mine\" that quipu did not create");
    assert_int_equal(fixture_ask(file, "SELECT count(*) FROM quipu_columns"),
                     0);
    assert_int_equal(fixture_ask(file, "SELECT count(*) FROM "
                                       "pragma_table_info('stored_events') "
                                       "WHERE name = 'first'"),
                     0);
    schema.column_count = 1;
    assert_ok(fixture_driver()->alter(datastore, &schema, FOREVER, &error),
              &error);
    fixture_append(datastore, bound, 1);
    assert_int_equal(fixture_count(datastore, bound), 2);
    forget(datastore, bound);
}

/* Another handle tears the schema down, and sets it up again. */
static void bound_schema_that_was_torn_down_is_not_found(void **state)
{
    (void)state;
    const char *file = fixture_file();
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_driver_datastore *first = fixture_open(file);
    quipu_driver_datastore *second = fixture_open(file);
    quipu_driver_schema *bound = fixture_bind(first, &schema);
    quipu_result result = { 0 };
    quipu_position head;
    quipu_error error = { 0 };
    fixture_append(first, bound, 1);
    assert_ok(fixture_driver()->teardown(second, &schema, FOREVER, &error),
              &error);
    for (int i = 0; i < 2; i++) {
        assert_refused(fixture_try_append(first, bound, 1, &result, &error),
                       QUIPU_NOT_FOUND, &error, "was torn down");
        assert_refused(
            fixture_driver()->log_head(first, bound, FOREVER, &head, &error),
            QUIPU_NOT_FOUND, &error, "was torn down");
        assert_ok(fixture_driver()->setup(second, &schema, FOREVER, &error),
                  &error);
    }
    assert_refused(
        fixture_driver()->teardown(second, &(quipu_schema){ .table = "none" },
                                   FOREVER, &error),
        QUIPU_NOT_FOUND, &error, "not set up");
    forget(first, bound);
    fixture_close(second);
}

/* A connection keeps the statements of a limited number of schemas prepared. */
static void more_schemas_than_statement_caches_work(void **state)
{
    (void)state;
    enum { COUNT = 40 };
    char names[COUNT][16];
    quipu_driver_schema *bounds[COUNT];
    quipu_driver_datastore *datastore = fixture_open(":memory:");
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "s%d", i);
        quipu_schema schema = fixture_schema(names[i], 0);
        bounds[i] = fixture_bind(datastore, &schema);
    }
    for (int round = 1; round <= 3; round++) {
        for (int i = 0; i < COUNT; i++) {
            fixture_append(datastore, bounds[i], 1);
            assert_int_equal(fixture_count(datastore, bounds[i]), round);
        }
    }
    for (int i = 0; i < COUNT; i++) {
        fixture_driver()->unbind(datastore, bounds[i]);
    }
    fixture_close(datastore);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_readable_with_plain_sql),
        cmocka_unit_test(any_name_is_quoted),
        cmocka_unit_test(name_that_differs_in_case_only_is_invalid),
        cmocka_unit_test(foreign_table_is_left_unchanged),
        cmocka_unit_test(namespace_has_tables_of_its_own),
        cmocka_unit_test(each_difference_of_a_schema_is_named),
        cmocka_unit_test(foreign_column_is_left_unchanged),
        cmocka_unit_test(bound_schema_that_was_torn_down_is_not_found),
        cmocka_unit_test(more_schemas_than_statement_caches_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
