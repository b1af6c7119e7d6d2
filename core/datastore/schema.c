/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schemas: the presets, the checks that every schema must pass before a driver
 * sees it (F2), and copies.
 *
 * The rules for names are those that every back end can keep: at most 63 bytes
 * (PostgreSQL cuts longer ones), no two names of one table that differ only in
 * case (SQLite folds ASCII case), no prefix that quipu or a back end reserves,
 * and no name of a system column.  Names are always quoted by drivers, so that
 * keywords and blanks are allowed.
 */
#include "datastore/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/structs.h"
#include "base/utf8.h"

/* ------------------------------------------------------------------ presets */

static const quipu_schema sequenced_items = {
    .struct_size = sizeof(quipu_schema),
    .table = "sequenced_items",
    .notification_id = "id",
    .sequence_id = "sequence_id",
    .position = "position",
    .topic = "topic",
    .state = "state",
    .event_id = "event_id",
};

static const quipu_schema stored_events = {
    .struct_size = sizeof(quipu_schema),
    .table = "stored_events",
    .notification_id = "id",
    .sequence_id = "aggregate_id",
    .position = "aggregate_version",
    .topic = "event_type",
    .state = "state",
    .event_id = "event_id",
};

const quipu_schema *quipu_schema_sequenced_items(void)
{
    return &sequenced_items;
}

const quipu_schema *quipu_schema_stored_events(void)
{
    return &stored_events;
}

void quipu_schema_init(quipu_schema *schema, size_t size,
                       const quipu_schema *preset)
{
    uint32_t given = (uint32_t)size;

    if (!schema || size < sizeof(given)) {
        return;
    }
    memset(schema, 0, size);
    if (preset) {
        size_t there = preset->struct_size;
        memcpy(schema, preset, there < size ? there : size);
    }
    memcpy(schema, &given, sizeof(given));
}

/* ------------------------------------------------------------------- checks */

#define FLAGS (QUIPU_SCHEMA_TEXT_IDS | QUIPU_SCHEMA_SPARSE)

/* The number of columns that are members of quipu_schema themselves, in the
 * order of the struct; further columns are in its array. */
enum { OWN_COLUMNS = 8 };

static const char *const reserved_prefixes[] = { "quipu_", "sqlite_", "pg_" };

/* PostgreSQL's system columns, then SQLite's. */
static const char *const system_columns[] = { "oid",  "tableoid", "xmin",
                                              "cmin", "xmax",     "cmax",
                                              "ctid", "rowid",    "_rowid_" };

/* Converts ASCII letters to lower case; tolower would depend on the locale. */
static int fold(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Returns true if two texts, or their first `size` bytes, are equal except for
 * the case of ASCII letters. */
static bool equal_ignoring_case(const char *a, const char *b, size_t size)
{
    size_t i = 0;
    while (i < size && a[i] && fold(a[i]) == fold(b[i])) {
        i++;
    }
    return i == size || a[i] == b[i];
}

static bool is_system_column(const char *name)
{
    size_t count = sizeof(system_columns) / sizeof(system_columns[0]);
    for (size_t i = 0; i < count; i++) {
        if (equal_ignoring_case(name, system_columns[i], SIZE_MAX)) {
            return true;
        }
    }
    return false;
}

/* Checks a name; `what` says in messages what it names ("table"). */
static int check_name(const char *name, const char *what, quipu_error *error)
{
    size_t size = strnlen(name, QUIPU_NAME_MAX + 1);
    size_t count = sizeof(reserved_prefixes) / sizeof(reserved_prefixes[0]);
    if (size == 0 || size > QUIPU_NAME_MAX) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the schema's name for %s is %s; it must have "
                               "1 to %d bytes",
                               what, size == 0 ? "empty" : "too long",
                               QUIPU_NAME_MAX);
    }
    if (!quipu_utf8_valid((quipu_bytes){ name, size })) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the schema's name for %s is not UTF-8", what);
    }
    for (size_t i = 0; i < count; i++) {
        const char *prefix = reserved_prefixes[i];
        if (equal_ignoring_case(name, prefix, strlen(prefix))) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "the schema's name for %s, \"%s\", begins "
                                   "with \"%s\", which is reserved",
                                   what, name, prefix);
        }
    }
    return QUIPU_OK;
}

/* Checks the name of a column. */
static int check_column(const char *name, const char *what, quipu_error *error)
{
    int status = check_name(name, what, error);
    if (status == QUIPU_OK && is_system_column(name)) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "the schema's name for %s, \"%s\", is a "
                                 "system column of a back end",
                                 what, name);
    }
    return status;
}

/* A column that is a member of quipu_schema. */
struct own_column {
    const char *name; /* NULL: left out */
    const char *what; /* the member */
    bool required;
};

