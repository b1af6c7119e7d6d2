/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors over several pages beside concurrent appends. */
#include "fixture.h"

#include "sqlite.h"

#define ITEMS 1500 /* several pages */

struct place {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
};

static int begin(void **state)
{
    static struct place place;
    quipu_schema schema = fixture_schema("stored_events", 0);
    place.datastore = fixture_open(":memory:");
    place.bound = fixture_bind(place.datastore, &schema);
    for (int i = 0; i < ITEMS; i++) {
        fixture_append(place.datastore, place.bound, 1);
    }
    *state = &place;
    return 0;
}

static int end(void **state)
{
    struct place *place = *state;
    fixture_driver()->unbind(place->datastore, place->bound);
    fixture_close(place->datastore);
    return 0;
}

/* Reads sequence 1 or the log. An append follows each step, and the cursor
 * returns none of these items. */
static void read_all(struct place *place, bool log, bool descending,
                     int64_t limit)
{
    const quipu_driver *driver = fixture_driver();
    const quipu_range range = { .struct_size = sizeof(range),
                                .descending = descending,
                                .lower = INT64_MIN,
                                .upper = INT64_MAX,
                                .limit = limit };
    quipu_driver_cursor *cursor = NULL;
    struct piece piece;
    int64_t before = fixture_head(place->datastore, place->bound);
    int64_t all = limit < before ? limit : before;
    int64_t seen = 0;
    size_t count = 0;
    int steps = 0;
    fixture_piece(&piece, 1, 0, 0);
    assert_ok(log ? driver->read_log(place->datastore, place->bound, &range,
                                     FOREVER, &cursor, NULL)
                  : driver->read_sequence(place->datastore, place->bound,
                                          piece.item.sequence_id, &range,
                                          FOREVER, &cursor, NULL),
              NULL);
    do {
        const void *rows = NULL;
        assert_ok(driver->step(cursor, FOREVER, &rows, &count, NULL), NULL);
        const quipu_item *items = rows;
        for (size_t i = 0; i < count; i++, seen++) {
            int64_t id = descending ? before - seen : seen + 1;
            assert_int_equal(items[i].notification_id, id);
            assert_int_equal(items[i].position, id - 1);
        }
        steps++;
        fixture_append(place->datastore, place->bound, 1);
    } while (count > 0);
    assert_int_equal(seen, all);
    assert_true(limit < 1000 || steps > 3);
    driver->cursor_close(cursor);
}

static void pages_continue_in_both_directions(void **state)
{
    for (int i = 0; i < 4; i++) {
        read_all(*state, i % 2 == 0, i / 2 == 0, INT64_MAX);
    }
}

static void limit_counts_across_pages(void **state)
{
    for (int i = 0; i < 4; i++) {
        read_all(*state, i % 2 == 0, i / 2 == 0, 700);
        read_all(*state, i % 2 == 0, i / 2 == 0, 3);
    }
}

