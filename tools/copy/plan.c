/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of a copy: the items to copy, and the checks of the target. */
#include "args.h"
#include "compare.h"
#include "copy.h"
#include "entries.h"

#include <inttypes.h>
#include <string.h>

int copy_plan_open_schema(struct copy *copy, struct copy_schema *schema,
                          quipu_error *error)
{
    quipu_schema as = *quipu_records_schema(schema->from);
    quipu_records *records = NULL;

    as.table = schema->table;
    int status = quipu_records_open(copy->to, &as, &records, error);
    if (status == QUIPU_OK) {
        status = load_init(&schema->to, records, error);
        schema->open = true;
    }
    return status;
}

/* -------------------------------------------------------------- source */

/* Reads the tracking records before the heads, so that no record is above the
 * head of its log. */
static int read_source(struct copy *copy, quipu_error *error)
{
    int status = QUIPU_OK;

    if (copy->tracked) {
        status = tracking_read_movable(copy->from.datastore, &copy->trackings,
                                       &copy->omitted, error);
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
    tracking_replace_store(&copy->trackings, &copy->from_info.identity,
                           &copy->to_info.identity);
    return status;
}

/* -------------------------------------------------------- capabilities */

static bool is_same_store(const struct copy *copy)
{
    const quipu_datastore_info *from = &copy->from_info;
    const quipu_datastore_info *to = &copy->to_info;

    return strcmp(from->uri, to->uri) == 0 &&
           strcmp(from->name_space, to->name_space) == 0 &&
           (!copy->args->as ||
            strcmp(copy->args->as, copy->args->schemas[0]) == 0);
}

static int check_capabilities(const struct copy *copy, quipu_error *error)
{
    const quipu_datastore_info *to = &copy->to_info;

    if (is_same_store(copy)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "both URIs name the same store; copy within one "
                               "store with --schema and --as");
    }
    if (to->readonly && (copy->args->given & OPTION_VERIFY_ONLY) == 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the target is opened with readonly=yes; remove "
                               "that option from its URI");
    }
    if ((to->capabilities & QUIPU_CAN_LOG) == 0) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "driver '%s' of the target keeps no log, so the "
                               "order of the items would be lost",
                               to->driver);
    }
    if (copy->trackings.count == 0) {
        return QUIPU_OK;
    }
    if ((to->capabilities & QUIPU_CAN_TRACK) == 0) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "driver '%s' of the target keeps no tracking "
                               "records, and the source has %zu; copy without "
                               "--tracking to omit them",
                               to->driver, copy->trackings.count);
    }
    return copy->from.count > 0
               ? QUIPU_OK
               : quipu_error_set(
                     error, QUIPU_UNSUPPORTED,
                     "the source has tracking records but no schema, "
                     "and tracking records can be written only "
                     "through a schema");
}

/* Returns the size of the largest state, metadata or further column. */
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
                "the item with notification id %" PRId64
                " of '%s' has a value of "
                "%" PRIu64 " bytes, but driver '%s' of the target takes at "
                "most %" PRIu64,
                item->notification_id,
                quipu_records_schema(schema->from)->table, largest(item),
                copy->to_info.driver, limit);
            break;
        }
        progress_show(&copy->progress, schema->table, "measuring",
                      item->notification_id, schema->head);
        status = quipu_cursor_next(cursor, &item, error);
    }
    quipu_cursor_close(cursor);
    return status;
}

/* Reads all items and checks their sizes, but only if the target has a lower
 * limit than the source. */
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

/* -------------------------------------------------- content of the target */

/* Checks a schema that the target has already: its definition must be the same,
 * and its items must be the first items of the source. */
static int check_schema(struct copy *copy, struct copy_schema *schema,
                        const quipu_schema *existing, quipu_error *error)
{
    const char *difference =
        copy_compare_schemas(quipu_records_schema(schema->from), existing);
    struct comparison comparison = { .from = schema->from,
                                     .progress = &copy->progress };

    if (difference) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "the target has the schema '%s' with another "
                               "definition: the %s differs",
                               schema->table, difference);
    }
    int status = copy_plan_open_schema(copy, schema, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (schema->to.head > schema->head) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "the target has more items in schema '%s' "
                               "(%" PRId64 ") than the source (%" PRId64 ")",
                               schema->table, schema->to.head, schema->head);
    }
    comparison.to = schema->to.records;
    comparison.head = schema->to.head;
    return copy_compare_logs(&comparison, error);
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

static int check_listed(struct copy *copy, const quipu_schema *existing,
                        quipu_error *error)
{
    struct copy_schema *schema = find(copy, existing->table);

    if (schema) {
        return check_schema(copy, schema, existing, error);
    }
    if (copy->args->schema_count > 0) {
        return QUIPU_OK; /* schemas are independent of each other */
    }
    return quipu_error_set(error, QUIPU_CONFLICT,
                           "the target has the schema '%s', which the source "
                           "lacks; name the schemas to copy with --schema",
                           existing->table);
}

static int check_schemas(struct copy *copy, quipu_error *error)
{
    quipu_schemas *listing = NULL;
    const quipu_schema *existing = NULL;
    int status = quipu_schemas_open(copy->to, &listing, error);

    if (status == QUIPU_OK) {
        status = quipu_schemas_next(listing, &existing, error);
    }
    while (status == QUIPU_OK && existing) {
        status = check_listed(copy, existing, error);
        if (status == QUIPU_OK) {
            status = quipu_schemas_next(listing, &existing, error);
        }
    }
    quipu_schemas_close(listing);
    return status;
}

static int check_trackings(struct copy *copy, quipu_error *error)
{
    struct tracking_list there = { 0 };
    int status = QUIPU_OK;

    if (copy->tracked) {
        status = tracking_read(copy->to, &there, error);
    }
    if (status == QUIPU_OK && copy->tracked) {
        status = tracking_compare(&copy->trackings, &there, true, error);
    }
    tracking_finish(&there);
    return status;
}

/* Checks the name that --as gives. */
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

int copy_plan_make(struct copy *copy, quipu_error *error)
{
    int status = read_source(copy, error);

    if (status == QUIPU_OK) {
        status = check_capabilities(copy, error);
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
    if (status == QUIPU_OK) {
        status = copy_entries_check(copy, error);
    }
    return status == QUIPU_OK ? check_sizes(copy, error) : status;
}
