/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of items: their shape, as text and as SQL. */
#include "table.h"

#include <stdio.h>
#include <string.h>

static const char *type_of(int kind)
{
    switch (kind) {
    case QUIPU_VALUE_BOOL:
        return " boolean";
    case QUIPU_VALUE_INT:
        return " bigint";
    case QUIPU_VALUE_DOUBLE:
        return " double precision";
    case QUIPU_VALUE_TEXT:
        return " text COLLATE \"C\"";
    case QUIPU_VALUE_BYTES:
        return " bytea";
    case QUIPU_VALUE_UUID:
        return " uuid";
    default: /* QUIPU_VALUE_TIME */
        return " timestamptz";
    }
}

static void add_column(struct text *text, const char *name, const char *type)
{
    if (name) {
        quipu_common_text_add(text, ", ");
        quipu_common_text_add_name(text, name);
        quipu_common_text_add(text, type);
    }
}

static void add_key(struct text *text, const char *kind, const char *first,
                    const char *second)
{
    quipu_common_text_add(text, kind);
    quipu_common_text_add(text, " (quipu_namespace, ");
    quipu_common_text_add_name(text, first);
    if (second) {
        quipu_common_text_add(text, ", ");
        quipu_common_text_add_name(text, second);
    }
    quipu_common_text_add(text, ")");
}

char *quipu_postgres_table_shape(const quipu_host *host,
                                 const quipu_schema *schema)
{
    struct text text = { .host = host };
    bool by_text = (schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0;
    quipu_common_text_add(&text, "quipu_namespace integer NOT NULL");
    add_column(&text, schema->notification_id, " bigint NOT NULL");
    add_column(&text, schema->sequence_id,
               by_text ? " text COLLATE \"C\" NOT NULL" : " uuid NOT NULL");
    add_column(&text, schema->position, " bigint NOT NULL");
    add_column(&text, schema->topic, " text COLLATE \"C\" NOT NULL");
    add_column(&text, schema->state, " bytea NOT NULL");
    add_column(&text, schema->event_id, " uuid NOT NULL");
    add_column(&text, schema->metadata, " bytea");
    add_column(&text, schema->time, " timestamptz");
    for (size_t i = 0; i < schema->column_count; i++) {
        add_column(&text, schema->columns[i].name,
                   type_of(schema->columns[i].kind));
    }
    add_key(&text, ", PRIMARY KEY", schema->notification_id, NULL);
    add_key(&text, ", UNIQUE", schema->sequence_id, schema->position);
    if (schema->event_id) {
        add_key(&text, ", UNIQUE", schema->event_id, NULL);
    }
    if (text.failed) {
        quipu_common_text_finish(&text);
    }
    return text.data;
}

void quipu_postgres_table_other_name(int32_t space, int64_t number,
                                     const char *name,
                                     char other[QUIPU_NAME_MAX + 1])
{
    int size = snprintf(other, QUIPU_NAME_MAX + 1, "quipu_%ld_%lld_%s",
                        (long)space, (long long)number, name);
    if (size > QUIPU_NAME_MAX) {
        size = QUIPU_NAME_MAX; /* cut, but not within a character */
        while (((unsigned char)name[strlen(name) - 1] & 0x80) != 0 &&
               ((unsigned char)other[size - 1] & 0x80) != 0) {
            other[--size] = '\0';
        }
    }
}
