/* SPDX-License-Identifier: Apache-2.0 */
/* Rendering SQL templates; template.h explains the placeholders. */
#include "template.h"

#include "net/binary.h"
#include "net/errors.h"

#include "common/safeguard.h"
#include "common/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- columns */

/* Columns behind topic and state, in this order everywhere: event id, metadata,
 * time, and the schema's own. */
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
    } fixed[] = { { schema->event_id, QUIPU_VALUE_UUID },
                  { schema->metadata, QUIPU_VALUE_BYTES },
                  { schema->time, QUIPU_VALUE_TIME } };
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (fixed[i].name && index-- == 0) {
            *kind = fixed[i].kind;
            return fixed[i].name;
        }
    }
    *kind = schema->columns[index].kind;
    return schema->columns[index].name;
}

static bool has_any_size(int kind)
{
    return kind == QUIPU_VALUE_TEXT || kind == QUIPU_VALUE_BYTES;
}

/* {size}: the bytes of the state and of the other columns of any size.  An item
 * that is erased has no state. */
static void add_size(struct text *text, const quipu_schema *schema)
{
    quipu_common_text_add(text, "coalesce(pg_catalog.octet_length(");
    quipu_common_text_add_name(text, schema->state);
    quipu_common_text_add(text, "), 0)::bigint");
    for (size_t i = 0; i < count_further(schema); i++) {
        int kind = 0;
        const char *name = further(schema, i, &kind);
        if (has_any_size(kind)) {
            quipu_common_text_add(text, " OPERATOR(pg_catalog.+)"
                                        " coalesce(pg_catalog.octet_length(");
            quipu_common_text_add_name(text, name);
            quipu_common_text_add(text, "), 0)");
        }
    }
}

static void add_column(struct text *text, const char *name)
{
    quipu_common_text_add(text, ", ");
    quipu_common_text_add_name(text, name);
}

/* A column of any size, of small items only. */
static void add_limited(struct text *text, const quipu_schema *schema,
                        const char *name)
{
    quipu_common_text_add(text, ", CASE WHEN (");
    add_size(text, schema);
    quipu_common_text_add(text, ") OPERATOR(pg_catalog.<=) $2 THEN ");
    quipu_common_text_add_name(text, name);
    quipu_common_text_add(text, " END");
}

/* The columns of a page, in the order in which read/read.c takes them. */
static void add_page(struct text *text, const quipu_schema *schema, bool log,
                     bool limited)
{
    quipu_common_text_add_name(text, schema->notification_id);
    add_column(text, schema->position);
    add_column(text, schema->topic);
    if (limited) {
        add_limited(text, schema, schema->state);
    } else {
        add_column(text, schema->state);
    }
    add_column(text, schema->state);
    quipu_common_text_add(text, " IS NULL"); /* erased */
    if (log) {
        add_column(text, schema->sequence_id);
    }
    for (size_t i = 0; i < count_further(schema); i++) {
        int kind = 0;
        const char *name = further(schema, i, &kind);
        if (limited && has_any_size(kind)) {
            add_limited(text, schema, name);
        } else {
            add_column(text, name);
        }
    }
}

/* {all}: the columns of an insert, in the order in which append/insert.c puts
 * them. */
static void add_all(struct text *text, const quipu_schema *schema)
{
    quipu_common_text_add(text, "quipu_namespace");
    add_column(text, schema->notification_id);
    add_column(text, schema->sequence_id);
    add_column(text, schema->position);
    add_column(text, schema->topic);
    add_column(text, schema->state);
    for (size_t i = 0; i < count_further(schema); i++) {
        int kind = 0;
        add_column(text, further(schema, i, &kind));
    }
}

/* The columns that lose their contents when an item is erased: state, metadata
 * and the schema's own.  Each is followed by `what`. */
static void add_contents(struct text *text, const quipu_schema *schema,
                         const char *what, const char *separator)
{
    quipu_common_text_add_name(text, schema->state);
    quipu_common_text_add(text, what);
    for (size_t i = 0; i < count_further(schema); i++) {
        int kind = 0;
        const char *name = further(schema, i, &kind);
        if (name != schema->event_id && name != schema->time) {
            quipu_common_text_add(text, separator);
            quipu_common_text_add_name(text, name);
            quipu_common_text_add(text, what);
        }
    }
}

/* ----------------------------------------------------------- placeholders */

