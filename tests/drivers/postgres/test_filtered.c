/* SPDX-License-Identifier: Apache-2.0 */
/* Filtered reads of a log, and items found by their event id: the server
 * leaves other items out. */
#include "fixture.h"

#include "read/read.h"

#define ITEMS 297
#define LARGE 20000 /* bytes of a state: more than a share of a page */

static quipu_driver_datastore *datastore;
static quipu_driver_schema *bound;

static quipu_bytes bytes_of(const char *text)
{
    return (quipu_bytes){ text, strlen(text) };
}

static const char *const topics[] = { "opened", "paid", "closed" };

/* Item i has the topic i % 3 and an id with the prefix "a", "b" or U+10FFFF;
 * each tenth is large. */
static int open_store(void **state)
{
    static char large[LARGE];
    static const char *const prefixes[] = { "a", "b", "\xf4\x8f\xbf\xbf" };
    quipu_schema schema = fixture_schema("plain");
    quipu_item *items = calloc(ITEMS, sizeof(*items));
    char(*ids)[16] = calloc(ITEMS, sizeof(*ids));
    unsigned char(*events)[16] = calloc(ITEMS, sizeof(*events));
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    size_t taken = 0;
    (void)state;
    assert_true(items && ids && events);
    schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    datastore = fixture_open("schema=filtered");
    bound = fixture_bind(datastore, &schema);
    for (int i = 0; i < ITEMS; i++) {
        (void)snprintf(ids[i], sizeof(ids[i]), "%s-%d", prefixes[i / 3 % 3], i);
        memcpy(events[i], &i, sizeof(i));
        items[i] = (quipu_item){ .sequence_id = bytes_of(ids[i]),
                                 .topic = bytes_of(topics[i % 3]),
                                 .state = { large, i % 10 ? 1 : LARGE },
                                 .event_id = { events[i], 16 },
                                 .flags = QUIPU_ITEM_NEXT };
    }
    const quipu_request request = { .schema = bound,
                                    .items = items,
                                    .item_count = ITEMS };
    assert_ok(fixture_driver()->append(datastore, &request, 1, &result, &taken,
                                       fixture_now() + 20 * SECOND, &error),
              &error);
    assert_ok(result.status, NULL);
    free(events);
    free(ids);
    free(items);
    return 0;
}

static int close_store(void **state)
{
    (void)state;
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
    return 0;
}

/* Reads a cursor to its end; *sum gets that of the notification ids. */
static int64_t count_items(quipu_driver_cursor *cursor, int64_t *sum)
{
    int64_t total = 0;
    size_t count = 1;
    quipu_error error = { 0 };
    while (count > 0) {
        const void *rows = NULL;
        assert_ok(fixture_driver()->step(cursor, fixture_now() + 20 * SECOND,
                                         &rows, &count, &error),
                  &error);
        const quipu_item *items = rows;
        for (size_t i = 0; i < count; i++) {
            *sum += items[i].notification_id;
        }
        total += (int64_t)count;
    }
    fixture_driver()->cursor_close(cursor);
    return total;
}

/* In both directions the same items are left out. */
static int64_t read_filtered(const quipu_filter *filter)
{
    int64_t counts[2] = { 0, 0 };
    int64_t sums[2] = { 0, 0 };
    for (uint32_t down = 0; down < 2; down++) {
        const quipu_range range = { .struct_size = sizeof(range),
                                    .descending = down,
                                    .lower = 1,
                                    .upper = ITEMS,
                                    .limit = INT64_MAX };
        quipu_driver_cursor *cursor = NULL;
        quipu_error error = { 0 };
        assert_ok(fixture_driver()->read_filtered(
                      datastore, bound, &range, filter,
                      fixture_now() + 20 * SECOND, &cursor, &error),
                  &error);
        counts[down] = count_items(cursor, &sums[down]);
    }
    assert_int_equal(counts[0], counts[1]);
    assert_int_equal(sums[0], sums[1]);
    return counts[0];
}

