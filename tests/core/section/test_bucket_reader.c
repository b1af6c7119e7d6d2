/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests readers of time-bucketed logs as their user works with them: events of
 * messages, appended by the event store and read back across empty buckets.  In
 * memory, or in the store that QUIPU_TEST_URI names.
 */
#include "quipu_test.h"

#include <quipu/quipu.h>

#define HOUR INT64_C(3600000000)
#define DAY (24 * HOUR)
#define BEGIN INT64_C(1795910400000000) /* 2026-11-29 */

static quipu_datastore *datastore;
static quipu_store *store;
static quipu_records *records;
static quipu_schema schema;
static quipu_error error;

struct written {
    quipu_event base;
    int64_t number;
};
static const quipu_field written_fields[] = {
    QUIPU_FIELD(struct written, number),
    { 0 },
};
static const quipu_event_type written = {
    .topic = "Written",
    .size = sizeof(struct written),
    .fields = written_fields,
};
static const quipu_event_type *const types[] = { &written };
/* The position of an event is its time. */
static const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                       .types = types,
                                       .type_count = 1,
                                       .position = "time" };
static quipu_bucketed_log messages = { .struct_size = sizeof(messages),
                                       .name = "messages" };

static void open_schema(uint32_t flags, const char *table)
{
    const char *uri = getenv("QUIPU_TEST_URI");

    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.flags = flags;
    schema.table = table;
    assert_ok(quipu_datastore_open(uri ? uri : "memory:buckets", NULL,
                                   &datastore, &error),
              &error);
    assert_ok(quipu_datastore_setup(datastore, &schema, &error), &error);
    assert_ok(quipu_store_open(datastore, &schema, &mapping, &store, &error),
              &error);
    records = quipu_store_records(store);
}

static int begin(void **state)
{
    (void)state;
    open_schema(QUIPU_SCHEMA_SPARSE | QUIPU_SCHEMA_TEXT_IDS, "messages");
    messages.span = QUIPU_BUCKET_HOUR;
    return 0;
}

static int begin_with_uuids(void **state)
{
    (void)state;
    open_schema(QUIPU_SCHEMA_SPARSE, "messages");
    messages.span = QUIPU_BUCKET_HOUR;
    return 0;
}

static int end(void **state)
{
    (void)state;
    assert_ok(quipu_store_close(store, &error), &error);
    assert_ok(quipu_datastore_teardown(datastore, &schema, &error), &error);
    assert_ok(quipu_datastore_close(datastore, &error), &error);
    return 0;
}

/* Appends a message at a time; returns the status. */
static int write_message(int64_t time)
{
    struct written event = { .number = time };
    const quipu_event *const events[] = { &event.base };
    quipu_id bucket;

    assert_ok(quipu_bucket_id(&schema, &messages, (quipu_time){ time }, &bucket,
                              &error),
              &error);
    quipu_event_init(&event.base, &written, &bucket, 0);
    event.base.time.microseconds = time;
    return quipu_store_append(store, events, 1, NULL, &error);
}

/* Reads what a query selects, decodes each, and returns their times as text,
 * counted from BEGIN in the unit. */
static const char *read_messages(const quipu_query *query, int64_t unit)
{
    static char text[4096];
    quipu_bucket_reader *reader;
    const quipu_item *item = NULL;
    size_t size = 0;

    text[0] = '\0';
    assert_ok(
        quipu_bucket_reader_open(records, &messages, query, &reader, &error),
        &error);
    do {
        assert_ok(quipu_bucket_reader_next(reader, &item, &error), &error);
        if (item) {
            quipu_event *event = NULL;

            assert_ok(quipu_mapper_event(quipu_store_mapper(store), item,
                                         &event, &error),
                      &error);
            const int64_t time = ((struct written *)event)->number;

            assert_int_equal(item->position, time);
            assert_int_equal(event->time.microseconds, time);
            size += (size_t)snprintf(text + size, sizeof(text) - size, "%lld ",
                                     (long long)((time - BEGIN) / unit));
            quipu_event_destroy(event);
        }
    } while (item);
    assert_ok(quipu_bucket_reader_next(reader, &item, &error), &error);
    assert_null(item); /* it has ended */
    quipu_bucket_reader_close(reader);
    return text;
}

