/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plans of statements that need the last position of a sequence.  They are
 * made while the table is empty and has no statistics, and are kept as long as
 * the connection: they must not read the sequence as a whole later.  Nor must a
 * page of the list of all namespaces read those of other pages.
 */
#include "fixture.h"

enum { ITEMS = 2000, CALLS = 20, NAMESPACES = 20000 };

static quipu_driver_datastore *datastore;
static quipu_driver_schema *bound;

static void open_it(void)
{
    quipu_schema schema = fixture_schema("plain");
    datastore = fixture_open("schema=plans");
    bound = fixture_bind(datastore, &schema);
}

/* The server counts what a connection has read when that is closed, which it
 * notices a moment later. */
static void close_it(void)
{
    const int64_t end = fixture_now() + 60 * SECOND;
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
    while (fixture_ask("SELECT count(*) FROM pg_stat_activity"
                       " WHERE application_name = 'quipu'") > 0) {
        assert_true(fixture_now() < end);
        fixture_pause(10 * MILLISECOND);
    }
}

static void append_all(const quipu_request *request)
{
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    size_t taken = 0;
    assert_ok(fixture_driver()->append(datastore, request, 1, &result, &taken,
                                       fixture_now() + 20 * SECOND, &error),
              &error);
    assert_int_equal(result.status, QUIPU_OK);
}

/* Appends `count` items to the sequence.  `first` -1: at the next positions. */
static void append_items(int64_t first, size_t count,
                         const quipu_request *others)
{
    static uint64_t events;
    struct piece *pieces = calloc(count, sizeof(*pieces));
    quipu_item *items = calloc(count, sizeof(*items));
    quipu_request request = *others;
    assert_true(pieces && items);
    for (size_t i = 0; i < count; i++) {
        fixture_piece(&pieces[i], 1, first < 0 ? -1 : first + (int64_t)i,
                      ++events);
        items[i] = pieces[i].item;
    }
    request.schema = bound;
    request.items = items;
    request.item_count = count;
    append_all(&request);
    free(items);
    free(pieces);
}

/* ------------------------------------------------ calls at a position */

static void append_at(int64_t position)
{
    append_items(position, 1, &(quipu_request){ .item_count = 1 });
}

static void append_next(int64_t position)
{
    (void)position;
    append_items(-1, 1, &(quipu_request){ .item_count = 1 });
}

static void append_with_guard(int64_t position)
{
    struct piece piece;
    fixture_piece(&piece, 1, position, 1);
    const quipu_guard guard = {
        .sequence_id = piece.item.sequence_id,
        .position = position - 1,
        .demand = position > 0 ? QUIPU_DEMAND_LAST : QUIPU_DEMAND_EMPTY,
    };
    append_items(position, 1,
                 &(quipu_request){ .guards = &guard, .guard_count = 1 });
}

/* A tracking record beside the item needs the more general statements. */
static void append_with_tracking(int64_t position)
{
    const quipu_tracking tracking = {
        .consumer = { "me", 2 },
        .log = { "log", 3 },
        .position = { .notification_id = position + 1 },
    };
    append_items(position, 1, &(quipu_request){ .tracking = &tracking });
}

static void read_last(int64_t position)
{
    struct piece piece;
    quipu_error error = { 0 };
    int64_t last = -1;
    bool found = false;
    append_at(position);
    fixture_piece(&piece, 1, 0, 1);
    assert_ok(fixture_driver()->last_position(
                  datastore, bound, piece.item.sequence_id,
                  fixture_now() + 20 * SECOND, &found, &last, &error),
              &error);
    assert_int_equal(last, position);
}

static void see(void *context, const quipu_item *item)
{
    *(int64_t *)context = item->position;
}

static void read_last_item(int64_t position)
{
    struct piece piece;
    quipu_error error = { 0 };
    int64_t last = -1;
    int64_t erasures = 0;
    append_at(position);
    fixture_piece(&piece, 1, 0, 1);
    assert_ok(fixture_driver()->last_item(
                  datastore, bound, piece.item.sequence_id,
                  fixture_now() + 20 * SECOND, see, &last, &erasures, &error),
              &error);
    assert_int_equal(last, position);
}

static void list_sequences(int64_t position)
{
    quipu_driver_cursor *cursor = NULL;
    const void *rows = NULL;
    size_t count = 0;
    quipu_error error = { 0 };
    append_at(position);
    assert_ok(fixture_driver()->list_sequences(
                  datastore, bound, (quipu_bytes){ NULL, 0 },
                  fixture_now() + 20 * SECOND, &cursor, &error),
              &error);
    assert_ok(fixture_driver()->step(cursor, fixture_now() + 20 * SECOND, &rows,
                                     &count, &error),
              &error);
    assert_int_equal(count, 1);
    assert_int_equal(((const quipu_sequence *)rows)->last_position, position);
    fixture_driver()->cursor_close(cursor);
}

