/* SPDX-License-Identifier: Apache-2.0 */
/* Tests reading events: bounds, undecodable events, failing cursors, other
 * mappings, and the last event of a sequence. */
#include "store_fixture.h"

#include "quipu_test_memory.h"

static int add_driver(void **state)
{
    (void)state;
    script_add_driver();
    return 0;
}

#define READ_MAX 16

/* Reads all, and compares the texts, each one character, joined. */
static void assert_reads(quipu_events *events, const char *expected)
{
    const quipu_event *event = NULL;
    char joined[READ_MAX + 1] = "";
    size_t count = 0;
    quipu_error error;

    do {
        assert_ok(quipu_events_next(events, &event, &error), &error);
        if (event) {
            assert_true(count < READ_MAX);
            assert_ptr_equal(event->type, &noted);
            joined[count++] = ((const struct noted *)event)->text[0];
        }
    } while (event);
    assert_null(quipu_events_item(events));
    assert_ok(quipu_events_next(events, &event, &error), &error);
    assert_null(event);
    assert_string_equal(joined, expected);
    quipu_events_close(events);
}

static void assert_query(struct opened *opened, const quipu_id *id,
                         quipu_query query, const char *expected)
{
    quipu_events *events = NULL;
    quipu_error error;

    query.struct_size = sizeof(query);
    assert_ok(quipu_store_read(opened->store, id, &query, &events, &error),
              &error);
    assert_reads(events, expected);
}

static void sequence_is_read_within_bounds_in_both_directions(void **state)
{
    const uint32_t down = QUIPU_QUERY_DESCENDING;
    const quipu_id id = uuid_id();
    const quipu_id other = uuid_id();
    quipu_events *events = NULL;
    struct opened opened;
    quipu_error error;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    fill(opened.store, &id, 6);
    fill(opened.store, &other, 1);
    assert_ok(quipu_store_read(opened.store, &id, NULL, &events, &error),
              &error);
    assert_reads(events, "012345");

#define QUERY(...) assert_query(&opened, &id, (quipu_query){ __VA_ARGS__ },
    QUERY(.flags = down) "543210");
    QUERY(.flags = QUIPU_QUERY_GT, .gt = 2) "345");
    QUERY(.flags = QUIPU_QUERY_GT | down, .gt = 2) "543");
    QUERY(.flags = QUIPU_QUERY_GTE, .gte = 2) "2345");
    QUERY(.flags = QUIPU_QUERY_GTE | down, .gte = 2) "5432");
    QUERY(.flags = QUIPU_QUERY_LT, .lt = 2) "01");
    QUERY(.flags = QUIPU_QUERY_LT | down, .lt = 2) "10");
    QUERY(.flags = QUIPU_QUERY_LTE, .lte = 2) "012");
    QUERY(.flags = QUIPU_QUERY_LTE | down, .lte = 2) "210");
    QUERY(.flags = QUIPU_QUERY_GT | QUIPU_QUERY_LT, .gt = 1, .lt = 4) "23");
    QUERY(.flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LTE, .gte = 4, .lte = 1) "");
    QUERY(.flags = QUIPU_QUERY_LIMIT, .limit = 2) "01");
    QUERY(.flags = QUIPU_QUERY_LIMIT | down, .limit = 2) "54");
    QUERY(.flags = QUIPU_QUERY_LIMIT, .limit = 0) "");
    QUERY(.flags = QUIPU_QUERY_LIMIT | QUIPU_QUERY_LT | down, .limit = 2,
          .lt = 4) "32");
    QUERY(.flags = QUIPU_QUERY_GT, .gt = INT64_MAX) "");
    QUERY(.flags = QUIPU_QUERY_LT, .lt = INT64_MIN) "");
    QUERY(.flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LTE, .gte = INT64_MIN,
          .lte = INT64_MAX) "012345");
#undef QUERY
    opened_close(&opened);
}

static void log_is_read_over_all_sequences(void **state)
{
    const quipu_query middle = {
        .struct_size = sizeof(middle),
        .flags = QUIPU_QUERY_GT | QUIPU_QUERY_LIMIT,
        .gt = 1,
        .limit = 3,
    };
    const quipu_id one = uuid_id();
    const quipu_id two = uuid_id();
    const quipu_event *event = NULL;
    quipu_events *events = NULL;
    struct opened opened;
    quipu_error error;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    fill(opened.store, &one, 3);
    fill(opened.store, &two, 2);
    assert_ok(quipu_store_read_log(opened.store, NULL, &events, &error),
              &error);
    assert_reads(events, "01201");
    assert_ok(quipu_store_read_log(opened.store, &middle, &events, &error),
              &error);
    assert_null(quipu_events_item(events));
    assert_ok(quipu_events_next(events, &event, &error), &error);
    assert_int_equal(quipu_events_item(events)->notification_id, 2);
    assert_true(quipu_id_equal(&event->originator_id, &one));
    assert_reads(events, "20");
    opened_close(&opened);
}

