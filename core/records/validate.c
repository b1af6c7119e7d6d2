/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validates appends before they go to a driver.
 *
 * The checks go from the small to the whole: ids and texts, items, further
 * columns, and then the append with its counts, guards and tracking record.
 * The first fault is reported.  Every limit here is one of types.h, which holds
 * for every store, or one of quipu_limits, which the opened store has reported.
 *
 * <quipu/driver.h> promises drivers the result of these checks:
 *
 *   texts    UTF-8 without NUL, 1 to 255 bytes (F2)
 *   ids      of the kind that the schema has; event ids exactly if it has a
 *            column for them
 *   items    no member without a column; a time in the years 1 to 9999; flags
 *            that have a meaning for appends, QUIPU_ITEM_NEXT only in
 *            contiguous schemas (S2), QUIPU_ITEM_ERASED only without contents
 *            and in a store that erases (E7)
 *   columns  as many as the schema has, each NULL or of its column's kind, and
 *            in range (F1)
 *   appends  counts and sizes within the limits; reserved members zero
 *
 * Positions are not checked: in a sparse schema any number is valid, and in a
 * contiguous one the driver compares it with the last position (S1).
 */
#include "records/validate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/utf8.h"

/* --------------------------------------------------------- ids and texts */

int quipu_validate_wrong(struct quipu_validate_place place, const char *member,
                         const char *why, quipu_error *error)
{
    if (!place.array) {
        return quipu_error_set(error, QUIPU_INVALID, "%s %s", member, why);
    }
    return quipu_error_set(error, QUIPU_INVALID, "%s[%zu]: %s %s", place.array,
                           place.index, member, why);
}

int quipu_validate_text(quipu_bytes text, struct quipu_validate_place place,
                        const char *member, quipu_error *error)
{
    if (!text.data) {
        return quipu_validate_wrong(place, member, "is absent", error);
    }
    if (text.size == 0 || text.size > QUIPU_ID_MAX) {
        return quipu_validate_wrong(
            place, member,
            text.size == 0 ? "is empty" : "is longer than 255 bytes", error);
    }
    if (!quipu_utf8_valid(text)) {
        return quipu_validate_wrong(place, member, "is not UTF-8 without NUL",
                                    error);
    }
    return QUIPU_OK;
}

int quipu_validate_sequence_id(const quipu_schema *schema, quipu_bytes id,
                               struct quipu_validate_place place,
                               const char *member, quipu_error *error)
{
    if (schema->flags & QUIPU_SCHEMA_TEXT_IDS) {
        return quipu_validate_text(id, place, member, error);
    }
    if (!id.data) {
        return quipu_validate_wrong(place, member, "is absent", error);
    }
    if (id.size != sizeof(quipu_uuid)) {
        return quipu_validate_wrong(place, member,
                                    "is not the 16 bytes of a UUID", error);
    }
    return QUIPU_OK;
}

/* Checks bytes that may be absent. */
static int check_bytes(quipu_bytes bytes, uint64_t limit,
                       struct quipu_validate_place place, const char *member,
                       quipu_error *error)
{
    if (!bytes.data && bytes.size > 0) {
        return quipu_validate_wrong(place, member, "has a size but no data",
                                    error);
    }
    if (bytes.size > limit) {
        return quipu_validate_wrong(place, member,
                                    "is larger than this store holds", error);
    }
    return QUIPU_OK;
}

/* ------------------------------------------------------------------ items */

/* Checks the members that must be zero when appending. */
static int check_reserved(const quipu_item *item,
                          struct quipu_validate_place place, quipu_error *error)
{
    const char *member = "reserved";

    if (item->tags || item->tag_count) {
        member = "tags";
    } else if (item->notification_id) {
        member = "notification_id";
    } else if (!item->reserved && !item->reserved2[0] && !item->reserved2[1]) {
        return QUIPU_OK;
    }
    return quipu_validate_wrong(place, member, "is not 0", error);
}

static int check_flags(const quipu_schema *schema, const quipu_item *item,
                       struct quipu_validate_place place, quipu_error *error)
{
    const uint32_t known =
        QUIPU_ITEM_NEXT | QUIPU_ITEM_TIME | QUIPU_ITEM_ERASED;

    if (item->flags & ~known) {
        return quipu_validate_wrong(
            place, "flags", "has a flag that is not allowed when appending",
            error);
    }
    if ((item->flags & QUIPU_ITEM_NEXT) &&
        (schema->flags & QUIPU_SCHEMA_SPARSE)) {
        return quipu_validate_wrong(
            place, "flags",
            "has QUIPU_ITEM_NEXT, which a sparse schema "
            "cannot have; give the position",
            error);
    }
    return QUIPU_OK;
}

