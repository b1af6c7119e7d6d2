/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions of schemas; the header describes each function. */
#include "schema.h"

#include "safeguard.h"

#include <stdbool.h>
#include <string.h>

static const char *const kinds[] = {
    [QUIPU_VALUE_BOOL] = "bool",     [QUIPU_VALUE_INT] = "int",
    [QUIPU_VALUE_DOUBLE] = "double", [QUIPU_VALUE_TEXT] = "text",
    [QUIPU_VALUE_BYTES] = "bytes",   [QUIPU_VALUE_UUID] = "uuid",
    [QUIPU_VALUE_TIME] = "time",
};

const char *quipu_common_schema_kind_name(int kind)
{
    return kind > 0 && kind < (int)(sizeof(kinds) / sizeof(kinds[0]))
               ? kinds[kind]
               : NULL;
}

int quipu_common_schema_kind_of(const char *name)
{
    int kind = (int)(sizeof(kinds) / sizeof(kinds[0])) - 1;
    while (kind > 0 && (!name || strcmp(name, kinds[kind]) != 0)) {
        kind--;
    }
    return kind;
}

/* The number of bytes that a copy of a name takes. */
static size_t name_size(const char *name)
{
    return name ? strlen(name) + 1 : 0;
}

/* Copies a name to *at, and moves *at behind it. */
static const char *put_name(char **at, const char *name)
{
    size_t size = name_size(name);
    char *copy = *at;
    if (size == 0) {
        return NULL;
    }
    memcpy(copy, name, size);
    *at += size;
    return copy;
}

static size_t names_size(const quipu_schema *schema)
{
    size_t size = name_size(schema->table) +
                  name_size(schema->notification_id) +
                  name_size(schema->sequence_id) + name_size(schema->position) +
                  name_size(schema->topic) + name_size(schema->state) +
                  name_size(schema->event_id) + name_size(schema->metadata) +
                  name_size(schema->time);
    for (size_t i = 0; i < schema->column_count; i++) {
        size += name_size(schema->columns[i].name);
    }
    return size;
}

/* The block holds first the columns, then all names. */
char *quipu_common_schema_copy(const quipu_host *host, const quipu_schema *from,
                               quipu_schema *to)
{
    size_t columns = from->column_count * sizeof(*from->columns);
    char *block = host->allocate(columns + names_size(from));
    if (!block) {
        return NULL;
    }
    quipu_column *column = (quipu_column *)(void *)block;
    char *at = block + columns;
    *to = *from;
    to->columns = from->column_count > 0 ? column : NULL;
    to->table = put_name(&at, from->table);
    to->notification_id = put_name(&at, from->notification_id);
    to->sequence_id = put_name(&at, from->sequence_id);
    to->position = put_name(&at, from->position);
    to->topic = put_name(&at, from->topic);
    to->state = put_name(&at, from->state);
    to->event_id = put_name(&at, from->event_id);
    to->metadata = put_name(&at, from->metadata);
    to->time = put_name(&at, from->time);
    for (size_t i = 0; i < from->column_count; i++) {
        column[i] =
            (quipu_column){ .name = put_name(&at, from->columns[i].name),
                            .kind = from->columns[i].kind };
    }
    return block;
}

/* -------------------------------------------- comparison with a catalogue */

static const char *shown(const char *name)
{
    return name ? name : "(none)";
}

static bool same(const char *a, const char *b)
{
    return !a || !b ? a == b : strcmp(a, b) == 0;
}

/* A part of a schema that a catalogue has otherwise. */
struct difference {
    const char *part;
    const char *wanted;
    const char *stored;
    const char *advice; /* or "" */
};

static int differs(const quipu_host *host, const quipu_schema *schema,
                   const struct difference *difference, quipu_error *error)
{
    return host->error_set(
        error, QUIPU_CONFLICT, 0, NULL,
        "schema \"%s\" exists with a different definition: its %s is %s, "
        "expected %s%s",
        schema->table, difference->part, shown(difference->stored),
        shown(difference->wanted), difference->advice);
}

void quipu_common_schema_parts(const quipu_schema *schema,
                               const char *parts[SCHEMA_PARTS])
{
    const char *const all[SCHEMA_PARTS] = {
        (schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0 ? "text" : "uuid",
        (schema->flags & QUIPU_SCHEMA_SPARSE) != 0 ? "sparse" : "contiguous",
        schema->notification_id,
        schema->sequence_id,
        schema->position,
        schema->topic,
        schema->state,
        schema->event_id,
        schema->metadata,
        schema->time,
    };
    memcpy(parts, all, sizeof(all));
}

int quipu_common_schema_compare_parts(const quipu_host *host,
                                      const quipu_schema *schema,
                                      const char *const stored[SCHEMA_PARTS],
                                      quipu_error *error)
{
    static const char *const names[SCHEMA_PARTS] = {
        "kind of ids", "kind of positions", "notification id",
        "sequence id", "position",          "topic",
        "state",       "event id",          "metadata",
        "time",
    };
    const char *wanted[SCHEMA_PARTS];
    quipu_common_schema_parts(schema, wanted);
    for (size_t i = 0; i < SCHEMA_PARTS; i++) {
        if (SAFEGUARDED("F4.names-of-columns", true, i < 2) &&
            SAFEGUARDED("F4.kinds-of-ids-and-positions", true, i > 1) &&
            !same(wanted[i], stored[i])) {
            const struct difference difference = {
                names[i], wanted[i], stored[i],
                stored[i] ? ""
                          : "; such a column cannot be added to a schema with "
                            "items: copy the events to a new schema"
            };
            return differs(host, schema, &difference, error);
        }
    }
    return QUIPU_OK;
}

int quipu_common_schema_compare_column(const quipu_host *host,
                                       const quipu_schema *schema,
                                       size_t number, const char *name,
                                       const char *kind, quipu_error *error)
{
    const quipu_column none = { .kind = QUIPU_VALUE_NULL };
    const quipu_column *wanted =
        number < schema->column_count ? &schema->columns[number] : &none;
    if (SAFEGUARDED("F4.further-columns", !same(wanted->name, name), false)) {
        const struct difference difference = {
            "further column", wanted->name, name,
            !name           ? "; quipu_datastore_alter and quipu alter add it"
            : !wanted->name ? "; it was added later: open the schema with it"
                            : ""
        };
        return differs(host, schema, &difference, error);
    }
    if (SAFEGUARDED("F4.kinds-of-further-columns",
                    name && wanted->kind != quipu_common_schema_kind_of(kind),
                    false)) {
        const struct difference difference = {
            "kind of a further column",
            quipu_common_schema_kind_name(wanted->kind), kind, ""
        };
        return differs(host, schema, &difference, error);
    }
    return QUIPU_OK;
}
