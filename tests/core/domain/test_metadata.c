/* SPDX-License-Identifier: Apache-2.0 */
/* Tests metadata by name, their bytes, and the way from an event to those that
 * it causes. */
#include "app_fixture.h"

#include <quipu/id.h>

static quipu_error error;

static quipu_metadata *make(void)
{
    quipu_metadata *metadata = NULL;

    assert_ok(quipu_metadata_create(&metadata, &error), &error);
    return metadata;
}

static void set(quipu_metadata *metadata, const char *name, const char *value)
{
    assert_ok(quipu_metadata_set(metadata, name, value, &error), &error);
}

static quipu_bytes encode(quipu_metadata *metadata)
{
    quipu_bytes bytes;

    assert_ok(quipu_metadata_encode(metadata, &bytes, &error), &error);
    return bytes;
}

/* ----------------------------------------------------------------- values */

static void values_are_kept_in_the_order_of_names(void **state)
{
    quipu_metadata *metadata = make();
    (void)state;

    set(metadata, "user", "ann");
    set(metadata, "host", "a");
    set(metadata, "traceparent", "00-1");
    set(metadata, "host", "b");
    set(metadata, "gone", "x");
    set(metadata, "gone", NULL);
    set(metadata, "never", NULL);
    assert_int_equal(quipu_metadata_count(metadata), 3);
    assert_string_equal(quipu_metadata_name(metadata, 0), "host");
    assert_string_equal(quipu_metadata_name(metadata, 1), "traceparent");
    assert_string_equal(quipu_metadata_name(metadata, 2), "user");
    assert_null(quipu_metadata_name(metadata, 3));
    assert_string_equal(quipu_metadata_get(metadata, "host"), "b");
    assert_null(quipu_metadata_get(metadata, "gone"));
    quipu_metadata_destroy(metadata);
}

static void equal_metadata_are_equal_bytes(void **state)
{
    const char expected[] = "\x82\xa1"
                            "a\xa1"
                            "1\xa1"
                            "b\xa0";
    quipu_metadata *first = make();
    quipu_metadata *second = make();
    quipu_metadata *read = NULL;
    (void)state;

    set(first, "a", "1");
    set(first, "b", "");
    set(second, "b", "");
    set(second, "c", "3");
    set(second, "a", "1");
    set(second, "c", NULL);
    assert_bytes(encode(first).data, encode(first).size, expected,
                 sizeof(expected) - 1);
    assert_bytes(encode(second).data, encode(second).size, expected,
                 sizeof(expected) - 1);
    assert_ok(quipu_metadata_read(encode(first), &read, &error), &error);
    assert_int_equal(quipu_metadata_count(read), 2);
    assert_string_equal(quipu_metadata_get(read, "a"), "1");
    assert_string_equal(quipu_metadata_get(read, "b"), "");
    quipu_metadata_destroy(read);
    quipu_metadata_destroy(second);
    quipu_metadata_destroy(first);
}

static void empty_metadata_are_absent_bytes(void **state)
{
    quipu_metadata *metadata = make();
    quipu_metadata *read = NULL;
    (void)state;

    assert_null(encode(metadata).data);
    assert_ok(quipu_metadata_read((quipu_bytes){ NULL, 0 }, &read, &error),
              &error);
    assert_int_equal(quipu_metadata_count(read), 0);
    quipu_metadata_destroy(read);
    quipu_metadata_destroy(metadata);
}

static void wrong_values_are_refused(void **state)
{
    static char long_text[QUIPU_METADATA_VALUE_MAX + 2];
    quipu_metadata *metadata = make();
    char name[16];
    (void)state;

    memset(long_text, 'x', sizeof(long_text) - 1);
    assert_status(quipu_metadata_set(NULL, "a", "b", NULL), QUIPU_INVALID);
    assert_status(quipu_metadata_set(metadata, NULL, "b", NULL), QUIPU_INVALID);
    assert_status(quipu_metadata_set(metadata, "", "b", NULL), QUIPU_INVALID);
    assert_status(quipu_metadata_set(metadata, long_text, "b", NULL),
                  QUIPU_INVALID);
    assert_status(quipu_metadata_set(metadata, "a", long_text, NULL),
                  QUIPU_INVALID);
    assert_status(quipu_metadata_set(metadata, "a", "\xff", NULL),
                  QUIPU_INVALID);
    for (int i = 0; i < QUIPU_METADATA_VALUES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "n%d", i);
        set(metadata, name, "x");
    }
    assert_refused(quipu_metadata_set(metadata, "more", "x", &error),
                   QUIPU_INVALID, &error, "at most 64");
    set(metadata, "n7", "y");
    assert_status(quipu_metadata_create(NULL, NULL), QUIPU_INVALID);
    assert_status(quipu_metadata_encode(NULL, NULL, NULL), QUIPU_INVALID);
    assert_null(quipu_metadata_get(NULL, "a"));
    assert_int_equal(quipu_metadata_count(NULL), 0);
    quipu_metadata_destroy(NULL);
    quipu_metadata_destroy(metadata);
}

