/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the yielding of rows, in cursors and listings alike. */
#include "quipu_test.h"

#include "fake_driver.h"

static quipu_error error;

/* The four types behind one interface. */
static int open_cursor(void **out, quipu_error *err)
{
    return quipu_records_read_log(fake_records, NULL, (quipu_cursor **)out,
                                  err);
}

static int next_item(void *rows, const void **row, quipu_error *err)
{
    return quipu_cursor_next(rows, (const quipu_item **)row, err);
}

static void close_cursor(void *rows)
{
    quipu_cursor_close(rows);
}

static int open_schemas(void **out, quipu_error *err)
{
    return quipu_schemas_open(fake_store, (quipu_schemas **)out, err);
}

static int next_schema(void *rows, const void **row, quipu_error *err)
{
    return quipu_schemas_next(rows, (const quipu_schema **)row, err);
}

static void close_schemas(void *rows)
{
    quipu_schemas_close(rows);
}

static int open_trackings(void **out, quipu_error *err)
{
    return quipu_trackings_open(fake_store, (quipu_trackings **)out, err);
}

static int next_tracking(void *rows, const void **row, quipu_error *err)
{
    return quipu_trackings_next(rows, (const quipu_tracking **)row, err);
}

static void close_trackings(void *rows)
{
    quipu_trackings_close(rows);
}

static int open_logs(void **out, quipu_error *err)
{
    return quipu_logs_open(fake_store, (quipu_logs **)out, err);
}

static int next_log(void *rows, const void **row, quipu_error *err)
{
    return quipu_logs_next(rows, (const quipu_log **)row, err);
}

static void close_logs(void *rows)
{
    quipu_logs_close(rows);
}

static int open_sequences(void **out, quipu_error *err)
{
    return quipu_sequences_open(fake_records, (quipu_bytes){ NULL, 0 },
                                (quipu_sequences **)out, err);
}

static int next_sequence(void *rows, const void **row, quipu_error *err)
{
    return quipu_sequences_next(rows, (const quipu_sequence **)row, err);
}

static void close_sequences(void *rows)
{
    quipu_sequences_close(rows);
}

static const struct kind {
    int (*open)(void **out, quipu_error *err);
    int (*next)(void *rows, const void **row, quipu_error *err);
    void (*close)(void *rows);
    enum fake_call call;
    const char *name;
    const char *row_name;
} kinds[] = {
    { open_cursor, next_item, close_cursor, FAKE_READ_LOG, "cursor", "item" },
    { open_schemas, next_schema, close_schemas, FAKE_LIST_SCHEMAS, "schemas",
      "schema" },
    { open_trackings, next_tracking, close_trackings, FAKE_LIST_TRACKING,
      "trackings", "tracking" },
    { open_logs, next_log, close_logs, FAKE_LIST_LOGS, "logs", "log" },
    { open_sequences, next_sequence, close_sequences, FAKE_LIST_SEQUENCES,
      "sequences", "sequence" },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Rows of a cursor, and of the other kinds. */
static quipu_item row_item;
static const void *items_of_two[] = { &row_item, &row_item, NULL };
static quipu_schema row_schema;
static const void *rows_of_two[] = { &row_schema, &row_schema, NULL };

static void fresh(void)
{
    for (int call = 0; call < FAKE_CALLS; call++) {
        fake.status[call] = QUIPU_OK;
        fake.count[call] = 0;
    }
    fake.fail_at_step = 0;
    fake.no_handle = false;
    fake.page_count = 0;
    row_schema = fake_schema;
    fake.rows = rows_of_two;
}

static void *opened(const struct kind *kind)
{
    void *rows = NULL;

    fresh();
    if (kind->call == FAKE_READ_LOG) {
        row_item = fake_item();
        fake.rows = items_of_two;
    }
    assert_ok(kind->open(&rows, &error), &error);
    assert_int_equal(fake.count[kind->call], 1);
    return rows;
}

static void rows_end_with_null_on_each_further_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        void *rows = opened(&kinds[i]);
        const void *row = NULL;

        for (int n = 0; n < 2; n++) {
            assert_ok(kinds[i].next(rows, &row, &error), &error);
            assert_non_null(row);
        }
        for (int n = 0; n < 3; n++) {
            row = rows;
            assert_ok(kinds[i].next(rows, &row, &error), &error);
            assert_null(row);
        }
        /* The driver is not called again after the end. */
        assert_int_equal(fake.count[FAKE_STEP], 3);
        kinds[i].close(rows);
        assert_int_equal(fake.count[FAKE_CURSOR_CLOSE], 1);
    }
}

