/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests scans of a log in windows, and the filtered cursors that use them.
 *
 * The fake driver has a log of ITEMS items, every tenth of which has the topic
 * "Rare".  The time that it takes is set in the scan, so that no test depends
 * on the clock.
 */
#include "quipu_test.h"

#include "fake_driver.h"
#include "quipu_test_memory.h"
#include "records/log_scan.h"

#define ITEMS 20000
#define WINDOWS 4000

static quipu_error error;
static quipu_item ascending[ITEMS], descending[ITEMS];
static quipu_range windows[WINDOWS]; /* that the driver was asked for */
static size_t window_count;
static int64_t most_ids; /* of a window that does not time out */

static const quipu_bytes rare = { "Rare", 4 };
static const quipu_match rare_match = { .topics = &rare, .topic_count = 1 };
static const quipu_filter rare_filter = { .struct_size = sizeof(rare_filter),
                                          .matches = &rare_match,
                                          .match_count = 1 };
static const quipu_bytes never = { "Never", 5 };
static const quipu_match never_match = { .topics = &never, .topic_count = 1 };
static const quipu_filter never_filter = { .struct_size = sizeof(never_filter),
                                           .matches = &never_match,
                                           .match_count = 1 };

static quipu_range all(bool is_descending)
{
    return (quipu_range){ .struct_size = sizeof(quipu_range),
                          .descending = is_descending,
                          .lower = INT64_MIN,
                          .upper = INT64_MAX,
                          .limit = INT64_MAX };
}

/* Lends the items of the range in one page. */
static int lend_range(const quipu_range *range)
{
    assert_true(range->lower >= 1 && range->upper <= ITEMS);
    assert_true(range->lower <= range->upper);
    assert_true(window_count < WINDOWS);
    windows[window_count++] = *range;
    if (range->upper - range->lower + 1 > most_ids) {
        return QUIPU_TIMEOUT;
    }
    fake.page = range->descending ? &descending[ITEMS - range->upper]
                                  : &ascending[range->lower - 1];
    fake.page_count = (size_t)(range->upper - range->lower + 1);
    fake.pages = 1;
    return QUIPU_OK;
}

static int start(void **state)
{
    fake_begin(state);
    for (int64_t i = 0; i < ITEMS; i++) {
        quipu_item item = fake_item();

        item.notification_id = i + 1;
        item.topic = i % 10 == 9 ? rare : quipu_bytes_of_text("Common");
        ascending[i] = item;
        descending[ITEMS - 1 - i] = item;
    }
    window_count = 0;
    most_ids = INT64_MAX;
    fake.open_log = lend_range;
    fake.position.notification_id = ITEMS;
    return 0;
}

/* ------------------------------------------------------------- bare scans */

static struct quipu_log_scan scan;
static int64_t driver_time; /* nanoseconds that each window is said to take */

static void set_time(enum fake_call call)
{
    if (call == FAKE_STEP) {
        scan.window_nanoseconds = driver_time;
    }
}

/* Reads to the end, and checks that the items are those with the topic, in
 * order, and that progress follows them.  Returns their number. */
static int64_t scan_all(const quipu_filter *filter, const quipu_range *range,
                        int64_t head)
{
    int64_t count = 0;
    int64_t last = range->descending ? INT64_MAX : 0;

    quipu_log_scan_init(&scan, fake_records, filter, range, head);
    while (!scan.is_done) {
        const quipu_item *item;
        int64_t before = scan.next;

        assert_ok(quipu_log_scan_next(&scan, &item, &error), &error);
        assert_true(range->descending ? scan.next <= before
                                      : scan.next >= before);
        if (item) {
            assert_true(range->descending ? item->notification_id < last
                                          : item->notification_id > last);
            last = item->notification_id;
            assert_int_equal(scan.next, last + (range->descending ? -1 : 1));
            count++;
        }
    }
    quipu_log_scan_finish(&scan);
    assert_int_equal(fake.count[FAKE_CURSOR_CLOSE],
                     fake.count[FAKE_READ_FILTERED]);
    return count;
}

static int64_t size_of(const quipu_range *window)
{
    return window->upper - window->lower + 1;
}

/* Each id is in one window, and the windows are in reading order. */
static void check_windows(int64_t lower, int64_t upper)
{
    int64_t next = windows[0].descending ? upper : lower;

    for (size_t i = 0; i < window_count; i++) {
        const quipu_range *window = &windows[i];

        assert_int_equal(window->limit, INT64_MAX);
        if (window->descending) {
            assert_int_equal(window->upper, next);
            next = window->lower - 1;
        } else {
            assert_int_equal(window->lower, next);
            next = window->upper + 1;
        }
    }
    assert_int_equal(next, windows[0].descending ? lower - 1 : upper + 1);
}