static int check_time(const quipu_schema *schema, const quipu_item *item,
                      struct quipu_validate_place place, quipu_error *error)
{
    if (!(item->flags & QUIPU_ITEM_TIME)) {
        return QUIPU_OK;
    }
    if (!schema->time) {
        return quipu_validate_wrong(place, "time",
                                    "is present, but the schema has no column "
                                    "for it",
                                    error);
    }
    if (item->time.microseconds < QUIPU_TIME_MIN ||
        item->time.microseconds > QUIPU_TIME_MAX) {
        return quipu_validate_wrong(place, "time",
                                    "is not in the years 1 to 9999", error);
    }
    return QUIPU_OK;
}

static int check_event_id(const quipu_schema *schema, const quipu_item *item,
                          struct quipu_validate_place place, quipu_error *error)
{
    if (!schema->event_id) {
        return !item->event_id.data && item->event_id.size == 0
                   ? QUIPU_OK
                   : quipu_validate_wrong(place, "event_id",
                                          "is present, but the schema has no "
                                          "column for it",
                                          error);
    }
    if (!item->event_id.data) {
        return quipu_validate_wrong(
            place, "event_id",
            "is absent, but the schema has a column for "
            "it",
            error);
    }
    if (item->event_id.size != sizeof(quipu_uuid)) {
        return quipu_validate_wrong(place, "event_id",
                                    "is not the 16 bytes of a UUID", error);
    }
    return QUIPU_OK;
}

/* Checks that an erased item has no contents. */
static int check_erased(const quipu_records *records, const quipu_item *item,
                        struct quipu_validate_place place, quipu_error *error)
{
    const quipu_datastore *datastore = records->datastore;

    if (!(item->flags & QUIPU_ITEM_ERASED)) {
        return QUIPU_OK;
    }
    if (!(datastore->opened.capabilities & QUIPU_CAN_ERASE)) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "%s[%zu]: flags has QUIPU_ITEM_ERASED, and "
                               "driver \"%s\" does not store erased items",
                               place.array, place.index,
                               datastore->driver->name);
    }
    if (item->state.size > 0) {
        return quipu_validate_wrong(
            place, "state", "is not empty, but the item is erased", error);
    }
    if (item->metadata.data) {
        return quipu_validate_wrong(
            place, "metadata", "is present, but the item is erased", error);
    }
    return QUIPU_OK;
}

static int check_payload(const quipu_records *records, const quipu_item *item,
                         struct quipu_validate_place place, quipu_error *error)
{
    uint64_t limit = records->datastore->opened.limits.state_size;
    bool has_metadata = item->metadata.data || item->metadata.size > 0;
    int status;

    if (!item->state.data) {
        return quipu_validate_wrong(place, "state",
                                    "is absent; an empty one has data", error);
    }
    if (has_metadata && !records->schema->metadata) {
        return quipu_validate_wrong(place, "metadata",
                                    "is present, but the schema has no column "
                                    "for it",
                                    error);
    }
    status = check_bytes(item->state, limit, place, "state", error);
    if (status == QUIPU_OK) {
        status = check_bytes(item->metadata, limit, place, "metadata", error);
    }
    return status;
}

int quipu_validate_item(const quipu_records *records, const quipu_item *item,
                        struct quipu_validate_place place, uint64_t *size,
                        quipu_error *error)
{
    const quipu_schema *schema = records->schema;
    int status = quipu_validate_sequence_id(schema, item->sequence_id, place,
                                            "sequence_id", error);

    if (status == QUIPU_OK) {
        status = quipu_validate_text(item->topic, place, "topic", error);
    }
    if (status == QUIPU_OK) {
        status = check_flags(schema, item, place, error);
    }
    if (status == QUIPU_OK) {
        status = check_event_id(schema, item, place, error);
    }
    if (status == QUIPU_OK) {
        status = check_time(schema, item, place, error);
    }
    if (status == QUIPU_OK) {
        status = check_payload(records, item, place, error);
    }
    if (status == QUIPU_OK) {
        status = check_erased(records, item, place, error);
    }
    if (status == QUIPU_OK) {
        status = check_reserved(item, place, error);
    }
    *size += item->sequence_id.size + item->topic.size + item->event_id.size +
             item->state.size + item->metadata.size;
    return status;
}

/* -------------------------------------------------------- further columns */

/* Returns a clause about what is wrong with a value that is a number, or
 * NULL. */