/* An array of rows, whose size depends on the type. */
static void lend_page(const struct kind *kind)
{
    static quipu_item items[3];
    static quipu_tracking trackings[3];
    static quipu_sequence sequences[3];
    static quipu_log logs[3];

    fake.page = kind->call == FAKE_READ_LOG        ? (const void *)items
                : kind->call == FAKE_LIST_TRACKING ? (const void *)trackings
                : kind->call == FAKE_LIST_LOGS     ? (const void *)logs
                                                   : (const void *)sequences;
    fake.page_count = 3;
    fake.pages = 2;
}

static size_t row_size(const struct kind *kind)
{
    return kind->call == FAKE_READ_LOG        ? sizeof(quipu_item)
           : kind->call == FAKE_LIST_TRACKING ? sizeof(quipu_tracking)
           : kind->call == FAKE_LIST_LOGS     ? sizeof(quipu_log)
                                              : sizeof(quipu_sequence);
}

static void array_of_rows_is_yielded_one_by_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        void *rows = opened(&kinds[i]);
        const void *row = NULL;

        lend_page(&kinds[i]);
        for (size_t n = 0; n < 6 && kinds[i].call != FAKE_LIST_SCHEMAS; n++) {
            assert_ok(kinds[i].next(rows, &row, &error), &error);
            assert_ptr_equal(row, (const char *)fake.page +
                                      n % 3 * row_size(&kinds[i]));
            assert_int_equal(fake.count[FAKE_STEP], n / 3 + 1);
        }
        if (kinds[i].call != FAKE_LIST_SCHEMAS) {
            assert_ok(kinds[i].next(rows, &row, &error), &error);
            assert_null(row);
        }
        kinds[i].close(rows);
    }
}

static void null_rows_with_a_count_are_internal(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        void *rows = opened(&kinds[i]);
        const void *row = rows;

        lend_page(&kinds[i]);
        fake.page = NULL;
        assert_refused(kinds[i].next(rows, &row, &error), QUIPU_INTERNAL,
                       &error, "step returned OK, but lent no rows");
        assert_refused(kinds[i].next(rows, &row, &error), QUIPU_INVALID, &error,
                       "it can only be closed");
        assert_ptr_equal(row, rows);
        kinds[i].close(rows);
    }
}

static void after_an_error_only_close_is_possible(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        void *rows = opened(&kinds[i]);
        const void *row = rows;

        fake.status[FAKE_STEP] = QUIPU_IO;
        fake.fail_at_step = 2;
        assert_ok(kinds[i].next(rows, &row, &error), &error);
        row = rows;
        assert_refused(kinds[i].next(rows, &row, &error), QUIPU_IO, &error,
                       "own words");
        assert_refused(kinds[i].next(rows, &row, &error), QUIPU_INVALID, &error,
                       "it can only be closed");
        assert_ptr_equal(row, rows); /* unchanged */
        assert_int_equal(fake.count[FAKE_STEP], 2);
        kinds[i].close(rows);
        assert_int_equal(fake.count[FAKE_CURSOR_CLOSE], 1);
    }
}

static void cursor_that_did_not_open_is_not_closed(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        void *rows = &fake;

        fresh();
        fake.status[kinds[i].call] = QUIPU_TIMEOUT;
        assert_refused(kinds[i].open(&rows, &error), QUIPU_TIMEOUT, &error,
                       "own words");
        fake.status[kinds[i].call] = QUIPU_OK;
        fake.no_handle = true;
        assert_refused(kinds[i].open(&rows, &error), QUIPU_INTERNAL, &error,
                       "returned OK, but gave no cursor");
        assert_ptr_equal(rows, &fake);
        assert_int_equal(fake.count[FAKE_CURSOR_CLOSE], 0);
    }
    /* Nothing counts as open: fake_end can close. */
}

static void missing_arguments_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        void *rows = opened(&kinds[i]);
        const void *row;

        assert_refused(kinds[i].open(NULL, &error), QUIPU_INVALID, &error,
                       kinds[i].name);
        assert_contains(error.message, " is NULL");
        assert_refused(kinds[i].next(NULL, &row, &error), QUIPU_INVALID, &error,
                       kinds[i].name);
        assert_contains(error.message, " is NULL");
        assert_refused(kinds[i].next(rows, NULL, &error), QUIPU_INVALID, &error,
                       kinds[i].row_name);
        assert_contains(error.message, " is NULL");
        assert_int_equal(fake.count[FAKE_STEP], 0);
        kinds[i].close(rows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fake_test(rows_end_with_null_on_each_further_step),
        fake_test(array_of_rows_is_yielded_one_by_one),
        fake_test(null_rows_with_a_count_are_internal),
        fake_test(after_an_error_only_close_is_possible),
        fake_test(cursor_that_did_not_open_is_not_closed),
        fake_test(missing_arguments_are_named),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
