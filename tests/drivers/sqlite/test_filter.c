/* SPDX-License-Identifier: Apache-2.0 */
/* Filtered reads of the log, compared with the filter of the core, and the
 * look-up of an item by its event id. */
#include "fixture.h"

#include "records/filter.h"
#include "sqlite.h"

#define TEXT(text) ((quipu_bytes){ (text), strlen(text) })
#define ITEMS 2000 /* several pages */

struct place {
    char file[32];
    quipu_schema schema;
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
};

static struct place place;

static const char *const topics[] = { "a", "ab", "b", "Ab" };
static const char *const ids[] = { "order-1", "order-10", "order-2", "user-1",
                                   "u" };

/* Topic and sequence id of item i, in no order. */
static const char *topic_of(size_t i)
{
    return topics[i * 7 % 4];
}

static const char *id_of(size_t i)
{
    return ids[(i * i + i / 3) % 5];
}

static void append(size_t first, size_t count)
{
    quipu_item *items = calloc(count, sizeof(*items));
    unsigned char(*events)[16] = calloc(count, sizeof(*events));
    quipu_result result = { 0 };
    quipu_error error = { 0 };

    assert_non_null(items);
    assert_non_null(events);
    for (size_t i = 0; i < count; i++) {
        const uint32_t number = (uint32_t)(first + i);

        memcpy(events[i], &number, sizeof(number));
        items[i] = (quipu_item){ .sequence_id = TEXT(id_of(first + i)),
                                 .topic = TEXT(topic_of(first + i)),
                                 .state = TEXT("state"),
                                 .event_id = { events[i], 16 },
                                 .flags = QUIPU_ITEM_NEXT };
    }
    const quipu_request request = { .schema = place.bound,
                                    .items = items,
                                    .item_count = count };
    assert_ok(fixture_append_all(place.datastore, &request, 1, &result, &error),
              &error);
    assert_status(result.status, QUIPU_OK);
    free(items);
    free(events);
}

static int begin(void **state)
{
    (void)state;
    (void)snprintf(place.file, sizeof(place.file), "%s", fixture_file());
    place.schema = fixture_schema("stored_events", QUIPU_SCHEMA_TEXT_IDS);
    place.datastore = fixture_open(place.file);
    place.bound = fixture_bind(place.datastore, &place.schema);
    append(0, ITEMS);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fixture_driver()->unbind(place.datastore, place.bound);
    fixture_close(place.datastore);
    return 0;
}

/* ----------------------------------------------------------------- filters */

static bool passes(const quipu_filter *filter, int64_t notification_id)
{
    const size_t i = (size_t)notification_id - 1;
    const quipu_item item = { .topic = TEXT(topic_of(i)),
                              .sequence_id = TEXT(id_of(i)) };

    return quipu_filter_passes(filter, &place.schema, &item);
}

/* Returns the next id of the range that passes, or 0. */
static int64_t next_of(const quipu_filter *filter, const quipu_range *range,
                       int64_t id)
{
    const int64_t step = range->descending ? -1 : 1;

    while (id >= 1 && id <= ITEMS && id >= range->lower && id <= range->upper) {
        if (passes(filter, id)) {
            return id;
        }
        id += step;
    }
    return 0;
}

/* Reads the range with the filter. */
static void check(const quipu_filter *filter, const quipu_range *range)
{
    const quipu_driver *driver = fixture_driver();
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    size_t count = 0;
    int64_t left = range->limit;
    int64_t first = range->lower > 1 ? range->lower : 1;

    if (range->descending) {
        first = range->upper < ITEMS ? range->upper : ITEMS;
    }
    int64_t id = next_of(filter, range, first);
    assert_ok(driver->read_filtered(place.datastore, place.bound, range, filter,
                                    FOREVER, &cursor, &error),
              &error);
    do {
        const void *rows = NULL;

        assert_ok(driver->step(cursor, FOREVER, &rows, &count, &error), &error);
        for (size_t i = 0; i < count; i++) {
            const quipu_item *item = (const quipu_item *)rows + i;

            assert_true(left > 0);
            assert_int_equal(item->notification_id, id);
            left--;
            id = next_of(filter, range, id + (range->descending ? -1 : 1));
        }
    } while (count > 0);
    assert_true(id == 0 || left == 0);
    driver->cursor_close(cursor);
}