static void windows_of_a_quick_driver_grow(void **state)
{
    const quipu_range range = all(false);

    (void)state;
    driver_time = INT64_MIN / 2;
    fake.meanwhile = set_time;
    assert_int_equal(scan_all(&never_filter, &range, ITEMS), 0);
    check_windows(1, ITEMS);
    for (size_t i = 0; i + 1 < window_count; i++) {
        assert_int_equal(size_of(&windows[i]), INT64_C(1024) << i);
    }
    assert_int_equal(window_count, 5);
}

static void windows_of_a_slow_driver_shrink(void **state)
{
    const quipu_range range = all(true);

    (void)state;
    driver_time = INT64_MAX / 2;
    fake.meanwhile = set_time;
    assert_int_equal(scan_all(&rare_filter, &range, ITEMS), ITEMS / 10);
    check_windows(1, ITEMS);
    for (size_t i = 0; i + 1 < window_count; i++) {
        int64_t size = i < 6 ? INT64_C(1024) >> i : 16;

        assert_int_equal(size_of(&windows[i]), size);
    }
}

static void windows_of_a_usual_driver_stay(void **state)
{
    const quipu_range range = all(false);

    (void)state;
    driver_time = INT64_C(4000000);
    fake.meanwhile = set_time;
    /* The time of the step is added: at most as much as makes them shrink. */
    (void)scan_all(&never_filter, &range, 3000);
    check_windows(1, 3000);
    assert_true(size_of(&windows[1]) <= 1024);
}

/* Windows that take longer than the timeout are read again in smaller ones. */
static void timeouts_shrink_windows(void **state)
{
    const quipu_range ranges[] = { all(false), all(true) };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int64_t passed;

        window_count = 0;
        most_ids = 40;
        fake.meanwhile = NULL;
        memset(fake.count, 0, sizeof(fake.count));
        quipu_log_scan_init(&scan, fake_records, &rare_filter, &ranges[i],
                            1000);
        for (passed = 0; !scan.is_done;) {
            const quipu_item *item;

            assert_ok(quipu_log_scan_next(&scan, &item, &error), &error);
            passed += item != NULL;
        }
        quipu_log_scan_finish(&scan);
        assert_int_equal(passed, 100);
        assert_int_equal(size_of(&windows[0]), 1000);
        assert_int_equal(size_of(&windows[1]), 128);
        assert_int_equal(size_of(&windows[2]), 16);
    }
}

static void timeout_of_the_smallest_window_is_returned(void **state)
{
    const quipu_range range = all(false);
    const quipu_item *item;
    int status = QUIPU_OK;

    (void)state;
    most_ids = 0;
    quipu_log_scan_init(&scan, fake_records, &rare_filter, &range, ITEMS);
    for (int i = 0; i < 10 && status == QUIPU_OK; i++) {
        status = quipu_log_scan_next(&scan, &item, &error);
        assert_null(item);
        assert_false(scan.is_done);
    }
    assert_status(status, QUIPU_TIMEOUT);
    assert_int_equal(size_of(&windows[window_count - 1]), 16);
    assert_int_equal(scan.next, 1);
    /* The scan can go on. */
    most_ids = INT64_MAX;
    assert_ok(quipu_log_scan_next(&scan, &item, &error), &error);
    assert_int_equal(item->notification_id, 10);
    quipu_log_scan_finish(&scan);
}

/* Without a filter one window holds all, and a smaller one would not help. */
static void timeout_without_a_filter_is_returned(void **state)
{
    const quipu_range range = all(false);
    const quipu_item *item;

    (void)state;
    most_ids = 100;
    quipu_log_scan_init(&scan, fake_records, NULL, &range, ITEMS);
    assert_status(quipu_log_scan_next(&scan, &item, &error), QUIPU_TIMEOUT);
    quipu_log_scan_finish(&scan);
    assert_int_equal(window_count, 1);
    assert_int_equal(fake.count[FAKE_READ_LOG], 1);
    assert_int_equal(fake.count[FAKE_READ_FILTERED], 0);
}

/* After an error in the middle of a window nothing is yielded twice. */
static void failed_window_goes_on_behind_the_last_item(void **state)
{
    const quipu_range range = all(false);
    const quipu_item *item;

    (void)state;
    quipu_log_scan_init(&scan, fake_records, &rare_filter, &range, 100);
    for (int64_t i = 1; i <= 10; i++) {
        assert_ok(quipu_log_scan_next(&scan, &item, &error), &error);
        assert_int_equal(item->notification_id, 10 * i);
        if (i == 4) { /* the page of the window is cut off here */
            scan.rows.left = 0;
            fake.status[FAKE_STEP] = QUIPU_TIMEOUT;
            assert_ok(quipu_log_scan_next(&scan, &item, &error), &error);
            assert_null(item);
            assert_false(scan.is_done);
            fake.status[FAKE_STEP] = QUIPU_OK;
        } else if (i == 7) {
            scan.rows.left = 0;
            fake.status[FAKE_STEP] = QUIPU_IO;
            assert_status(quipu_log_scan_next(&scan, &item, &error), QUIPU_IO);
            assert_null(item);
            fake.status[FAKE_STEP] = QUIPU_OK;
        }
    }
    assert_int_equal(windows[1].lower, 41);
    assert_int_equal(windows[2].lower, 71);
    quipu_log_scan_finish(&scan);
}

