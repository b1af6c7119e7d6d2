/* SPDX-License-Identifier: Apache-2.0 */
/* An item as one JSON object, with all of its data. */
#include "items_json.h"
#include "output.h"
#include "state.h"

#include <string.h>

json_t *quipu_tool_json_uuid(quipu_bytes bytes)
{
    char text[QUIPU_UUID_TEXT_SIZE];
    quipu_uuid uuid;

    if (!bytes.data) {
        return json_null();
    }
    if (bytes.size != sizeof(uuid.bytes)) {
        return quipu_tool_json_hex(bytes.data, bytes.size);
    }
    memcpy(uuid.bytes, bytes.data, sizeof(uuid.bytes));
    quipu_uuid_format(&uuid, text);
    return json_string(text);
}

json_t *quipu_tool_json_id(const quipu_schema *schema, quipu_bytes id)
{
    if ((schema->flags & QUIPU_SCHEMA_TEXT_IDS) == 0) {
        return quipu_tool_json_uuid(id);
    }
    return quipu_tool_json_text(id.data, id.size);
}

json_t *quipu_tool_json_time(quipu_time time)
{
    char text[QUIPU_TIME_TEXT_SIZE];

    if (quipu_time_format(time, text, NULL) != QUIPU_OK) {
        return json_integer(time.microseconds);
    }
    return json_string(text);
}

json_t *quipu_tool_json_value(const quipu_value *value)
{
    switch (value->kind) {
    case QUIPU_VALUE_BOOL:
        return json_boolean(value->as.integer != 0);
    case QUIPU_VALUE_INT:
        return json_integer(value->as.integer);
    case QUIPU_VALUE_DOUBLE:
        return json_real(value->as.real);
    case QUIPU_VALUE_TEXT:
        return quipu_tool_json_text(value->as.bytes.data, value->as.bytes.size);
    case QUIPU_VALUE_BYTES:
        return quipu_tool_json_hex(value->as.bytes.data, value->as.bytes.size);
    case QUIPU_VALUE_UUID:
        return quipu_tool_json_uuid(value->as.bytes);
    case QUIPU_VALUE_TIME:
        return quipu_tool_json_time((quipu_time){ value->as.integer });
    default:
        return json_null();
    }
}

static void set_optional(json_t *line, const quipu_schema *schema,
                         const quipu_item *item)
{
    json_t *columns = NULL;

    if (schema->event_id) {
        quipu_tool_json_set(line, "event_id",
                            quipu_tool_json_uuid(item->event_id));
    }
    if (schema->time) {
        quipu_tool_json_set(line, "time",
                            (item->flags & QUIPU_ITEM_TIME) != 0
                                ? quipu_tool_json_time(item->time)
                                : json_null());
    }
    if (schema->metadata) {
        quipu_tool_json_set(line, "metadata_hex",
                            !item->metadata.data
                                ? json_null()
                                : quipu_tool_json_hex(item->metadata.data,
                                                      item->metadata.size));
    }
    if (schema->column_count > 0) {
        columns = json_object();
        for (size_t i = 0; i < item->column_count; i++) {
            quipu_tool_json_set(columns, schema->columns[i].name,
                                quipu_tool_json_value(&item->columns[i]));
        }
        quipu_tool_json_set(line, "columns", columns);
    }
}

static void set_state(json_t *line, const quipu_item *item)
{
    struct state state = { 0 };

    if ((item->flags & QUIPU_ITEM_ERASED) != 0) {
        quipu_tool_json_set(line, "erased", json_true());
        return;
    }
    quipu_tool_state_read(item->state, &state);
    if (state.envelope) {
        quipu_tool_json_set(line, "envelope", json_incref(state.envelope));
    }
    quipu_tool_json_set(
        line, "state", !state.fields ? json_null() : json_incref(state.fields));
    quipu_tool_json_set(
        line, "state_hex",
        quipu_tool_json_hex(item->state.data, item->state.size));
    quipu_tool_state_free(&state);
}

json_t *quipu_tool_json_item(const quipu_schema *schema, const quipu_item *item)
{
    json_t *line = json_object();

    quipu_tool_json_set(
        line, "schema",
        quipu_tool_json_text(schema->table, strlen(schema->table)));
    quipu_tool_json_set(line, "notification_id",
                        json_integer(item->notification_id));
    quipu_tool_json_set(line, "sequence_id",
                        quipu_tool_json_id(schema, item->sequence_id));
    quipu_tool_json_set(line, "position", json_integer(item->position));
    quipu_tool_json_set(
        line, "topic",
        quipu_tool_json_text(item->topic.data, item->topic.size));
    set_optional(line, schema, item);
    set_state(line, item);
    return line;
}