static quipu_query between(int64_t lower, int64_t upper, uint32_t flags)
{
    return (quipu_query){ .struct_size = sizeof(quipu_query),
                          .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LTE | flags,
                          .gte = BEGIN + lower,
                          .lte = BEGIN + upper };
}

/* Hours with messages, most without. */
static const int64_t hours[] = { 0, 0, 1, 5, 23, 24, 60, 60, 61, 90 };

static void write_hours(void)
{
    for (size_t i = 0; i < sizeof(hours) / sizeof(*hours); i++) {
        assert_ok(write_message(BEGIN + hours[i] * HOUR + (int64_t)i), &error);
    }
}

static void reader_goes_across_empty_buckets(void **state)
{
    quipu_query query = between(0, 99 * HOUR, 0);

    (void)state;
    assert_string_equal(read_messages(&query, HOUR), "");
    write_hours();
    assert_string_equal(read_messages(&query, HOUR),
                        "0 0 1 5 23 24 60 60 61 90 ");
    query.flags |= QUIPU_QUERY_DESCENDING;
    assert_string_equal(read_messages(&query, HOUR),
                        "90 61 60 60 24 23 5 1 0 0 ");
    /* Another log in the same schema. */
    messages.name = "others";
    assert_string_equal(read_messages(&query, HOUR), "");
    messages.name = "messages";
}

static void bounds_and_limit_hold_over_all_buckets(void **state)
{
    quipu_query query = between(HOUR, 60 * HOUR + 6, 0);

    (void)state;
    write_hours();
    assert_string_equal(read_messages(&query, HOUR), "1 5 23 24 60 ");
    query.flags = QUIPU_QUERY_GT | QUIPU_QUERY_LT;
    query.gt = BEGIN + HOUR + 2;
    query.lt = BEGIN + 60 * HOUR + 6;
    assert_string_equal(read_messages(&query, HOUR), "5 23 24 ");
    query.flags |= QUIPU_QUERY_LIMIT;
    query.limit = 2;
    assert_string_equal(read_messages(&query, HOUR), "5 23 ");
    query.flags |= QUIPU_QUERY_DESCENDING;
    assert_string_equal(read_messages(&query, HOUR), "24 23 ");
    query.limit = 3;
    assert_string_equal(read_messages(&query, HOUR), "24 23 5 ");
    query.limit = 0;
    assert_string_equal(read_messages(&query, HOUR), "");
    query = between(HOUR, 0, 0);
    assert_string_equal(read_messages(&query, HOUR), "");
}

static void every_span_reads_the_same(void **state)
{
    static const int64_t days[] = { 0, 1, 32, 33, 365, 400 };
    static const char *const names[] = { "y", "m", "d" };

    (void)state;
    for (int32_t span = QUIPU_BUCKET_YEAR; span <= QUIPU_BUCKET_DAY; span++) {
        quipu_query query = between(DAY, 365 * DAY, 0);

        messages.span = span;
        messages.name = names[span - 1];
        for (size_t i = 0; i < sizeof(days) / sizeof(*days); i++) {
            assert_ok(write_message(BEGIN + days[i] * DAY), &error);
        }
        assert_string_equal(read_messages(&query, DAY), "1 32 33 365 ");
        query.flags |= QUIPU_QUERY_DESCENDING;
        assert_string_equal(read_messages(&query, DAY), "365 33 32 1 ");
    }
    for (int32_t span = QUIPU_BUCKET_MINUTE; span <= QUIPU_BUCKET_SECOND;
         span++) {
        quipu_query query = between(1000000, 60 * INT64_C(1000000), 0);

        messages.span = span;
        messages.name = span == QUIPU_BUCKET_MINUTE ? "min" : "s";
        for (int64_t second = 0; second < 80; second += 20) {
            assert_ok(write_message(BEGIN + second * 1000000), &error);
        }
        assert_string_equal(read_messages(&query, 1000000), "20 40 60 ");
    }
    messages.name = "messages";
}

/* Two messages of one microsecond: one is first, the other is told (U1). */
static void one_microsecond_has_one_item(void **state)
{
    const quipu_query query = between(0, HOUR, 0);

    (void)state;
    assert_ok(write_message(BEGIN + 7), &error);
    assert_status(write_message(BEGIN + 7), QUIPU_CONFLICT);
    assert_ok(write_message(BEGIN + 8), &error);
    assert_string_equal(read_messages(&query, 1), "7 8 ");
}

