/* SPDX-License-Identifier: Apache-2.0 */
/* The preset schemas. */
#include <quipu/schema.h>

#include <string.h>

static const quipu_schema sequenced_items = {
    .struct_size = sizeof(quipu_schema),
    .table = "sequenced_items",
    .notification_id = "id",
    .sequence_id = "sequence_id",
    .position = "position",
    .topic = "topic",
    .state = "state",
    .event_id = "event_id",
};

static const quipu_schema stored_events = {
    .struct_size = sizeof(quipu_schema),
    .table = "stored_events",
    .notification_id = "id",
    .sequence_id = "aggregate_id",
    .position = "aggregate_version",
    .topic = "event_type",
    .state = "state",
    .event_id = "event_id",
};

const quipu_schema *quipu_schema_sequenced_items(void)
{
    return &sequenced_items;
}

const quipu_schema *quipu_schema_stored_events(void)
{
    return &stored_events;
}

void quipu_schema_init(quipu_schema *schema, size_t size,
                       const quipu_schema *preset)
{
    uint32_t given = (uint32_t)size;
    if (!schema || size < sizeof(given)) {
        return;
    }
    memset(schema, 0, size);
    if (preset) {
        size_t there = preset->struct_size;
        memcpy(schema, preset, there < size ? there : size);
    }
    memcpy(schema, &given, sizeof(given));
}