static void event_comes_back_as_it_went_in(void **state)
{
    const quipu_id id = uuid_id();
    struct noted stored = make_noted(&id, 0, "naïve");
    const quipu_event *const list[] = { &stored.base };
    const quipu_event *event = NULL;
    quipu_events *events = NULL;
    quipu_event *kept = NULL;
    struct opened opened;
    quipu_error error;
    (void)state;

    stored.base.metadata = quipu_bytes_of_text("by hand");
    opened_open(&opened, 0, &noted_mapping);
    assert_ok(quipu_store_append(opened.store, list, 1, NULL, &error), &error);
    assert_ok(quipu_store_read(opened.store, &id, NULL, &events, &error),
              &error);
    assert_ok(quipu_events_next(events, &event, &error), &error);
    assert_ok(quipu_event_copy(event, &kept, &error), &error);
    quipu_events_close(events);
    opened_close(&opened);

    assert_ptr_equal(kept->type, &noted);
    assert_true(quipu_id_equal(&kept->originator_id, &id));
    assert_int_equal(kept->originator_version, 0);
    assert_memory_equal(&kept->event_id, &stored.base.event_id, 16);
    assert_int_equal(kept->time.microseconds, stored.base.time.microseconds);
    assert_bytes(kept->metadata.data, kept->metadata.size, "by hand", 7);
    assert_string_equal(((struct noted *)kept)->text, "naïve");
    quipu_event_destroy(kept);
}

/* ---------------------------------------------------------------- failures */

static void cursor_continues_after_an_undecodable_event(void **state)
{
    const int statuses[] = { QUIPU_OK, QUIPU_NOT_FOUND, QUIPU_CORRUPT,
                             QUIPU_OK };
    const quipu_id id = uuid_id();
    struct noted last = make_noted(&id, 3, "3");
    const quipu_event *const list[] = { &last.base };
    const quipu_event *event = NULL;
    quipu_events *events = NULL;
    struct opened opened;
    quipu_error error;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    fill(opened.store, &id, 1);
    put_item(opened.store, &id, 1, "Forgotten", "\x80", 1);
    put_item(opened.store, &id, 2, "Noted", "\xff", 1);
    assert_ok(quipu_store_append(opened.store, list, 1, NULL, &error), &error);

    assert_ok(quipu_store_read(opened.store, &id, NULL, &events, &error),
              &error);
    for (int i = 0; i < 4; i++) {
        assert_status(quipu_events_next(events, &event, &error), statuses[i]);
        assert_int_equal(event != NULL, statuses[i] == QUIPU_OK);
        assert_int_equal(quipu_events_item(events)->position, i);
    }
    assert_reads(events, "");
    opened_close(&opened);
}

static void failed_cursor_has_no_item_and_stays_failed(void **state)
{
    const quipu_id id = uuid_id();
    const quipu_event *event = NULL;
    quipu_events *events = NULL;
    struct opened opened;
    quipu_error error;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    fill(opened.store, &id, 3);
    atomic_store(&script.step_error, QUIPU_CORRUPT);
    atomic_store(&script.steps_to_error, 2);
    assert_ok(quipu_store_read(opened.store, &id, NULL, &events, &error),
              &error);
    assert_ok(quipu_events_next(events, &event, &error), &error);
    assert_refused(quipu_events_next(events, &event, &error), QUIPU_CORRUPT,
                   &error, "step failed");
    assert_null(event);
    assert_null(quipu_events_item(events));
    assert_refused(quipu_events_next(events, &event, &error), QUIPU_INVALID,
                   &error, "can only be closed");
    quipu_events_close(events);
    opened_close(&opened);
}

