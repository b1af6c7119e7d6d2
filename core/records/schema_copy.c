/* SPDX-License-Identifier: Apache-2.0 */
/* The deep copy of a schema that outlives its caller's. */
#include "records/schemas.h"

#include <string.h>

#include <quipu/memory.h>

/* The names in the order of the struct; `column_count` follows them. */
#define NAMES 9

static void names_of(const quipu_schema *schema, const char *names[NAMES])
{
    names[0] = schema->table;
    names[1] = schema->notification_id;
    names[2] = schema->sequence_id;
    names[3] = schema->position;
    names[4] = schema->topic;
    names[5] = schema->state;
    names[6] = schema->event_id;
    names[7] = schema->metadata;
    names[8] = schema->time;
}

static size_t text_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static size_t size_of(const quipu_schema *schema)
{
    const char *names[NAMES];
    size_t size = sizeof(*schema) + schema->column_count * sizeof(quipu_column);
    names_of(schema, names);
    for (size_t i = 0; i < NAMES; i++) {
        size += text_size(names[i]);
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        size += text_size(schema->columns[i].name);
    }
    return size;
}

/* Copies `text` to *room, which moves on. */
static const char *put(char **room, const char *text)
{
    char *copy = *room;
    if (!text) {
        return NULL;
    }
    memcpy(copy, text, text_size(text));
    *room += text_size(text);
    return copy;
}

quipu_schema *quipu_schema_copy(const quipu_schema *schema)
{
    size_t count = schema->column_count;
    quipu_schema *copy = quipu_allocate(size_of(schema));
    if (!copy) {
        return NULL;
    }
    quipu_column *columns = (quipu_column *)(copy + 1);
    char *room = (char *)(columns + count);
    *copy = *schema;
    copy->table = put(&room, schema->table);
    copy->notification_id = put(&room, schema->notification_id);
    copy->sequence_id = put(&room, schema->sequence_id);
    copy->position = put(&room, schema->position);
    copy->topic = put(&room, schema->topic);
    copy->state = put(&room, schema->state);
    copy->event_id = put(&room, schema->event_id);
    copy->metadata = put(&room, schema->metadata);
    copy->time = put(&room, schema->time);
    copy->columns = count > 0 ? columns : NULL;
    for (size_t i = 0; i < count; i++) {
        columns[i] = schema->columns[i];
        columns[i].name = put(&room, schema->columns[i].name);
        columns[i].attribute = NULL;
    }
    return copy;
}
