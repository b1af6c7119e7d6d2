/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests sections of real logs: in memory, or in the store that QUIPU_TEST_URI
 * names.  Readers follow the log by its sections while writers append.
 */
#include "quipu_test.h"

#include <pthread.h>
#include <stdatomic.h>

#include <quipu/quipu.h>

#define WRITERS 8
#define EVENTS 60 /* of each writer */
#define TOTAL (WRITERS * EVENTS)
#define SIZE 7 /* of a section */
#define SECTIONS (TOTAL / SIZE + 1)

static quipu_datastore *datastore;
static quipu_records *records;
static quipu_schema schema;
static quipu_error error;

static int begin(void **state)
{
    const char *uri = getenv("QUIPU_TEST_URI");

    (void)state;
    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    assert_ok(quipu_datastore_open(uri ? uri : "memory:sections", NULL,
                                   &datastore, &error),
              &error);
    assert_ok(quipu_datastore_setup(datastore, &schema, &error), &error);
    assert_ok(quipu_records_open(datastore, &schema, &records, &error), &error);
    return 0;
}

static int end(void **state)
{
    (void)state;
    assert_ok(quipu_records_close(records, &error), &error);
    assert_ok(quipu_datastore_teardown(datastore, &schema, &error), &error);
    assert_ok(quipu_datastore_close(datastore, &error), &error);
    return 0;
}

/* Appends one item to the sequence of a writer; returns the status. */
static int append(char writer)
{
    quipu_uuid event_id;
    const quipu_item item = { .sequence_id = { &writer, 1 },
                              .flags = QUIPU_ITEM_NEXT,
                              .topic = quipu_bytes_of_text("Happened"),
                              .state = { event_id.bytes, 16 },
                              .event_id = { event_id.bytes, 16 } };
    const quipu_append request = { .struct_size = sizeof(request),
                                   .items = &item,
                                   .item_count = 1 };

    quipu_uuid_ordered(&event_id);
    return quipu_records_append(records, &request, NULL, NULL);
}

static atomic_int failures;

static void *write_events(void *writer)
{
    for (int i = 0; i < EVENTS; i++) {
        int status = append(*(char *)writer);

        if (status == QUIPU_BUSY) {
            i--;
        } else if (status != QUIPU_OK) {
            atomic_fetch_add(&failures, 1);
        }
    }
    return NULL;
}

/* The tag of each final section when it was first seen. */
static char tags[SECTIONS][64];

/* Reads the log from its first section on until it has all items; checks that
 * each comes once, in order. */
static void follow(void)
{
    char name[48];
    int64_t seen = 0;
    size_t finals = 0;

    (void)snprintf(name, sizeof(name), "1,%d", SIZE);
    while (seen < TOTAL) {
        quipu_section *section = NULL;

        assert_ok(quipu_section_open(records, name, SIZE, &section, &error),
                  &error);
        assert_string_equal(section->name, name);
        for (size_t i = 0; i < section->count; i++) {
            int64_t id = section->items[i].notification_id;

            if (id > seen) {
                assert_int_equal(id, seen + 1);
                seen = id;
            }
        }
        assert_int_equal(section->final, section->count == SIZE);
        if (section->final) {
            (void)snprintf(tags[finals++], sizeof(*tags), "%s", section->tag);
            (void)snprintf(name, sizeof(name), "%s", section->next);
        }
        quipu_section_close(section);
    }
    assert_int_equal(finals, TOTAL / SIZE);
}

/* Walks from the current section to the first by the previous ones: the items
 * come in the opposite order, and the final sections are as they were. */
static void walk_back(void)
{
    quipu_section *section = NULL;
    size_t finals = TOTAL / SIZE;
    int64_t expected = TOTAL;

    assert_ok(quipu_section_open(records, "current", SIZE, &section, &error),
              &error);
    assert_false(section->final);
    while (section) {
        const char *previous = section->previous;
        quipu_section *before = NULL;

        for (size_t i = section->count; i > 0; i--) {
            assert_int_equal(section->items[i - 1].notification_id, expected);
            expected--;
        }
        if (section->final) {
            assert_string_equal(section->tag, tags[--finals]);
        }
        if (previous) {
            assert_ok(
                quipu_section_open(records, previous, SIZE, &before, &error),
                &error);
            assert_string_equal(before->next, section->name);
        }
        quipu_section_close(section);
        section = before;
    }
    assert_int_equal(expected, 0);
    assert_int_equal(finals, 0);
}

static void each_item_comes_once_while_writers_append(void **state)
{
    pthread_t threads[WRITERS];
    char names[WRITERS];

    (void)state;
    for (int i = 0; i < WRITERS; i++) {
        names[i] = (char)('a' + i);
        assert_int_equal(
            pthread_create(&threads[i], NULL, write_events, &names[i]), 0);
    }
    follow();
    for (int i = 0; i < WRITERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&failures), 0);
    walk_back();
}

static void section_outlives_its_records(void **state)
{
    quipu_section *section = NULL;

    (void)state;
    assert_int_equal(append('a'), QUIPU_OK);
    assert_ok(quipu_section_open(records, "1,7", SIZE, &section, &error),
              &error);
    assert_ok(quipu_records_close(records, &error), &error);
    assert_int_equal(section->count, 1);
    assert_bytes(section->items[0].topic.data, section->items[0].topic.size,
                 "Happened", 8);
    quipu_section_close(section);
    assert_ok(quipu_records_open(datastore, &schema, &records, &error), &error);
}

static void erasing_changes_the_tag_and_no_place(void **state)
{
    const quipu_erasure third = { .struct_size = sizeof(third),
                                  .lower = 3,
                                  .upper = 3 };
    quipu_section *before = NULL, *after = NULL;

    (void)state;
    if (!getenv("QUIPU_TEST_URI")) {
        return;
    }
    for (int i = 0; i < SIZE; i++) {
        assert_int_equal(append('a'), QUIPU_OK);
    }
    assert_ok(quipu_section_open(records, "1,7", SIZE, &before, &error),
              &error);
    assert_ok(quipu_records_erase(records, &third, NULL, &error), &error);
    assert_ok(quipu_section_open(records, "1,7", SIZE, &after, &error), &error);
    assert_string_not_equal(before->tag, after->tag);
    assert_true(after->final);
    for (size_t i = 0; i < SIZE; i++) {
        const quipu_item *item = &after->items[i];

        assert_int_equal(item->notification_id, (int64_t)i + 1);
        assert_int_equal((item->flags & QUIPU_ITEM_ERASED) != 0, i == 2);
        assert_int_equal(item->state.size, i == 2 ? 0 : 16);
    }
    quipu_section_close(before);
    quipu_section_close(after);
}

/* A store may show a schema that was torn down as an empty log.  The one in
 * memory keeps it for those who have opened it. */
static void sections_are_gone_with_their_schema(void **state)
{
    quipu_section *section = NULL;

    (void)state;
    if (!getenv("QUIPU_TEST_URI")) {
        return;
    }
    for (int i = 0; i < 8; i++) {
        assert_int_equal(append('a'), QUIPU_OK);
    }
    assert_ok(quipu_datastore_teardown(datastore, &schema, &error), &error);
    assert_status(quipu_section_open(records, "8,14", SIZE, &section, &error),
                  QUIPU_NOT_FOUND);
    assert_ok(quipu_datastore_setup(datastore, &schema, &error), &error);
}

#define test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(each_item_comes_once_while_writers_append),
        test(section_outlives_its_records),
        test(erasing_changes_the_tag_and_no_place),
        test(sections_are_gone_with_their_schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
