/* SPDX-License-Identifier: Apache-2.0 */
/* Tests initialising, copying and destroying events. */
#include "quipu_test_memory.h"

#include <quipu/quipu.h>

#include "base/memory.h"

struct part {
    const char *name;
    quipu_bytes *blobs;
    size_t blob_count;
};

struct made {
    quipu_event base;
    const char *text;
    const char *note; /* may be NULL */
    quipu_bytes bytes;
    int64_t number;
    bool has_number;
    struct part part;
    bool has_part;
    struct part *parts;
    size_t part_count;
    uint16_t *numbers;
    size_t number_count;
};

static const quipu_field part_fields[] = {
    QUIPU_FIELD(struct part, name),
    QUIPU_FIELD_ARRAY(struct part, blobs, blob_count),
    { 0 },
};
static const quipu_field made_fields[] = {
    QUIPU_FIELD(struct made, text),
    QUIPU_FIELD_NULLABLE(struct made, note),
    QUIPU_FIELD(struct made, bytes),
    QUIPU_FIELD_OPTIONAL(struct made, number, has_number),
    QUIPU_FIELD_STRUCT_OPTIONAL(struct made, part, has_part, part_fields),
    QUIPU_FIELD_STRUCT_ARRAY(struct made, parts, part_count, part_fields),
    QUIPU_FIELD_ARRAY(struct made, numbers, number_count),
    { 0 },
};
static const quipu_event_type made_type = { .topic = "Made",
                                            .size = sizeof(struct made),
                                            .fields = made_fields };

static quipu_bytes two_blobs[] = { { "\0\1", 2 }, { "", 0 } };
static struct part two_parts[] = { { "one", two_blobs, 2 },
                                   { "two", NULL, 0 } };
static uint16_t three_numbers[] = { 1, 2, 65535 };

static struct made make(void)
{
    struct made made = { 0 };

    quipu_event_init(&made.base, &made_type, NULL, 4);
    made.base.metadata = (quipu_bytes){ "meta", 4 };
    made.text = "text";
    made.note = "note";
    made.bytes = (quipu_bytes){ "bytes", 5 };
    made.number = -9;
    made.has_number = true;
    made.part = (struct part){ "zero", two_blobs, 2 };
    made.has_part = true;
    made.parts = two_parts;
    made.part_count = 2;
    made.numbers = three_numbers;
    made.number_count = 3;
    return made;
}

static void assert_part(const struct part *part, const struct part *expected)
{
    assert_string_equal(part->name, expected->name);
    assert_ptr_not_equal(part->name, expected->name);
    assert_int_equal(part->blob_count, expected->blob_count);
    for (size_t i = 0; i < part->blob_count; i++) {
        assert_true(quipu_bytes_equal(part->blobs[i], expected->blobs[i]));
        assert_ptr_not_equal(part->blobs[i].data, expected->blobs[i].data);
    }
}

static void init_sets_event_id_and_time(void **state)
{
    const quipu_id id = { 3, "abc" };
    quipu_event first;
    quipu_event second;

    (void)state;
    memset(&first, 0xFF, sizeof(first));
    quipu_event_init(&first, &made_type, &id, 3);
    quipu_event_init(&second, &made_type, NULL, 4);
    assert_ptr_equal(first.type, &made_type);
    assert_true(quipu_id_equal(&first.originator_id, &id));
    assert_int_equal(first.originator_version, 3);
    assert_int_equal(second.originator_id.size, 0);
    assert_true(memcmp(&first.event_id, &second.event_id, 16) < 0);
    assert_true(first.time.microseconds > 0);
    assert_null(first.metadata.data);
    assert_int_equal(first.flags, 0);
    assert_int_equal(first.reserved[2], 0);
}