static const char *wrong_number(const quipu_value *value)
{
    int64_t integer = value->as.integer;

    switch (value->kind) {
    case QUIPU_VALUE_BOOL:
        return integer == 0 || integer == 1 ? NULL : "is a bool but not 0 or 1";
    case QUIPU_VALUE_DOUBLE:
        return isfinite(value->as.real) ? NULL : "is not a finite double";
    case QUIPU_VALUE_TIME:
        return integer >= QUIPU_TIME_MIN && integer <= QUIPU_TIME_MAX
                   ? NULL
                   : "is a time but not in the years 1 to 9999";
    default:
        return NULL; /* kinds NULL and INT */
    }
}

/* The same for a value that is bytes. */
static const char *wrong_bytes(const quipu_value *value, uint64_t limit)
{
    quipu_bytes bytes = value->as.bytes;

    if (!bytes.data) {
        return "has no data; an absent value has kind QUIPU_VALUE_NULL";
    }
    if (value->kind == QUIPU_VALUE_UUID) {
        return bytes.size == sizeof(quipu_uuid)
                   ? NULL
                   : "is not the 16 bytes of a UUID";
    }
    if (bytes.size > limit) {
        return "is larger than this store holds";
    }
    if (value->kind == QUIPU_VALUE_TEXT && !quipu_utf8_valid(bytes)) {
        return "is not UTF-8 without NUL";
    }
    return NULL;
}

static bool holds_bytes(const quipu_value *value)
{
    return value->kind == QUIPU_VALUE_TEXT ||
           value->kind == QUIPU_VALUE_BYTES || value->kind == QUIPU_VALUE_UUID;
}

static const char *wrong_value(const quipu_column *column,
                               const quipu_value *value, uint64_t limit)
{
    if (value->reserved) {
        return "has a reserved member that is not 0";
    }
    if (value->kind != QUIPU_VALUE_NULL && value->kind != column->kind) {
        return "is not of the column's kind";
    }
    return holds_bytes(value) ? wrong_bytes(value, limit) : wrong_number(value);
}

static int check_column_count(const quipu_schema *schema,
                              const quipu_item *item,
                              struct quipu_validate_place place,
                              quipu_error *error)
{
    char why[80];

    if (item->column_count != schema->column_count) {
        snprintf(why, sizeof(why), "is %zu, but the schema has %zu columns",
                 item->column_count, schema->column_count);
        return quipu_validate_wrong(place, "column_count", why, error);
    }
    if (item->column_count > 0 && !item->columns) {
        return quipu_validate_wrong(place, "columns", "is NULL", error);
    }
    return QUIPU_OK;
}

int quipu_validate_columns(const quipu_records *records, const quipu_item *item,
                           struct quipu_validate_place place, uint64_t *size,
                           quipu_error *error)
{
    const quipu_schema *schema = records->schema;
    uint64_t limit = records->datastore->opened.limits.state_size;
    int status = check_column_count(schema, item, place, error);

    if (status != QUIPU_OK) {
        return status;
    }
    for (size_t i = 0; i < item->column_count; i++) {
        const quipu_column *column = &schema->columns[i];
        const quipu_value *value = &item->columns[i];
        const char *why = wrong_value(column, value, limit);

        if (!why && (item->flags & QUIPU_ITEM_ERASED) &&
            value->kind != QUIPU_VALUE_NULL) {
            why = "is not NULL, but the item is erased";
        }

        if (why) {
            char member[QUIPU_NAME_MAX + 16];

            snprintf(member, sizeof(member), "column \"%s\"", column->name);
            return quipu_validate_wrong(place, member, why, error);
        }
        if (holds_bytes(value)) {
            *size += value->as.bytes.size;
        }
    }
    return QUIPU_OK;
}

/* ---------------------------------------------------------- whole appends */

int quipu_validate_count(const char *member, const void *array, size_t count,
                         uint64_t limit, quipu_error *error)
{
    if (count > 0 && !array) {
        return quipu_validate_wrong(quipu_validate_argument, member,
                                    "is NULL, but its count is not 0", error);
    }
    if (count > limit) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the append has %zu %s; this store takes at "
                               "most %" PRIu64,
                               count, member, limit);
    }
    return QUIPU_OK;
}

/* The sum is compared after each item, whose parts are limited, so that it
 * cannot wrap around. */
static int check_items(const quipu_records *records, const quipu_append *append,
                       uint64_t *size, quipu_result *result, quipu_error *error)
{
    uint64_t limit = records->datastore->opened.limits.append_size;

    for (size_t i = 0; i < append->item_count; i++) {
        const quipu_item *item = &append->items[i];
        struct quipu_validate_place place = { "items", i };
        int status = quipu_validate_item(records, item, place, size, error);

        if (status == QUIPU_OK) {
            status = quipu_validate_columns(records, item, place, size, error);
        }
        if (status != QUIPU_OK) {
            result->cause = QUIPU_CAUSE_ITEM;
            result->index = i;
            return status;
        }
        if (*size > limit) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "the append is larger than the %" PRIu64
                                   " bytes that this store takes at once; "
                                   "its items up to items[%zu] fill them",
                                   limit, i);
        }
    }
    return QUIPU_OK;
}

