/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that a query becomes the equivalent range (S4, V4). */
#include "quipu_test.h"

#include <quipu/records.h>

#include "records/cursor.h"

/* Selects positions by brute force. */
static const int64_t world[] = {
    INT64_MIN, INT64_MIN + 1, -2, -1, 0, 1, 2, 3, INT64_MAX - 1, INT64_MAX
};

#define WORLD (sizeof(world) / sizeof(world[0]))

static bool query_matches(const quipu_query *query, int64_t position)
{
    return (!(query->flags & QUIPU_QUERY_GT) || position > query->gt) &&
           (!(query->flags & QUIPU_QUERY_GTE) || position >= query->gte) &&
           (!(query->flags & QUIPU_QUERY_LT) || position < query->lt) &&
           (!(query->flags & QUIPU_QUERY_LTE) || position <= query->lte);
}

static size_t yield_of_query(const quipu_query *query, int64_t out[WORLD])
{
    int64_t limit = query->flags & QUIPU_QUERY_LIMIT ? query->limit : INT64_MAX;
    size_t count = 0;

    for (size_t i = 0; i < WORLD; i++) {
        bool descending = (query->flags & QUIPU_QUERY_DESCENDING) != 0;
        int64_t position = world[descending ? WORLD - 1 - i : i];

        if (query_matches(query, position) && (int64_t)count < limit) {
            out[count++] = position;
        }
    }
    return count;
}

static size_t yield_of_range(const quipu_range *range, int64_t out[WORLD])
{
    size_t count = 0;

    for (size_t i = 0; i < WORLD; i++) {
        int64_t position = world[range->descending ? WORLD - 1 - i : i];

        if (position >= range->lower && position <= range->upper &&
            (int64_t)count < range->limit) {
            out[count++] = position;
        }
    }
    return count;
}

static void compare(const quipu_query *query)
{
    int64_t expected[WORLD];
    int64_t actual[WORLD];
    size_t expected_count = yield_of_query(query, expected);
    size_t actual_count;
    quipu_range range;
    bool empty;
    quipu_error error;

    assert_ok(quipu_cursor_range(query, &range, &empty, &error), &error);
    assert_int_equal(range.struct_size, sizeof(range));
    actual_count = empty ? 0 : yield_of_range(&range, actual);
    assert_int_equal(actual_count, expected_count);
    if (expected_count > 0) {
        assert_memory_equal(actual, expected,
                            expected_count * sizeof(expected[0]));
    }
    if (!empty) {
        assert_true(range.lower <= range.upper);
        assert_true(range.limit > 0);
    }
}

/* The bounds take all values. */
static void compare_all_bounds(uint32_t flags, int64_t limit)
{
    for (size_t i = 0; i < WORLD * WORLD * WORLD * WORLD; i++) {
        quipu_query query = { .struct_size = sizeof(query),
                              .flags = flags,
                              .gt = world[i % WORLD],
                              .gte = world[i / WORLD % WORLD],
                              .lt = world[i / WORLD / WORLD % WORLD],
                              .lte = world[i / WORLD / WORLD / WORLD],
                              .limit = limit };

        compare(&query);
    }
}

static void every_combination_of_flags_selects_the_right_items(void **state)
{
    (void)state;
    for (uint32_t flags = 0; flags < 64; flags++) {
        compare_all_bounds(flags, 0);
        if (flags & QUIPU_QUERY_LIMIT) {
            compare_all_bounds(flags, 1);
            compare_all_bounds(flags, 3);
            compare_all_bounds(flags, INT64_MAX);
        }
    }
}

static void null_query_means_all_ascending(void **state)
{
    quipu_range range;
    bool empty;
    quipu_error error;

    (void)state;
    assert_ok(quipu_cursor_range(NULL, &range, &empty, &error), &error);
    assert_false(empty);
    assert_false(range.descending);
    assert_int_equal(range.lower, INT64_MIN);
    assert_int_equal(range.upper, INT64_MAX);
    assert_int_equal(range.limit, INT64_MAX);
}

static void invalid_queries_are_refused(void **state)
{
    quipu_query query = { .struct_size = sizeof(query), .flags = 64 };
    quipu_range range;
    bool empty;
    quipu_error error;

    (void)state;
    assert_refused(quipu_cursor_range(&query, &range, &empty, &error),
                   QUIPU_INVALID, &error, "unknown flag 0x40");
    query.flags = QUIPU_QUERY_LIMIT;
    query.limit = -1;
    assert_refused(quipu_cursor_range(&query, &range, &empty, &error),
                   QUIPU_INVALID, &error, "limit is -1");
    query.flags = 0;
    assert_ok(quipu_cursor_range(&query, &range, &empty, &error), &error);
    query.struct_size = 0;
    assert_refused(quipu_cursor_range(&query, &range, &empty, &error),
                   QUIPU_INVALID, &error, "query has struct_size 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_of_flags_selects_the_right_items),
        cmocka_unit_test(null_query_means_all_ascending),
        cmocka_unit_test(invalid_queries_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
