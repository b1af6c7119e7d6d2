/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding of the lines of an export. */
#include "exchange.h"
#include "schema_names.h"
#include "value.h"

#include <string.h>

int exchange_decode_line(const char *text, size_t size, json_t **line,
                         quipu_error *error)
{
    json_error_t wrong;

    *line = json_loadb(text, size, JSON_REJECT_DUPLICATES, &wrong);
    /* Another program writes 1e21 as an integer, which jansson refuses.  As
     * reals, integers above 2^53 are refused where an integer is wanted. */
    if (!*line && json_error_code(&wrong) == json_error_numeric_overflow) {
        *line = json_loadb(text, size,
                           JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL,
                           &wrong);
    }
    if (*line) {
        return QUIPU_OK;
    }
    return quipu_error_set(
        error, QUIPU_INVALID, "the line is not JSON: %s",
        json_error_code(&wrong) == json_error_null_character
            ? "a string contains NUL (\\u0000), which no text of a store "
              "may contain"
            : wrong.text);
}

int exchange_decode_begin(const json_t *line, quipu_uuid *store,
                          quipu_error *error)
{
    static const char *const known[] = { "type", "version", "store", NULL };
    int64_t version = 0;
    int status = exchange_value_read_integer(
        exchange_value_member(line, "version"), "version", &version, error);

    if (status == QUIPU_OK && version != EXCHANGE_VERSION) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "the input has version %lld of the export "
                               "format, but this quipu reads version %d",
                               (long long)version, EXCHANGE_VERSION);
    }
    if (status == QUIPU_OK) {
        status = exchange_value_check_members(line, known, error);
    }
    return status == QUIPU_OK
               ? exchange_value_read_optional_uuid(line, "store", store, error)
               : status;
}

/* -------------------------------------------------------------- schemas */

/* A member of a schema that is one of two words. */
struct word_flag {
    const char *name;
    const char *unset, *set; /* values of the member */
    uint32_t bit;            /* of quipu_schema.flags */
};

static int read_flag(const json_t *line, const struct word_flag *flag,
                     uint32_t *flags, quipu_error *error)
{
    const char *text =
        json_string_value(exchange_value_member(line, flag->name));

    if (!text ||
        (strcmp(text, flag->unset) != 0 && strcmp(text, flag->set) != 0)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "'%s' is neither \"%s\" nor \"%s\"", flag->name,
                               flag->unset, flag->set);
    }
    *flags |= strcmp(text, flag->set) == 0 ? flag->bit : 0;
    return QUIPU_OK;
}

static int read_names(const json_t *columns, quipu_schema *schema,
                      quipu_error *error)
{
    static const char *const known[] = {
        "notification_id", "sequence_id", "position", "topic", "state",
        "event_id",        "metadata",    "time",     NULL
    };
    const char **const names[] = {
        &schema->notification_id, &schema->sequence_id, &schema->position,
        &schema->topic,           &schema->state,       &schema->event_id,
        &schema->metadata,        &schema->time
    };

    if (!json_is_object(columns)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "'columns' is not an object");
    }
    for (size_t i = 0; known[i]; i++) {
        const json_t *value = exchange_value_member(columns, known[i]);

        if (value && !json_is_string(value)) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "'columns': '%s' is not a string", known[i]);
        }
        *names[i] = json_string_value(value);
    }
    return exchange_value_check_members(columns, known, error);
}

static int read_kind(const json_t *column, int32_t *kind, quipu_error *error)
{
    const char *word = json_string_value(exchange_value_member(column, "kind"));

    for (*kind = QUIPU_VALUE_BOOL; *kind <= QUIPU_VALUE_TIME; (*kind)++) {
        if (word && strcmp(word, schema_names_kind(*kind)) == 0) {
            return QUIPU_OK;
        }
    }
    return quipu_error_set(error, QUIPU_INVALID,
                           "'further_columns': unknown kind '%s'",
                           !word ? "" : word);
}

