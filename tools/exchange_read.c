/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of an import but schemas, each member looked at. */
#include "exchange.h"
#include "exchange_values.h"

#include <string.h>

int quipu_tool_exchange_read_begin(const json_t *line, quipu_uuid *store,
                                   quipu_error *error)
{
    static const char *const known[] = { "type", "version", "store", NULL };
    int64_t version = 0;
    int status = quipu_tool_value_read_integer(
        quipu_tool_member(line, "version"), "version", &version, error);

    if (status == QUIPU_OK && version != EXCHANGE_VERSION) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "this is version %lld of the format, and this "
                               "quipu reads version %d",
                               (long long)version, EXCHANGE_VERSION);
    }
    if (status == QUIPU_OK) {
        status = quipu_tool_check_members(line, known, error);
    }
    return status == QUIPU_OK
               ? quipu_tool_optional_uuid(line, "store", store, error)
               : status;
}

/* ---------------------------------------------------------------- items */

static int read_id(const json_t *line, struct arena *arena,
                   const quipu_schema *schema, quipu_bytes *id,
                   quipu_error *error)
{
    const json_t *value = quipu_tool_member(line, "sequence_id");
    quipu_uuid *uuid = NULL;

    if ((schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0) {
        return quipu_tool_value_read_text(value, "sequence_id", id, error);
    }
    uuid = quipu_tool_arena_allocate(arena, sizeof(*uuid));
    *id = (quipu_bytes){ uuid->bytes, sizeof(uuid->bytes) };
    return quipu_tool_value_read_uuid(value, "sequence_id", uuid, error);
}

/* Event id, time and metadata, each where it is told. */
static int read_optional(const json_t *line, struct arena *arena,
                         quipu_item *item, quipu_error *error)
{
    const json_t *event_id = quipu_tool_member(line, "event_id");
    const json_t *time = quipu_tool_member(line, "time");
    const json_t *metadata = quipu_tool_member(line, "metadata");
    quipu_uuid *uuid = quipu_tool_arena_allocate(arena, sizeof(*uuid));
    int status = QUIPU_OK;

    if (event_id) {
        item->event_id = (quipu_bytes){ uuid->bytes, sizeof(uuid->bytes) };
        status = quipu_tool_value_read_uuid(event_id, "event_id", uuid, error);
    }
    if (status == QUIPU_OK && time) {
        item->flags |= QUIPU_ITEM_TIME;
        status = quipu_tool_value_read_time(time, "time", &item->time, error);
    }
    if (status == QUIPU_OK && metadata) {
        status = quipu_tool_value_read_bytes(metadata, "metadata", arena,
                                             &item->metadata, error);
    }
    return status;
}

static int check_columns(const json_t *columns, const quipu_schema *schema,
                         quipu_error *error)
{
    const char *known[QUIPU_COLUMNS_MAX + 1] = { NULL };

    if (columns && !json_is_object(columns)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "'columns' is not an object");
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        known[i] = schema->columns[i].name;
    }
    return !columns ? QUIPU_OK
                    : quipu_tool_check_members(columns, known, error);
}

static int read_columns(const json_t *line, struct arena *arena,
                        const quipu_schema *schema, quipu_item *item,
                        quipu_error *error)
{
    const json_t *columns = quipu_tool_member(line, "columns");
    quipu_value *values = quipu_tool_arena_allocate(
        arena, schema->column_count * sizeof(*values));
    int status = check_columns(columns, schema, error);

    for (size_t i = 0; status == QUIPU_OK && i < schema->column_count; i++) {
        status = quipu_tool_value_read_column(
            json_object_get(columns, schema->columns[i].name),
            &schema->columns[i], arena, &values[i], error);
    }
    item->columns = schema->column_count == 0 ? NULL : values;
    item->column_count = schema->column_count;
    return status;
}

/* Notification id and position may be left to the store. */
static int read_place(const json_t *line, quipu_item *item, quipu_error *error)
{
    int status = quipu_tool_optional_integer(line, "notification_id",
                                             &item->notification_id, error);

    if (status == QUIPU_OK && quipu_tool_member(line, "notification_id") &&
        item->notification_id < 1) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "'notification_id' is less than 1");
    }
    if (!quipu_tool_member(line, "position")) {
        item->flags |= QUIPU_ITEM_NEXT;
    }
    return status == QUIPU_OK ? quipu_tool_optional_integer(
                                    line, "position", &item->position, error)
                              : status;
}

int quipu_tool_exchange_read_item(const json_t *line, struct arena *arena,
                                  const quipu_schema *schema, quipu_item *item,
                                  quipu_error *error)
{
    static const char *const known[] = {
        "type",     "schema",   "notification_id", "sequence_id",
        "position", "topic",    "state",           "event_id",
        "time",     "metadata", "columns",         "erased",
        NULL
    };
    int status = quipu_tool_check_members(line, known, error);

    memset(item, 0, sizeof(*item));
    if (status == QUIPU_OK) {
        status = read_place(line, item, error);
    }
    if (status == QUIPU_OK) {
        status = read_id(line, arena, schema, &item->sequence_id, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_tool_value_read_text(quipu_tool_member(line, "topic"),
                                            "topic", &item->topic, error);
    }
    if (status == QUIPU_OK) {
        status =
            quipu_tool_value_read_bytes(quipu_tool_member(line, "state"),
                                        "state", arena, &item->state, error);
    }
    if (status == QUIPU_OK) {
        status = read_optional(line, arena, item, error);
    }
    if (status == QUIPU_OK) {
        status = read_columns(line, arena, schema, item, error);
    }
    if (quipu_tool_member(line, "erased")) {
        item->flags |= QUIPU_ITEM_ERASED;
    }
    return status;
}

/* ----------------------------------------------------- tracking, the end */

int quipu_tool_exchange_read_tracking(const json_t *line,
                                      quipu_tracking *tracking,
                                      quipu_error *error)
{
    static const char *const known[] = {
        "type", "consumer", "log", "notification_id", "store", "event_id", NULL
    };
    quipu_position *position = &tracking->position;
    int status = quipu_tool_check_members(line, known, error);

    memset(tracking, 0, sizeof(*tracking));
    if (status == QUIPU_OK) {
        status =
            quipu_tool_value_read_text(quipu_tool_member(line, "consumer"),
                                       "consumer", &tracking->consumer, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_tool_value_read_text(quipu_tool_member(line, "log"),
                                            "log", &tracking->log, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_tool_value_read_integer(
            quipu_tool_member(line, "notification_id"), "notification_id",
            &position->notification_id, error);
    }
    if (status == QUIPU_OK) {
        status =
            quipu_tool_optional_uuid(line, "store", &position->store, error);
    }
    return status == QUIPU_OK
               ? quipu_tool_optional_uuid(line, "event_id", &position->event_id,
                                          error)
               : status;
}

int quipu_tool_exchange_read_end(const json_t *line, int64_t *items,
                                 int64_t *trackings, quipu_error *error)
{
    static const char *const known[] = { "type", "items", "trackings", NULL };
    int status = quipu_tool_check_members(line, known, error);

    if (status == QUIPU_OK) {
        status = quipu_tool_optional_integer(line, "items", items, error);
    }
    return status == QUIPU_OK ? quipu_tool_optional_integer(line, "trackings",
                                                            trackings, error)
                              : status;
}