static void add_table(struct text *text, const char *schema, const char *table)
{
    quipu_common_text_add_name(text, schema);
    quipu_common_text_add(text, ".");
    quipu_common_text_add_name(text, table);
}

/* {items_oid}: a literal of type regclass, whose value the server looks up when
 * it parses the statement.  E'' has the same escapes whatever the settings of
 * the session are. */
static void add_table_oid(struct text *text, const char *schema,
                          const char *table)
{
    struct text name = { .host = text->host };
    add_table(&name, schema, table);
    quipu_common_text_add(text, "E'");
    for (const char *at = name.failed ? "" : name.data; *at != '\0'; at++) {
        char piece[3] = { *at };
        if (*at == '\'' || *at == '\\') {
            piece[1] = *at;
        }
        quipu_common_text_add(text, piece);
    }
    quipu_common_text_add(text, "'::pg_catalog.regclass");
    text->failed = text->failed || name.failed;
    quipu_common_text_finish(&name);
}

/* {, <prefix><number> ...}: an element for topic, state and each column behind
 * them, with the comma before the first one or without. */
static void add_series(struct text *text, const quipu_schema *schema,
                       const char *word)
{
    char element[48];
    size_t prefix = strcspn(word, "0123456789");
    size_t first = strtoul(word + prefix, NULL, 10);
    for (size_t i = 0; i < 2 + count_further(schema); i++) {
        (void)snprintf(element, sizeof(element), "%s%.*s%zu",
                       i > 0 && word[0] != ',' ? ", " : "", (int)prefix, word,
                       first + i);
        quipu_common_text_add(text, element);
    }
}

static bool add_name(struct text *text, const struct template_names *names,
                     const char *word)
{
    const quipu_schema *schema = names->schema;
    const struct {
        const char *word;
        const char *name;
    } columns[] = {
        { "id", schema->notification_id }, { "sequence", schema->sequence_id },
        { "position", schema->position },  { "topic", schema->topic },
        { "state", schema->state },        { "event_id", schema->event_id },
    };
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        if (strcmp(word, columns[i].word) == 0) {
            quipu_common_text_add_name(text, columns[i].name);
            return true;
        }
    }
    return false;
}

/* Placeholders for the columns of a schema, which `names` has. */
static void add_columns(struct text *text, const struct template_names *names,
                        const char *word)
{
    const quipu_schema *schema = names->schema;
    if (strstr(word, " ...")) {
        add_series(text, schema, word);
    } else if (strcmp(word, "all") == 0) {
        add_all(text, schema);
    } else if (strcmp(word, "size") == 0) {
        add_size(text, schema);
    } else if (strcmp(word, "erase") == 0) {
        add_contents(text, schema, " = NULL", ", ");
    } else if (strcmp(word, "erased") == 0) {
        add_contents(text, schema, " IS NULL", " AND ");
    } else if (!add_name(text, names, word)) {
        add_page(text, schema, strncmp(word, "log_", 4) == 0,
                 strstr(word, "page") != NULL);
    }
}

/* {bound $5}: the schema of that number has a head. */
static void add_bound(struct text *text, const struct template_names *names,
                      const char *parameter)
{
    quipu_common_text_add(text, "EXISTS (SELECT 1 FROM ");
    add_table(text, names->postgres_schema, "quipu_heads");
    quipu_common_text_add(text, " AS h WHERE h.namespace"
                                " OPERATOR(pg_catalog.=) $1 AND h.schema"
                                " OPERATOR(pg_catalog.=) ");
    quipu_common_text_add(text, parameter);
    quipu_common_text_add(text, ")");
}

static void add_operator(struct text *text, const char *operator)
{
    quipu_common_text_add(text, "OPERATOR(pg_catalog.");
    quipu_common_text_add(text, operator);
    quipu_common_text_add(text, ")");
}

static void add_placeholder(struct text *text,
                            const struct template_names *names,
                            const char *word)
{
    if (strchr("=<>+-/", word[0])) {
        add_operator(text, word);
    } else if (strncmp(word, "bound ", 6) == 0) {
        add_bound(text, names, word + 6);
    } else if (strncmp(word, "quipu_", 6) == 0) {
        add_table(text, names->postgres_schema, word);
    } else if (strcmp(word, "schema") == 0) {
        quipu_common_text_add_name(text, names->postgres_schema);
    } else if (strcmp(word, "items") == 0) {
        add_table(text, names->postgres_schema, names->table);
    } else if (strcmp(word, "items_oid") == 0) {
        add_table_oid(text, names->postgres_schema, names->table);
    } else if (names->schema) { /* templates of the catalogue have none */
        add_columns(text, names, word);
    }
}