/* Every beginning of the bytes is CORRUPT, and so are most changed ones; none
 * is read beyond its end. */
static void damaged_metadata_are_corrupt(void **state)
{
    quipu_metadata *metadata = make();
    quipu_metadata *read = NULL;
    int refused = 0;
    (void)state;

    set(metadata, "correlation_id", "018f-1");
    set(metadata, "user", "ann");
    quipu_bytes bytes = encode(metadata);
    uint8_t *copy = malloc(bytes.size);

    assert_non_null(copy);
    for (size_t size = 1; size < bytes.size; size++) {
        uint8_t *cut = malloc(size);

        assert_non_null(cut);
        memcpy(cut, bytes.data, size);
        assert_refused(
            quipu_metadata_read((quipu_bytes){ cut, size }, &read, &error),
            QUIPU_CORRUPT, &error, "MessagePack map");
        free(cut);
    }
    uint8_t *longer = malloc(bytes.size + 1);

    assert_non_null(longer);
    memcpy(longer, bytes.data, bytes.size);
    longer[bytes.size] = 0xc0; /* nil */
    assert_status(quipu_metadata_read((quipu_bytes){ longer, bytes.size + 1 },
                                      &read, NULL),
                  QUIPU_CORRUPT);
    free(longer);
    for (size_t i = 0; i < bytes.size * 8; i++) {
        memcpy(copy, bytes.data, bytes.size);
        copy[i / 8] ^= (uint8_t)(1u << i % 8);
        int status = quipu_metadata_read((quipu_bytes){ copy, bytes.size },
                                         &read, &error);

        refused += status == QUIPU_CORRUPT;
        assert_true(status == QUIPU_OK || status == QUIPU_CORRUPT);
        if (status == QUIPU_OK) {
            quipu_metadata_destroy(read);
        }
    }
    assert_true(refused > 20);
    free(copy);
    quipu_metadata_destroy(metadata);
}

/* ------------------------------------------------------------------- units */

/* Reads the metadata of an event of the log. */
static quipu_metadata *read_event(struct app *app, int64_t notification_id,
                                  quipu_event **copy)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LIMIT,
                                .gte = notification_id,
                                .limit = 1 };
    const quipu_event *event;
    quipu_metadata *metadata = NULL;
    quipu_events *events;

    assert_ok(quipu_store_read_log(app->store, &query, &events, &error),
              &error);
    assert_ok(quipu_events_next(events, &event, &error), &error);
    assert_non_null(event);
    assert_ok(quipu_metadata_read(event->metadata, &metadata, &error), &error);
    assert_ok(quipu_event_copy(event, copy, &error), &error);
    quipu_events_close(events);
    return metadata;
}

/* C1: all events of a unit have its metadata, and the id of the first event
 * correlates them.  C2: an event that another one causes has the same
 * correlation, and that event as its cause. */
static void metadata_go_from_a_unit_to_events_and_to_those_that_they_cause(
    void **state)
{
    char first_id[QUIPU_UUID_TEXT_SIZE];
    char second_id[QUIPU_UUID_TEXT_SIZE];
    quipu_event *events[3];
    quipu_metadata *metadata_list[3];
    quipu_metadata *metadata = make();
    quipu_metadata *caused = NULL;
    quipu_unit *unit = NULL;
    struct app app;
    (void)state;

    app_open(&app, 0);
    assert_ok(quipu_unit_create(app.store, &unit, &error), &error);
    struct note *note = quipu_unit_new(unit, app.notes, NULL, &error);

    assert_non_null(note);
    assert_ok(note_write(note, "milk", &error), &error);
    assert_ok(note_change(note, "eggs", &error), &error);
    set(metadata, "user", "ann");
    assert_ok(quipu_unit_metadata(unit, metadata, &error), &error);
    set(metadata, "user", "bob"); /* the unit has a copy */
    atomic_store(&script.lost_answers, 1);
    assert_status(quipu_unit_commit(unit, NULL, &error), QUIPU_UNKNOWN_OUTCOME);
    assert_ok(quipu_unit_commit(unit, NULL, &error), &error);

    metadata_list[0] = read_event(&app, 1, &events[0]);
    metadata_list[1] = read_event(&app, 2, &events[1]);
    quipu_uuid_format(&events[0]->event_id, first_id);
    quipu_uuid_format(&events[1]->event_id, second_id);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(quipu_metadata_count(metadata_list[i]), 2);
        assert_string_equal(quipu_metadata_get(metadata_list[i], "user"),
                            "ann");
        assert_string_equal(
            quipu_metadata_get(metadata_list[i], QUIPU_METADATA_CORRELATION_ID),
            first_id);
    }

    assert_ok(quipu_metadata_caused_by(events[1], &caused, &error), &error);
    assert_ok(quipu_unit_metadata(unit, caused, &error), &error);
    assert_ok(note_change(note, "bread", &error), &error);
    assert_ok(quipu_unit_commit(unit, NULL, &error), &error);
    metadata_list[2] = read_event(&app, 3, &events[2]);
    assert_string_equal(
        quipu_metadata_get(metadata_list[2], QUIPU_METADATA_CORRELATION_ID),
        first_id);
    assert_string_equal(
        quipu_metadata_get(metadata_list[2], QUIPU_METADATA_CAUSATION_ID),
        second_id);
    assert_string_equal(quipu_metadata_get(metadata_list[2], "user"), "ann");

    for (int i = 0; i < 3; i++) {
        quipu_metadata_destroy(metadata_list[i]);
        quipu_event_destroy(events[i]);
    }
    quipu_metadata_destroy(caused);
    quipu_metadata_destroy(metadata);
    quipu_unit_destroy(unit);
    app_close(&app);
}

