/* SPDX-License-Identifier: Apache-2.0 */
/* Items of an export for other programs, whose states are JSON. */
#include "exchange.h"
#include "output/item_view.h"
#include "output/jsonl.h"

/* Sets a member to an attribute of the envelope, if that has it. */
static void set_from_envelope(json_t *line, const char *name,
                              const struct item_view *view)
{
    json_t *value = json_object_get(view->state.envelope, name);

    if (value) {
        jsonl_set(line, name, json_incref(value));
    }
}

/* Sets event id, time and metadata, from a column or from the envelope. */
static void set_attributes(json_t *line, const struct item_view *view)
{
    const quipu_item *item = view->item;
    const quipu_bytes metadata =
        item->metadata.data ? item->metadata : view->state.metadata;
    quipu_time time;

    if (item->event_id.data) {
        jsonl_set(line, "event_id", jsonl_uuid(item->event_id));
    } else {
        set_from_envelope(line, "event_id", view);
    }
    if (item_view_time(view, &time)) {
        jsonl_set(line, "time", jsonl_time(time));
    }
    if (metadata.data) {
        json_t *decoded = state_read_metadata(metadata);

        if (json_is_null(decoded)) {
            jsonl_set(line, "metadata_hex",
                      jsonl_hex(metadata.data, metadata.size));
        } else {
            jsonl_set(line, "metadata", json_incref(decoded));
        }
        json_decref(decoded);
    }
    set_from_envelope(line, "version", view);
}

static void set_columns(json_t *line, const struct item_view *view)
{
    json_t *columns = json_object();

    for (size_t i = 0; i < view->item->column_count; i++) {
        jsonl_set(columns, view->schema->columns[i].name,
                  jsonl_value(&view->item->columns[i]));
    }
    jsonl_set(line, "columns", columns);
}

static void set_state(json_t *line, const struct item_view *view)
{
    if ((view->item->flags & QUIPU_ITEM_ERASED) != 0) {
        jsonl_set(line, "erased", json_true());
    } else if (view->state.fields) {
        jsonl_set(line, "state", json_incref(view->state.fields));
    } else {
        jsonl_set(line, "state", json_null());
        jsonl_set(line, "state_hex",
                  jsonl_hex(view->item->state.data, view->item->state.size));
    }
    if (view->sealed) {
        jsonl_set(line, "sealed", json_string(view->sealed));
    }
}

json_t *exchange_decoded_item(const quipu_schema *schema, const char *table,
                              const quipu_item *item)
{
    json_t *line = json_object();
    struct item_view view;

    item_view_init(&view, schema, item);
    jsonl_set(line, "type", json_string("item"));
    jsonl_set(line, "schema", jsonl_string(table));
    jsonl_set(line, "notification_id", json_integer(item->notification_id));
    jsonl_set(line, "sequence_id", jsonl_id(schema, item->sequence_id));
    jsonl_set(line, "position", json_integer(item->position));
    jsonl_set(line, "topic", jsonl_text(item->topic.data, item->topic.size));
    set_attributes(line, &view);
    if (item->column_count > 0) {
        set_columns(line, &view);
    }
    set_state(line, &view);
    item_view_finish(&view);
    return line;
}