static void server_leaves_out_other_topics_and_prefixes(void **state)
{
    const quipu_bytes paid[] = { bytes_of("paid"), bytes_of("none") };
    const quipu_bytes closed[] = { bytes_of("closed") };
    const quipu_match matches[] = { { .topics = paid, .topic_count = 2 },
                                    { .topics = closed, .topic_count = 1 },
                                    { .topics = NULL } };
    const quipu_bytes prefixes[] = { bytes_of("a"),
                                     bytes_of("\xf4\x8f\xbf\xbf") };
    quipu_filter filter = { .struct_size = sizeof(filter),
                            .matches = matches,
                            .match_count = 1 };
    (void)state;
    assert_int_equal(read_filtered(&filter), ITEMS / 3);
    filter.match_count = 2;
    assert_int_equal(read_filtered(&filter), ITEMS * 2 / 3);
    filter.prefixes = prefixes;
    filter.prefix_count = 2;
    assert_int_equal(read_filtered(&filter), ITEMS * 4 / 9);
    filter.match_count = 3;
    assert_int_equal(read_filtered(&filter), ITEMS * 2 / 3);
}

static void item_is_found_by_its_event_id(void **state)
{
    (void)state;
    for (int i = -1; i < ITEMS; i += 50) {
        unsigned char event[16] = { 0 };
        int64_t id = 0;
        quipu_driver_cursor *cursor = NULL;
        quipu_error error = { 0 };
        memcpy(event, &i, sizeof(i));
        assert_ok(fixture_driver()->find_event(
                      datastore, bound, (quipu_bytes){ event, 16 },
                      fixture_now() + 20 * SECOND, &cursor, &error),
                  &error);
        assert_int_equal(count_items(cursor, &id), i < 0 ? 0 : 1);
        assert_int_equal(id, i < 0 ? 0 : i + 1);
    }
}

static void torn_down_schema_has_no_events(void **state)
{
    const quipu_schema schema = fixture_schema("gone");
    const unsigned char event[16] = { 1 };
    quipu_driver_schema *gone = fixture_bind(datastore, &schema);
    quipu_driver_schema *new = NULL;
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    (void)state;
    assert_ok(fixture_driver()->teardown(datastore, &schema,
                                         fixture_now() + 20 * SECOND, &error),
              &error);
    new = fixture_bind(datastore, &schema);
    assert_status(fixture_driver()->find_event(
                      datastore, gone, (quipu_bytes){ event, 16 },
                      fixture_now() + 20 * SECOND, &cursor, &error),
                  QUIPU_NOT_FOUND);
    fixture_driver()->unbind(datastore, new);
    fixture_driver()->unbind(datastore, gone);
}

static void assert_end(const char *prefix, const char *expected)
{
    char text[64];
    quipu_bytes end = quipu_postgres_text_range_end(bytes_of(prefix), text);
    if (!expected) {
        assert_null(end.data);
        return;
    }
    assert_bytes(end.data, end.size, expected, strlen(expected));
}

static void range_of_a_prefix_ends_at_its_successor(void **state)
{
    (void)state;
    assert_end("", NULL);
    assert_end("a", "b");
    assert_end("ab\x7f", "ab\xc2\x80");
    assert_end("\xdf\xbf", "\xe0\xa0\x80");
    assert_end("\xed\x9f\xbf", "\xee\x80\x80"); /* no surrogates */
    assert_end("\xef\xbf\xbf", "\xf0\x90\x80\x80");
    assert_end("a\xf4\x8f\xbf\xbf", "b");
    assert_end("\xf4\x8f\xbf\xbf", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server_leaves_out_other_topics_and_prefixes),
        cmocka_unit_test(item_is_found_by_its_event_id),
        cmocka_unit_test(torn_down_schema_has_no_events),
        cmocka_unit_test(range_of_a_prefix_ends_at_its_successor),
    };
    return cmocka_run_group_tests(tests, open_store, close_store) != 0;
}
