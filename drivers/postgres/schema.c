/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of a schema: the statements that work on its table. */
#include "sql.h"

#include "postgres.h"

#include "common/safeguard.h"

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------ words */

/* What stands for what in the patterns below. */
struct words {
    const struct quipu_driver_datastore *datastore;
    const quipu_schema *schema;
    const char *table;
};

/* The columns behind topic and state, in their order everywhere. */
static size_t count_further(const quipu_schema *schema)
{
    return (size_t)(schema->event_id != NULL) +
           (size_t)(schema->metadata != NULL) + (size_t)(schema->time != NULL) +
           schema->column_count;
}

static const char *further(const quipu_schema *schema, size_t index, int *kind)
{
    const struct {
        const char *name;
        int kind;
    } own[] = { { schema->event_id, QUIPU_VALUE_UUID },
                { schema->metadata, QUIPU_VALUE_BYTES },
                { schema->time, QUIPU_VALUE_TIME } };
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (own[i].name && index-- == 0) {
            *kind = own[i].kind;
            return own[i].name;
        }
    }
    *kind = schema->columns[index].kind;
    return schema->columns[index].name;
}

static bool has_any_size(int kind)
{
    return kind == QUIPU_VALUE_TEXT || kind == QUIPU_VALUE_BYTES;
}

/* How many bytes an item has, nearly. */
static void add_size(struct text *text, const quipu_schema *schema)
{
    quipu_common_text_add(text, "octet_length(");
    quipu_common_text_add_name(text, schema->state);
    quipu_common_text_add(text, ")::bigint");
    for (size_t i = 0; i < count_further(schema); i++) {
        int kind = 0;
        const char *name = further(schema, i, &kind);
        if (has_any_size(kind)) {
            quipu_common_text_add(text, " + coalesce(octet_length(");
            quipu_common_text_add_name(text, name);
            quipu_common_text_add(text, "), 0)");
        }
    }
}

/* A column of any size; of small items only, if `small`. */
static void add_lean(struct text *text, const quipu_schema *schema,
                     const char *name, bool small)
{
    quipu_common_text_add(text, ", ");
    if (small) {
        quipu_common_text_add(text, "CASE WHEN ");
        add_size(text, schema);
        quipu_common_text_add(text, " <= $2 THEN ");
    }
    quipu_common_text_add_name(text, name);
    if (small) {
        quipu_common_text_add(text, " END");
    }
}

static void add_comma_name(struct text *text, const char *name)
{
    quipu_common_text_add(text, ", ");
    quipu_common_text_add_name(text, name);
}

/* The columns as cursors read them (rows.c). */
static void add_columns(struct text *text, const quipu_schema *schema,
                        bool with_sequence, bool small)
{
    quipu_common_text_add_name(text, schema->notification_id);
    add_comma_name(text, schema->position);
    add_comma_name(text, schema->topic);
    add_lean(text, schema, schema->state, small);
    if (with_sequence) {
        add_comma_name(text, schema->sequence_id);
    } else {
        quipu_common_text_add(text, ", NULL");
    }
    for (size_t i = 0; i < count_further(schema); i++) {
        int kind = 0;
        const char *name = further(schema, i, &kind);
        add_lean(text, schema, name, small && has_any_size(kind));
    }
}

/* The columns as they are inserted. */
static void add_targets(struct text *text, const quipu_schema *schema)
{
    quipu_common_text_add(text, "quipu_namespace");
    add_comma_name(text, schema->notification_id);
    add_comma_name(text, schema->sequence_id);
    add_comma_name(text, schema->position);
    add_comma_name(text, schema->topic);
    add_comma_name(text, schema->state);
    for (size_t i = 0; i < count_further(schema); i++) {
        int kind = 0;
        add_comma_name(text, further(schema, i, &kind));
    }
}

/* "<before><first>, <before><first + 1> ..." for topic, state and the rest. */
static void add_series(struct text *text, const quipu_schema *schema,
                       const char *before, size_t first)
{
    char piece[32];
    for (size_t i = 0; i < 2 + count_further(schema); i++) {
        (void)snprintf(piece, sizeof(piece), ", %s%zu", before, first + i);
        quipu_common_text_add(text, piece);
    }
}

static void add_table(struct text *text, const struct words *words,
                      const char *table)
{
    quipu_common_text_add_name(text, words->datastore->schema);
    quipu_common_text_add(text, ".");
    quipu_common_text_add_name(text, table);
}

/* quipu's own tables. */
static bool add_own_table(struct text *text, const struct words *words,
                          char word)
{
    static const struct {
        char word;
        const char *name;
    } tables[] = {
        { 'c', "quipu_columns" },    { 'f', "quipu_store" },
        { 'h', "quipu_heads" },      { 'k', "quipu_tracking" },
        { 'n', "quipu_namespaces" }, { 's', "quipu_schemas" },
        { 't', "quipu_tables" },
    };
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (tables[i].word == word) {
            add_table(text, words, tables[i].name);
            return true;
        }
    }
    return false;
}