static void item_larger_than_a_page_is_read_alone(void **state)
{
    struct place *place = *state;
    struct piece piece;
    quipu_result result = { 0 };
    const size_t size = 3u << 20;
    unsigned char *big = malloc(size);
    assert_non_null(big);
    for (size_t i = 0; i < size; i++) {
        big[i] = (unsigned char)(i * 7 + i / 251);
    }
    fixture_piece(&piece, 2, 0, 5);
    piece.item.state = (quipu_bytes){ big, size };
    const quipu_request request = { .schema = place->bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    assert_ok(fixture_append_all(place->datastore, &request, 1, &result, NULL),
              NULL);
    const quipu_range one = { .struct_size = sizeof(one),
                              .lower = result.first_notification_id - 1,
                              .upper = INT64_MAX,
                              .limit = INT64_MAX };
    quipu_driver_cursor *cursor = NULL;
    size_t count = 1;
    size_t seen = 0;
    assert_ok(fixture_driver()->read_log(place->datastore, place->bound, &one,
                                         FOREVER, &cursor, NULL),
              NULL);
    while (count > 0) {
        const void *rows = NULL;
        assert_ok(fixture_driver()->step(cursor, FOREVER, &rows, &count, NULL),
                  NULL);
        const quipu_item *items = rows;
        for (size_t i = 0; i < count; i++, seen++) {
            if (items[i].notification_id == result.first_notification_id) {
                assert_bytes(items[i].state.data, items[i].state.size, big,
                             size);
            }
        }
    }
    assert_int_equal(seen, 2);
    fixture_driver()->cursor_close(cursor);
    free(big);
}

static void each_commit_advances_the_commit_counter(void **state)
{
    struct place *place = *state;
    uint32_t before =
        quipu_common_commit_counter_read(place->datastore->commit_counter);
    fixture_append(place->datastore, place->bound, 1);
    assert_true(quipu_common_commit_counter_read(
                    place->datastore->commit_counter) != before);
    before = quipu_common_commit_counter_read(place->datastore->commit_counter);
    fixture_driver()->interrupt(place->datastore);
    assert_true(quipu_common_commit_counter_read(
                    place->datastore->commit_counter) != before);
}

/* Replaces the index that the query uses by one in the opposite order. */
static const char turn_the_index_round[] =
    "CREATE INDEX turned ON stored_events"
    " (aggregate_id, aggregate_version DESC);"
    "PRAGMA writable_schema = ON;"
    "UPDATE sqlite_schema SET rootpage ="
    " (SELECT rootpage FROM sqlite_schema WHERE name = 'turned')"
    " WHERE name = 'sqlite_autoindex_stored_events_2';"
    "DELETE FROM sqlite_schema WHERE name = 'turned'";

static void items_out_of_order_are_corrupt(void **state)
{
    (void)state;
    char file[32];
    struct piece piece;
    quipu_error error = { 0 };
    quipu_driver_cursor *cursor = NULL;
    quipu_schema schema = fixture_schema("stored_events", 0);
    (void)snprintf(file, sizeof(file), "%s", fixture_file());
    for (int i = 0; i < 2; i++) {
        quipu_driver_datastore *datastore = fixture_open(file);
        quipu_driver_schema *bound = fixture_bind(datastore, &schema);
        const quipu_range all = { .struct_size = sizeof(all),
                                  .lower = INT64_MIN,
                                  .upper = INT64_MAX,
                                  .limit = INT64_MAX };
        fixture_piece(&piece, 1, 0, 0);
        if (i == 0) {
            fixture_append(datastore, bound, 1);
            fixture_append(datastore, bound, 1);
        } else {
            assert_refused(fixture_driver()->read_sequence(
                               datastore, bound, piece.item.sequence_id, &all,
                               FOREVER, &cursor, &error),
                           QUIPU_CORRUPT, &error, "REINDEX");
        }
        fixture_driver()->unbind(datastore, bound);
        fixture_close(datastore);
        fixture_sql(file, i == 0 ? turn_the_index_round : "SELECT 1");
    }
}

/* ------------------------------------------- tables that quipu did not make */

enum listed { SEQUENCES, TRACKING, SCHEMAS };

/* Reads a listing to its end; more than 100 rows mean that it has none. */
static int list_all(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, enum listed listed,
                    quipu_error *error)
{
    const quipu_driver *driver = fixture_driver();
    quipu_driver_cursor *cursor = NULL;
    const void *rows = NULL;
    size_t count = 1;
    int steps = 0;
    int status =
        listed == SEQUENCES
            ? driver->list_sequences(datastore, bound, (quipu_bytes){ 0 },
                                     FOREVER, &cursor, error)
        : listed == TRACKING
            ? driver->list_tracking(datastore, FOREVER, &cursor, error)
            : driver->list_schemas(datastore, FOREVER, &cursor, error);
    assert_ok(status, error);
    while (status == QUIPU_OK && count > 0) {
        assert_true(steps++ < 100);
        status = driver->step(cursor, FOREVER, &rows, &count, error);
    }
    driver->cursor_close(cursor);
    return status;
}

static void check_listing(enum listed listed, const char *sql)
{
    const char *file = fixture_file();
    quipu_schema schema =
        fixture_schema("stored_events", QUIPU_SCHEMA_TEXT_IDS);
    quipu_driver_datastore *datastore = fixture_open(file);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    quipu_error error = { 0 };

    assert_ok(list_all(datastore, bound, listed, &error), &error);
    fixture_sql(file, sql);
    assert_refused(list_all(datastore, bound, listed, &error), QUIPU_CORRUPT,
                   &error, "never writes");
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

static void listing_of_a_foreign_table_ends(void **state)
{
#define LONG "printf('%300s', 'x')"
#define EVENTS(key, values)                                              \
    "DROP TABLE stored_events; CREATE TABLE stored_events (id INTEGER "  \
    "PRIMARY KEY, aggregate_id " key ", aggregate_version, event_type, " \
    "state, event_id); INSERT INTO stored_events (id, aggregate_id, "    \
    "aggregate_version) VALUES " values
#define TRACKED(key, values)                                              \
    "DROP TABLE quipu_tracking; CREATE TABLE quipu_tracking (namespace, " \
    "consumer " key ", log, notification_id, store, event_id); "          \
    "INSERT INTO quipu_tracking (namespace, consumer, log) VALUES " values
#define SCHEMA(values)                                             \
    "INSERT INTO quipu_schemas (namespace, name, ids, positions, " \
    "notification_id, sequence_id, position, topic, state) VALUES " values
    (void)state;
    check_listing(SEQUENCES, EVENTS("", "(1, " LONG ", 0)"));
    check_listing(SEQUENCES, EVENTS("", "(1, x'61', 0), (2, x'62', 0)"));
    check_listing(SEQUENCES, EVENTS("", "(1, 7, 0)"));
    check_listing(SEQUENCES, EVENTS("COLLATE NOCASE",
                                    "(1, 'a', 0), (2, 'B', 0), (3, 'c', 0)"));
    check_listing(TRACKING, TRACKED("", "(1, " LONG ", 'log')"));
    check_listing(TRACKING, TRACKED("", "(1, 'consumer', x'6c6f67')"));
    check_listing(TRACKING,
                  TRACKED("COLLATE NOCASE", "(1, 'a', 'l'), (1, 'B', 'l')"));
    check_listing(SCHEMAS, SCHEMA("(1, " LONG ", 'uuid', 'sparse', 'a', 'b', "
                                  "'c', 'd', 'e')"));
    check_listing(SCHEMAS, SCHEMA("(1, 'x', 'uuid', 'sparse', " LONG ", 'b', "
                                  "'c', 'd', 'e')"));
    check_listing(SCHEMAS,
                  "INSERT INTO quipu_columns VALUES (1, 7, " LONG ", 'int')");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(pages_continue_in_both_directions),
        CASE(limit_counts_across_pages),
        CASE(item_larger_than_a_page_is_read_alone),
        CASE(items_out_of_order_are_corrupt),
        CASE(each_commit_advances_the_commit_counter),
        cmocka_unit_test(listing_of_a_foreign_table_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
