/* SPDX-License-Identifier: Apache-2.0 */
/* Triggers and rules of the database's owner that suppress or change what is
 * written, and warnings that they raise. */
#include "fixture.h"

#define TABLES "triggers"

static quipu_driver_datastore *datastore;
static quipu_driver_schema *bound;
static quipu_schema schema;

/* A function that suppresses rows, and one that changes their ids. */
static int make_functions(void **state)
{
    (void)state;
    schema = fixture_schema("plain");
    datastore = fixture_open("schema=" TABLES);
    bound = fixture_bind(datastore, &schema);
    fixture_sql("CREATE FUNCTION " TABLES ".suppress() RETURNS trigger"
                " LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
    fixture_sql("CREATE FUNCTION " TABLES ".keep() RETURNS trigger"
                " LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'");
    fixture_sql("CREATE FUNCTION " TABLES ".move() RETURNS trigger"
                " LANGUAGE plpgsql AS"
                " 'BEGIN NEW.id = NEW.id + 1000; RETURN NEW; END'");
    fixture_sql("CREATE FUNCTION " TABLES ".hide() RETURNS trigger"
                " LANGUAGE plpgsql AS"
                " 'BEGIN NEW.quipu_namespace = 77; RETURN NEW; END'");
    fixture_sql("CREATE FUNCTION " TABLES ".remove() RETURNS trigger"
                " LANGUAGE plpgsql AS 'BEGIN DELETE FROM " TABLES ".plain"
                " WHERE id = NEW.id; RETURN NULL; END'");
    fixture_sql("CREATE TABLE " TABLES ".copies (id int8)");
    fixture_sql("CREATE FUNCTION " TABLES ".copy() RETURNS trigger"
                " LANGUAGE plpgsql AS 'BEGIN INSERT INTO " TABLES ".copies"
                " VALUES (NEW.id); RETURN NULL; END'");
    fixture_sql("CREATE FUNCTION " TABLES ".warn() RETURNS trigger"
                " LANGUAGE plpgsql AS $$BEGIN RAISE WARNING 'look at this';"
                " RAISE WARNING 'as a shutdown' USING ERRCODE = '57P01';"
                " RETURN NEW; END$$");
    fixture_sql("CREATE FUNCTION " TABLES ".fail() RETURNS trigger"
                " LANGUAGE plpgsql AS $$BEGIN"
                " RAISE EXCEPTION 'no entries on Sundays'; END$$");
    fixture_sql("CREATE FUNCTION " TABLES ".fail_with_a_code() RETURNS trigger"
                " LANGUAGE plpgsql AS $$BEGIN"
                " RAISE EXCEPTION 'no entries on Sundays'"
                " USING ERRCODE = 'UE001'; END$$");
    return 0;
}

static int close_store(void **state)
{
    (void)state;
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
    return 0;
}

/* A new datastore, which does not know yet that its table has a trigger. */
static void reopen(void)
{
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
    datastore = fixture_open("schema=" TABLES);
    bound = fixture_bind(datastore, &schema);
}

static void add_trigger(const char *table, const char *when,
                        const char *function)
{
    reopen();
    fixture_sql("CREATE TRIGGER quirk %s ON " TABLES ".%s FOR EACH ROW"
                " EXECUTE FUNCTION " TABLES ".%s()",
                when, table, function);
}

static void drop_trigger(const char *table)
{
    fixture_sql("DROP TRIGGER quirk ON " TABLES ".%s", table);
}

/* An append of `count` items, at the next positions or at explicit ones, and a
 * tracking record. */
static int append(int64_t position, size_t count, int64_t tracked,
                  quipu_error *error)
{
    static uint64_t events;
    struct piece pieces[2];
    quipu_item items[2];
    const quipu_tracking tracking = { .consumer = { "consumer", 8 },
                                      .log = { "log", 3 },
                                      .position = { .notification_id =
                                                        tracked } };
    quipu_result result = { 0 };
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        fixture_piece(&pieces[i], 1, position < 0 ? -1 : position + (int64_t)i,
                      ++events);
        items[i] = pieces[i].item;
    }
    const quipu_request request = { .schema = bound,
                                    .items = items,
                                    .item_count = count,
                                    .tracking =
                                        tracked > 0 ? &tracking : NULL };
    *error = (quipu_error){ 0 };
    int status =
        fixture_driver()->append(datastore, &request, 1, &result, &taken,
                                 fixture_now() + 20 * SECOND, error);
    return status == QUIPU_OK ? result.status : status;
}