static void limit_counts_items_that_pass(void **state)
{
    quipu_range ranges[] = { all(false), all(true) };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        ranges[i].limit = 7;
        window_count = 0;
        memset(fake.count, 0, sizeof(fake.count));
        assert_int_equal(scan_all(&rare_filter, &ranges[i], ITEMS), 7);
        assert_int_equal(window_count, 1);
        assert_int_equal(scan.next, i ? ITEMS - 61 : 71);
    }
}

static void range_ends_at_the_head(void **state)
{
    quipu_range range = all(false);

    (void)state;
    range.lower = 95;
    assert_int_equal(scan_all(&rare_filter, &range, 150), 6);
    check_windows(95, 150);
    window_count = 0;
    memset(fake.count, 0, sizeof(fake.count));
    range = all(true);
    range.upper = 120;
    assert_int_equal(scan_all(&rare_filter, &range, 105), 10);
    check_windows(1, 105);
}

static void empty_range_calls_no_driver(void **state)
{
    quipu_range range = all(false);
    const quipu_item *item;

    (void)state;
    quipu_log_scan_init(&scan, fake_records, &rare_filter, &range, 0);
    assert_true(scan.is_done);
    range.lower = 11;
    quipu_log_scan_init(&scan, fake_records, &rare_filter, &range, 10);
    assert_true(scan.is_done);
    assert_ok(quipu_log_scan_next(&scan, &item, &error), &error);
    assert_null(item);
    quipu_log_scan_finish(&scan);
    assert_int_equal(window_count, 0);
}

/* ---------------------------------------------------------------- cursors */

static int64_t drain(quipu_records *records, const quipu_query *query,
                     const quipu_filter *filter)
{
    const quipu_item *item;
    quipu_cursor *cursor;
    int64_t count = 0;

    assert_ok(
        quipu_records_read_filtered(records, query, filter, &cursor, &error),
        &error);
    for (;;) {
        assert_ok(quipu_cursor_next(cursor, &item, &error), &error);
        if (!item) {
            break;
        }
        count++;
    }
    assert_ok(quipu_cursor_next(cursor, &item, &error), &error);
    assert_null(item);
    quipu_cursor_close(cursor);
    return count;
}

static void head_is_fixed_at_opening(void **state)
{
    const quipu_item *item;
    quipu_cursor *cursor;

    (void)state;
    fake.position.notification_id = 30;
    assert_ok(quipu_records_read_filtered(fake_records, NULL, &rare_filter,
                                          &cursor, &error),
              &error);
    assert_int_equal(window_count, 0);
    fake.position.notification_id = ITEMS;
    for (int64_t i = 1; i <= 3; i++) {
        assert_ok(quipu_cursor_next(cursor, &item, &error), &error);
        assert_int_equal(item->notification_id, 10 * i);
    }
    assert_ok(quipu_cursor_next(cursor, &item, &error), &error);
    assert_null(item);
    quipu_cursor_close(cursor);
    assert_int_equal(fake.count[FAKE_LOG_HEAD], 1);
    check_windows(1, 30);
}

static void filter_is_copied(void **state)
{
    quipu_match match = rare_match;
    quipu_filter filter = rare_filter;
    const quipu_item *item;
    quipu_cursor *cursor;

    (void)state;
    filter.matches = &match;
    assert_ok(quipu_records_read_filtered(fake_records, NULL, &filter, &cursor,
                                          &error),
              &error);
    memset(&match, 0, sizeof(match));
    memset(&filter, 0, sizeof(filter));
    assert_ok(quipu_cursor_next(cursor, &item, &error), &error);
    assert_int_equal(item->notification_id, 10);
    assert_ptr_not_equal(fake.filter, &filter);
    assert_int_equal(fake.filter->match_count, 1);
    quipu_cursor_close(cursor);
}

static void bounds_of_the_query_hold(void **state)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GT | QUIPU_QUERY_LTE |
                                         QUIPU_QUERY_LIMIT |
                                         QUIPU_QUERY_DESCENDING,
                                .gt = 10,
                                .lte = 60,
                                .limit = 4 };
    const quipu_query nothing = { .struct_size = sizeof(nothing),
                                  .flags = QUIPU_QUERY_LIMIT };

    (void)state;
    assert_int_equal(drain(fake_records, &query, &rare_filter), 4);
    assert_int_equal(windows[0].lower, 11);
    assert_int_equal(windows[0].upper, 60);
    assert_int_equal(drain(fake_records, &nothing, &rare_filter), 0);
    assert_int_equal(window_count, 1);
}

