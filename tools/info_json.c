/* SPDX-License-Identifier: Apache-2.0 */
/* What a store is, as one JSON object. */
#include "info.h"
#include "items_json.h"
#include "output.h"

#include <string.h>

static void set_text(json_t *object, const char *name, const char *text)
{
    quipu_tool_json_set(object, name,
                        !text ? json_null()
                              : quipu_tool_json_text(text, strlen(text)));
}

static void set_number(json_t *object, const char *name, uint64_t number)
{
    quipu_tool_json_set(object, name,
                        number > INT64_MAX ? json_null()
                                           : json_integer((json_int_t)number));
}

static json_t *json_of_uuid(const quipu_uuid *uuid)
{
    const quipu_bytes bytes = { uuid->bytes, sizeof(uuid->bytes) };

    return quipu_uuid_is_nil(uuid) ? json_null() : quipu_tool_json_uuid(bytes);
}

static json_t *json_of_datastore(const quipu_datastore_info *info)
{
    json_t *line = json_object();
    json_t *capabilities = json_array();
    json_t *limits = json_object();

    for (const struct capability *each = quipu_tool_capabilities;
         each->bit != 0; each++) {
        if ((info->capabilities & each->bit) != 0) {
            json_array_append_new(capabilities, json_string(each->word));
        }
    }
    set_number(limits, "state_size", info->limits.state_size);
    set_number(limits, "append_items", info->limits.append_items);
    set_number(limits, "append_size", info->limits.append_size);
    set_text(line, "uri", info->uri);
    set_text(line, "driver", info->driver);
    set_text(line, "driver_version", info->driver_version);
    set_text(line, "library", info->library);
    quipu_tool_json_set(line, "identity", json_of_uuid(&info->identity));
    set_text(line, "namespace", info->name_space);
    quipu_tool_json_set(line, "capabilities", capabilities);
    quipu_tool_json_set(line, "limits", limits);
    return line;
}

json_t *quipu_tool_info_columns(const quipu_schema *schema)
{
    json_t *columns = json_object();

    for (int i = 0; i < INFO_COLUMN_COUNT; i++) {
        const char *word = NULL;
        const char *name = quipu_tool_info_column(schema, i, &word);

        set_text(columns, word, name);
    }
    return columns;
}

json_t *quipu_tool_info_further(const quipu_schema *schema)
{
    json_t *list = json_array();

    for (size_t i = 0; i < schema->column_count; i++) {
        json_t *column = json_object();

        set_text(column, "name", schema->columns[i].name);
        set_text(column, "kind", quipu_tool_info_kind(schema->columns[i].kind));
        json_array_append_new(list, column);
    }
    return list;
}

static int set_head(json_t *object, quipu_records *records, quipu_error *error)
{
    quipu_position head;
    const int status = quipu_records_head(records, &head, error);

    if (status == QUIPU_UNSUPPORTED) {
        quipu_tool_json_set(object, "head", json_null());
        return QUIPU_OK;
    }
    if (status == QUIPU_OK) {
        quipu_tool_json_set(object, "head", json_integer(head.notification_id));
        quipu_tool_json_set(object, "head_event_id",
                            json_of_uuid(&head.event_id));
    }
    return status;
}

static int add_schema(json_t *list, const struct store_schema *schema,
                      quipu_error *error)
{
    json_t *object = json_object();
    const quipu_schema *described = NULL;

    json_array_append_new(list, object);
    set_text(object, "table", schema->table);
    if (!schema->records) {
        set_text(object, "error", schema->error.message);
        return QUIPU_OK;
    }
    described = quipu_records_schema(schema->records);
    set_text(object, "ids",
             (described->flags & QUIPU_SCHEMA_TEXT_IDS) != 0 ? "text" : "uuid");
    quipu_tool_json_set(
        object, "contiguous",
        json_boolean((described->flags & QUIPU_SCHEMA_SPARSE) == 0));
    quipu_tool_json_set(object, "columns", quipu_tool_info_columns(described));
    quipu_tool_json_set(object, "further_columns",
                        quipu_tool_info_further(described));
    return set_head(object, schema->records, error);
}

static int add_trackings(json_t *list, quipu_datastore *datastore,
                         quipu_error *error)
{
    quipu_trackings *trackings = NULL;
    const quipu_tracking *tracking = NULL;
    int status = quipu_trackings_open(datastore, &trackings, error);

    if (status == QUIPU_UNSUPPORTED) {
        return QUIPU_OK;
    }
    while (status == QUIPU_OK) {
        json_t *object = NULL;

        status = quipu_trackings_next(trackings, &tracking, error);
        if (status != QUIPU_OK || !tracking) {
            break;
        }
        object = json_object();
        quipu_tool_json_set(object, "consumer",
                            quipu_tool_json_text(tracking->consumer.data,
                                                 tracking->consumer.size));
        quipu_tool_json_set(
            object, "log",
            quipu_tool_json_text(tracking->log.data, tracking->log.size));
        quipu_tool_json_set(object, "notification_id",
                            json_integer(tracking->position.notification_id));
        json_array_append_new(list, object);
    }
    quipu_trackings_close(trackings);
    return status;
}

int quipu_tool_info_json(const struct store *store,
                         const quipu_datastore_info *info, quipu_error *error)
{
    json_t *line = json_of_datastore(info);
    json_t *schemas = json_array();
    json_t *trackings = json_array();
    int status = QUIPU_OK;

    quipu_tool_json_set(line, "schemas", schemas);
    quipu_tool_json_set(line, "tracking", trackings);
    for (size_t i = 0; status == QUIPU_OK && i < store->count; i++) {
        status = add_schema(schemas, &store->schemas[i], error);
    }
    if (status == QUIPU_OK) {
        status = add_trackings(trackings, store->datastore, error);
    }
    if (status == QUIPU_OK) {
        quipu_tool_json_line(line);
    } else {
        json_decref(line);
    }
    return status;
}