/* With a tracking record, which no statement for a run of items stores. */
static void assert_refused_with_tracking(int64_t head)
{
    quipu_error error;
    assert_refused(append(head, 2, 1000000, &error), QUIPU_DENIED, &error,
                   "\"plain\"");
    assert_int_equal(
        fixture_ask("SELECT count(*) FROM " TABLES
                    ".quipu_tracking WHERE notification_id = 1000000"),
        0);
}

/* An append is refused as a whole, with the table's name, while
 * the trigger exists; then the log goes on without a gap.  Datastores that do
 * not know of the trigger yet use other statements for one item, for two of a
 * sequence, and for a tracking record beside them. */
static void assert_refused_pairs(const char *table, int64_t tracked)
{
    quipu_error error;
    int64_t head = fixture_head(datastore, bound);
    int64_t items = fixture_ask("SELECT count(*) FROM " TABLES ".plain");
    assert_refused(append(-1, 2, tracked, &error), QUIPU_DENIED, &error, table);
    assert_contains(error.message, "trigger or a rule");
    reopen();
    assert_refused(append(head, 2, tracked, &error), QUIPU_DENIED, &error,
                   table);
    if (tracked == 0 && strcmp(table, "\"plain\"") == 0) {
        reopen();
        assert_refused_with_tracking(head);
    }
    if (tracked > 0) {
        assert_refused(append(0, 0, tracked, &error), QUIPU_DENIED, &error,
                       table);
    }
    assert_int_equal(fixture_head(datastore, bound), head);
    assert_int_equal(fixture_ask("SELECT count(*) FROM " TABLES ".plain"),
                     items);
    assert_int_equal(fixture_ask("SELECT count(*) FROM " TABLES
                                 ".quipu_tracking"
                                 " WHERE notification_id = %lld",
                                 (long long)tracked),
                     0);
}

static void assert_refused_appends(const char *table, int64_t tracked)
{
    quipu_error error;
    int64_t head = fixture_head(datastore, bound);
    reopen();
    assert_refused(append(head, 1, tracked, &error), QUIPU_DENIED, &error,
                   table);
    assert_int_equal(fixture_head(datastore, bound), head);
    assert_refused_pairs(table, tracked);
}

static void assert_appends(int64_t tracked)
{
    quipu_error error;
    int64_t head = fixture_head(datastore, bound);
    assert_ok(append(-1, 1, tracked, &error), &error);
    assert_int_equal(fixture_head(datastore, bound), head + 1);
    assert_int_equal(fixture_ask("SELECT max(id) FROM " TABLES ".plain"),
                     head + 1);
    assert_int_equal(fixture_ask("SELECT count(*) FROM " TABLES ".plain"),
                     head + 1);
}

static void trigger_that_suppresses_items_is_refused(void **state)
{
    (void)state;
    for (int filled = 0; filled < 2; filled++) {
        add_trigger("plain", "BEFORE INSERT", "suppress");
        assert_refused_appends("\"plain\"", 0);
        drop_trigger("plain");
        assert_appends(0);
    }
}