/* Adds `size` bytes of the template. */
static void add_literal(struct text *text, const char *literal, size_t size)
{
    char piece[64];
    while (size > 0) {
        size_t part = size < sizeof(piece) - 1 ? size : sizeof(piece) - 1;
        memcpy(piece, literal, part);
        piece[part] = '\0';
        quipu_common_text_add(text, piece);
        literal += part;
        size -= part;
    }
}

char *quipu_postgres_template_text(const quipu_host *host,
                                   const struct template_names *names,
                                   const char *template)
{
    struct text text = { .host = host };
    while (*template != '\0') {
        size_t literal = strcspn(template, "{");
        add_literal(&text, template, literal);
        template += literal;
        if (*template == '{') {
            char word[32] = "";
            size_t size = strcspn(template, "}");
            memcpy(word, template + 1,
                   size < sizeof(word) ? size - 1 : sizeof(word) - 1);
            add_placeholder(&text, names, word);
            template += size + 1;
        }
    }
    if (text.failed) {
        quipu_common_text_finish(&text);
    }
    return text.data;
}

/* ------------------------------------------------------------------ types */

/* The type of a column, or that of an array of such columns. */
static Oid type_of_kind(int kind, bool array)
{
    static const Oid scalars[] = {
        [QUIPU_VALUE_BOOL] = TYPE_BOOL,        [QUIPU_VALUE_INT] = TYPE_INT8,
        [QUIPU_VALUE_DOUBLE] = TYPE_FLOAT8,    [QUIPU_VALUE_TEXT] = TYPE_TEXT,
        [QUIPU_VALUE_BYTES] = TYPE_BYTEA,      [QUIPU_VALUE_UUID] = TYPE_UUID,
        [QUIPU_VALUE_TIME] = TYPE_TIMESTAMPTZ,
    };
    static const Oid arrays[] = {
        [QUIPU_VALUE_BOOL] = TYPE_BOOLS,        [QUIPU_VALUE_INT] = TYPE_INT8S,
        [QUIPU_VALUE_DOUBLE] = TYPE_FLOAT8S,    [QUIPU_VALUE_TEXT] = TYPE_TEXTS,
        [QUIPU_VALUE_BYTES] = TYPE_BYTEAS,      [QUIPU_VALUE_UUID] = TYPE_UUIDS,
        [QUIPU_VALUE_TIME] = TYPE_TIMESTAMPTZS,
    };
    return array ? arrays[kind] : scalars[kind];
}

/* The type that a word of `size` bytes names; "seq" depends on the schema. */
static Oid type_of_word(const char *word, size_t size,
                        const quipu_schema *schema)
{
    static const struct {
        const char *word;
        Oid type;
    } types[] = {
        { "int4", TYPE_INT4 },      { "int4[]", TYPE_INT4S },
        { "int8", TYPE_INT8 },      { "int8[]", TYPE_INT8S },
        { "text", TYPE_TEXT },      { "text[]", TYPE_TEXTS },
        { "uuid", TYPE_UUID },      { "uuid[]", TYPE_UUIDS },
        { "bool", TYPE_BOOL },      { "bool[]", TYPE_BOOLS },
        { "bytea[]", TYPE_BYTEAS },
    };
    bool text_ids = (schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strlen(types[i].word) == size &&
            memcmp(types[i].word, word, size) == 0) {
            return types[i].type;
        }
    }
    if (size == strlen("seq")) {
        return text_ids ? TYPE_TEXT : TYPE_UUID;
    }
    return text_ids ? TYPE_TEXTS : TYPE_UUIDS; /* "seq[]" */
}

/* "item" and "item[]": topic, state, and the columns behind them. */
static void add_item_types(struct statement *statement,
                           const quipu_schema *schema, bool arrays)
{
    statement->types[statement->count++] =
        type_of_kind(QUIPU_VALUE_TEXT, arrays);
    statement->types[statement->count++] =
        type_of_kind(QUIPU_VALUE_BYTES, arrays);
    for (size_t i = 0; i < count_further(schema); i++) {
        int kind = 0;
        (void)further(schema, i, &kind);
        statement->types[statement->count++] = type_of_kind(kind, arrays);
    }
}