/* The metadata are encoded again for a repeated commit, and their memory may be
 * another one then. */
static void large_metadata_survive_a_repeated_commit(void **state)
{
    static char text[QUIPU_METADATA_VALUE_MAX + 1];
    char name[16];
    quipu_event *event;
    quipu_metadata *metadata = make();
    quipu_metadata *stored;
    quipu_unit *unit = NULL;
    struct app app;
    (void)state;

    app_open(&app, 0);
    memset(text, 'x', sizeof(text) - 1);
    for (int i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof(name), "n%d", i);
        set(metadata, name, text);
    }
    assert_ok(quipu_unit_create(app.store, &unit, &error), &error);
    struct note *note = quipu_unit_new(unit, app.notes, NULL, &error);

    assert_non_null(note);
    assert_ok(note_write(note, "milk", &error), &error);
    assert_ok(quipu_unit_metadata(unit, metadata, &error), &error);
    for (int i = 0; i < 3; i++) {
        atomic_store(&script.lost_appends, 1);
        assert_status(quipu_unit_commit(unit, NULL, &error),
                      QUIPU_UNKNOWN_OUTCOME);
    }
    assert_ok(quipu_unit_commit(unit, NULL, &error), &error);
    stored = read_event(&app, 1, &event);
    assert_int_equal(quipu_metadata_count(stored), 21);
    assert_string_equal(quipu_metadata_get(stored, "n19"), text);
    quipu_event_destroy(event);
    quipu_metadata_destroy(stored);
    quipu_metadata_destroy(metadata);
    quipu_unit_destroy(unit);
    app_close(&app);
}

static void metadata_of_an_event_are_left_as_they_are(void **state)
{
    struct note_written written = { .text = "milk" };
    quipu_metadata *metadata = make();
    quipu_metadata *caused = NULL;
    quipu_unit *unit = NULL;
    struct app app;
    (void)state;

    app_open(&app, 0);
    assert_ok(quipu_unit_create(app.store, &unit, &error), &error);
    quipu_event_init(&written.base, &note_written, NULL, 0);
    written.base.originator_id = uuid_id();
    written.base.metadata = (quipu_bytes){ "plain", 5 };
    set(metadata, "user", "ann");
    assert_ok(quipu_unit_metadata(unit, metadata, &error), &error);
    assert_ok(quipu_unit_event(unit, &written.base, &error), &error);
    assert_ok(quipu_unit_commit(unit, NULL, &error), &error);

    const quipu_event *event;
    quipu_events *events;

    assert_ok(quipu_store_read_log(app.store, NULL, &events, &error), &error);
    assert_ok(quipu_events_next(events, &event, &error), &error);
    assert_bytes(event->metadata.data, event->metadata.size, "plain", 5);
    assert_ok(quipu_metadata_caused_by(event, &caused, &error), &error);
    assert_int_equal(quipu_metadata_count(caused), 2);
    quipu_events_close(events);
    quipu_metadata_destroy(caused);
    quipu_metadata_destroy(metadata);
    quipu_unit_destroy(unit);
    app_close(&app);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_kept_in_the_order_of_names),
        cmocka_unit_test(equal_metadata_are_equal_bytes),
        cmocka_unit_test(empty_metadata_are_absent_bytes),
        cmocka_unit_test(wrong_values_are_refused),
        cmocka_unit_test(damaged_metadata_are_corrupt),
        cmocka_unit_test(
            metadata_go_from_a_unit_to_events_and_to_those_that_they_cause),
        cmocka_unit_test(large_metadata_survive_a_repeated_commit),
        cmocka_unit_test(metadata_of_an_event_are_left_as_they_are),
    };

    return cmocka_run_group_tests(tests, app_add_driver, NULL) != 0;
}