static void trigger_that_suppresses_one_item_is_refused(void **state)
{
    (void)state;
    reopen();
    fixture_sql("CREATE TRIGGER quirk BEFORE INSERT ON " TABLES ".plain"
                " FOR EACH ROW WHEN (NEW.id %% 2 = 0)"
                " EXECUTE FUNCTION " TABLES ".suppress()");
    assert_refused_pairs("\"plain\"", 0);
    drop_trigger("plain");
    assert_appends(0);
}

static void trigger_that_changes_ids_is_refused(void **state)
{
    (void)state;
    add_trigger("plain", "BEFORE INSERT", "move");
    assert_refused_appends("\"plain\"", 0);
    drop_trigger("plain");
    add_trigger("plain", "BEFORE INSERT", "hide");
    assert_refused_appends("\"plain\"", 0);
    drop_trigger("plain");
    assert_appends(0);
}

static void trigger_that_removes_items_afterwards_is_refused(void **state)
{
    (void)state;
    add_trigger("plain", "AFTER INSERT", "remove");
    assert_refused_appends("\"plain\"", 0);
    drop_trigger("plain");
    assert_appends(0);
}

/* At a known position. */
static void assert_appends_at_head(void)
{
    quipu_error error;
    int64_t head = fixture_head(datastore, bound);
    assert_ok(append(head, 1, 0, &error), &error);
    assert_int_equal(fixture_head(datastore, bound), head + 1);
    assert_int_equal(fixture_ask("SELECT count(*) FROM " TABLES ".plain"),
                     head + 1);
}

/* Also if it came after the first append of the datastore. */
static void triggers_and_rules_may_write_elsewhere(void **state)
{
    (void)state;
    for (int known = 0; known < 2; known++) {
        int64_t copies = fixture_ask("SELECT count(*) FROM " TABLES ".copies");
        reopen();
        if (known) {
            assert_appends_at_head();
        }
        fixture_sql("CREATE TRIGGER quirk AFTER INSERT ON " TABLES ".plain"
                    " FOR EACH ROW EXECUTE FUNCTION " TABLES ".copy()");
        assert_appends_at_head();
        assert_appends_at_head();
        drop_trigger("plain");
        reopen();
        fixture_sql("CREATE RULE quirk AS ON INSERT TO " TABLES ".plain"
                    " DO ALSO INSERT INTO " TABLES ".copies VALUES (0)");
        assert_appends_at_head();
        assert_appends_at_head();
        fixture_sql("DROP RULE quirk ON " TABLES ".plain");
        assert_appends_at_head();
        assert_int_equal(fixture_ask("SELECT count(*) FROM " TABLES ".copies"),
                         copies + 4);
    }
}

/* The rows would be stored elsewhere, and the rule returns them all the same.
 */
static void rule_that_stores_items_elsewhere_is_refused(void **state)
{
    quipu_error error;
    int64_t head = fixture_head(datastore, bound);
    (void)state;
    for (size_t count = 1; count <= 2; count++) {
        reopen();
        fixture_sql("CREATE RULE quirk AS ON INSERT TO " TABLES ".plain"
                    " DO INSTEAD INSERT INTO " TABLES ".copies VALUES (NEW.id)"
                    " RETURNING 1, id, NULL::uuid, 0::int8, '', ''::bytea,"
                    " NULL::uuid");
        assert_refused(append(head, count, 0, &error), QUIPU_DENIED, &error,
                       "\"plain\"");
        fixture_sql("DROP RULE quirk ON " TABLES ".plain");
        assert_int_equal(fixture_head(datastore, bound), head);
        assert_appends(0);
        head++;
    }
}

