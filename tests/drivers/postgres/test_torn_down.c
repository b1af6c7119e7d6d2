/* SPDX-License-Identifier: Apache-2.0 */
/* Reads through a binding whose schema is torn down, and set up again: former
 * items, or NOT_FOUND, but never items of the new schema. */
#include "fixture.h"

#include <malloc.h>

#define ITEMS 3000 /* several pages */

enum reads { READ_SEQUENCE, READ_SEQUENCE_DOWN, READ_LOG, READ_LOG_DOWN };

static int open_cursor(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound, enum reads how,
                       quipu_driver_cursor **cursor, quipu_error *error)
{
    static const unsigned char id[16] = { 1 };
    const quipu_range range = { .lower = INT64_MIN,
                                .upper = INT64_MAX,
                                .limit = INT64_MAX,
                                .descending = how == READ_SEQUENCE_DOWN ||
                                              how == READ_LOG_DOWN };
    int64_t deadline = fixture_now() + 20 * SECOND;
    return how < READ_LOG
               ? fixture_driver()->read_sequence(
                     datastore, bound, (quipu_bytes){ id, sizeof(id) }, &range,
                     deadline, cursor, error)
               : fixture_driver()->read_log(datastore, bound, &range, deadline,
                                            cursor, error);
}

/* Steps to the end; returns the status that ended the read, and fails at an
 * item whose state is not a former one. */
static int drain(quipu_driver_cursor *cursor, size_t *seen, quipu_error *error)
{
    for (;;) {
        const void *rows = NULL;
        size_t count = 0;
        int status = fixture_driver()->step(cursor, fixture_now() + 20 * SECOND,
                                            &rows, &count, error);
        if (status != QUIPU_OK || count == 0) {
            return status;
        }
        for (size_t i = 0; i < count; i++) {
            const quipu_item *item = (const quipu_item *)rows + i;
            assert_bytes(item->state.data, item->state.size, "former", 6);
        }
        *seen += count;
    }
}

static void fill(quipu_driver_datastore *datastore, quipu_driver_schema *bound,
                 const char *state)
{
    static unsigned char ids[ITEMS][16];
    static quipu_item items[ITEMS];
    static const unsigned char id[16] = { 1 };
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    size_t taken = 0;
    for (uint32_t i = 0; i < ITEMS; i++) {
        memcpy(ids[i], &i, sizeof(i));
        items[i] = (quipu_item){ .sequence_id = { id, sizeof(id) },
                                 .position = i,
                                 .topic = { "topic", 5 },
                                 .state = { state, strlen(state) },
                                 .event_id = { ids[i], 16 } };
    }
    const quipu_request request = { .schema = bound,
                                    .items = items,
                                    .item_count = ITEMS };
    assert_ok(fixture_driver()->append(datastore, &request, 1, &result, &taken,
                                       fixture_now() + 20 * SECOND, &error),
              &error);
    assert_int_equal(result.status, QUIPU_OK);
}

static void replace_schema(quipu_driver_datastore *datastore)
{
    quipu_schema schema = fixture_schema("plain");
    quipu_error error = { 0 };
    assert_ok(fixture_driver()->teardown(datastore, &schema,
                                         fixture_now() + 20 * SECOND, &error),
              &error);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    fill(datastore, bound, "new");
    fixture_driver()->unbind(datastore, bound);
}