static bool make_types(const quipu_host *host, const char *words,
                       const quipu_schema *schema, struct statement *statement)
{
    /* Each word but the last has at least four bytes with its blank. */
    size_t most = strlen(words) / 4 + 1 + 2 + count_further(schema);
    statement->types = host->allocate(most * sizeof(*statement->types));
    if (!statement->types) {
        return false;
    }
    while (*words != '\0') {
        size_t size = strcspn(words, " ");
        if (strncmp(words, "item[]", size) == 0) {
            add_item_types(statement, schema, size > strlen("item"));
        } else {
            statement->types[statement->count++] =
                type_of_word(words, size, schema);
        }
        words += size + (words[size] == ' ' ? 1 : 0);
    }
    return true;
}

/* ------------------------------------------------------------------ shapes */

/* The word of a further column in a page: all but the event id may be NULL. */
static void add_shape_of(struct text *text, const quipu_schema *schema,
                         size_t index)
{
    static const char *const kinds[] = {
        [QUIPU_VALUE_BOOL] = " bool?",     [QUIPU_VALUE_INT] = " int8?",
        [QUIPU_VALUE_DOUBLE] = " float8?", [QUIPU_VALUE_TEXT] = " text?",
        [QUIPU_VALUE_BYTES] = " bytea?",   [QUIPU_VALUE_UUID] = " uuid?",
        [QUIPU_VALUE_TIME] = " time?",
    };
    int kind = 0;
    const char *name = further(schema, index, &kind);
    quipu_common_text_add(text,
                          name == schema->event_id ? " uuid" : kinds[kind]);
}

/* The shape of a page, whose columns add_page puts. */
static void add_page_shape(struct text *text, const quipu_schema *schema,
                           const char *word)
{
    bool log = strncmp(word, "log_", 4) == 0;
    bool text_ids = (schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0;
    bool sparse = (schema->flags & QUIPU_SCHEMA_SPARSE) != 0;
    quipu_common_text_add(text, sparse ? "count int8 id" : "count count id");
    quipu_common_text_add(text, " bytea? bool");
    quipu_common_text_add(text, !log ? "" : text_ids ? " id" : " uuid");
    for (size_t i = 0; i < count_further(schema); i++) {
        add_shape_of(text, schema, i);
    }
}

/* Adds the shape with the words that depend on the schema replaced. */
static void add_shape(struct text *text, const char *shape,
                      const quipu_schema *schema)
{
    bool text_ids = (schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0;
    bool sparse = (schema->flags & QUIPU_SCHEMA_SPARSE) != 0;
    quipu_common_text_add(text, "");
    while (*shape != '\0') {
        char word[16] = "";
        size_t size = strcspn(shape, " ?");
        memcpy(word, shape, size < sizeof(word) ? size : sizeof(word) - 1);
        if (strcmp(word, "seq") == 0) {
            quipu_common_text_add(text, text_ids ? "id" : "uuid");
        } else if (strcmp(word, "pos") == 0) {
            quipu_common_text_add(text, sparse ? "int8" : "count");
        } else if (strstr(word, "page") || strstr(word, "large")) {
            add_page_shape(text, schema, word);
        } else {
            quipu_common_text_add(text, word);
        }
        for (shape += size; *shape == ' ' || *shape == '?'; shape++) {
            quipu_common_text_add(text, *shape == ' ' ? " " : "?");
        }
    }
}

/* -------------------------------------------------------------- statements */

int quipu_postgres_template_make(const quipu_host *host,
                                 const struct template_names *names,
                                 const struct sql_template *template,
                                 struct statement *statement,
                                 quipu_error *error)
{
    static const quipu_schema none = { .struct_size = sizeof(none) };
    const quipu_schema *schema = names->schema ? names->schema : &none;
    struct text shape = { .host = host };
    *statement = (struct statement){ .text = NULL };
    statement->text = statement->memory = quipu_postgres_template_text(
        host, names, SAFEGUARD_SQL(template->text));
    add_shape(&shape, template->shape, schema);
    statement->shape = statement->shape_memory = shape.data;
    if (!statement->memory || shape.failed ||
        !make_types(host, template->types, schema, statement)) {
        return quipu_postgres_error_no_memory(host, error);
    }
    quipu_postgres_prepared_name(statement);
    return QUIPU_OK;
}

void quipu_postgres_template_finish(struct statement *statement,
                                    const quipu_host *host)
{
    host->release(statement->memory);
    host->release(statement->types);
    host->release(statement->shape_memory);
    *statement = (struct statement){ .text = NULL };
}