static void wrong_arguments_are_refused(void **state)
{
    const quipu_id id = uuid_id();
    const quipu_id text = text_id("not a UUID");
    const quipu_query wrong = { .struct_size = sizeof(wrong),
                                .flags = QUIPU_QUERY_LIMIT,
                                .limit = -1 };
    const quipu_event *event = NULL;
    quipu_events *events = NULL;
    quipu_event *last = NULL;
    struct opened opened;
    quipu_error error;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    assert_status(quipu_store_read(NULL, &id, NULL, &events, &error),
                  QUIPU_INVALID);
    assert_status(quipu_store_read(opened.store, NULL, NULL, &events, &error),
                  QUIPU_INVALID);
    assert_status(quipu_store_read(opened.store, &id, NULL, NULL, &error),
                  QUIPU_INVALID);
    assert_status(quipu_store_read(opened.store, &text, NULL, &events, &error),
                  QUIPU_INVALID);
    assert_status(quipu_store_read_log(NULL, NULL, &events, &error),
                  QUIPU_INVALID);
    assert_status(quipu_store_read_log(opened.store, NULL, NULL, &error),
                  QUIPU_INVALID);
    assert_status(quipu_store_read_log(opened.store, &wrong, &events, &error),
                  QUIPU_INVALID);
    assert_null(events);
    assert_status(quipu_events_next(NULL, &event, &error), QUIPU_INVALID);
    assert_ok(quipu_store_read(opened.store, &id, NULL, &events, &error),
              &error);
    assert_status(quipu_events_next(events, NULL, &error), QUIPU_INVALID);
    quipu_events_close(events);
    quipu_events_close(NULL);
    assert_status(quipu_store_last(NULL, &id, &last, &error), QUIPU_INVALID);
    assert_status(quipu_store_last(opened.store, NULL, &last, &error),
                  QUIPU_INVALID);
    assert_status(quipu_store_last(opened.store, &id, NULL, &error),
                  QUIPU_INVALID);
    assert_status(quipu_store_last(opened.store, &text, &last, &error),
                  QUIPU_INVALID);
    opened_close(&opened);
}

/* -------------------------------------------------------------- last event */

static void last_event_has_the_highest_position(void **state)
{
    const quipu_id id = uuid_id();
    quipu_event *last = NULL;
    char text[QUIPU_UUID_TEXT_SIZE];
    quipu_uuid uuid;
    struct opened opened;
    quipu_error error;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    memcpy(uuid.bytes, id.data, 16);
    quipu_uuid_format(&uuid, text);
    assert_refused(quipu_store_last(opened.store, &id, &last, &error),
                   QUIPU_NOT_FOUND, &error, text);
    fill(opened.store, &id, 3);
    assert_ok(quipu_store_last(opened.store, &id, &last, &error), &error);
    assert_string_equal(((struct noted *)last)->text, "2");
    quipu_event_destroy(last);
    opened_close(&opened);
}

static void last_event_of_unknown_topic_is_unsupported(void **state)
{
    const quipu_id id = text_id("a");
    quipu_event *last = NULL;
    struct opened opened;
    quipu_error error;
    (void)state;

    opened_open(&opened, QUIPU_SCHEMA_TEXT_IDS, &noted_mapping);
    assert_refused(quipu_store_last(opened.store, &id, &last, &error),
                   QUIPU_NOT_FOUND, &error, "sequence a has no event");
    put_item(opened.store, &id, 0, "Forgotten", "\x80", 1);
    assert_refused(quipu_store_last(opened.store, &id, &last, &error),
                   QUIPU_UNSUPPORTED, &error, "Forgotten");
    put_item(opened.store, &id, 1, "Noted", "\xff", 1);
    assert_status(quipu_store_last(opened.store, &id, &last, &error),
                  QUIPU_CORRUPT);
    atomic_store(&script.step_error, QUIPU_IO);
    atomic_store(&script.steps_to_error, 1);
    assert_status(quipu_store_last(opened.store, &id, &last, &error), QUIPU_IO);
    assert_null(last);
    opened_close(&opened);
}

/* ------------------------------------------------------- other mappings */

static void sequence_by_a_time_in_a_sparse_schema(void **state)
{
    static const quipu_event_type *const types[] = { &measured };
    static const int64_t times[] = { 1495713600000000, -1, 86400000000 };
    const quipu_mapping mapping = {
        .struct_size = sizeof(mapping),
        .types = types,
        .type_count = 1,
        .sequence_id = "device",
        .position = "at",
    };
    const quipu_query since = { .struct_size = sizeof(since),
                                .flags = QUIPU_QUERY_GTE,
                                .gte = 0 };
    const quipu_id device = text_id("thermometer 1");
    const quipu_event *event = NULL;
    quipu_events *events = NULL;
    struct opened opened;
    quipu_error error;
    (void)state;

    opened_open(&opened, QUIPU_SCHEMA_SPARSE | QUIPU_SCHEMA_TEXT_IDS, &mapping);
    for (size_t i = 0; i < 3; i++) {
        struct measured one = { .device = "thermometer 1",
                                .at = { times[i] },
                                .value = (double)i };
        const quipu_event *const list[] = { &one.base };

        quipu_event_init(&one.base, &measured, NULL, 0);
        assert_ok(quipu_store_append(opened.store, list, 1, NULL, &error),
                  &error);
        quipu_uuid_ordered(&one.base.event_id);
        assert_status(quipu_store_append(opened.store, list, 1, NULL, &error),
                      QUIPU_CONFLICT);
    }
    assert_ok(quipu_store_read(opened.store, &device, &since, &events, &error),
              &error);
    assert_ok(quipu_events_next(events, &event, &error), &error);
    assert_int_equal(((const struct measured *)event)->at.microseconds,
                     times[2]);
    assert_ok(quipu_events_next(events, &event, &error), &error);
    assert_int_equal(((const struct measured *)event)->at.microseconds,
                     times[0]);
    assert_string_equal(((const struct measured *)event)->device,
                        "thermometer 1");
    assert_ok(quipu_events_next(events, &event, &error), &error);
    assert_null(event);
    quipu_events_close(events);
    opened_close(&opened);
}

