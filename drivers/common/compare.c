/* SPDX-License-Identifier: Apache-2.0 */
/* A schema against what a catalogue says of it. */
#include "compare.h"

#include "safeguard.h"
#include "schema.h"

#include <stdbool.h>
#include <string.h>

static const char *shown(const char *name)
{
    return name ? name : "(none)";
}

static bool same(const char *a, const char *b)
{
    return !a || !b ? a == b : strcmp(a, b) == 0;
}

static int differs(const quipu_host *host, const quipu_schema *schema,
                   const char *part, const char *wanted, const char *stored,
                   quipu_error *error)
{
    return host->error_set(
        error, QUIPU_CONFLICT, 0, NULL,
        "schema \"%s\" is set up otherwise: its %s is %s, not %s",
        schema->table, part, shown(stored), shown(wanted));
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

int quipu_common_compare_parts(const quipu_host *host,
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
            return differs(host, schema, names[i], wanted[i], stored[i], error);
        }
    }
    return QUIPU_OK;
}

int quipu_common_compare_column(const quipu_host *host,
                                const quipu_schema *schema, size_t number,
                                const char *name, const char *kind,
                                quipu_error *error)
{
    const quipu_column none = { .kind = QUIPU_VALUE_NULL };
    const quipu_column *wanted =
        number < schema->column_count ? &schema->columns[number] : &none;
    if (SAFEGUARDED("F4.further-columns", !same(wanted->name, name), false)) {
        return differs(host, schema, "further column", wanted->name, name,
                       error);
    }
    if (SAFEGUARDED("F4.kinds-of-further-columns",
                    name && wanted->kind != quipu_common_kind_of(kind),
                    false)) {
        return differs(host, schema, "kind of a further column",
                       quipu_common_kind_name(wanted->kind), kind, error);
    }
    return QUIPU_OK;
}