static void copy_shares_nothing_with_its_event(void **state)
{
    struct made made = make();
    quipu_event *event = NULL;
    struct made *copy;
    quipu_error error;

    (void)state;
    assert_ok(quipu_event_copy(&made.base, &event, &error), &error);
    copy = (struct made *)event;
    assert_memory_equal(&copy->base.event_id, &made.base.event_id, 16);
    assert_true(quipu_bytes_equal(copy->base.metadata, made.base.metadata));
    assert_ptr_not_equal(copy->base.metadata.data, made.base.metadata.data);
    assert_string_equal(copy->text, "text");
    assert_ptr_not_equal(copy->text, made.text);
    assert_string_equal(copy->note, "note");
    assert_true(quipu_bytes_equal(copy->bytes, made.bytes));
    assert_true(copy->has_number);
    assert_int_equal(copy->number, -9);
    assert_part(&copy->part, &made.part);
    assert_int_equal(copy->part_count, 2);
    assert_part(&copy->parts[0], &two_parts[0]);
    assert_part(&copy->parts[1], &two_parts[1]);
    assert_bytes(copy->numbers, 6, three_numbers, 6);
    assert_ptr_not_equal(copy->numbers, made.numbers);
    quipu_event_destroy(event);
    quipu_event_destroy(NULL);
}

static void members_without_a_value_are_not_read(void **state)
{
    struct made made = make();
    quipu_event *event = NULL;
    struct made *copy;
    quipu_error error;

    (void)state;
    made.base.metadata = (quipu_bytes){ NULL, 0 };
    made.note = NULL;
    made.has_number = false;
    memset(&made.part, 0xEE, sizeof(made.part)); /* invalid pointers */
    made.has_part = false;
    made.parts = NULL;
    made.part_count = 0;
    made.number_count = 0;
    assert_ok(quipu_event_copy(&made.base, &event, &error), &error);
    copy = (struct made *)event;
    assert_null(copy->base.metadata.data);
    assert_null(copy->note);
    assert_int_equal(copy->number, 0);
    assert_null(copy->part.name);
    assert_null(copy->parts);
    assert_null(copy->numbers);
    quipu_event_destroy(event);
}

static void assert_copy_refused(const struct made *made, const char *why)
{
    quipu_event *event = NULL;
    quipu_error error;

    assert_refused(quipu_event_copy(&made->base, &event, &error), QUIPU_INVALID,
                   &error, why);
    assert_contains(error.message, "event Made: field ");
    assert_null(event);
}

static void copy_refuses_null_members(void **state)
{
    struct part parts[] = { { "one", two_blobs, 2 }, { NULL, NULL, 0 } };
    struct made made = make();

    (void)state;
    made.text = NULL;
    assert_copy_refused(&made, "text is NULL");
    made = make();
    made.bytes.data = NULL;
    assert_copy_refused(&made, "bytes is NULL");
    made = make();
    made.numbers = NULL;
    assert_copy_refused(&made, "numbers is NULL, but its count");
    made = make();
    made.number_count = SIZE_MAX;
    assert_copy_refused(&made, "numbers counts more");
    made = make();
    made.parts = parts;
    assert_copy_refused(&made, "parts[1].name is NULL");
    made = make();
    made.part.blob_count = 1;
    made.part.blobs = &(quipu_bytes){ NULL, 0 };
    assert_copy_refused(&made, "part.blobs[0] is NULL");
}

static void event_without_a_type_is_not_copied(void **state)
{
    struct made made = { 0 };
    quipu_event *event = NULL;
    quipu_error error;

    (void)state;
    assert_refused(quipu_event_copy(&made.base, &event, &error), QUIPU_INVALID,
                   &error, "without a type");
    assert_status(quipu_event_copy(NULL, &event, NULL), QUIPU_INVALID);
}

static int copy_once(void *context, quipu_error *error)
{
    struct made *made = context;
    quipu_event *event = NULL;
    int status = quipu_event_copy(&made->base, &event, error);

    quipu_event_destroy(event);
    return status;
}

static void copy_without_memory_leaks_nothing(void **state)
{
    struct made made = make();

    (void)state;
    quipu_test_memory_sweep(copy_once, &made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_sets_event_id_and_time),
        cmocka_unit_test(copy_shares_nothing_with_its_event),
        cmocka_unit_test(members_without_a_value_are_not_read),
        cmocka_unit_test(copy_refuses_null_members),
        cmocka_unit_test(event_without_a_type_is_not_copied),
        cmocka_unit_test(copy_without_memory_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
