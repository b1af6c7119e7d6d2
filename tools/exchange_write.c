/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of an export. */
#include "exchange.h"
#include "exchange_values.h"
#include "info.h"
#include "items_json.h"
#include "output.h"

#include <string.h>

static json_t *line_of(const char *type)
{
    json_t *line = json_object();

    quipu_tool_json_set(line, "type", json_string(type));
    return line;
}

static void set_text(json_t *line, const char *name, const char *text)
{
    quipu_tool_json_set(line, name, quipu_tool_json_text(text, strlen(text)));
}

/* A UUID, left out if it is not known. */
static void set_uuid(json_t *line, const char *name, const quipu_uuid *uuid)
{
    if (!quipu_uuid_is_nil(uuid)) {
        quipu_tool_json_set(line, name,
                            quipu_tool_json_uuid((quipu_bytes){
                                uuid->bytes, sizeof(uuid->bytes) }));
    }
}

json_t *quipu_tool_exchange_begin(const quipu_uuid *store)
{
    json_t *line = line_of("quipu-export");

    quipu_tool_json_set(line, "version", json_integer(EXCHANGE_VERSION));
    set_uuid(line, "store", store);
    return line;
}

json_t *quipu_tool_exchange_schema(const quipu_schema *schema,
                                   const char *table, int64_t after,
                                   int64_t head)
{
    const bool text_ids = (schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0;
    const bool sparse = (schema->flags & QUIPU_SCHEMA_SPARSE) != 0;
    json_t *line = line_of("schema");

    set_text(line, "table", table);
    set_text(line, "ids", text_ids ? "text" : "uuid");
    set_text(line, "positions", sparse ? "sparse" : "contiguous");
    quipu_tool_json_set(line, "columns", quipu_tool_info_columns(schema));
    quipu_tool_json_set(line, "further_columns",
                        quipu_tool_info_further(schema));
    quipu_tool_json_set(line, "after", quipu_tool_value_integer(after));
    quipu_tool_json_set(line, "head", quipu_tool_value_integer(head));
    return line;
}

static void set_optional(json_t *line, const quipu_item *item)
{
    if (item->event_id.data) {
        quipu_tool_json_set(line, "event_id",
                            quipu_tool_json_uuid(item->event_id));
    }
    if ((item->flags & QUIPU_ITEM_TIME) != 0) {
        quipu_tool_json_set(line, "time", quipu_tool_json_time(item->time));
    }
    if (item->metadata.data) {
        quipu_tool_json_set(line, "metadata",
                            quipu_tool_value_bytes(item->metadata));
    }
}

static void set_columns(json_t *line, const quipu_schema *schema,
                        const quipu_item *item)
{
    json_t *columns = json_object();

    for (size_t i = 0; i < item->column_count; i++) {
        quipu_tool_json_set(columns, schema->columns[i].name,
                            quipu_tool_value_column(&item->columns[i]));
    }
    quipu_tool_json_set(line, "columns", columns);
}

json_t *quipu_tool_exchange_item(const quipu_schema *schema, const char *table,
                                 const quipu_item *item)
{
    json_t *line = line_of("item");

    set_text(line, "schema", table);
    quipu_tool_json_set(line, "notification_id",
                        quipu_tool_value_integer(item->notification_id));
    quipu_tool_json_set(line, "sequence_id",
                        quipu_tool_json_id(schema, item->sequence_id));
    quipu_tool_json_set(line, "position",
                        quipu_tool_value_integer(item->position));
    quipu_tool_json_set(
        line, "topic",
        quipu_tool_json_text(item->topic.data, item->topic.size));
    set_optional(line, item);
    if (item->column_count > 0) {
        set_columns(line, schema, item);
    }
    quipu_tool_json_set(line, "state", quipu_tool_value_bytes(item->state));
    if ((item->flags & QUIPU_ITEM_ERASED) != 0) {
        quipu_tool_json_set(line, "erased", json_true());
    }
    return line;
}

json_t *quipu_tool_exchange_tracking(const quipu_tracking *tracking)
{
    const quipu_position *position = &tracking->position;
    json_t *line = line_of("tracking");

    quipu_tool_json_set(
        line, "consumer",
        quipu_tool_json_text(tracking->consumer.data, tracking->consumer.size));
    quipu_tool_json_set(
        line, "log",
        quipu_tool_json_text(tracking->log.data, tracking->log.size));
    quipu_tool_json_set(line, "notification_id",
                        quipu_tool_value_integer(position->notification_id));
    set_uuid(line, "store", &position->store);
    set_uuid(line, "event_id", &position->event_id);
    return line;
}

json_t *quipu_tool_exchange_end(int64_t items, int64_t trackings)
{
    json_t *line = line_of("end");

    quipu_tool_json_set(line, "items", quipu_tool_value_integer(items));
    quipu_tool_json_set(line, "trackings", quipu_tool_value_integer(trackings));
    return line;
}
