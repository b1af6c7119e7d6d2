/* SPDX-License-Identifier: Apache-2.0 */
/* The check that every schema must pass before a driver sees it (F2). */
#include "records/schemas.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <quipu/error.h>

#include "base/structs.h"
#include "base/utf8.h"

#define FLAGS (QUIPU_SCHEMA_TEXT_IDS | QUIPU_SCHEMA_SPARSE)

/* The columns that have members of their own, in the struct's order. */
enum { OWN_COLUMNS = 8 };

static const char *const reserved_prefixes[] = { "quipu_", "sqlite_", "pg_" };

/* PostgreSQL's system columns, then SQLite's. */
static const char *const system_columns[] = { "oid",  "tableoid", "xmin",
                                              "cmin", "xmax",     "cmax",
                                              "ctid", "rowid",    "_rowid_" };

/* ASCII only: strcasecmp would ask the locale. */
static int fold(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Whether the texts, or their first `size` bytes, differ in case at most. */
static bool same_but_case(const char *a, const char *b, size_t size)
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
        if (same_but_case(name, system_columns[i], SIZE_MAX)) {
            return true;
        }
    }
    return false;
}

/* `what` says whose name it is. */
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
        if (same_but_case(name, prefix, strlen(prefix))) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "the schema's name for %s, \"%s\", begins "
                                   "with \"%s\", which is reserved",
                                   what, name, prefix);
        }
    }
    return QUIPU_OK;
}

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

struct own {
    const char *name;
    const char *what;
    bool required;
};

static void own_columns(const quipu_schema *schema, struct own own[OWN_COLUMNS])
{
    own[0] = (struct own){ schema->notification_id, "notification_id", true };
    own[1] = (struct own){ schema->sequence_id, "sequence_id", true };
    own[2] = (struct own){ schema->position, "position", true };
    own[3] = (struct own){ schema->topic, "topic", true };
    own[4] = (struct own){ schema->state, "state", true };
    own[5] = (struct own){ schema->event_id, "event_id", false };
    own[6] = (struct own){ schema->metadata, "metadata", false };
    own[7] = (struct own){ schema->time, "time", false };
}

static int missing(const char *what, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INVALID,
                           "the schema has no name for %s", what);
}

static int check_own(const struct own own[OWN_COLUMNS], quipu_error *error)
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
                               ", which is none (enum quipu_value_kind)",
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

/* The name at `index` of all columns, own ones first; NULL: left out. */
static const char *name_at(const quipu_schema *schema,
                           const struct own own[OWN_COLUMNS], size_t index)
{
    return index < OWN_COLUMNS ? own[index].name
                               : schema->columns[index - OWN_COLUMNS].name;
}

static int check_distinct(const quipu_schema *schema,
                          const struct own own[OWN_COLUMNS], quipu_error *error)
{
    size_t count = OWN_COLUMNS + schema->column_count;
    for (size_t i = 0; i < count; i++) {
        const char *one = name_at(schema, own, i);
        for (size_t j = i + 1; one && j < count; j++) {
            const char *other = name_at(schema, own, j);
            if (other && same_but_case(one, other, SIZE_MAX)) {
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
    struct own own[OWN_COLUMNS];
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