static void check_ranges(const quipu_filter *filter)
{
    for (int descending = 0; descending <= 1; descending++) {
        const quipu_range ranges[] = {
            { .lower = INT64_MIN, .upper = INT64_MAX, .limit = INT64_MAX },
            { .lower = 3, .upper = 1800, .limit = INT64_MAX },
            { .lower = 1, .upper = ITEMS, .limit = 1 },
            { .lower = 1, .upper = ITEMS, .limit = 700 },
            { .lower = 17, .upper = 17, .limit = INT64_MAX },
            { .lower = ITEMS, .upper = ITEMS + 9, .limit = INT64_MAX },
        };

        for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
            quipu_range range = ranges[i];

            range.struct_size = sizeof(range);
            range.descending = descending;
            check(filter, &range);
        }
    }
}

static void filtered_read_yields_what_passes(void **state)
{
    const quipu_bytes some[] = { TEXT("b"), TEXT("a") };
    const quipu_bytes other[] = { TEXT("Ab"), TEXT("none") };
    const quipu_bytes none[] = { TEXT("") };
    const quipu_bytes begins[] = { TEXT("user"), TEXT("order-1"),
                                   TEXT("order-"), TEXT("order-2") };
    const quipu_bytes whole[] = { TEXT("order-10"), TEXT("v") };
    const quipu_match matches[] = { { .topics = some, .topic_count = 2 },
                                    { .topics = other, .topic_count = 2 } };
    const quipu_match any[] = { { .topics = some, .topic_count = 2 },
                                { .topics = NULL } };
    const quipu_match empty[] = { { .topics = none, .topic_count = 1 } };
    const quipu_filter filters[] = {
        { .matches = matches, .match_count = 1 },
        { .matches = matches, .match_count = 2 },
        { .matches = any, .match_count = 2 },
        { .matches = empty, .match_count = 1 },
        { .prefixes = begins, .prefix_count = 4 },
        { .prefixes = begins, .prefix_count = 2 },
        { .prefixes = begins + 1, .prefix_count = 2 },
        { .prefixes = whole, .prefix_count = 2 },
        { .matches = matches,
          .match_count = 1,
          .prefixes = begins,
          .prefix_count = 2 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        quipu_filter filter = filters[i];

        filter.struct_size = sizeof(filter);
        check_ranges(&filter);
    }
}

static void filter_of_many_texts_needs_no_longer_statement(void **state)
{
    static char texts[QUIPU_FILTER_TEXTS_MAX][16];
    static quipu_bytes many[QUIPU_FILTER_TEXTS_MAX];
    const quipu_match match = { .topics = many,
                                .topic_count = QUIPU_FILTER_TEXTS_MAX };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1,
                                  .prefixes = many,
                                  .prefix_count = QUIPU_FILTER_TEXTS_MAX };

    (void)state;
    for (size_t i = 0; i < QUIPU_FILTER_TEXTS_MAX; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), "%s%d",
                       i % 2 == 0 ? "order-" : "x", (int)i);
        many[i] = TEXT(texts[i]);
    }
    many[7] = TEXT("a");
    check_ranges(&filter);
}

static void filtered_read_ignores_later_items(void **state)
{
    const quipu_driver *driver = fixture_driver();
    const quipu_bytes topic = TEXT("a");
    const quipu_match match = { .topics = &topic, .topic_count = 1 };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    const quipu_range all = { .struct_size = sizeof(all),
                              .lower = 1,
                              .upper = INT64_MAX,
                              .limit = INT64_MAX };
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    size_t total = 0;
    size_t count = 0;
    size_t steps = 0;

    (void)state;
    assert_ok(driver->read_filtered(place.datastore, place.bound, &all, &filter,
                                    FOREVER, &cursor, &error),
              &error);
    do {
        const void *rows = NULL;

        append(ITEMS + 100 * steps, 100);
        assert_ok(driver->step(cursor, FOREVER, &rows, &count, &error), &error);
        total += count;
        steps += count > 0;
    } while (count > 0);
    driver->cursor_close(cursor);
    assert_true(steps > 1);
    assert_int_equal(total, ITEMS / 4);
}