static int read_further(const json_t *list, struct arena *arena,
                        quipu_schema *schema, quipu_error *error)
{
    static const char *const known[] = { "name", "kind", NULL };
    const size_t count = json_array_size(list);
    quipu_column *columns =
        memory_arena_allocate(arena, count * sizeof(*columns));
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
        const json_t *column = json_array_get(list, i);

        columns[i].name =
            json_string_value(exchange_value_member(column, "name"));
        status = read_kind(column, &columns[i].kind, error);
        if (status == QUIPU_OK) {
            status = exchange_value_check_members(column, known, error);
        }
    }
    schema->columns = count == 0 ? NULL : columns;
    schema->column_count = count;
    return status;
}

static int read_flags(const json_t *line, uint32_t *flags, quipu_error *error)
{
    static const struct word_flag ids = { "ids", "uuid", "text",
                                          QUIPU_SCHEMA_TEXT_IDS };
    static const struct word_flag positions = { "positions", "contiguous",
                                                "sparse", QUIPU_SCHEMA_SPARSE };
    int status = read_flag(line, &ids, flags, error);

    return status == QUIPU_OK ? read_flag(line, &positions, flags, error)
                              : status;
}

int exchange_decode_schema(const json_t *line, struct arena *arena,
                           quipu_schema *schema, int64_t *head,
                           quipu_error *error)
{
    static const char *const known[] = {
        "type",  "table", "ids", "positions", "columns", "further_columns",
        "after", "head",  NULL
    };
    int status = exchange_value_check_members(line, known, error);

    *schema = (quipu_schema){ .struct_size = sizeof(*schema) };
    *head = 0;
    schema->table = json_string_value(exchange_value_member(line, "table"));
    if (status == QUIPU_OK) {
        status = read_flags(line, &schema->flags, error);
    }
    if (status == QUIPU_OK) {
        status =
            read_names(exchange_value_member(line, "columns"), schema, error);
    }
    if (status == QUIPU_OK) {
        status = read_further(exchange_value_member(line, "further_columns"),
                              arena, schema, error);
    }
    if (status == QUIPU_OK) {
        status =
            exchange_value_read_optional_integer(line, "head", head, error);
    }
    return status == QUIPU_OK ? quipu_schema_check(schema, error) : status;
}

/* ---------------------------------------------------------------- items */

static int read_id(const json_t *line, struct arena *arena,
                   const quipu_schema *schema, quipu_bytes *id,
                   quipu_error *error)
{
    const json_t *value = exchange_value_member(line, "sequence_id");
    quipu_uuid *uuid = NULL;

    if ((schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0) {
        return exchange_value_read_text(value, "sequence_id", id, error);
    }
    uuid = memory_arena_allocate(arena, sizeof(*uuid));
    *id = (quipu_bytes){ uuid->bytes, sizeof(uuid->bytes) };
    return exchange_value_read_uuid(value, "sequence_id", uuid, error);
}

/* Reads event id, time and metadata, each of which may be missing. */
static int read_optional(const json_t *line, struct arena *arena,
                         quipu_item *item, quipu_error *error)
{
    const json_t *event_id = exchange_value_member(line, "event_id");
    const json_t *time = exchange_value_member(line, "time");
    const json_t *metadata = exchange_value_member(line, "metadata");
    quipu_uuid *uuid = memory_arena_allocate(arena, sizeof(*uuid));
    int status = QUIPU_OK;

    if (event_id) {
        item->event_id = (quipu_bytes){ uuid->bytes, sizeof(uuid->bytes) };
        status = exchange_value_read_uuid(event_id, "event_id", uuid, error);
    }
    if (status == QUIPU_OK && time) {
        item->flags |= QUIPU_ITEM_TIME;
        status = exchange_value_read_time(time, "time", &item->time, error);
    }
    if (status == QUIPU_OK && metadata) {
        status = exchange_value_read_bytes(metadata, "metadata", arena,
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
                    : exchange_value_check_members(columns, known, error);
}

static int read_columns(const json_t *line, struct arena *arena,
                        const quipu_schema *schema, quipu_item *item,
                        quipu_error *error)
{
    const json_t *columns = exchange_value_member(line, "columns");
    quipu_value *values =
        memory_arena_allocate(arena, schema->column_count * sizeof(*values));
    int status = check_columns(columns, schema, error);

    for (size_t i = 0; status == QUIPU_OK && i < schema->column_count; i++) {
        status = exchange_value_read_column(
            json_object_get(columns, schema->columns[i].name),
            &schema->columns[i], arena, &values[i], error);
    }
    item->columns = schema->column_count == 0 ? NULL : values;
    item->column_count = schema->column_count;
    return status;
}

/* Reads notification id and position; the store assigns one that is missing. */
static int read_position(const json_t *line, quipu_item *item,
                         quipu_error *error)
{
    int status = exchange_value_read_optional_integer(
        line, "notification_id", &item->notification_id, error);

    if (status == QUIPU_OK && exchange_value_member(line, "notification_id") &&
        item->notification_id < 1) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "'notification_id' is less than 1");
    }
    if (!exchange_value_member(line, "position")) {
        item->flags |= QUIPU_ITEM_NEXT;
    }
    return status == QUIPU_OK ? exchange_value_read_optional_integer(
                                    line, "position", &item->position, error)
                              : status;
}

/* Reads the state, which an item that was erased does not have. */
static int read_state(const json_t *line, struct arena *arena, quipu_item *item,
                      quipu_error *error)
{
    const json_t *erased = exchange_value_member(line, "erased");
    const json_t *state = exchange_value_member(line, "state");

    if (erased && !json_is_boolean(erased)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "'erased' is not true or false");
    }
    if (json_is_true(erased)) {
        item->flags |= QUIPU_ITEM_ERASED;
        item->state = quipu_bytes_of_text("");
    }
    return json_is_true(erased) && !state
               ? QUIPU_OK
               : exchange_value_read_bytes(state, "state", arena, &item->state,
                                           error);
}

