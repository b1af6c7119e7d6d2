/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the preset schemas. */
#include "quipu_test.h"

#include <quipu/schema.h>

static void presets_have_the_names_that_the_header_promises(void **state)
{
    const quipu_schema *items = quipu_schema_sequenced_items();
    const quipu_schema *events = quipu_schema_stored_events();

    (void)state;
    assert_string_equal(items->table, "sequenced_items");
    assert_string_equal(items->notification_id, "id");
    assert_string_equal(items->sequence_id, "sequence_id");
    assert_string_equal(items->position, "position");
    assert_string_equal(items->topic, "topic");
    assert_string_equal(items->state, "state");
    assert_string_equal(items->event_id, "event_id");
    assert_string_equal(events->table, "stored_events");
    assert_string_equal(events->notification_id, "id");
    assert_string_equal(events->sequence_id, "aggregate_id");
    assert_string_equal(events->position, "aggregate_version");
    assert_string_equal(events->topic, "event_type");
    assert_string_equal(events->state, "state");
    assert_string_equal(events->event_id, "event_id");
}

static void presets_are_contiguous_and_have_nothing_else(void **state)
{
    const quipu_schema *presets[] = { quipu_schema_sequenced_items(),
                                      quipu_schema_stored_events() };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(presets[i]->struct_size, sizeof(quipu_schema));
        assert_int_equal(presets[i]->flags, 0);
        assert_null(presets[i]->metadata);
        assert_null(presets[i]->time);
        assert_null(presets[i]->columns);
        assert_int_equal(presets[i]->column_count, 0);
        assert_status(quipu_schema_check(presets[i], NULL), QUIPU_OK);
    }
}

static void init_copies_the_preset(void **state)
{
    quipu_schema mine;

    (void)state;
    memset(&mine, 0xee, sizeof(mine));
    quipu_schema_init(&mine, sizeof(mine), quipu_schema_stored_events());
    assert_memory_equal(&mine, quipu_schema_stored_events(), sizeof(mine));
}

static void init_fills_no_more_than_the_callers_size(void **state)
{
    union {
        quipu_schema schema;
        unsigned char bytes[sizeof(quipu_schema)];
    } mine;
    size_t size = offsetof(quipu_schema, topic);

    (void)state;
    memset(mine.bytes, 0xee, sizeof(mine.bytes));
    quipu_schema_init(&mine.schema, size, quipu_schema_stored_events());
    assert_int_equal(mine.schema.struct_size, size);
    assert_string_equal(mine.schema.position, "aggregate_version");
    for (size_t i = size; i < sizeof(mine.bytes); i++) {
        assert_int_equal(mine.bytes[i], 0xee);
    }
}

static void init_zeroes_the_rest_of_a_longer_struct(void **state)
{
    struct {
        quipu_schema schema;
        void *newer[2];
    } mine;

    (void)state;
    memset(&mine, 0xee, sizeof(mine));
    quipu_schema_init(&mine.schema, sizeof(mine), quipu_schema_stored_events());
    assert_int_equal(mine.schema.struct_size, sizeof(mine));
    assert_string_equal(mine.schema.table, "stored_events");
    assert_null(mine.newer[0]);
    assert_null(mine.newer[1]);
    assert_status(quipu_schema_check(&mine.schema, NULL), QUIPU_OK);
}

static void init_without_a_preset_is_empty(void **state)
{
    quipu_schema mine;

    (void)state;
    quipu_schema_init(&mine, sizeof(mine), NULL);
    assert_int_equal(mine.struct_size, sizeof(mine));
    assert_null(mine.table);
    quipu_schema_init(NULL, sizeof(mine), quipu_schema_stored_events());
    quipu_schema_init(&mine, 3, quipu_schema_stored_events());
    assert_int_equal(mine.struct_size, sizeof(mine));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presets_have_the_names_that_the_header_promises),
        cmocka_unit_test(presets_are_contiguous_and_have_nothing_else),
        cmocka_unit_test(init_copies_the_preset),
        cmocka_unit_test(init_fills_no_more_than_the_callers_size),
        cmocka_unit_test(init_zeroes_the_rest_of_a_longer_struct),
        cmocka_unit_test(init_without_a_preset_is_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
