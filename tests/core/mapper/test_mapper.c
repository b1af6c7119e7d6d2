/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that events come back from items as they went in. */
#include "quipu_test.h"
#include "sample.h"

static const quipu_event_type *const types[] = { &sample_type };

static quipu_schema bare_schema(void)
{
    quipu_schema schema = { .struct_size = sizeof(schema),
                            .table = "t",
                            .notification_id = "id",
                            .sequence_id = "s",
                            .position = "p",
                            .topic = "topic",
                            .state = "state" };

    return schema;
}

static quipu_mapper *open_mapper(const quipu_schema *schema,
                                 const quipu_mapping *given)
{
    quipu_mapping mapping = { .struct_size = sizeof(mapping),
                              .types = types,
                              .type_count = 1 };
    quipu_mapper *mapper = NULL;
    quipu_error error;

    assert_ok(
        quipu_mapper_open(schema, given ? given : &mapping, &mapper, &error),
        &error);
    return mapper;
}

static void assert_round_trip(const quipu_mapper *mapper,
                              const struct sample *sample)
{
    quipu_items *items = NULL;
    quipu_event *event = NULL;
    quipu_error error;
    size_t count;

    assert_ok(quipu_items_create(mapper, &items, &error), &error);
    assert_ok(quipu_items_add(items, &sample->base, &error), &error);
    assert_ok(quipu_mapper_event(mapper, quipu_items_array(items, &count),
                                 &event, &error),
              &error);
    assert_int_equal(count, 1);
    quipu_items_destroy(items);
    sample_assert_equal((const struct sample *)event, sample);
    quipu_event_destroy(event);
}

static void assert_all_round_trips(const quipu_schema *schema)
{
    quipu_mapper *mapper = open_mapper(schema, NULL);
    struct sample sample;

    sample_full(&sample);
    assert_round_trip(mapper, &sample);
    sample_extreme(&sample);
    assert_round_trip(mapper, &sample);
    sample_sparse(&sample);
    assert_round_trip(mapper, &sample);
    quipu_mapper_close(mapper);
}

static void event_comes_back_from_columns(void **state)
{
    quipu_schema schema = bare_schema();

    (void)state;
    schema.event_id = "event_id";
    schema.metadata = "metadata";
    schema.time = "time";
    assert_all_round_trips(&schema);
}

static void event_comes_back_from_envelope(void **state)
{
    quipu_schema schema = bare_schema();

    (void)state;
    assert_all_round_trips(&schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_comes_back_from_columns),
        cmocka_unit_test(event_comes_back_from_envelope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
