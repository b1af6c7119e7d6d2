/* SPDX-License-Identifier: Apache-2.0 */
/* Comparison of items, schemas, logs and whole stores. */
#include "compare.h"
#include "copy.h"
#include "entries.h"
#include "schema_names.h"

#include <inttypes.h>
#include <string.h>

/* Compares doubles bit by bit, so that -0.0 differs from 0.0. */
static bool same_value(const quipu_value *a, const quipu_value *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case QUIPU_VALUE_BOOL:
    case QUIPU_VALUE_INT:
    case QUIPU_VALUE_TIME:
        return a->as.integer == b->as.integer;
    case QUIPU_VALUE_DOUBLE:
        /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
        return memcmp(&a->as.real, &b->as.real, sizeof(a->as.real)) == 0;
    case QUIPU_VALUE_TEXT:
    case QUIPU_VALUE_BYTES:
    case QUIPU_VALUE_UUID:
        return quipu_bytes_equal(a->as.bytes, b->as.bytes);
    default:
        return true;
    }
}

static bool same_columns(const quipu_item *a, const quipu_item *b)
{
    if (a->column_count != b->column_count) {
        return false;
    }
    for (size_t i = 0; i < a->column_count; i++) {
        if (!same_value(&a->columns[i], &b->columns[i])) {
            return false;
        }
    }
    return true;
}

static bool same_time(const quipu_item *a, const quipu_item *b)
{
    const bool timed = (a->flags & QUIPU_ITEM_TIME) != 0;

    return timed == ((b->flags & QUIPU_ITEM_TIME) != 0) &&
           (!timed || a->time.microseconds == b->time.microseconds);
}

const char *copy_compare_items(const quipu_item *a, const quipu_item *b)
{
    if (a->notification_id != b->notification_id) {
        return "notification id";
    }
    if (!quipu_bytes_equal(a->sequence_id, b->sequence_id)) {
        return "sequence id";
    }
    if (a->position != b->position) {
        return "position";
    }
    if (!quipu_bytes_equal(a->event_id, b->event_id)) {
        return "event id";
    }
    if (!quipu_bytes_equal(a->topic, b->topic)) {
        return "topic";
    }
    if ((a->flags & QUIPU_ITEM_ERASED) != (b->flags & QUIPU_ITEM_ERASED)) {
        return "erasure";
    }
    if (!quipu_bytes_equal(a->state, b->state)) {
        return "state";
    }
    if (!quipu_bytes_equal(a->metadata, b->metadata)) {
        return "metadata";
    }
    if (!same_time(a, b)) {
        return "time";
    }
    return same_columns(a, b) ? NULL : "further columns";
}

static bool same_name(const char *a, const char *b)
{
    return !a || !b ? a == b : strcmp(a, b) == 0;
}

const char *copy_compare_schemas(const quipu_schema *a, const quipu_schema *b)
{
    if ((a->flags ^ b->flags) & QUIPU_SCHEMA_TEXT_IDS) {
        return "kind of sequence ids";
    }
    if ((a->flags ^ b->flags) & QUIPU_SCHEMA_SPARSE) {
        return "kind of positions";
    }
    for (int i = 0; i < SCHEMA_NAMES_COLUMNS; i++) {
        const char *word = NULL;
        const char *name = schema_names_column(a, i, &word);

        if (!same_name(name, schema_names_column(b, i, &word))) {
            return word;
        }
    }
    if (a->column_count != b->column_count) {
        return "number of further columns";
    }
    for (size_t i = 0; i < a->column_count; i++) {
        if (a->columns[i].kind != b->columns[i].kind ||
            !same_name(a->columns[i].name, b->columns[i].name)) {
            return "further columns";
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- logs */

static int open_log(quipu_records *records, int64_t head, quipu_cursor **cursor,
                    quipu_error *error)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_LTE,
                                .lte = head };

    return quipu_records_read_log(records, &query, cursor, error);
}

/* Compares the items of both logs at one notification id; NULL where a log has
 * ended. */
static int compare_pair(const struct comparison *comparison, int64_t expected,
                        const quipu_item *from, const quipu_item *to,
                        quipu_error *error)
{
    const char *table = quipu_records_schema(comparison->to)->table;

    if (!from || from->notification_id != expected) {
        return quipu_error_set(error, QUIPU_CORRUPT,
                               "the log of '%s' in the source store lacks "
                               "notification id %lld; run quipu verify on it",
                               quipu_records_schema(comparison->from)->table,
                               (long long)expected);
    }
    const char *difference = !to ? "existence" : copy_compare_items(from, to);
    if (difference) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "the two stores differ at notification id %lld "
                               "of '%s', in the item's %s",
                               (long long)expected, table, difference);
    }
    return QUIPU_OK;
}

static int compare_open_logs(const struct comparison *comparison,
                             quipu_cursor *from, quipu_cursor *to,
                             quipu_error *error)
{
    const char *table = quipu_records_schema(comparison->to)->table;
    int status = QUIPU_OK;

    for (int64_t id = 1; status == QUIPU_OK && id <= comparison->head; id++) {
        const quipu_item *from_item = NULL;
        const quipu_item *to_item = NULL;

        status = quipu_cursor_next(from, &from_item, error);
        if (status == QUIPU_OK) {
            status = quipu_cursor_next(to, &to_item, error);
        }
        if (status == QUIPU_OK) {
            status = compare_pair(comparison, id, from_item, to_item, error);
        }
        progress_show(comparison->progress, table, "comparing", id,
                      comparison->head);
    }
    return status;
}

int copy_compare_logs(const struct comparison *comparison, quipu_error *error)
{
    quipu_cursor *from = NULL;
    quipu_cursor *to = NULL;
    int status = open_log(comparison->from, comparison->head, &from, error);

    if (status == QUIPU_OK) {
        status = open_log(comparison->to, comparison->head, &to, error);
    }
    if (status == QUIPU_OK) {
        status = compare_open_logs(comparison, from, to, error);
    }
    quipu_cursor_close(to);
    quipu_cursor_close(from);
    return status;
}

/* -------------------------------------------------------------- stores */

static int compare_schema(struct copy *copy, const struct copy_schema *schema,
                          quipu_error *error)
{
    const struct comparison comparison = { .from = schema->from,
                                           .to = schema->to.records,
                                           .head = schema->head,
                                           .progress = &copy->progress };
    quipu_position head;

    if (!schema->open) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "the schema '%s' was not copied", schema->table);
    }
    int status = copy_compare_logs(&comparison, error);
    if (status == QUIPU_OK) {
        status = quipu_records_head(schema->to.records, &head, error);
    }
    if (status == QUIPU_OK && head.notification_id != schema->head) {
        return quipu_error_set(
            error, QUIPU_CONFLICT,
            "the log of '%s' ends at %" PRId64 " instead of %" PRId64
            ", because another program appends to it",
            schema->table, head.notification_id, schema->head);
    }
    return status;
}

static int compare_trackings(struct copy *copy, quipu_error *error)
{
    struct tracking_list there = { 0 };
    int status = tracking_read(copy->to, &there, error);

    if (status == QUIPU_OK) {
        status = tracking_compare(&copy->trackings, &there, false, error);
    }
    tracking_finish(&there);
    return status;
}

int copy_compare_stores(struct copy *copy, quipu_error *error)
{
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < copy->from.count; i++) {
        status = compare_schema(copy, &copy->schemas[i], error);
    }
    if (status == QUIPU_OK && copy->tracked) {
        status = compare_trackings(copy, error);
    }
    return status == QUIPU_OK ? copy_entries_compare(copy, error) : status;
}