/* Checks an append guard.  Its position may be any number. */
static int check_guard(const quipu_records *records, const quipu_guard *guard,
                       struct quipu_validate_place place, quipu_error *error)
{
    if (guard->demand < QUIPU_DEMAND_EMPTY ||
        guard->demand > QUIPU_DEMAND_LAST) {
        return quipu_validate_wrong(place, "demand",
                                    "is not in enum quipu_demand", error);
    }
    if (guard->reserved || guard->reserved2[0] || guard->reserved2[1]) {
        return quipu_validate_wrong(place, "reserved", "is not 0", error);
    }
    return quipu_validate_sequence_id(records->schema, guard->sequence_id,
                                      place, "sequence_id", error);
}

static int check_guards(const quipu_records *records,
                        const quipu_append *append, quipu_result *result,
                        quipu_error *error)
{
    for (size_t i = 0; i < append->guard_count; i++) {
        struct quipu_validate_place place = { "guards", i };
        int status = check_guard(records, &append->guards[i], place, error);

        if (status != QUIPU_OK) {
            result->cause = QUIPU_CAUSE_GUARD;
            result->index = i;
            return status;
        }
    }
    return QUIPU_OK;
}

/* The position of a rewound record may be 0: the record is then removed. */
static int check_tracking(const quipu_datastore *datastore,
                          const quipu_tracking *tracking, int64_t lowest,
                          quipu_error *error)
{
    int status;

    if (!(datastore->opened.capabilities & QUIPU_CAN_TRACK)) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "driver \"%s\" does not keep tracking records",
                               datastore->driver->name);
    }
    status = quipu_validate_text(tracking->consumer, quipu_validate_argument,
                                 "tracking: consumer", error);
    if (status == QUIPU_OK) {
        status = quipu_validate_text(tracking->log, quipu_validate_argument,
                                     "tracking: log", error);
    }
    if (status == QUIPU_OK && tracking->position.notification_id < lowest) {
        status = quipu_validate_wrong(
            quipu_validate_argument, "tracking: notification_id",
            lowest == 0 ? "is below 0" : "is below 1", error);
    }
    if (status == QUIPU_OK &&
        (tracking->reserved[0] || tracking->reserved[1])) {
        status = quipu_validate_wrong(quipu_validate_argument,
                                      "tracking: reserved", "is not 0", error);
    }
    return status;
}

static int check_counts(const quipu_datastore *datastore,
                        const quipu_append *append, quipu_error *error)
{
    uint64_t limit = datastore->opened.limits.append_items;
    int status;

    if (append->reserved) {
        return quipu_validate_wrong(quipu_validate_argument, "append: reserved",
                                    "is not 0", error);
    }
    status = quipu_validate_count("items", append->items, append->item_count,
                                  limit, error);
    if (status == QUIPU_OK) {
        status = quipu_validate_count("guards", append->guards,
                                      append->guard_count, limit, error);
    }
    return status;
}

static int check_contents(const quipu_records *records,
                          const quipu_append *append, uint64_t *size,
                          quipu_result *result, quipu_error *error)
{
    if (!records && (append->item_count > 0 || append->guard_count > 0)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "an append without a schema cannot have %s; "
                               "append to records",
                               append->item_count > 0 ? "items" : "guards");
    }
    if (!records) {
        return QUIPU_OK;
    }
    int status = check_items(records, append, size, result, error);

    return status == QUIPU_OK ? check_guards(records, append, result, error)
                              : status;
}

int quipu_validate_append(const quipu_datastore *datastore,
                          const quipu_records *records,
                          const quipu_append *append, uint64_t *size,
                          quipu_result *result, quipu_error *error)
{
    const quipu_conditions *conditions = append->conditions;
    bool rewinds =
        conditions && (conditions->flags & QUIPU_CONDITIONS_TRACKING_REWIND);
    int status = check_counts(datastore, append, error);

    *size = 0;
    if (status == QUIPU_OK) {
        status = check_contents(records, append, size, result, error);
    }
    if (status == QUIPU_OK && append->tracking) {
        status =
            check_tracking(datastore, append->tracking, rewinds ? 0 : 1, error);
        if (status != QUIPU_OK) {
            result->cause = QUIPU_CAUSE_TRACKING;
        }
    }
    return status;
}