int exchange_decode_item(const json_t *line, struct arena *arena,
                         const quipu_schema *schema, quipu_item *item,
                         quipu_error *error)
{
    static const char *const known[] = {
        "type",     "schema",   "notification_id", "sequence_id",
        "position", "topic",    "state",           "event_id",
        "time",     "metadata", "columns",         "erased",
        NULL
    };
    int status = exchange_value_check_members(line, known, error);

    memset(item, 0, sizeof(*item));
    if (status == QUIPU_OK) {
        status = read_position(line, item, error);
    }
    if (status == QUIPU_OK) {
        status = read_id(line, arena, schema, &item->sequence_id, error);
    }
    if (status == QUIPU_OK) {
        status = exchange_value_read_text(exchange_value_member(line, "topic"),
                                          "topic", &item->topic, error);
    }
    if (status == QUIPU_OK) {
        status = read_state(line, arena, item, error);
    }
    if (status == QUIPU_OK) {
        status = read_optional(line, arena, item, error);
    }
    if (status == QUIPU_OK) {
        status = read_columns(line, arena, schema, item, error);
    }
    return status;
}

/* ----------------------------------------- tracking records, last line */

int exchange_decode_tracking(const json_t *line, quipu_tracking *tracking,
                             quipu_error *error)
{
    static const char *const known[] = {
        "type", "consumer", "log", "notification_id", "store", "event_id", NULL
    };
    quipu_position *position = &tracking->position;
    int status = exchange_value_check_members(line, known, error);

    memset(tracking, 0, sizeof(*tracking));
    if (status == QUIPU_OK) {
        status =
            exchange_value_read_text(exchange_value_member(line, "consumer"),
                                     "consumer", &tracking->consumer, error);
    }
    if (status == QUIPU_OK) {
        status = exchange_value_read_text(exchange_value_member(line, "log"),
                                          "log", &tracking->log, error);
    }
    if (status == QUIPU_OK) {
        status = exchange_value_read_integer(
            exchange_value_member(line, "notification_id"), "notification_id",
            &position->notification_id, error);
    }
    if (status == QUIPU_OK) {
        status = exchange_value_read_optional_uuid(line, "store",
                                                   &position->store, error);
    }
    return status == QUIPU_OK
               ? exchange_value_read_optional_uuid(line, "event_id",
                                                   &position->event_id, error)
               : status;
}

int exchange_decode_end(const json_t *line, int64_t *items, int64_t *trackings,
                        quipu_error *error)
{
    static const char *const known[] = { "type", "items", "trackings", NULL };
    int status = exchange_value_check_members(line, known, error);

    if (status == QUIPU_OK) {
        status =
            exchange_value_read_optional_integer(line, "items", items, error);
    }
    return status == QUIPU_OK ? exchange_value_read_optional_integer(
                                    line, "trackings", trackings, error)
                              : status;
}