/* A driver without the operation gives the same, and so does no filter. */
static void driver_without_filters_reads_the_log(void **state)
{
    quipu_datastore *other;
    quipu_records *records;

    (void)state;
    assert_ok(quipu_datastore_open("unfiltered:", NULL, &other, &error),
              &error);
    assert_ok(quipu_records_open(other, &fake_schema, &records, &error),
              &error);
    fake.position.notification_id = 500;
    assert_int_equal(drain(records, NULL, &rare_filter), 50);
    assert_int_equal(fake.count[FAKE_READ_FILTERED], 0);
    assert_ok(quipu_records_close(records, &error), &error);
    assert_ok(quipu_datastore_close(other, &error), &error);
}

static void failed_cursor_can_only_be_closed(void **state)
{
    const quipu_item *item;
    quipu_cursor *cursor;

    (void)state;
    fake.status[FAKE_STEP] = QUIPU_CORRUPT;
    assert_ok(quipu_records_read_filtered(fake_records, NULL, &rare_filter,
                                          &cursor, &error),
              &error);
    assert_status(quipu_cursor_next(cursor, &item, &error), QUIPU_CORRUPT);
    fake.status[FAKE_STEP] = QUIPU_OK;
    assert_refused(quipu_cursor_next(cursor, &item, &error), QUIPU_INVALID,
                   &error, "can only be closed");
    quipu_cursor_close(cursor);
}

static void wrong_arguments_do_not_reach_the_driver(void **state)
{
    const quipu_filter wrong = { .struct_size = sizeof(wrong),
                                 .partition_count = 1 };
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = 1u << 30 };
    unsigned before = fake_calls();
    quipu_cursor *cursor;

    (void)state;
    assert_refused(
        quipu_records_read_filtered(NULL, NULL, &rare_filter, &cursor, &error),
        QUIPU_INVALID, &error, "records is NULL");
    assert_refused(quipu_records_read_filtered(fake_records, NULL, &rare_filter,
                                               NULL, &error),
                   QUIPU_INVALID, &error, "cursor is NULL");
    assert_refused(quipu_records_read_filtered(fake_records, NULL, &wrong,
                                               &cursor, &error),
                   QUIPU_INVALID, &error, "partitions has no bit set");
    assert_refused(quipu_records_read_filtered(fake_records, &query,
                                               &rare_filter, &cursor, &error),
                   QUIPU_INVALID, &error, "unknown flag");
    assert_int_equal(fake_calls(), before);
}

static int read_filtered(void *context, quipu_error *out)
{
    quipu_datastore *datastore = NULL;
    quipu_records *records = NULL;
    quipu_cursor *cursor = NULL;
    const quipu_item *item;
    int status = quipu_datastore_open("fake:", NULL, &datastore, out);

    (void)context;
    window_count = 0;
    status = status
                 ? status
                 : quipu_records_open(datastore, &fake_schema, &records, out);
    status = status ? status
                    : quipu_records_read_filtered(records, NULL, &rare_filter,
                                                  &cursor, out);
    status = status ? status : quipu_cursor_next(cursor, &item, out);
    quipu_cursor_close(cursor);
    assert_status(quipu_records_close(records, NULL), QUIPU_OK);
    assert_status(quipu_datastore_close(datastore, NULL), QUIPU_OK);
    return status;
}

static int first_use(void **state)
{
    start(state);
    return fake_end(state);
}

static void failed_allocations_are_reported(void **state)
{
    (void)state;
    quipu_test_memory_sweep(read_filtered, NULL);
}

#define scan_test(test) cmocka_unit_test_setup_teardown(test, start, fake_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        scan_test(windows_of_a_quick_driver_grow),
        scan_test(windows_of_a_slow_driver_shrink),
        scan_test(windows_of_a_usual_driver_stay),
        scan_test(timeouts_shrink_windows),
        scan_test(timeout_of_the_smallest_window_is_returned),
        scan_test(timeout_without_a_filter_is_returned),
        scan_test(failed_window_goes_on_behind_the_last_item),
        scan_test(limit_counts_items_that_pass),
        scan_test(range_ends_at_the_head),
        scan_test(empty_range_calls_no_driver),
        scan_test(head_is_fixed_at_opening),
        scan_test(filter_is_copied),
        scan_test(bounds_of_the_query_hold),
        scan_test(driver_without_filters_reads_the_log),
        scan_test(failed_cursor_can_only_be_closed),
        scan_test(wrong_arguments_do_not_reach_the_driver),
        cmocka_unit_test_setup(failed_allocations_are_reported, first_use),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
