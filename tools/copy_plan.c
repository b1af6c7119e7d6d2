/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be copied, and what stands against it. */
#include "compare.h"
#include "copy.h"
#include "text.h"

#include <inttypes.h>
#include <string.h>

int quipu_tool_copy_open(struct copy *copy, struct copy_schema *schema,
                         quipu_error *error)
{
    quipu_schema as = *quipu_records_schema(schema->from);
    quipu_records *records = NULL;
    int status;

    as.table = schema->table;
    status = quipu_records_open(copy->to, &as, &records, error);
    if (status == QUIPU_OK) {
        status = quipu_tool_writer_init(&schema->to, records, error);
        schema->open = true;
    }
    return status;
}

/* ------------------------------------------------------- what is copied */

/* The tracking records first: none is then above the heads. */
static int read_source(struct copy *copy, quipu_error *error)
{
    int status = QUIPU_OK;

    if (copy->tracked) {
        status = quipu_tool_tracking_read(copy->from.datastore,
                                          &copy->trackings, error);
    }
    for (size_t i = 0; status == QUIPU_OK && i < copy->from.count; i++) {
        struct copy_schema *schema = &copy->schemas[i];
        quipu_position head;

        schema->from = copy->from.schemas[i].records;
        schema->table =
            copy->args->as ? copy->args->as : copy->from.schemas[i].table;
        status = quipu_records_head(schema->from, &head, error);
        schema->head = status == QUIPU_OK ? head.notification_id : 0;
    }
    quipu_tool_tracking_move(&copy->trackings, &copy->from_info.identity,
                             &copy->to_info.identity);
    return status;
}

/* ------------------------------------------------- what the target can */

static bool is_same_store(const struct copy *copy)
{
    const quipu_datastore_info *from = &copy->from_info;
    const quipu_datastore_info *to = &copy->to_info;

    return strcmp(from->uri, to->uri) == 0 &&
           strcmp(from->name_space, to->name_space) == 0 &&
           (!copy->args->as ||
            strcmp(copy->args->as, copy->args->schemas[0]) == 0);
}

static int check_abilities(const struct copy *copy, quipu_error *error)
{
    const quipu_datastore_info *to = &copy->to_info;

    if (is_same_store(copy)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "both URIs name the same store");
    }
    if (to->readonly && (copy->args->given & OPTION_VERIFY_ONLY) == 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the store that is to be copied to is opened "
                               "with readonly=yes");
    }
    if ((to->capabilities & QUIPU_CAN_LOG) == 0) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "driver '%s' keeps no log, so the order of "
                               "items would be lost",
                               to->driver);
    }
    if (copy->trackings.count == 0) {
        return QUIPU_OK;
    }
    if ((to->capabilities & QUIPU_CAN_TRACK) == 0) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "driver '%s' keeps no tracking records, and "
                               "there are %zu; choose schemas with --schema "
                               "to leave them out",
                               to->driver, copy->trackings.count);
    }
    return copy->from.count > 0
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_UNSUPPORTED,
                                 "there are tracking records but no schema, "
                                 "and such a store cannot be made");
}

/* The largest state, metadata or further column of an item. */
static uint64_t largest(const quipu_item *item)
{
    size_t size = item->state.size > item->metadata.size ? item->state.size
                                                         : item->metadata.size;

    for (size_t i = 0; i < item->column_count; i++) {
        const quipu_value *value = &item->columns[i];

        if ((value->kind == QUIPU_VALUE_TEXT ||
             value->kind == QUIPU_VALUE_BYTES) &&
            value->as.bytes.size > size) {
            size = value->as.bytes.size;
        }
    }
    return size;
}

static int check_sizes_of(struct copy *copy, const struct copy_schema *schema,
                          quipu_error *error)
{
    const uint64_t limit = copy->to_info.limits.state_size;
    const quipu_item *item = NULL;
    quipu_cursor *cursor = NULL;
    int status = quipu_records_read_log(schema->from, NULL, &cursor, error);

    if (status == QUIPU_OK) {
        status = quipu_cursor_next(cursor, &item, error);
    }
    while (status == QUIPU_OK && item) {
        if (largest(item) > limit) {
            status = quipu_error_set(
                error, QUIPU_UNSUPPORTED,
                "notification id %" PRId64 " of '%s' has %" PRIu64 " bytes in "
                "one value, and driver '%s' takes %" PRIu64,
                item->notification_id,
                quipu_records_schema(schema->from)->table, largest(item),
                copy->to_info.driver, limit);
            break;
        }
        quipu_tool_progress(&copy->progress, schema->table, "measuring",
                            item->notification_id, schema->head);
        status = quipu_cursor_next(cursor, &item, error);
    }
    quipu_cursor_close(cursor);
    return status;
}

