/* SPDX-License-Identifier: Apache-2.0 */
/* Columns that are added to the table of a schema, which may be shared. */
#include "fixture.h"

#include <pthread.h>

static const quipu_column added[] = {
    { .name = "added", .kind = QUIPU_VALUE_INT },
    { .name = "more", .kind = QUIPU_VALUE_TEXT },
};

static quipu_schema schema_with(const char *table, size_t count)
{
    quipu_schema schema = fixture_schema(table);
    schema.columns = added;
    schema.column_count = count;
    return schema;
}

static int alter(quipu_driver_datastore *datastore, const quipu_schema *schema,
                 int64_t time, quipu_error *error)
{
    return fixture_driver()->alter(datastore, schema, fixture_now() + time,
                                   error);
}

/* The driver stores requests of one definition together, and takes those of the
 * other one with the next call. */
static void requests_of_both_definitions_are_stored(void **state)
{
    quipu_driver_datastore *datastore = fixture_open("schema=altered");
    quipu_schema schema = schema_with("both", 0);
    quipu_driver_schema *former = fixture_bind(datastore, &schema);
    const quipu_value value = { .kind = QUIPU_VALUE_INT, .as.integer = 7 };
    quipu_result results[4] = { { 0 }, { 0 }, { 0 }, { 0 } };
    quipu_request requests[4];
    struct piece pieces[4];
    quipu_error error = { 0 };
    (void)state;
    schema = schema_with("both", 1);
    assert_ok(alter(datastore, &schema, 20 * SECOND, &error), &error);
    quipu_driver_schema *present = fixture_bind(datastore, &schema);
    for (uint32_t i = 0; i < 4; i++) {
        fixture_piece(&pieces[i], 1, i, i + 1);
        requests[i] = (quipu_request){ .schema = former,
                                       .items = &pieces[i].item,
                                       .item_count = 1 };
    }
    requests[2].schema = present;
    pieces[2].item.columns = &value;
    pieces[2].item.column_count = 1;
    for (size_t done = 0, taken = 0; done < 4; done += taken) {
        assert_ok(fixture_driver()->append(datastore, requests + done, 4 - done,
                                           results + done, &taken,
                                           fixture_now() + 20 * SECOND, &error),
                  &error);
        assert_int_equal(taken, done == 0 ? 2 : 1);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(results[i].status, QUIPU_OK);
    }
    assert_int_equal(fixture_ask("SELECT sum(added) FROM altered.both"), 7);
    assert_int_equal(
        fixture_ask("SELECT id FROM altered.both WHERE added IS NOT NULL"), 3);
    fixture_driver()->unbind(datastore, former);
    fixture_driver()->unbind(datastore, present);
    fixture_close(datastore);
}

/* Another namespace has its schema in the same table. */
static void column_of_a_shared_table_is_shared(void **state)
{
    static const quipu_column other_kind = { .name = "more",
                                             .kind = QUIPU_VALUE_BYTES };
    quipu_driver_datastore *one = fixture_open("schema=altered");
    quipu_driver_datastore *two = fixture_open("schema=altered&namespace=two");
    quipu_schema schema = schema_with("shared", 0);
    quipu_driver_schema *in_one = fixture_bind(one, &schema);
    quipu_driver_schema *in_two = fixture_bind(two, &schema);
    quipu_error error = { 0 };
    (void)state;
    schema = schema_with("shared", 2);
    assert_ok(alter(one, &schema, 20 * SECOND, &error), &error);
    fixture_append(one, in_one, 1);
    fixture_append(two, in_two, 1);
    schema.columns = &other_kind;
    schema.column_count = 1;
    assert_refused(alter(two, &schema, 20 * SECOND, &error), QUIPU_CONFLICT,
                   &error, "already has a column \"more\"");
    schema.columns = &added[1];
    assert_ok(alter(two, &schema, 20 * SECOND, &error), &error);
    fixture_driver()->unbind(two, fixture_bind(two, &schema));
    assert_int_equal(fixture_ask("SELECT count(*) FROM altered.quipu_tables"
                                 " WHERE relation = 'shared'"),
                     1);

    /* A schema that is set up later needs the columns that it names. */
    quipu_driver_datastore *three =
        fixture_open("schema=altered&namespace=three");
    schema = schema_with("shared", 2);
    quipu_driver_schema *in_three = fixture_bind(three, &schema);
    fixture_driver()->unbind(three, in_three);
    fixture_driver()->unbind(one, in_one);
    fixture_driver()->unbind(two, in_two);
    fixture_close(three);
    fixture_close(two);
    fixture_close(one);
}

static void foreign_column_is_left_unchanged(void **state)
{
    quipu_driver_datastore *datastore = fixture_open("schema=altered");
    quipu_schema schema = schema_with("foreign", 0);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    quipu_error error = { 0 };
    (void)state;
    fixture_sql("ALTER TABLE altered.foreign ADD COLUMN more text");
    schema = schema_with("foreign", 2);
    assert_refused(alter(datastore, &schema, 20 * SECOND, &error),
                   QUIPU_CONFLICT, &error,
                   "already has a column \"more\" that quipu did not create");
    schema = schema_with("foreign", 0); /* nothing was added */
    fixture_driver()->unbind(datastore, fixture_bind(datastore, &schema));
    schema = schema_with("foreign", 1);
    assert_ok(alter(datastore, &schema, 20 * SECOND, &error), &error);
    fixture_append(datastore, bound, 1);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

static void *read_for_long(void *unused)
{
    (void)unused;
    fixture_sql("SELECT pg_catalog.pg_sleep(3), count(*) FROM altered.busy");
    return NULL;
}

/* A statement that reads the table holds it: the alteration ends at its
 * deadline, and appends go on behind it. */
static void table_in_use_is_busy(void **state)
{
    quipu_driver_datastore *datastore = fixture_open("schema=altered");
    quipu_schema schema = schema_with("busy", 0);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    quipu_error error = { 0 };
    pthread_t reader;
    (void)state;
    schema = schema_with("busy", 1);
    assert_int_equal(pthread_create(&reader, NULL, read_for_long, NULL), 0);
    while (fixture_ask("SELECT count(*) FROM pg_catalog.pg_stat_activity"
                       " WHERE query LIKE '%%pg_sleep(3)%%altered.busy'"
                       "   AND wait_event = 'PgSleep'") == 0) {
        fixture_pause(10 * MILLISECOND);
    }
    int64_t before = fixture_now();
    assert_status(alter(datastore, &schema, 500 * MILLISECOND, &error),
                  QUIPU_BUSY);
    print_message("busy after %lld ms\n",
                  (long long)((fixture_now() - before) / MILLISECOND));
    fixture_append(datastore, bound, 1);
    assert_ok(alter(datastore, &schema, 60 * SECOND, &error), &error);
    fixture_append(datastore, bound, 1);
    assert_int_equal(pthread_join(reader, NULL), 0);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_of_both_definitions_are_stored),
        cmocka_unit_test(column_of_a_shared_table_is_shared),
        cmocka_unit_test(foreign_column_is_left_unchanged),
        cmocka_unit_test(table_in_use_is_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