/* Triggers of a partition are not triggers of its table. */
static void trigger_of_a_partition_is_refused(void **state)
{
    (void)state;
    reopen();
    fixture_sql("ALTER TABLE " TABLES ".plain RENAME TO part");
    fixture_sql("CREATE TABLE " TABLES ".plain (LIKE " TABLES ".part"
                " INCLUDING ALL) PARTITION BY LIST (quipu_namespace)");
    fixture_sql("ALTER TABLE " TABLES ".plain ATTACH PARTITION " TABLES
                ".part DEFAULT");
    fixture_sql("CREATE TRIGGER quirk AFTER INSERT ON " TABLES ".part"
                " FOR EACH ROW EXECUTE FUNCTION " TABLES ".remove()");
    assert_refused_appends("\"plain\"", 0);
    drop_trigger("part");
    assert_appends(0);
    fixture_sql("ALTER TABLE " TABLES ".plain DETACH PARTITION " TABLES
                ".part");
    fixture_sql("DROP TABLE " TABLES ".plain");
    fixture_sql("ALTER TABLE " TABLES ".part RENAME TO plain");
}

static void rule_that_suppresses_items_is_refused(void **state)
{
    quipu_error error;
    int64_t head = fixture_head(datastore, bound);
    (void)state;
    reopen();
    fixture_sql("CREATE RULE quirk AS ON INSERT TO " TABLES ".plain"
                " WHERE NEW.id > 0 DO INSTEAD NOTHING");
    assert_refused(append(head, 1, 0, &error), QUIPU_DENIED, &error,
                   "\"plain\"");
    assert_int_not_equal(append(-1, 1, 0, &error), QUIPU_OK);
    fixture_sql("DROP RULE quirk ON " TABLES ".plain");
    assert_int_equal(fixture_head(datastore, bound), head);
    assert_appends(0);
}

static void trigger_that_suppresses_tracking_is_refused(void **state)
{
    (void)state;
    add_trigger("quipu_tracking", "BEFORE INSERT", "suppress");
    assert_refused_appends("\"quipu_tracking\"", 5);
    drop_trigger("quipu_tracking");
    assert_appends(5);
    add_trigger("quipu_tracking", "BEFORE UPDATE", "keep");
    assert_refused_appends("\"quipu_tracking\"", 6);
    drop_trigger("quipu_tracking");
    assert_appends(6);
}

/* Writes the entry "k", or deletes it without a value. */
static int put_entry(const char *value, quipu_error *error)
{
    const quipu_entry_write write = {
        .key = { "k", 1 },
        .value = { value, value ? strlen(value) : 0 },
        .flags = value ? 0 : QUIPU_ENTRY_DELETE,
    };
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = &write,
                                          .entry_count = 1 };
    const quipu_request request = { .condition = &conditions };
    quipu_result result = { 0 };
    size_t taken = 0;
    *error = (quipu_error){ 0 };
    int status =
        fixture_driver()->append(datastore, &request, 1, &result, &taken,
                                 fixture_now() + 20 * SECOND, error);
    return status == QUIPU_OK ? result.status : status;
}

static void assert_refused_entry(const char *when, const char *function,
                                 const char *value)
{
    quipu_error error;
    add_trigger("quipu_entries", when, function);
    assert_refused(put_entry(value, &error), QUIPU_DENIED, &error,
                   "\"quipu_entries\"");
    drop_trigger("quipu_entries");
}

static void trigger_that_suppresses_entries_is_refused(void **state)
{
    quipu_error error;
    (void)state;
    assert_refused_entry("BEFORE INSERT", "suppress", "v");
    assert_ok(put_entry("v", &error), &error);
    assert_refused_entry("BEFORE UPDATE", "keep", "w");
    assert_refused_entry("BEFORE DELETE", "suppress", NULL);
    assert_refused_entry("BEFORE INSERT", "suppress", NULL); /* the floor */
    assert_int_equal(
        fixture_ask("SELECT sum(revision) FROM " TABLES ".quipu_entries"), 1);
    assert_ok(put_entry(NULL, &error), &error);
    assert_ok(put_entry("v", &error), &error);
}

static void trigger_that_suppresses_heads_is_refused(void **state)
{
    (void)state;
    add_trigger("quipu_heads", "BEFORE UPDATE", "suppress");
    assert_refused_appends("\"quipu_heads\"", 0);
    drop_trigger("quipu_heads");
    assert_appends(0);
}

