/* SPDX-License-Identifier: Apache-2.0 */
/* Tests declarations in one piece: they give the same tables as those written
 * out, and typed handlers and triggers that work. */
#include "quipu_test.h"

#include <stdio.h>

#include <quipu/quipu.h>

/* clang-format off */
QUIPU_NESTED(point,
             QUIPU_VALUE(int, x),
             QUIPU_DEFAULT(int, y, 7));

#define MADE                                                        \
    QUIPU_VALUE(long, value),                                       \
    QUIPU_DEFAULT(long, with_default, 100),                         \
    QUIPU_OPTIONAL(double, optional, has_optional),                 \
    QUIPU_NULLABLE(const char *, nullable),                         \
    QUIPU_ARRAY(const char *, texts, text_count),                   \
    QUIPU_STRUCT(struct point, point, point_fields),                \
    QUIPU_STRUCT_ARRAY(struct point, path, path_count, point_fields)

QUIPU_EVENT_DECLARE(made, MADE);
QUIPU_EVENT_DEFINE(made, "Thing.Made", MADE);
QUIPU_EVENT_EMPTY(dropped, "Thing.Dropped");
QUIPU_EVENT(renamed, "Thing.Renamed",
            QUIPU_VALUE(const char *, name));
QUIPU_EVENT(wide, "Thing.Widened",
            QUIPU_VALUE(int, m1), QUIPU_VALUE(int, m2), QUIPU_VALUE(int, m3),
            QUIPU_VALUE(int, m4), QUIPU_VALUE(int, m5), QUIPU_VALUE(int, m6),
            QUIPU_VALUE(int, m7), QUIPU_VALUE(int, m8), QUIPU_VALUE(int, m9),
            QUIPU_VALUE(int, m10), QUIPU_VALUE(int, m11),
            QUIPU_VALUE(int, m12), QUIPU_VALUE(int, m13),
            QUIPU_VALUE(int, m14), QUIPU_VALUE(int, m15),
            QUIPU_VALUE(int, m16), QUIPU_VALUE(int, m17),
            QUIPU_VALUE(int, m18), QUIPU_VALUE(int, m19),
            QUIPU_VALUE(int, m20), QUIPU_VALUE(int, m21),
            QUIPU_VALUE(int, m22), QUIPU_VALUE(int, m23),
            QUIPU_VALUE(int, m24), QUIPU_VALUE(int, m25),
            QUIPU_VALUE(int, m26), QUIPU_VALUE(int, m27),
            QUIPU_VALUE(int, m28), QUIPU_VALUE(int, m29),
            QUIPU_VALUE(int, m30), QUIPU_VALUE(int, m31),
            QUIPU_VALUE(int, m32));
QUIPU_EVENT_SHARED(shared, "Thing.Shared",
                   QUIPU_VALUE(int, x));
QUIPU_EVENT(stamped, "Thing.Stamped",
            QUIPU_FIXED_TEXT(code, 8));
QUIPU_EVENT(looked_at, "Thing.LookedAt",
            QUIPU_IGNORED(int, times),
            QUIPU_VALUE(long, at));
QUIPU_AGGREGATE(thing,
                QUIPU_VALUE(char *, name),
                QUIPU_FIXED_TEXT(code, 8));
/* clang-format on */

static const quipu_field written_out[] = {
    QUIPU_FIELD(struct made, value),
    QUIPU_FIELD_DEFAULT(struct made, with_default, 100),
    QUIPU_FIELD_OPTIONAL(struct made, optional, has_optional),
    QUIPU_FIELD_NULLABLE(struct made, nullable),
    QUIPU_FIELD_ARRAY(struct made, texts, text_count),
    QUIPU_FIELD_STRUCT(struct made, point, point_fields),
    QUIPU_FIELD_STRUCT_ARRAY(struct made, path, path_count, point_fields),
    { 0 },
};

static void declared_table_is_the_one_written_out(void **state)
{
    const size_t count = sizeof(written_out) / sizeof(written_out[0]);
    quipu_error error;
    (void)state;

    assert_int_equal(sizeof(made_fields), sizeof(written_out));
    for (size_t i = 0; i < count; i++) {
        quipu_field field = made_fields[i];

        if (field.fallback) { /* each table has a default of its own */
            assert_memory_equal(field.fallback, written_out[i].fallback,
                                field.size);
            field.fallback = written_out[i].fallback;
        }
        if (field.name) {
            assert_string_equal(field.name, written_out[i].name);
            field.name = written_out[i].name;
        }
        assert_memory_equal(&field, &written_out[i], sizeof(field));
    }
    assert_string_equal(made.topic, "Thing.Made");
    assert_int_equal(made.size, sizeof(struct made));
    assert_ok(quipu_event_type_check(&made, &error), &error);
}