/* ------------------------------------------------------- failing allocation */

/* Reads all 6 events; a step that fails with NO_MEMORY is repeated. */
static void event_is_repeated_after_no_memory(void **state)
{
    const quipu_id id = uuid_id();
    const quipu_event *event = NULL;
    quipu_events *events = NULL;
    struct opened opened;
    quipu_error error;
    int shortages = 0;
    int seen = 0;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    fill(opened.store, &id, 6);
    assert_ok(quipu_store_read(opened.store, &id, NULL, &events, &error),
              &error);
    do {
        int status = QUIPU_OK;

        atomic_store(&quipu_test_budget, 0);
        quipu_test_memory_begin(0);
        status = quipu_events_next(events, &event, &error);
        assert_ok(quipu_allocator_use(NULL, NULL), NULL);
        if (status == QUIPU_NO_MEMORY) {
            assert_null(event);
            assert_non_null(quipu_events_item(events));
            shortages++;
            assert_ok(quipu_events_next(events, &event, &error), &error);
        } else {
            assert_int_equal(status, QUIPU_OK);
        }
        if (event) {
            assert_int_equal(((const struct noted *)event)->text[0],
                             '0' + seen);
            seen++;
        }
    } while (event);
    assert_int_equal(seen, 6);
    assert_true(shortages > 0);
    quipu_events_close(events);
    opened_close(&opened);
}

static int write_and_read(void *context, quipu_error *error)
{
    const quipu_schema *schema = context;
    const quipu_expected exists = { .version = QUIPU_EXPECT_EXISTS };
    const quipu_id id = uuid_id();
    struct noted a = make_noted(&id, 0, "a");
    struct noted b = make_noted(&id, 1, "b");
    const quipu_event *const first[] = { &a.base };
    const quipu_event *const second[] = { &b.base };
    const quipu_event *event = NULL;
    quipu_datastore *datastore = NULL;
    quipu_events *events = NULL;
    quipu_store *store = NULL;
    quipu_event *last = NULL;
    int status = QUIPU_OK;

    status = quipu_datastore_open("memory:", NULL, &datastore, error);
    if (status == QUIPU_OK) {
        status = quipu_datastore_setup(datastore, schema, error);
    }
    if (status == QUIPU_OK) {
        status =
            quipu_store_open(datastore, schema, &noted_mapping, &store, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_store_append(store, first, 1, NULL, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_store_append_expecting(store, &exists, second, 1, NULL,
                                              error);
    }
    if (status == QUIPU_OK) {
        status = quipu_store_last(store, &id, &last, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_store_read(store, &id, NULL, &events, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_events_next(events, &event, error);
    }
    quipu_events_close(events);
    quipu_event_destroy(last);
    if (status == QUIPU_OK) {
        status = quipu_store_read_log(store, NULL, &events, error);
        if (status == QUIPU_OK) {
            quipu_events_close(events);
        }
    }
    quipu_store_close(store, NULL);
    quipu_datastore_close(datastore, NULL);
    return status;
}

static void failing_allocations_leak_nothing(void **state)
{
    quipu_schema schema;
    quipu_error error;
    (void)state;

    schema_make(&schema, 0);
    assert_ok(write_and_read(&schema, &error), &error); /* loads the driver */
    quipu_test_memory_sweep(write_and_read, &schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequence_is_read_within_bounds_in_both_directions),
        cmocka_unit_test(log_is_read_over_all_sequences),
        cmocka_unit_test(event_comes_back_as_it_went_in),
        cmocka_unit_test(cursor_continues_after_an_undecodable_event),
        cmocka_unit_test(failed_cursor_has_no_item_and_stays_failed),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(last_event_has_the_highest_position),
        cmocka_unit_test(last_event_of_unknown_topic_is_unsupported),
        cmocka_unit_test(sequence_by_a_time_in_a_sparse_schema),
        cmocka_unit_test(event_is_repeated_after_no_memory),
        cmocka_unit_test(failing_allocations_leak_nothing),
    };

    return cmocka_run_group_tests(tests, add_driver, NULL) != 0;
}