static void own_columns(const quipu_schema *schema,
                        struct own_column own[OWN_COLUMNS])
{
    own[0] =
        (struct own_column){ schema->notification_id, "notification_id", true };
    own[1] = (struct own_column){ schema->sequence_id, "sequence_id", true };
    own[2] = (struct own_column){ schema->position, "position", true };
    own[3] = (struct own_column){ schema->topic, "topic", true };
    own[4] = (struct own_column){ schema->state, "state", true };
    own[5] = (struct own_column){ schema->event_id, "event_id", false };
    own[6] = (struct own_column){ schema->metadata, "metadata", false };
    own[7] = (struct own_column){ schema->time, "time", false };
}

static int missing(const char *what, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INVALID,
                           "the schema has no name for %s", what);
}

static int check_own(const struct own_column own[OWN_COLUMNS],
                     quipu_error *error)
{
    for (size_t i = 0; i < OWN_COLUMNS; i++) {
        int status = QUIPU_OK;
        if (own[i].name) {
            status = check_column(own[i].name, own[i].what, error);
        } else if (own[i].required) {
            status = missing(own[i].what, error);
        }
        if (status != QUIPU_OK) {
            return status;
        }
    }
    return QUIPU_OK;
}

static int check_further(const quipu_column *column, size_t index,
                         quipu_error *error)
{
    char what[40];
    snprintf(what, sizeof(what), "columns[%zu]", index);
    if (!column->name) {
        return missing(what, error);
    }
    if (column->kind < QUIPU_VALUE_BOOL || column->kind > QUIPU_VALUE_TIME) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the schema's %s has kind %" PRId32
                               ", which is not in enum quipu_value_kind",
                               what, column->kind);
    }
    if (column->reserved || column->reserved2[0] || column->reserved2[1]) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the schema's %s has a reserved member that "
                               "is not 0",
                               what);
    }
    return check_column(column->name, what, error);
}

/* Returns the name at `index` of all columns, the members of the struct first;
 * NULL: left out. */
static const char *name_at(const quipu_schema *schema,
                           const struct own_column own[OWN_COLUMNS],
                           size_t index)
{
    return index < OWN_COLUMNS ? own[index].name
                               : schema->columns[index - OWN_COLUMNS].name;
}

/* Compares each pair of column names. */
static int check_distinct(const quipu_schema *schema,
                          const struct own_column own[OWN_COLUMNS],
                          quipu_error *error)
{
    size_t count = OWN_COLUMNS + schema->column_count;
    for (size_t i = 0; i < count; i++) {
        const char *one = name_at(schema, own, i);
        for (size_t j = i + 1; one && j < count; j++) {
            const char *other = name_at(schema, own, j);
            if (other && equal_ignoring_case(one, other, SIZE_MAX)) {
                return quipu_error_set(
                    error, QUIPU_INVALID,
                    "the schema's column names \"%s\" and \"%s\" %s", one,
                    other,
                    strcmp(one, other) == 0 ? "are the same"
                                            : "differ only in case");
            }
        }
    }
    return QUIPU_OK;
}

static int check_counts(const quipu_schema *schema, quipu_error *error)
{
    if (schema->flags & ~(uint32_t)FLAGS) {
        return quipu_error_set(
            error, QUIPU_INVALID, "the schema has the unknown flag 0x%lx",
            (unsigned long)(schema->flags & ~(uint32_t)FLAGS));
    }
    if (schema->column_count > QUIPU_COLUMNS_MAX) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the schema has %zu further columns; at most "
                               "%d are possible",
                               schema->column_count, QUIPU_COLUMNS_MAX);
    }
    if (schema->column_count > 0 && !schema->columns) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the schema has %zu further columns, but "
                               "columns is NULL",
                               schema->column_count);
    }
    return schema->table ? check_name(schema->table, "table", error)
                         : missing("table", error);
}

int quipu_schema_take(quipu_schema *local, const quipu_schema *given,
                      quipu_error *error)
{
    struct own_column own[OWN_COLUMNS];
    int status =
        quipu_struct_take(local, sizeof(*local), given, "schema", error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = check_counts(local, error);
    if (status != QUIPU_OK) {
        return status;
    }
    own_columns(local, own);
    status = check_own(own, error);
    for (size_t i = 0; status == QUIPU_OK && i < local->column_count; i++) {
        status = check_further(&local->columns[i], i, error);
    }
    return status == QUIPU_OK ? check_distinct(local, own, error) : status;
}

int quipu_schema_check(const quipu_schema *schema, quipu_error *error)
{
    quipu_schema local;
    return quipu_schema_take(&local, schema, error);
}

/* ------------------------------------------------------------------- copies */

/* The number of names that are members of quipu_schema. */
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

/* Returns the bytes of a deep copy. */
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

/* Copies `text` to *room, and advances *room behind it. */
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
