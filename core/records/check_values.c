/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the further columns of an item that is to be appended. */
#include <math.h>
#include <stdio.h>

#include <quipu/error.h>

#include "base/utf8.h"
#include "records/check.h"
#include "records/handles.h"

/* What is wrong with a value that holds a number, or NULL. */
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
        return NULL; /* NULL, INT */
    }
}

/* The same for bytes. */
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

static int check_count(const quipu_schema *schema, const quipu_item *item,
                       struct quipu_place place, quipu_error *error)
{
    char why[80];

    if (item->column_count != schema->column_count) {
        snprintf(why, sizeof(why), "is %zu, but the schema has %zu columns",
                 item->column_count, schema->column_count);
        return quipu_check_wrong(place, "column_count", why, error);
    }
    if (item->column_count > 0 && !item->columns) {
        return quipu_check_wrong(place, "columns", "is NULL", error);
    }
    return QUIPU_OK;
}

int quipu_check_values(const quipu_records *records, const quipu_item *item,
                       struct quipu_place place, uint64_t *size,
                       quipu_error *error)
{
    const quipu_schema *schema = records->schema;
    uint64_t limit = records->datastore->opened.limits.state_size;
    int status = check_count(schema, item, place, error);

    if (status != QUIPU_OK) {
        return status;
    }
    for (size_t i = 0; i < item->column_count; i++) {
        const quipu_column *column = &schema->columns[i];
        const quipu_value *value = &item->columns[i];
        const char *why = wrong_value(column, value, limit);

        if (why) {
            char member[QUIPU_NAME_MAX + 16];

            snprintf(member, sizeof(member), "column \"%s\"", column->name);
            return quipu_check_wrong(place, member, why, error);
        }
        if (holds_bytes(value)) {
            *size += value->as.bytes.size;
        }
    }
    return QUIPU_OK;
}
