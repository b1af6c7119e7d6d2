/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of a schema: its table, and the statements that work on it. */
#include "sqlite.h"

#include <stdio.h>
#include <string.h>

/* A table in a namespace begins with "quipu_", which no schema's name does. */
char *quipu_sqlite_schema_table(const quipu_driver_datastore *datastore,
                                const char *table)
{
    char prefix[40] = "";
    struct text text = { .host = datastore->host };
    if (datastore->name_space[0] != '\0') {
        (void)snprintf(prefix, sizeof(prefix), "quipu_%lld_",
                       (long long)datastore->space);
    }
    quipu_common_text_add(&text, prefix);
    quipu_common_text_add(&text, table);
    if (text.failed) {
        quipu_common_text_finish(&text);
    }
    return text.data;
}

static const char *column_type(int kind)
{
    switch (kind) {
    case QUIPU_VALUE_DOUBLE:
        return "ANY"; /* REAL would make 0.0 of -0.0 */
    case QUIPU_VALUE_TEXT:
        return "TEXT";
    case QUIPU_VALUE_BYTES:
    case QUIPU_VALUE_UUID:
        return "BLOB";
    default:
        return "INTEGER";
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

int quipu_sqlite_schema_ddl(const quipu_driver_datastore *datastore,
                            const quipu_schema *schema, const char *table,
                            struct text *text, quipu_error *error)
{
    bool by_text = (schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0;
    quipu_common_text_add(text, "CREATE TABLE ");
    quipu_common_text_add_name(text, table);
    quipu_common_text_add(text, " (");
    quipu_common_text_add_name(text, schema->notification_id);
    quipu_common_text_add(text, " INTEGER PRIMARY KEY");
    add_column(text, schema->sequence_id,
               by_text ? " TEXT NOT NULL" : " BLOB NOT NULL");
    add_column(text, schema->position, " INTEGER NOT NULL");
    add_column(text, schema->topic, " TEXT NOT NULL");
    add_column(text, schema->state, " BLOB NOT NULL");
    add_column(text, schema->event_id, " BLOB NOT NULL UNIQUE");
    add_column(text, schema->metadata, " BLOB");
    add_column(text, schema->time, " INTEGER");
    for (size_t i = 0; i < schema->column_count; i++) {
        add_column(text, schema->columns[i].name, " ");
        quipu_common_text_add(text, column_type(schema->columns[i].kind));
    }
    quipu_common_text_add(text, ", UNIQUE (");
    quipu_common_text_add_name(text, schema->sequence_id);
    quipu_common_text_add(text, ", ");
    quipu_common_text_add_name(text, schema->position);
    quipu_common_text_add(text, ")) STRICT");
    return text->failed
               ? datastore->host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                                            "no memory for the SQL")
               : QUIPU_OK;
}

/* -------------------------------------------------------------- statements */

/* What stands for what in the patterns below. */
struct words {
    const quipu_schema *schema;
    const char *table;
};

/* All columns, as rows.c takes them; the sequence id can be left out. */
static void add_columns(struct text *text, const quipu_schema *schema,
                        bool with_sequence)
{
    if (with_sequence) {
        quipu_common_text_add_name(text, schema->sequence_id);
        quipu_common_text_add(text, ", ");
    }
    quipu_common_text_add_name(text, schema->notification_id);
    add_column(text, schema->position, "");
    add_column(text, schema->topic, "");
    add_column(text, schema->state, "");
    add_column(text, schema->event_id, "");
    add_column(text, schema->metadata, "");
    add_column(text, schema->time, "");
    for (size_t i = 0; i < schema->column_count; i++) {
        add_column(text, schema->columns[i].name, "");
    }
}

/* A cursor's query gives its rows to read.c, and stops where that says. */
static void add_take(struct text *text, const quipu_schema *schema,
                     bool with_sequence)
{
    quipu_common_text_add(text, "quipu_take(");
    add_columns(text, schema, with_sequence);
    quipu_common_text_add(text, ")");
}

static size_t count_columns(const quipu_schema *schema)
{
    return 5 + (size_t)(schema->event_id != NULL) +
           (size_t)(schema->metadata != NULL) + (size_t)(schema->time != NULL) +
           schema->column_count;
}

static void add_placeholders(struct text *text, const quipu_schema *schema)
{
    for (size_t i = 0; i < count_columns(schema); i++) {
        quipu_common_text_add(text, i == 0 ? "?" : ", ?");
    }
}

static void add_word(struct text *text, const struct words *words, char word)
{
    const quipu_schema *schema = words->schema;
    switch (word) {
    case 'T':
        quipu_common_text_add_name(text, words->table);
        break;
    case 'N':
        quipu_common_text_add_name(text, schema->notification_id);
        break;
    case 'S':
        quipu_common_text_add_name(text, schema->sequence_id);
        break;
    case 'P':
        quipu_common_text_add_name(text, schema->position);
        break;
    case 'E':
        quipu_common_text_add_name(text, schema->event_id);
        break;
    case 'C':
        add_columns(text, schema, true);
        break;
    case 'I':
        add_take(text, schema, false);
        break;
    case 'L':
        add_take(text, schema, true);
        break;
    default: /* 'V' */
        add_placeholders(text, schema);
        break;
    }
}

/* @T table, @N notification id, @S sequence id, @P position, @E event id,
 * @C all columns, @V as many placeholders, @L quipu_take of all columns, @I the
 * same without the sequence id. */
static const char *const patterns[SQL_COUNT - SQL_COMMON_COUNT] = {
    [SQL_LAST - SQL_COMMON_COUNT] = "SELECT max(@P) FROM @T WHERE @S = ?1",
    [SQL_BY_EVENT_ID - SQL_COMMON_COUNT] = "SELECT @C FROM @T WHERE @E = ?1",
    [SQL_INSERT - SQL_COMMON_COUNT] = "INSERT INTO @T (@C) VALUES (@V)",
    [SQL_SEQUENCE_UP - SQL_COMMON_COUNT] =
        "SELECT 1 FROM @T WHERE @S = ?2 AND @P >= ?1 AND @I ORDER BY @P",
    [SQL_SEQUENCE_DOWN - SQL_COMMON_COUNT] =
        "SELECT 1 FROM @T WHERE @S = ?2 AND @P <= ?1 AND @I ORDER BY @P DESC",
    [SQL_LOG_UP - SQL_COMMON_COUNT] =
        "SELECT 1 FROM @T WHERE @N >= ?1 AND @L ORDER BY @N",
    [SQL_LOG_DOWN - SQL_COMMON_COUNT] =
        "SELECT 1 FROM @T WHERE @N <= ?1 AND @L ORDER BY @N DESC",
    [SQL_FIRST_SEQUENCE - SQL_COMMON_COUNT] = "SELECT min(@S) FROM @T",
    [SQL_NEXT_SEQUENCE - SQL_COMMON_COUNT] =
        "SELECT min(@S) FROM @T WHERE @S > ?1",
    [SQL_EVENT_ID_AT - SQL_COMMON_COUNT] = "SELECT @E FROM @T WHERE @N = ?1",
};

static bool needs_event_id(size_t which)
{
    return which == SQL_BY_EVENT_ID - SQL_COMMON_COUNT ||
           which == SQL_EVENT_ID_AT - SQL_COMMON_COUNT;
}

static char *expand(const quipu_host *host, const struct words *words,
                    const char *pattern)
{
    struct text text = { .host = host };
    char piece[2] = "";
    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '@') {
            add_word(&text, words, *++pattern);
        } else {
            piece[0] = *pattern;
            quipu_common_text_add(&text, piece);
        }
    }
    if (text.failed) {
        quipu_common_text_finish(&text);
    }
    return text.data;
}

int quipu_sqlite_schema_sql(quipu_driver_schema *bound, const quipu_host *host,
                            const char *table, quipu_error *error)
{
    const struct words words = { &bound->schema, table };
    for (size_t i = 0; i < SQL_COUNT - SQL_COMMON_COUNT; i++) {
        if (needs_event_id(i) && !bound->schema.event_id) {
            continue;
        }
        bound->sql[i] = expand(host, &words, patterns[i]);
        if (!bound->sql[i]) {
            return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                                   "no memory for the SQL");
        }
    }
    return QUIPU_OK;
}

void quipu_sqlite_schema_sql_finish(quipu_driver_schema *bound,
                                    const quipu_host *host)
{
    for (size_t i = 0; i < SQL_COUNT - SQL_COMMON_COUNT; i++) {
        host->release(bound->sql[i]);
        bound->sql[i] = NULL;
    }
}
