/* SPDX-License-Identifier: Apache-2.0 */
/* Names of columns and of kinds. */
#include "schema_names.h"
#include "output/jsonl.h"

#include <string.h>

const char *schema_names_column(const quipu_schema *schema, int column,
                                const char **word)
{
    const struct {
        const char *word;
        const char *name;
    } columns[SCHEMA_NAMES_COLUMNS] = {
        { "notification_id", schema->notification_id },
        { "sequence_id", schema->sequence_id },
        { "position", schema->position },
        { "topic", schema->topic },
        { "state", schema->state },
        { "event_id", schema->event_id },
        { "metadata", schema->metadata },
        { "time", schema->time },
    };

    *word = columns[column].word;
    return columns[column].name;
}

static const char *const words[] = { "?",    "bool",  "int",  "double",
                                     "text", "bytes", "uuid", "time" };

const char *schema_names_kind(int32_t kind)
{
    return words[kind > QUIPU_VALUE_NULL && kind <= QUIPU_VALUE_TIME ? kind
                                                                     : 0];
}

int32_t schema_names_kind_of(const char *name)
{
    int32_t kind = QUIPU_VALUE_TIME;

    while (kind > QUIPU_VALUE_NULL && strcmp(name, words[kind]) != 0) {
        kind--;
    }
    return kind;
}

json_t *schema_names_columns_json(const quipu_schema *schema)
{
    json_t *columns = json_object();

    for (int i = 0; i < SCHEMA_NAMES_COLUMNS; i++) {
        const char *word = NULL;
        const char *name = schema_names_column(schema, i, &word);

        jsonl_set(columns, word, jsonl_string(name));
    }
    return columns;
}

json_t *schema_names_further_json(const quipu_schema *schema)
{
    json_t *list = json_array();

    for (size_t i = 0; i < schema->column_count; i++) {
        json_t *column = json_object();

        jsonl_set(column, "name", jsonl_string(schema->columns[i].name));
        jsonl_set(column, "kind",
                  jsonl_string(schema_names_kind(schema->columns[i].kind)));
        json_array_append_new(list, column);
    }
    return list;
}
