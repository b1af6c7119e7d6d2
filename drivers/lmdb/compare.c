/* SPDX-License-Identifier: Apache-2.0 */
/* A schema against what the catalogue says of it. */
#include "lmdb_driver.h"

#include <string.h>

static int differs(quipu_driver_datastore *datastore,
                   const quipu_schema *schema, const char *part,
                   const char *wanted, const char *stored, quipu_error *error)
{
    return datastore->host->error_set(
        error, QUIPU_CONFLICT, 0, NULL,
        "schema \"%s\" is set up otherwise: its %s is %s, not %s",
        schema->table, part, stored != NULL ? stored : "(none)",
        wanted != NULL ? wanted : "(none)");
}

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static const char *ids_of(const quipu_schema *schema)
{
    return (schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0 ? "text" : "uuid";
}

static const char *positions_of(const quipu_schema *schema)
{
    return (schema->flags & QUIPU_SCHEMA_SPARSE) != 0 ? "sparse" : "contiguous";
}

static int compare_columns(quipu_driver_datastore *datastore,
                           const quipu_schema *wanted,
                           const quipu_schema *stored, quipu_error *error)
{
    size_t count = wanted->column_count > stored->column_count
                       ? wanted->column_count
                       : stored->column_count;
    for (size_t i = 0; i < count; i++) {
        const quipu_column none = { .kind = QUIPU_VALUE_NULL };
        const quipu_column *ours =
            i < wanted->column_count ? &wanted->columns[i] : &none;
        const quipu_column *theirs =
            i < stored->column_count ? &stored->columns[i] : &none;
        if (!same(ours->name, theirs->name)) {
            return differs(datastore, wanted, "further column", ours->name,
                           theirs->name, error);
        }
        if (ours->kind != theirs->kind) {
            return differs(datastore, wanted, "kind of a further column",
                           quipu_shared_kind_name(ours->kind),
                           quipu_shared_kind_name(theirs->kind), error);
        }
    }
    return QUIPU_OK;
}

int quipu_lmdb_compare(quipu_driver_datastore *datastore,
                       const quipu_schema *wanted, const quipu_schema *stored,
                       quipu_error *error)
{
    const struct {
        const char *part;
        const char *wanted;
        const char *stored;
    } parts[] = {
        { "kind of ids", ids_of(wanted), ids_of(stored) },
        { "kind of positions", positions_of(wanted), positions_of(stored) },
        { "notification id", wanted->notification_id, stored->notification_id },
        { "sequence id", wanted->sequence_id, stored->sequence_id },
        { "position", wanted->position, stored->position },
        { "topic", wanted->topic, stored->topic },
        { "state", wanted->state, stored->state },
        { "event id", wanted->event_id, stored->event_id },
        { "metadata", wanted->metadata, stored->metadata },
        { "time", wanted->time, stored->time },
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!same(parts[i].wanted, parts[i].stored)) {
            return differs(datastore, wanted, parts[i].part, parts[i].wanted,
                           parts[i].stored, error);
        }
    }
    return compare_columns(datastore, wanted, stored, error);
}