/* ------------------------------------------------------------ the test */

static int64_t rows_read(void)
{
    return fixture_ask("SELECT coalesce(sum(idx_tup_read), 0)::bigint"
                       " FROM pg_stat_user_indexes"
                       " WHERE schemaname = 'plans' AND relname = 'plain'");
}

/* Also those that are read without an index. */
static int64_t catalogue_rows_read(void)
{
    return fixture_ask("SELECT sum(i.read + t.seq_tup_read)::bigint"
                       " FROM pg_stat_user_tables AS t,"
                       "      LATERAL (SELECT sum(idx_tup_read) AS read"
                       "                 FROM pg_stat_user_indexes"
                       "                WHERE relid = t.relid) AS i"
                       " WHERE schemaname = 'plans' AND relname IN"
                       "       ('quipu_namespaces', 'quipu_schemas',"
                       "        'quipu_heads')");
}

/* Makes calls on a new table, and again when the sequence is long.  An index
 * that is read from its end yields a row or two; one that is read as a whole
 * yields the 2,000 items for each call. */
static void few_rows_are_read(void **state)
{
    void (*const *call)(int64_t position) = *state;
    int64_t position = 0;
    fixture_sql("DROP SCHEMA IF EXISTS plans CASCADE");
    open_it();
    fixture_sql("ALTER TABLE plans.plain SET (autovacuum_enabled = off)");
    while (position < CALLS) {
        (*call)(position++);
    }
    append_items(-1, ITEMS, &(quipu_request){ .item_count = ITEMS });
    position += ITEMS;
    for (int i = 0; i < CALLS; i++) {
        (*call)(position++);
    }
    close_it();
    assert_in_range(rows_read(), 0, 3 * ITEMS);
}

static int64_t count_logs(void)
{
    quipu_driver_cursor *cursor = NULL;
    const void *rows = NULL;
    int64_t all = 0;
    size_t count = 1;
    quipu_error error = { 0 };
    assert_ok(fixture_driver()->list_logs(
                  datastore, fixture_now() + 20 * SECOND, &cursor, &error),
              &error);
    while (count > 0) {
        assert_ok(fixture_driver()->step(cursor, fixture_now() + 20 * SECOND,
                                         &rows, &count, &error),
                  &error);
        all += (int64_t)count;
    }
    fixture_driver()->cursor_close(cursor);
    return all;
}

/* The list takes a few pages; each row is found by one index of its table. */
static void pages_of_logs_read_their_own_rows(void **state)
{
    int64_t before = 0;
    (void)state;
    fixture_sql("DROP SCHEMA IF EXISTS plans CASCADE");
    open_it();
    assert_int_equal(count_logs(), 1);
    fixture_sql(
        "INSERT INTO plans.quipu_namespaces"
        " SELECT 10 + i, 'n' || i, '00000000-0000-0000-0000-000000000001', 1"
        "   FROM generate_series(1, %d) AS i;"
        "INSERT INTO plans.quipu_heads"
        " SELECT 10 + i, 1, i FROM generate_series(1, %d) AS i;"
        "INSERT INTO plans.quipu_schemas (namespace, number, name, relation,"
        "                                 ids, positions, notification_id,"
        "                                 sequence_id, position, topic, state)"
        " SELECT 10 + i, 1, 'a', 'a', '', '', '', '', '', '', ''"
        "   FROM generate_series(1, %d) AS i",
        NAMESPACES, NAMESPACES, NAMESPACES);
    fixture_pause(2 * SECOND); /* the server counts rows a moment later */
    before = catalogue_rows_read();
    assert_int_equal(count_logs(), NAMESPACES + 1);
    close_it();
    assert_in_range(catalogue_rows_read() - before, NAMESPACES, 4 * NAMESPACES);
}

int main(void)
{
    static void (*const calls[])(int64_t position) = {
        append_at, append_next,    append_with_guard, append_with_tracking,
        read_last, read_last_item, list_sequences,
    };
    static const char *const names[] = {
        "append at a position",   "append at the next position",
        "append with a guard",    "append with a tracking record",
        "read the last position", "read the last item",
        "list the sequences",
    };
    enum { COUNT = sizeof(calls) / sizeof(*calls) };
    struct CMUnitTest tests[COUNT + 1] = {
        [COUNT] = cmocka_unit_test(pages_of_logs_read_their_own_rows)
    };
    for (size_t i = 0; i < COUNT; i++) {
        tests[i] = (struct CMUnitTest){ .name = names[i],
                                        .test_func = few_rows_are_read,
                                        .initial_state = (void *)&calls[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
