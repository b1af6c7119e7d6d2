/* SPDX-License-Identifier: Apache-2.0 */
/* Encoding of the lines of an export. */
#include "exchange.h"
#include "output/jsonl.h"
#include "schema_names.h"
#include "value.h"

#include <string.h>

static json_t *line_of(const char *type)
{
    json_t *line = json_object();

    jsonl_set(line, "type", json_string(type));
    return line;
}

static void set_text(json_t *line, const char *name, const char *text)
{
    jsonl_set(line, name, jsonl_string(text));
}

/* Sets a UUID, unless it is nil. */
static void set_uuid(json_t *line, const char *name, const quipu_uuid *uuid)
{
    if (!quipu_uuid_is_nil(uuid)) {
        jsonl_set(
            line, name,
            jsonl_uuid((quipu_bytes){ uuid->bytes, sizeof(uuid->bytes) }));
    }
}

json_t *exchange_encode_begin(const char *type, const quipu_uuid *store)
{
    json_t *line = line_of(type);

    jsonl_set(line, "version", json_integer(EXCHANGE_VERSION));
    set_uuid(line, "store", store);
    return line;
}

json_t *exchange_encode_schema(const quipu_schema *schema, const char *table,
                               int64_t after, int64_t head)
{
    const bool text_ids = (schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0;
    const bool sparse = (schema->flags & QUIPU_SCHEMA_SPARSE) != 0;
    json_t *line = line_of("schema");

    set_text(line, "table", table);
    set_text(line, "ids", text_ids ? "text" : "uuid");
    set_text(line, "positions", sparse ? "sparse" : "contiguous");
    jsonl_set(line, "columns", schema_names_columns_json(schema));
    jsonl_set(line, "further_columns", schema_names_further_json(schema));
    jsonl_set(line, "after", exchange_value_from_integer(after));
    jsonl_set(line, "head", exchange_value_from_integer(head));
    return line;
}

static void set_optional(json_t *line, const quipu_item *item)
{
    if (item->event_id.data) {
        jsonl_set(line, "event_id", jsonl_uuid(item->event_id));
    }
    if ((item->flags & QUIPU_ITEM_TIME) != 0) {
        jsonl_set(line, "time", jsonl_time(item->time));
    }
    if (item->metadata.data) {
        jsonl_set(line, "metadata", exchange_value_from_bytes(item->metadata));
    }
}

static void set_columns(json_t *line, const quipu_schema *schema,
                        const quipu_item *item)
{
    json_t *columns = json_object();

    for (size_t i = 0; i < item->column_count; i++) {
        jsonl_set(columns, schema->columns[i].name,
                  exchange_value_from_column(&item->columns[i]));
    }
    jsonl_set(line, "columns", columns);
}

json_t *exchange_encode_item(const quipu_schema *schema, const char *table,
                             const quipu_item *item)
{
    json_t *line = line_of("item");

    set_text(line, "schema", table);
    jsonl_set(line, "notification_id",
              exchange_value_from_integer(item->notification_id));
    jsonl_set(line, "sequence_id", jsonl_id(schema, item->sequence_id));
    jsonl_set(line, "position", exchange_value_from_integer(item->position));
    jsonl_set(line, "topic", jsonl_text(item->topic.data, item->topic.size));
    set_optional(line, item);
    if ((item->flags & QUIPU_ITEM_ERASED) != 0) {
        jsonl_set(line, "erased", json_true());
        return line;
    }
    if (item->column_count > 0) {
        set_columns(line, schema, item);
    }
    jsonl_set(line, "state", exchange_value_from_bytes(item->state));
    return line;
}

json_t *exchange_encode_tracking(const quipu_tracking *tracking)
{
    const quipu_position *position = &tracking->position;
    json_t *line = line_of("tracking");

    jsonl_set(line, "consumer",
              jsonl_text(tracking->consumer.data, tracking->consumer.size));
    jsonl_set(line, "log", jsonl_text(tracking->log.data, tracking->log.size));
    jsonl_set(line, "notification_id",
              exchange_value_from_integer(position->notification_id));
    set_uuid(line, "store", &position->store);
    set_uuid(line, "event_id", &position->event_id);
    return line;
}

json_t *exchange_encode_end(int64_t items, int64_t trackings)
{
    json_t *line = line_of("end");

    jsonl_set(line, "items", exchange_value_from_integer(items));
    jsonl_set(line, "trackings", exchange_value_from_integer(trackings));
    return line;
}