static void last_buckets_of_the_calendar_are_read(void **state)
{
    const quipu_query query = {
        .struct_size = sizeof(query),
        .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LTE,
        .gte = QUIPU_TIME_MAX - 5 * HOUR,
        .lte = QUIPU_TIME_MAX,
    };
    quipu_query descending = query;

    (void)state;
    assert_ok(write_message(QUIPU_TIME_MAX), &error);
    assert_int_equal(strlen(read_messages(&query, HOUR)) > 0, true);
    descending.flags |= QUIPU_QUERY_DESCENDING;
    descending.gte = QUIPU_TIME_MIN;
    descending.lte = QUIPU_TIME_MIN + 5 * HOUR;
    assert_ok(write_message(QUIPU_TIME_MIN), &error);
    assert_int_equal(strlen(read_messages(&descending, HOUR)) > 0, true);
}

static void wrong_queries_are_refused(void **state)
{
    quipu_query query = between(0, HOUR, 0);
    quipu_bucket_reader *reader = NULL;
    const quipu_item *item;
    quipu_query wrong[5];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        wrong[i] = query;
    }
    wrong[0].flags = QUIPU_QUERY_GTE;
    wrong[1].flags = QUIPU_QUERY_LTE;
    wrong[2].flags = 0;
    wrong[3].gte = QUIPU_TIME_MIN - 1;
    wrong[4].lte = QUIPU_TIME_MAX + 1;
    for (size_t i = 0; i < 5; i++) {
        assert_refused(quipu_bucket_reader_open(records, &messages, &wrong[i],
                                                &reader, &error),
                       QUIPU_INVALID, &error, "set a lower and an upper bound");
    }
    assert_refused(
        quipu_bucket_reader_open(records, &messages, NULL, &reader, &error),
        QUIPU_INVALID, &error, "set a lower and an upper bound");
    assert_status(
        quipu_bucket_reader_open(records, NULL, &query, &reader, &error),
        QUIPU_INVALID);
    assert_status(
        quipu_bucket_reader_open(NULL, &messages, &query, &reader, &error),
        QUIPU_INVALID);
    assert_status(
        quipu_bucket_reader_open(records, &messages, &query, NULL, &error),
        QUIPU_INVALID);
    assert_status(quipu_bucket_reader_next(NULL, &item, &error), QUIPU_INVALID);
    assert_null(reader);
    quipu_bucket_reader_close(NULL);
}

static void reader_keeps_its_records_open(void **state)
{
    const quipu_query query = between(0, 3 * HOUR, 0);
    quipu_bucket_reader *reader;

    (void)state;
    assert_ok(
        quipu_bucket_reader_open(records, &messages, &query, &reader, &error),
        &error);
    assert_refused(quipu_store_close(store, &error), QUIPU_INVALID, &error,
                   "open");
    quipu_bucket_reader_close(reader);
}

static void contiguous_positions_are_refused(void **state)
{
    const quipu_query query = between(0, HOUR, 0);
    quipu_bucket_reader *reader = NULL;
    quipu_schema contiguous = schema;
    quipu_records *other;

    (void)state;
    contiguous.flags &= ~(uint32_t)QUIPU_SCHEMA_SPARSE;
    contiguous.table = "contiguous";
    assert_ok(quipu_datastore_setup(datastore, &contiguous, &error), &error);
    assert_ok(quipu_records_open(datastore, &contiguous, &other, &error),
              &error);
    assert_refused(
        quipu_bucket_reader_open(other, &messages, &query, &reader, &error),
        QUIPU_INVALID, &error, "which needs QUIPU_SCHEMA_SPARSE");
    assert_ok(quipu_records_close(other, &error), &error);
    assert_ok(quipu_datastore_teardown(datastore, &contiguous, &error), &error);
}

#define test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(reader_goes_across_empty_buckets),
        cmocka_unit_test_setup_teardown(reader_goes_across_empty_buckets,
                                        begin_with_uuids, end),
        test(bounds_and_limit_hold_over_all_buckets),
        test(every_span_reads_the_same),
        test(one_microsecond_has_one_item),
        test(last_buckets_of_the_calendar_are_read),
        test(wrong_queries_are_refused),
        test(reader_keeps_its_records_open),
        test(contiguous_positions_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