/* With a tracking record, which no statement for a run of items stores. */
static void assert_no_tracked_head(quipu_driver_schema *fresh,
                                   const struct piece *piece)
{
    const quipu_tracking tracking = { .consumer = { "fresh", 5 },
                                      .log = { "log", 3 },
                                      .position = { .notification_id = 1 } };
    const quipu_request request = { .schema = fresh,
                                    .items = &piece->item,
                                    .item_count = 1,
                                    .tracking = &tracking };
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    size_t taken = 0;
    assert_refused(fixture_driver()->append(datastore, &request, 1, &result,
                                            &taken, fixture_now() + 20 * SECOND,
                                            &error),
                   QUIPU_DENIED, &error, "\"quipu_heads\"");
}

/* The first append of a log gives no id below 1. */
static void assert_no_new_head(const char *function, int64_t first)
{
    struct piece piece;
    quipu_result result;
    quipu_error error = { 0 };
    quipu_schema other = fixture_schema("fresh");
    add_trigger("quipu_heads", "BEFORE UPDATE", function);
    quipu_driver_schema *fresh = fixture_bind(datastore, &other);
    for (int64_t position = first; position <= 0; position++) {
        fixture_piece(&piece, 1, position, 4711);
        assert_refused(
            fixture_put(datastore, fresh, &piece, 20 * SECOND, &result, &error),
            QUIPU_DENIED, &error, "\"quipu_heads\"");
    }
    if (first < 0) {
        assert_no_tracked_head(fresh, &piece);
    }
    drop_trigger("quipu_heads");
    assert_int_equal(fixture_ask("SELECT count(*) FROM " TABLES ".fresh"), 0);
    fixture_driver()->unbind(datastore, fresh);
}

static void trigger_that_suppresses_a_new_head_is_refused(void **state)
{
    (void)state;
    assert_no_new_head("suppress", -1);
}

static void trigger_that_keeps_a_new_head_is_refused(void **state)
{
    (void)state;
    assert_no_new_head("keep", 0);
}

static void suppressed_catalogue_rows_fail_the_set_up(void **state)
{
    static const char *const tables[] = { "quipu_schemas", "quipu_columns",
                                          "quipu_heads", "quipu_tables" };
    const quipu_column column = { .name = "amount", .kind = QUIPU_VALUE_INT };
    quipu_schema other = fixture_schema("other");
    quipu_error error;
    const quipu_driver *driver = fixture_driver();
    (void)state;
    other.columns = &column;
    other.column_count = 1;
    for (size_t i = 0; i < 4; i++) {
        int64_t deadline = fixture_now() + 20 * SECOND;
        add_trigger(tables[i], "BEFORE INSERT", "suppress");
        error = (quipu_error){ 0 };
        assert_refused(driver->setup(datastore, &other, deadline, &error),
                       QUIPU_DENIED, &error, tables[i]);
        drop_trigger(tables[i]);
        assert_status(driver->teardown(datastore, &other, deadline, &error),
                      QUIPU_NOT_FOUND);
    }
    assert_ok(
        driver->setup(datastore, &other, fixture_now() + 20 * SECOND, &error),
        &error);
    for (size_t i = 0; i < 3; i++) {
        int64_t deadline = fixture_now() + 20 * SECOND;
        add_trigger(tables[i], "BEFORE DELETE", "suppress");
        error = (quipu_error){ 0 };
        assert_refused(driver->teardown(datastore, &other, deadline, &error),
                       QUIPU_DENIED, &error, tables[i]);
        drop_trigger(tables[i]);
    }
    assert_ok(driver->teardown(datastore, &other, fixture_now() + 20 * SECOND,
                               &error),
              &error);
}

