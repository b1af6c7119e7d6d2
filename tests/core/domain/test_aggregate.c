/* SPDX-License-Identifier: Apache-2.0 */
/* Tests creating and destroying aggregates, and the check of their types. */
#include "domain_fixture.h"

static void new_aggregate_is_zero_and_has_a_time_ordered_id(void **state)
{
    struct note *first = new_note(NULL);
    struct note *second = new_note(NULL);
    size_t count = 1;
    (void)state;

    assert_ptr_equal(first->base.type, &note_type);
    assert_int_equal(first->base.id.size, 16);
    assert_int_equal(first->base.id.data[6] >> 4, 7);
    assert_true(memcmp(first->base.id.data, second->base.id.data, 16) < 0);
    assert_int_equal(first->base.version, 0);
    assert_false(first->base.stale || first->base.discarded);
    assert_null(first->text);
    quipu_aggregate_pending(&first->base, &count);
    assert_int_equal(count, 0);
    quipu_aggregate_destroy(first);
    quipu_aggregate_destroy(second);
    quipu_aggregate_destroy(NULL);
}

static void given_id_is_kept(void **state)
{
    quipu_error error;
    quipu_id id;
    void *note = NULL;
    (void)state;

    assert_ok(quipu_id_of_text(&id, "shopping", &error), &error);
    assert_ok(quipu_aggregate_create(&note_type, &id, NULL, &note, &error),
              &error);
    assert_true(quipu_id_equal(&((struct note *)note)->base.id, &id));
    quipu_aggregate_destroy(note);
}

static void wrong_arguments_are_refused(void **state)
{
    const quipu_id none = { 0 };
    quipu_error error;
    void *note = NULL;
    (void)state;

    assert_refused(quipu_aggregate_create(NULL, NULL, NULL, &note, &error),
                   QUIPU_INVALID, &error, "NULL or has no name");
    assert_refused(quipu_aggregate_create(&note_type, NULL, NULL, NULL, &error),
                   QUIPU_INVALID, &error, "Note");
    assert_refused(
        quipu_aggregate_create(&note_type, &none, NULL, &note, &error),
        QUIPU_INVALID, &error, "id is empty");
    assert_null(note);
}

static int do_nothing(void *aggregate, const quipu_event *event,
                      bool *discarded, quipu_error *error)
{
    (void)aggregate;
    (void)event;
    (void)discarded;
    (void)error;
    return QUIPU_OK;
}

static void refuse_type(const quipu_aggregate_type *type, const char *why)
{
    quipu_error error;
    void *aggregate = NULL;

    assert_refused(quipu_aggregate_create(type, NULL, NULL, &aggregate, &error),
                   QUIPU_INVALID, &error, why);
    assert_null(aggregate);
}

static void wrong_types_are_refused(void **state)
{
    const quipu_event_type bad_event = { .topic = "", .size = 1000 };
    const quipu_handler twice[] = { { .event = &note_dropped },
                                    { .event = &note_dropped },
                                    { 0 } };
    const quipu_handler bad[] = { { .event = &bad_event }, { 0 } };
    const quipu_field on_base[] = {
        { .name = "x", .kind = QUIPU_KIND_INT, .offset = 0, .size = 4 }, { 0 }
    };
    quipu_aggregate_type type = note_type;
    (void)state;

    type.name = NULL;
    refuse_type(&type, "no name");
    type.name = "";
    refuse_type(&type, "no name");
    type = note_type;
    type.size = sizeof(quipu_aggregate) - 1;
    refuse_type(&type, "first member");
    type = note_type;
    type.fields = on_base;
    refuse_type(&type, "aggregate type Note");
    type = note_type;
    type.mutate = do_nothing;
    refuse_type(&type, "either handlers or a mutator");
    type = tally_type;
    type.mutate = NULL;
    refuse_type(&type, "either handlers or a mutator");
    type = note_type;
    type.handlers = twice;
    refuse_type(&type, "two handlers for Note.Dropped");
    type.handlers = bad;
    refuse_type(&type, "topic");
    type = note_type;
    type.reserved[1] = "later";
    refuse_type(&type, "reserved");
}

static void reserved_member_of_a_handler_is_refused(void **state)
{
    const quipu_handler with_byte[] = {
        { .event = &note_dropped, .reserved = { 0, 1 } }, { 0 }
    };
    const quipu_handler with_word[] = {
        { .event = &note_dropped, .reserved2 = { 0, 1 } }, { 0 }
    };
    quipu_aggregate_type type = note_type;
    (void)state;

    type.handlers = with_byte;
    refuse_type(&type, "reserved");
    type.handlers = with_word;
    refuse_type(&type, "reserved");
}

static void aggregate_without_a_bus_collects(void **state)
{
    struct note *note = new_note(NULL);
    const quipu_event *const *pending = NULL;
    quipu_error error;
    size_t count = 0;
    (void)state;

    for (int i = 0; i < 9; i++) {
        assert_ok(note_write(note, "x", &error), &error);
    }
    pending = quipu_aggregate_pending(&note->base, &count);
    assert_int_equal(count, 9);
    assert_int_equal(pending[8]->originator_version, 8);
    assert_int_equal(note->base.version, 9);
    quipu_aggregate_destroy(note);
}

static void members_are_freed_with_the_aggregate(void **state)
{
    struct note *note = new_note(NULL);
    quipu_error error;
    (void)state;

    assert_ok(note_write(note, "milk", &error), &error);
    assert_ok(note_tag(note, "home", &error), &error);
    assert_ok(note_tag(note, "today", &error), &error);
    assert_int_equal(note->tag_count, 2);
    assert_string_equal(note->tags[1], "today");
    quipu_aggregate_destroy(note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_aggregate_is_zero_and_has_a_time_ordered_id),
        cmocka_unit_test(given_id_is_kept),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(wrong_types_are_refused),
        cmocka_unit_test(reserved_member_of_a_handler_is_refused),
        cmocka_unit_test(aggregate_without_a_bus_collects),
        cmocka_unit_test(members_are_freed_with_the_aggregate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