static void add_word(struct text *text, const struct words *words, char word)
{
    const quipu_schema *schema = words->schema;
    const char *const names[] = {
        ['N' - 'A'] = schema->notification_id,
        ['S' - 'A'] = schema->sequence_id,
        ['P' - 'A'] = schema->position,
        ['O' - 'A'] = schema->topic,
        ['A' - 'A'] = schema->state,
        ['E' - 'A'] = schema->event_id,
    };
    size_t index = (size_t)(word - 'A');
    if (add_own_table(text, words, word)) {
        return;
    }
    if (index < sizeof(names) / sizeof(names[0]) && names[index]) {
        quipu_common_text_add_name(text, names[index]);
        return;
    }
    switch (word) {
    case 'T':
        add_table(text, words, words->table);
        break;
    case 'Q': /* what is read of a sequence, of small items and of all */
    case 'q':
        add_columns(text, schema, false, word == 'Q');
        break;
    case 'C': /* what is read of the log */
    case 'l':
        add_columns(text, schema, true, word == 'C');
        break;
    case 'Z':
        add_size(text, schema);
        break;
    case 'I':
        add_targets(text, schema);
        break;
    case '8': /* the parameters from $8 or $9 on, and what they are called */
    case '9':
        add_series(text, schema, "$", word == '8' ? 9 : 10);
        break;
    default: /* 'U', 'V': what they are called, and where they come from */
        add_series(text, schema, word == 'U' ? "c" : "u.c", 1);
        break;
    }
}

static char *expand(const struct words *words, const char *pattern)
{
    struct text text = { .host = words->datastore->host };
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

/* ------------------------------------------------------------------ types */

static Oid type_of_kind(int kind)
{
    static const Oid types[] = {
        [QUIPU_VALUE_BOOL] = TYPE_BOOLS,        [QUIPU_VALUE_INT] = TYPE_INT8S,
        [QUIPU_VALUE_DOUBLE] = TYPE_FLOAT8S,    [QUIPU_VALUE_TEXT] = TYPE_TEXTS,
        [QUIPU_VALUE_BYTES] = TYPE_BYTEAS,      [QUIPU_VALUE_UUID] = TYPE_UUIDS,
        [QUIPU_VALUE_TIME] = TYPE_TIMESTAMPTZS,
    };
    return types[kind];
}

static Oid type_of_letter(char letter, const quipu_schema *schema)
{
    bool by_text = (schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0;
    switch (letter) {
    case 'n':
        return TYPE_INT4;
    case 'N':
        return TYPE_INT4S;
    case 'i':
        return TYPE_INT8;
    case 'I':
        return TYPE_INT8S;
    case 't':
        return TYPE_TEXT;
    case 'T':
        return TYPE_TEXTS;
    case 'u':
        return TYPE_UUID;
    case 'U':
        return TYPE_UUIDS;
    case 'B':
        return TYPE_BYTEAS;
    case 'b':
        return TYPE_BOOL;
    case 's': /* a sequence's id */
        return by_text ? TYPE_TEXT : TYPE_UUID;
    default: /* 'S' */
        return by_text ? TYPE_TEXTS : TYPE_UUIDS;
    }
}

/* A '+' ends the letters: topics, states, and the further columns follow. */
static int make_types(const quipu_host *host, const char *letters,
                      const quipu_schema *schema, struct statement *statement)
{
    size_t own = strcspn(letters, "+");
    size_t more = letters[own] == '+' ? 2 + count_further(schema) : 0;
    Oid *types = host->allocate((own + more + 1) * sizeof(*types));
    if (!types) {
        return QUIPU_NO_MEMORY;
    }
    for (size_t i = 0; i < own; i++) {
        types[i] = type_of_letter(letters[i], schema);
    }
    for (size_t i = 0; i < more; i++) {
        int kind = QUIPU_VALUE_TEXT; /* topic, then state */
        if (i == 1) {
            kind = QUIPU_VALUE_BYTES;
        } else if (i > 1) {
            (void)further(schema, i - 2, &kind);
        }
        types[own + i] = type_of_kind(kind);
    }
    statement->types = types;
    statement->count = (int)(own + more);
    return QUIPU_OK;
}

/* Of the statements that work on no schema. */
static const quipu_schema none = { .struct_size = sizeof(none) };

int quipu_postgres_statement_make(
    const struct quipu_driver_datastore *datastore, const quipu_schema *schema,
    const char *table, const struct pattern *pattern,
    struct statement *statement, quipu_error *error)
{
    const struct words words = { datastore, schema ? schema : &none, table };
    statement->text = statement->memory =
        expand(&words, SAFEGUARD_SQL(pattern->text));
    if (!statement->memory || make_types(datastore->host, pattern->types,
                                         words.schema, statement) != QUIPU_OK) {
        return quipu_postgres_no_memory(datastore->host, error);
    }
    quipu_postgres_statement_name(statement);
    return QUIPU_OK;
}

void quipu_postgres_statement_finish(struct statement *statement,
                                     const quipu_host *host)
{
    host->release(statement->memory);
    host->release(statement->types);
    *statement = (struct statement){ .text = NULL };
}