static void events_with_no_member_and_with_32_are_valid(void **state)
{
    quipu_error error;
    (void)state;

    assert_ok(quipu_event_type_check(&dropped, &error), &error);
    assert_int_equal(dropped.size, sizeof(quipu_event));
    assert_ok(quipu_event_type_check(&wide, &error), &error);
    assert_string_equal(wide_fields[31].name, "m32");
    assert_ok(quipu_event_type_check(&shared, &error), &error);
    assert_null(wide_fields[32].name);
}

QUIPU_HANDLER(thing, renamed)
{
    return quipu_text_set(&thing->name, event->name, error);
}

static int on_stamped(struct thing *thing, const struct stamped *event,
                      quipu_error *error)
{
    (void)error;
    memcpy(thing->code, event->code, sizeof(thing->code));
    return QUIPU_OK;
}
QUIPU_TYPED_HANDLER(on_stamped, struct thing, struct stamped)

static QUIPU_AGGREGATE_TYPE(thing, "Thing", QUIPU_APPLIES(renamed),
                            QUIPU_ACCEPTS(looked_at), QUIPU_DISCARDS(dropped));

static const quipu_handler written_handlers[] = {
    { .event = &stamped, .apply = on_stamped_untyped }, { 0 }
};
static const quipu_aggregate_type written_type = {
    .name = "Thing",
    .size = sizeof(struct thing),
    .fields = thing_fields,
    .handlers = written_handlers,
};

static void triggers_reach_typed_handlers(void **state)
{
    void *made_thing = NULL;
    quipu_error error;
    (void)state;

    assert_ok(
        quipu_aggregate_create(&thing_type, NULL, NULL, &made_thing, &error),
        &error);
    struct thing *thing = made_thing;

    assert_ok(QUIPU_TRIGGER(thing, renamed, &error, .name = "clock"), &error);
    assert_string_equal(thing->name, "clock");
    assert_ok(QUIPU_TRIGGER(thing, looked_at, &error, .at = 1), &error);
    assert_refused(QUIPU_TRIGGER(thing, stamped, &error, .code = "a"),
                   QUIPU_INVALID, &error, "no handler");
    assert_ok(QUIPU_TRIGGER(thing, dropped, &error, .base = { 0 }), &error);
    assert_true(thing->base.discarded);
    quipu_aggregate_destroy(thing);
}

static void tables_of_handlers_can_be_written_out(void **state)
{
    void *made_thing = NULL;
    quipu_error error;
    (void)state;

    assert_ok(
        quipu_aggregate_create(&written_type, NULL, NULL, &made_thing, &error),
        &error);
    struct thing *thing = made_thing;

    assert_ok(QUIPU_TRIGGER(thing, stamped, &error, .code = "abc"), &error);
    assert_string_equal(thing->code, "abc");
    quipu_aggregate_destroy(thing);
}

QUIPU_PROJECTOR(renamed)
{
    (void)snprintf(native, 8, "%s", event->name);
    return quipu_error_set(error, item->position == 3 ? QUIPU_OK : QUIPU_IO,
                           "%s", (const char *)context);
}

static int project(const quipu_item *item, char *name, quipu_error *error)
{
    static const quipu_projection_handler handler = QUIPU_PROJECTS(renamed);
    const struct renamed event = { .name = "clock" };
    char context[] = "hands";

    assert_ptr_equal(handler.event, &renamed);
    QUIPU_TRY(handler.apply(name, context, &event.base, item, error));
    return QUIPU_BUSY;
}

static void projectors_get_typed_events(void **state)
{
    quipu_item item = { .position = 3 };
    char name[8];
    quipu_error error;
    (void)state;

    assert_int_equal(project(&item, name, &error), QUIPU_BUSY);
    assert_string_equal(name, "clock");
    item.position = 4;
    assert_refused(project(&item, name, &error), QUIPU_IO, &error, "hands");
}

static void table_of_another_aggregate_is_refused(void **state)
{
    quipu_aggregate_type type = thing_type;
    void *thing = NULL;
    quipu_error error;
    (void)state;

    type.struct_name = "struct other";
    assert_refused(quipu_aggregate_create(&type, NULL, NULL, &thing, &error),
                   QUIPU_INVALID, &error,
                   "aggregate type Thing: field name is of struct thing, but "
                   "its table describes struct other");
    type.struct_name = NULL;
    type.field_count--;
    assert_refused(quipu_aggregate_create(&type, NULL, NULL, &thing, &error),
                   QUIPU_INVALID, &error, "has no end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(declared_table_is_the_one_written_out),
        cmocka_unit_test(events_with_no_member_and_with_32_are_valid),
        cmocka_unit_test(triggers_reach_typed_handlers),
        cmocka_unit_test(tables_of_handlers_can_be_written_out),
        cmocka_unit_test(projectors_get_typed_events),
        cmocka_unit_test(table_of_another_aggregate_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