/* Reads everything once more, but only where something could be too large. */
static int check_sizes(struct copy *copy, quipu_error *error)
{
    int status = QUIPU_OK;

    if (copy->to_info.limits.state_size >= copy->from_info.limits.state_size) {
        return QUIPU_OK;
    }
    for (size_t i = 0; status == QUIPU_OK && i < copy->from.count; i++) {
        status = check_sizes_of(copy, &copy->schemas[i], error);
    }
    return status;
}

/* ---------------------------------------------- what the target holds */

/* A schema that is there: it must be that of the plan, with its first items. */
static int check_schema(struct copy *copy, struct copy_schema *schema,
                        const quipu_schema *there, quipu_error *error)
{
    const char *difference =
        quipu_tool_compare_schemas(quipu_records_schema(schema->from), there);
    struct comparison comparison = { .from = schema->from,
                                     .progress = &copy->progress };
    int status;

    if (difference) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "the schema '%s' is there already with another "
                               "definition: the %s differs",
                               schema->table, difference);
    }
    status = quipu_tool_copy_open(copy, schema, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (schema->to.head > schema->head) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "the schema '%s' is there already with more "
                               "items (%" PRId64 ") than there are to copy "
                               "(%" PRId64 ")",
                               schema->table, schema->to.head, schema->head);
    }
    comparison.to = schema->to.records;
    comparison.head = schema->to.head;
    return quipu_tool_compare_logs(&comparison, error);
}

static struct copy_schema *find(const struct copy *copy, const char *table)
{
    for (size_t i = 0; i < copy->from.count; i++) {
        if (strcmp(copy->schemas[i].table, table) == 0) {
            return &copy->schemas[i];
        }
    }
    return NULL;
}

static int check_listed(struct copy *copy, const quipu_schema *there,
                        quipu_error *error)
{
    struct copy_schema *schema = find(copy, there->table);

    if (schema) {
        return check_schema(copy, schema, there, error);
    }
    if (copy->args->schema_count > 0) {
        return QUIPU_OK; /* schemas do not touch each other */
    }
    return quipu_error_set(error, QUIPU_CONFLICT,
                           "the store to copy to holds something else, the "
                           "schema '%s'; use --schema to copy beside it",
                           there->table);
}

static int check_schemas(struct copy *copy, quipu_error *error)
{
    quipu_schemas *listing = NULL;
    const quipu_schema *there = NULL;
    int status = quipu_schemas_open(copy->to, &listing, error);

    if (status == QUIPU_OK) {
        status = quipu_schemas_next(listing, &there, error);
    }
    while (status == QUIPU_OK && there) {
        status = check_listed(copy, there, error);
        if (status == QUIPU_OK) {
            status = quipu_schemas_next(listing, &there, error);
        }
    }
    quipu_schemas_close(listing);
    return status;
}

static int check_trackings(struct copy *copy, quipu_error *error)
{
    const unsigned allowed =
        TRACKING_BEHIND | (copy->args->schema_count > 0 ? TRACKING_MORE : 0);
    struct tracking_list there = { 0 };
    int status = QUIPU_OK;

    if (copy->tracked) {
        status = quipu_tool_tracking_read(copy->to, &there, error);
    }
    if (status == QUIPU_OK && copy->tracked) {
        status = quipu_tool_tracking_compare(&copy->trackings, &there, allowed,
                                             error);
    }
    quipu_tool_tracking_finish(&there);
    return status;
}

/* A new name may be one that no store can hold. */
static int check_name(const struct copy *copy, quipu_error *error)
{
    quipu_schema as;

    if (!copy->args->as) {
        return QUIPU_OK;
    }
    as = *quipu_records_schema(copy->schemas[0].from);
    as.table = copy->args->as;
    return quipu_schema_check(&as, error);
}

int quipu_tool_copy_plan(struct copy *copy, quipu_error *error)
{
    int status = read_source(copy, error);

    if (status == QUIPU_OK) {
        status = check_abilities(copy, error);
    }
    if (status == QUIPU_OK) {
        status = check_name(copy, error);
    }
    if (status == QUIPU_OK) {
        status = check_trackings(copy, error);
    }
    if (status == QUIPU_OK) {
        status = check_schemas(copy, error);
    }
    return status == QUIPU_OK ? check_sizes(copy, error) : status;
}
