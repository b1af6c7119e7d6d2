/* SPDX-License-Identifier: Apache-2.0 */
/* An item as a JSON object. */
#include "item_view.h"
#include "jsonl.h"

static void set_columns(json_t *line, const quipu_schema *schema,
                        const quipu_item *item)
{
    json_t *columns = json_object();

    for (size_t i = 0; i < item->column_count; i++) {
        jsonl_set(columns, schema->columns[i].name,
                  jsonl_value(&item->columns[i]));
    }
    jsonl_set(line, "columns", columns);
}

static void set_optional(json_t *line, const quipu_schema *schema,
                         const quipu_item *item)
{
    if (schema->event_id) {
        jsonl_set(line, "event_id", jsonl_uuid(item->event_id));
    }
    if (schema->time) {
        jsonl_set(line, "time",
                  (item->flags & QUIPU_ITEM_TIME) != 0 ? jsonl_time(item->time)
                                                       : json_null());
    }
    if (schema->metadata) {
        jsonl_set(line, "metadata", state_read_metadata(item->metadata));
        jsonl_set(line, "metadata_hex",
                  !item->metadata.data
                      ? json_null()
                      : jsonl_hex(item->metadata.data, item->metadata.size));
    }
    if (schema->column_count > 0) {
        set_columns(line, schema, item);
    }
}

static void set_state(json_t *line, const struct item_view *view)
{
    const struct state *state = &view->state;
    const quipu_item *item = view->item;

    if ((item->flags & QUIPU_ITEM_ERASED) != 0) {
        jsonl_set(line, "erased", json_true());
        return;
    }
    if (view->sealed) {
        jsonl_set(line, "sealed", json_string(view->sealed));
    }
    if (state->envelope) {
        jsonl_set(line, "envelope", json_incref(state->envelope));
    }
    jsonl_set(line, "state",
              !state->fields ? json_null() : json_incref(state->fields));
    jsonl_set(line, "state_hex", jsonl_hex(item->state.data, item->state.size));
}

json_t *item_json_properties(const quipu_schema *schema, const quipu_item *item)
{
    json_t *line = json_object();

    jsonl_set(line, "schema", jsonl_string(schema->table));
    jsonl_set(line, "notification_id", json_integer(item->notification_id));
    jsonl_set(line, "sequence_id", jsonl_id(schema, item->sequence_id));
    jsonl_set(line, "position", json_integer(item->position));
    jsonl_set(line, "topic", jsonl_text(item->topic.data, item->topic.size));
    set_optional(line, schema, item);
    return line;
}

json_t *item_json_of(const struct item_view *view)
{
    json_t *line = item_json_properties(view->schema, view->item);

    set_state(line, view);
    return line;
}
