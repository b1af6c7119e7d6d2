/* SPDX-License-Identifier: Apache-2.0 */
/* A mapper with its list of items and an arena, for tests. */
#include "harness.h"

quipu_schema harness_schema(void)
{
    const quipu_schema schema = { .struct_size = sizeof(schema),
                                  .table = "t",
                                  .notification_id = "id",
                                  .sequence_id = "s",
                                  .position = "p",
                                  .topic = "topic",
                                  .state = "state" };

    return schema;
}

quipu_mapping harness_mapping(const quipu_event_type *const *type)
{
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = type,
                                    .type_count = 1 };

    return mapping;
}

void harness_open(struct harness *harness, const quipu_schema *schema,
                  const quipu_mapping *mapping)
{
    quipu_error *error = &harness->error;

    quipu_arena_init(&harness->arena);
    assert_ok(quipu_mapper_open(schema, mapping, &harness->mapper, error),
              error);
    assert_ok(quipu_items_create(harness->mapper, &harness->items, error),
              error);
}

void harness_close(struct harness *harness)
{
    quipu_arena_finish(&harness->arena);
    quipu_items_destroy(harness->items);
    quipu_mapper_close(harness->mapper);
}

quipu_item *harness_encode(struct harness *harness, const quipu_event *event)
{
    size_t count;
    quipu_item *item;

    quipu_items_clear(harness->items);
    assert_ok(quipu_items_add(harness->items, event, &harness->error),
              &harness->error);
    item = quipu_items_array(harness->items, &count);
    assert_int_equal(count, 1);
    return item;
}

void harness_refuse(struct harness *harness, const quipu_event *event,
                    const char *why)
{
    size_t count;

    quipu_items_clear(harness->items);
    assert_refused(quipu_items_add(harness->items, event, &harness->error),
                   QUIPU_INVALID, &harness->error, why);
    quipu_items_array(harness->items, &count);
    assert_int_equal(count, 0);
}

const void *harness_decode(struct harness *harness, const quipu_item *item)
{
    quipu_event *event = NULL;

    quipu_arena_reset(&harness->arena);
    assert_ok(quipu_mapper_decode(harness->mapper, item, &harness->arena,
                                  &event, &harness->error),
              &harness->error);
    return event;
}

void harness_reject(struct harness *harness, const quipu_item *item, int status,
                    const char *why)
{
    quipu_event *event = NULL;

    quipu_arena_reset(&harness->arena);
    assert_refused(quipu_mapper_decode(harness->mapper, item, &harness->arena,
                                       &event, &harness->error),
                   status, &harness->error, why);
    assert_null(event);
}