static int do_nothing(void *native, void *context, quipu_error *error)
{
    (void)native;
    (void)context;
    (void)error;
    return QUIPU_OK;
}

/* Moves a tracking record with a function in the transaction, as a projection
 * does.  There is no event id by which the driver could find out that it is
 * stored, if it took the outcome for unknown. */
static void assert_tracks(int64_t notification_id)
{
    const quipu_tracking tracking = { .consumer = { "projection", 10 },
                                      .log = { "log", 3 },
                                      .position = { .notification_id =
                                                        notification_id } };
    const quipu_request request = { .schema = bound, .tracking = &tracking };
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    assert_ok(fixture_driver()->transact(datastore, &request, do_nothing, NULL,
                                         &result, fixture_now() + 20 * SECOND,
                                         &error),
              &error);
    assert_int_equal(result.status, QUIPU_OK);
}

/* Warnings are no sign that the commit did not wait for a standby. */
static void warnings_of_a_trigger_do_not_make_the_outcome_unknown(void **state)
{
    static const char *const tables[] = { "plain", "quipu_tracking" };
    quipu_error error;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        add_trigger(tables[i], "BEFORE INSERT OR UPDATE", "warn");
    }
    assert_appends(0);
    assert_ok(append(fixture_head(datastore, bound), 1, 0, &error), &error);
    assert_tracks(1);
    assert_tracks(2);
    for (size_t i = 0; i < 2; i++) {
        drop_trigger(tables[i]);
        fixture_sql("CREATE CONSTRAINT TRIGGER quirk AFTER INSERT OR UPDATE"
                    " ON " TABLES ".%s DEFERRABLE INITIALLY DEFERRED"
                    " FOR EACH ROW EXECUTE FUNCTION " TABLES ".warn()",
                    tables[i]);
    }
    assert_appends(0);
    assert_tracks(3);
    for (size_t i = 0; i < 2; i++) {
        drop_trigger(tables[i]);
    }
}

/* The words are the trigger's, and nobody is asked to report them. */
static void exception_of_a_trigger_is_denied(void **state)
{
    static const char *const functions[] = { "fail", "fail_with_a_code" };
    quipu_error error;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int64_t head = fixture_head(datastore, bound);
        add_trigger("plain", "BEFORE INSERT", functions[i]);
        assert_status(append(-1, 1, 0, &error), QUIPU_DENIED);
        assert_contains(error.message, "no entries on Sundays");
        assert_contains(error.message, "a trigger or a rule");
        drop_trigger("plain");
        assert_int_equal(fixture_head(datastore, bound), head);
    }
    assert_appends(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trigger_that_suppresses_items_is_refused),
        cmocka_unit_test(trigger_that_suppresses_one_item_is_refused),
        cmocka_unit_test(trigger_that_changes_ids_is_refused),
        cmocka_unit_test(trigger_that_removes_items_afterwards_is_refused),
        cmocka_unit_test(rule_that_suppresses_items_is_refused),
        cmocka_unit_test(triggers_and_rules_may_write_elsewhere),
        cmocka_unit_test(trigger_that_suppresses_tracking_is_refused),
        cmocka_unit_test(trigger_that_suppresses_entries_is_refused),
        cmocka_unit_test(trigger_that_suppresses_heads_is_refused),
        cmocka_unit_test(trigger_that_suppresses_a_new_head_is_refused),
        cmocka_unit_test(trigger_that_keeps_a_new_head_is_refused),
        cmocka_unit_test(rule_that_stores_items_elsewhere_is_refused),
        cmocka_unit_test(trigger_of_a_partition_is_refused),
        cmocka_unit_test(suppressed_catalogue_rows_fail_the_set_up),
        cmocka_unit_test(exception_of_a_trigger_is_denied),
        cmocka_unit_test(warnings_of_a_trigger_do_not_make_the_outcome_unknown),
    };
    return cmocka_run_group_tests(tests, make_functions, close_store) != 0;
}