/* Returns how many instructions of SQLite's virtual machine the statement has
 * run on the readers since the last call. */
static int steps_of(enum statement which)
{
    int steps = 0;

    for (size_t i = 0; i < place.datastore->idle_count; i++) {
        for (size_t j = 0; j < STATEMENT_CACHES; j++) {
            const struct statements *cache =
                &place.datastore->idle[i]->caches[j];
            sqlite3_stmt *statement = cache->of[which - SQL_COMMON_COUNT];

            if (cache->serial == place.bound->serial && statement) {
                steps += sqlite3_stmt_status(statement,
                                             SQLITE_STMTSTATUS_VM_STEP, 1);
            }
        }
    }
    return steps;
}

/* The core reads a long log in windows, each in the time of one (W4). */
static void window_costs_nothing_beyond_its_range(void **state)
{
    const quipu_bytes topic = TEXT("none");
    const quipu_match match = { .topics = &topic, .topic_count = 1 };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    quipu_range window = { .struct_size = sizeof(window),
                           .lower = ITEMS / 2,
                           .upper = ITEMS / 2 + 9,
                           .limit = INT64_MAX };

    (void)state;
    check(&filter, &window);
    assert_in_range(steps_of(SQL_FILTERED_UP), 10, ITEMS);
    window.descending = 1;
    check(&filter, &window);
    assert_in_range(steps_of(SQL_FILTERED_DOWN), 10, ITEMS);
}

static void row_functions_are_refused_outside_a_cursor(void **state)
{
    sqlite3_stmt *row = NULL;
    struct connection *writer = &place.datastore->writer;

    (void)state;
    assert_int_equal(sqlite3_prepare_v2(writer->db, "SELECT quipu_passes(1, 2)",
                                        -1, &row, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ERROR);
    (void)sqlite3_finalize(row);
}

/* --------------------------------------------------------------- event ids */

/* Returns the notification id of the item that has the event id; 0: none. */
static int64_t find(uint32_t event)
{
    const quipu_driver *driver = fixture_driver();
    unsigned char event_id[16] = { 0 };
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    size_t count = 1;
    int64_t found = 0;

    memcpy(event_id, &event, sizeof(event));
    assert_ok(driver->find_event(place.datastore, place.bound,
                                 (quipu_bytes){ event_id, 16 }, FOREVER,
                                 &cursor, &error),
              &error);
    memset(event_id, 0xff, sizeof(event_id)); /* it was borrowed */
    while (count > 0) {
        const void *rows = NULL;

        assert_ok(driver->step(cursor, FOREVER, &rows, &count, &error), &error);
        if (count > 0) {
            const quipu_item *item = rows;

            assert_int_equal(count, 1);
            assert_int_equal(found, 0);
            found = item->notification_id;
            assert_bytes(item->sequence_id.data, item->sequence_id.size,
                         id_of(event), strlen(id_of(event)));
            assert_bytes(item->state.data, item->state.size, "state", 5);
            assert_int_equal(item->event_id.size, 16);
        }
    }
    driver->cursor_close(cursor);
    return found;
}

static void item_is_found_by_its_event_id(void **state)
{
    (void)state;
    assert_int_equal(find(0), 1);
    assert_int_equal(find(ITEMS - 1), ITEMS);
    assert_int_equal(find(ITEMS), 0);
    append(ITEMS, 1);
    assert_int_equal(find(ITEMS), ITEMS + 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(filtered_read_yields_what_passes),
        CASE(filter_of_many_texts_needs_no_longer_statement),
        CASE(filtered_read_ignores_later_items),
        CASE(window_costs_nothing_beyond_its_range),
        CASE(row_functions_are_refused_outside_a_cursor),
        CASE(item_is_found_by_its_event_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
