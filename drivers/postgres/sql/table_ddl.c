/* SPDX-License-Identifier: Apache-2.0 */
/* The definitions of tables. */
#include "table_ddl.h"

#include "catalogue/catalogue.h"

#include "common/text.h"

#include <stdio.h>
#include <string.h>

#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)

/*
 * Each key that is valid within a namespace begins with it, so that a server
 * can distribute the tables by it.  The heads are a table of their own, with
 * room left on its pages: each append rewrites a row of it, and the new version
 * fits on the same page.  An item table is shared by all schemas of one shape,
 * in all namespaces, and quipu_tables counts them.
 */
const char quipu_postgres_table_ddl_entries[] =
    "CREATE TABLE {quipu_entries} ("
    "    namespace integer NOT NULL,"
    "    key text COLLATE \"C\" NOT NULL,"
    "    revision bigint NOT NULL,"
    "    value bytea NOT NULL,"
    "    PRIMARY KEY (namespace, key))";

/* The number of commits that have erased items of a schema.  A tear-down leaves
 * the row: numbers of schemas are not used again. */
const char quipu_postgres_table_ddl_erasures[] =
    "CREATE TABLE {quipu_erasures} ("
    "    namespace integer NOT NULL,"
    "    schema bigint NOT NULL,"
    "    commits bigint NOT NULL,"
    "    PRIMARY KEY (namespace, schema))";

/* The namespaces with shared flushes.  A store gets the table with the first of
 * them. */
const char quipu_postgres_table_ddl_shared_flush[] =
    "CREATE TABLE {quipu_shared_flush} ("
    "    namespace integer PRIMARY KEY)";

const char *const quipu_postgres_table_ddl_own[] = {
    "CREATE TABLE {quipu_store} ("
    "    format integer PRIMARY KEY)",

    "INSERT INTO {quipu_store} (format)"
    " VALUES (" TEXT_OF(STORE_FORMAT) ")",

    "CREATE TABLE {quipu_namespaces} ("
    "    number integer PRIMARY KEY,"
    "    name text COLLATE \"C\" NOT NULL UNIQUE,"
    "    identity uuid NOT NULL,"
    "    schemas bigint NOT NULL)",

    "CREATE TABLE {quipu_schemas} ("
    "    namespace integer NOT NULL,"
    "    number bigint NOT NULL,"
    "    name text COLLATE \"C\" NOT NULL,"
    "    relation text COLLATE \"C\" NOT NULL,"
    "    ids text NOT NULL,"
    "    positions text NOT NULL,"
    "    notification_id text NOT NULL,"
    "    sequence_id text NOT NULL,"
    "    position text NOT NULL,"
    "    topic text NOT NULL,"
    "    state text NOT NULL,"
    "    event_id text,"
    "    metadata text,"
    "    time text,"
    "    PRIMARY KEY (namespace, name),"
    "    UNIQUE (namespace, number))",

    "CREATE TABLE {quipu_columns} ("
    "    namespace integer NOT NULL,"
    "    schema bigint NOT NULL,"
    "    ordinal integer NOT NULL,"
    "    name text NOT NULL,"
    "    kind text NOT NULL,"
    "    PRIMARY KEY (namespace, schema, ordinal))",

    "CREATE TABLE {quipu_heads} ("
    "    namespace integer NOT NULL,"
    "    schema bigint NOT NULL,"
    "    head bigint NOT NULL,"
    "    PRIMARY KEY (namespace, schema)) WITH (fillfactor = 20)",

    "CREATE TABLE {quipu_tracking} ("
    "    namespace integer NOT NULL,"
    "    consumer text COLLATE \"C\" NOT NULL,"
    "    log text COLLATE \"C\" NOT NULL,"
    "    notification_id bigint NOT NULL,"
    "    store uuid NOT NULL,"
    "    event_id uuid NOT NULL,"
    "    PRIMARY KEY (namespace, consumer, log)) WITH (fillfactor = 50)",

    quipu_postgres_table_ddl_entries,

    quipu_postgres_table_ddl_erasures,

    "CREATE TABLE {quipu_tables} ("
    "    relation text COLLATE \"C\" PRIMARY KEY,"
    "    shape text NOT NULL,"
    "    schemas bigint NOT NULL)",

    NULL
};

/* The SQL type of a column, with a blank before it. */
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

void quipu_postgres_table_ddl_add_column(struct text *text,
                                         const quipu_column *column)
{
    quipu_common_text_add_name(text, column->name);
    quipu_common_text_add(text, type_of(column->kind));
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

char *quipu_postgres_table_ddl_shape(const quipu_host *host,
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

void quipu_postgres_table_ddl_other_name(int32_t namespace_number,
                                         int64_t number, const char *name,
                                         char other[QUIPU_NAME_MAX + 1])
{
    char whole[2 * QUIPU_NAME_MAX];
    int size = snprintf(whole, sizeof(whole), "quipu_%ld_%lld_%s",
                        (long)namespace_number, (long long)number, name);
    if (size > QUIPU_NAME_MAX) {
        size = QUIPU_NAME_MAX;
        while (((unsigned char)whole[size] & 0xc0) == 0x80) {
            size--; /* the cut would be within a character */
        }
    }
    memcpy(other, whole, (size_t)size);
    other[size] = '\0';
}