/* A cursor that was opened before shows former items and then NOT_FOUND. */
static void check_cursor(const char *options, enum reads how)
{
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_datastore *datastore = fixture_open(options);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    size_t seen = 0;
    fill(datastore, bound, "former");
    assert_ok(open_cursor(datastore, bound, how, &cursor, &error), &error);
    replace_schema(datastore);
    assert_refused(drain(cursor, &seen, &error), QUIPU_NOT_FOUND, &error,
                   "torn down");
    assert_true(seen < ITEMS);
    fixture_driver()->cursor_close(cursor);
    assert_ok(fixture_driver()->teardown(datastore, &schema,
                                         fixture_now() + 20 * SECOND, &error),
              &error);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

static void open_cursor_shows_no_item_of_the_new_schema(void **state)
{
    (void)state;
    for (int how = READ_SEQUENCE; how <= READ_LOG_DOWN; how++) {
        check_cursor("schema=torn", (enum reads)how);
    }
}

/* The other namespace keeps the table, from which rows are deleted. */
static void open_cursor_in_a_shared_table_shows_no_item(void **state)
{
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_datastore *other = fixture_open("schema=torn&namespace=other");
    (void)state;
    fixture_driver()->unbind(other, fixture_bind(other, &schema));
    for (int how = READ_SEQUENCE; how <= READ_LOG_DOWN; how++) {
        check_cursor("schema=torn", (enum reads)how);
    }
    fixture_close(other);
}

static void old_binding_reads_nothing_of_the_new_schema(void **state)
{
    static const unsigned char id[16] = { 1 };
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_datastore *datastore = fixture_open("schema=torn");
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    quipu_error error = { 0 };
    bool found = true;
    int64_t position = 0;
    (void)state;
    fill(datastore, bound, "former");
    replace_schema(datastore);
    for (int how = READ_SEQUENCE; how <= READ_LOG_DOWN; how++) {
        quipu_driver_cursor *cursor = NULL;
        size_t seen = 0;
        int status =
            open_cursor(datastore, bound, (enum reads)how, &cursor, &error);
        if (status == QUIPU_OK) {
            status = drain(cursor, &seen, &error);
            fixture_driver()->cursor_close(cursor);
        }
        assert_true(status == QUIPU_OK || status == QUIPU_NOT_FOUND);
        assert_int_equal(seen, 0);
    }
    int64_t deadline = fixture_now() + 20 * SECOND;
    int status = fixture_driver()->last_position(
        datastore, bound, (quipu_bytes){ id, 16 }, deadline, &found, &position,
        &error);
    assert_true(status == QUIPU_NOT_FOUND || !found);
    quipu_driver_cursor *cursor = NULL;
    const void *rows = NULL;
    size_t count = 0;
    assert_ok(fixture_driver()->list_sequences(datastore, bound,
                                               (quipu_bytes){ NULL, 0 },
                                               deadline, &cursor, &error),
              &error);
    status = fixture_driver()->step(cursor, deadline, &rows, &count, &error);
    assert_true(status == QUIPU_OK || status == QUIPU_NOT_FOUND);
    assert_int_equal(count, 0);
    fixture_driver()->cursor_close(cursor);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

/* Programs that follow a log keep a cursor open. */
static void log_cursor_takes_little_memory(void **state)
{
    enum { CURSORS = 50 };
    quipu_schema schema = fixture_schema("long");
    quipu_driver_datastore *datastore = fixture_open("schema=torn");
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    quipu_driver_cursor *cursors[CURSORS];
    quipu_error error = { 0 };
    const void *rows = NULL;
    size_t count = 0;
    size_t before = 0;
    (void)state;
    fill(datastore, bound, "former");
    for (int i = 0; i < CURSORS; i++) {
        assert_ok(open_cursor(datastore, bound, READ_LOG, &cursors[i], &error),
                  &error);
        assert_ok(fixture_driver()->step(cursors[i],
                                         fixture_now() + 20 * SECOND, &rows,
                                         &count, &error),
                  &error);
        before = i == 0 ? mallinfo2().uordblks + mallinfo2().hblkhd : before;
    }
    size_t each =
        (mallinfo2().uordblks + mallinfo2().hblkhd - before) / (CURSORS - 1);
    print_message("%zu bytes for each cursor\n", each);
    assert_true(each < (size_t)64 << 10);
    for (int i = 0; i < CURSORS; i++) {
        size_t seen = 0;
        assert_ok(drain(cursors[i], &seen, &error), &error);
        assert_int_equal(seen + count, ITEMS);
        fixture_driver()->cursor_close(cursors[i]);
    }
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_cursor_shows_no_item_of_the_new_schema),
        cmocka_unit_test(open_cursor_in_a_shared_table_shows_no_item),
        cmocka_unit_test(old_binding_reads_nothing_of_the_new_schema),
        cmocka_unit_test(log_cursor_takes_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
