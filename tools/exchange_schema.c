/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions of schemas in an import. */
#include "exchange.h"
#include "exchange_values.h"
#include "info.h"

#include <string.h>

/* Sets `bit` if the member is the second of two words. */
static int read_flag(const json_t *line, const char *name,
                     const char *const words[2], uint32_t bit, uint32_t *flags,
                     quipu_error *error)
{
    const char *text = json_string_value(quipu_tool_member(line, name));

    if (!text || (strcmp(text, words[0]) != 0 && strcmp(text, words[1]) != 0)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "'%s' is not \"%s\" or \"%s\"", name, words[0],
                               words[1]);
    }
    *flags |= strcmp(text, words[1]) == 0 ? bit : 0;
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
        const json_t *value = quipu_tool_member(columns, known[i]);

        if (value && !json_is_string(value)) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "'columns': '%s' is not a string", known[i]);
        }
        *names[i] = json_string_value(value);
    }
    return quipu_tool_check_members(columns, known, error);
}

static int read_kind(const json_t *column, int32_t *kind, quipu_error *error)
{
    const char *word = json_string_value(quipu_tool_member(column, "kind"));

    for (*kind = QUIPU_VALUE_BOOL; *kind <= QUIPU_VALUE_TIME; (*kind)++) {
        if (word && strcmp(word, quipu_tool_info_kind(*kind)) == 0) {
            return QUIPU_OK;
        }
    }
    return quipu_error_set(error, QUIPU_INVALID,
                           "'further_columns': '%s' is no kind of column",
                           !word ? "" : word);
}

static int read_further(const json_t *list, struct arena *arena,
                        quipu_schema *schema, quipu_error *error)
{
    static const char *const known[] = { "name", "kind", NULL };
    const size_t count = json_array_size(list);
    quipu_column *columns =
        quipu_tool_arena_allocate(arena, count * sizeof(*columns));
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
        const json_t *column = json_array_get(list, i);

        columns[i].name = json_string_value(quipu_tool_member(column, "name"));
        status = read_kind(column, &columns[i].kind, error);
        if (status == QUIPU_OK) {
            status = quipu_tool_check_members(column, known, error);
        }
    }
    schema->columns = count == 0 ? NULL : columns;
    schema->column_count = count;
    return status;
}

static int read_flags(const json_t *line, uint32_t *flags, quipu_error *error)
{
    static const char *const ids[] = { "uuid", "text" };
    static const char *const positions[] = { "contiguous", "sparse" };
    int status =
        read_flag(line, "ids", ids, QUIPU_SCHEMA_TEXT_IDS, flags, error);

    if (status == QUIPU_OK) {
        status = read_flag(line, "positions", positions, QUIPU_SCHEMA_SPARSE,
                           flags, error);
    }
    return status;
}

int quipu_tool_exchange_read_schema(const json_t *line, struct arena *arena,
                                    quipu_schema *schema, int64_t *head,
                                    quipu_error *error)
{
    static const char *const known[] = {
        "type",  "table", "ids", "positions", "columns", "further_columns",
        "after", "head",  NULL
    };
    int status = quipu_tool_check_members(line, known, error);

    *schema = (quipu_schema){ .struct_size = sizeof(*schema) };
    *head = 0;
    schema->table = json_string_value(quipu_tool_member(line, "table"));
    if (status == QUIPU_OK) {
        status = read_flags(line, &schema->flags, error);
    }
    if (status == QUIPU_OK) {
        status = read_names(quipu_tool_member(line, "columns"), schema, error);
    }
    if (status == QUIPU_OK) {
        status = read_further(quipu_tool_member(line, "further_columns"), arena,
                              schema, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_tool_optional_integer(line, "head", head, error);
    }
    return status == QUIPU_OK ? quipu_schema_check(schema, error) : status;
}
