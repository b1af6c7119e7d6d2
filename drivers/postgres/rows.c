/* SPDX-License-Identifier: Apache-2.0 */
/* Items from the rows of a result, which lends their bytes. */
#include "rows.h"

#include <string.h>

/* The order in which schema.c names the columns. */
enum {
    COLUMN_ID,
    COLUMN_POSITION,
    COLUMN_TOPIC,
    COLUMN_STATE,
    COLUMN_SEQUENCE,
    COLUMN_FURTHER
};

static void get_value(const PGresult *result, int row, int column, int kind,
                      quipu_value *value)
{
    *value = (quipu_value){ .kind = QUIPU_VALUE_NULL };
    if (quipu_postgres_is_null(result, row, column)) {
        return;
    }
    value->kind = kind;
    switch (kind) {
    case QUIPU_VALUE_BOOL:
        value->as.integer = quipu_postgres_get_bool(result, row, column);
        break;
    case QUIPU_VALUE_INT:
        value->as.integer = quipu_postgres_get_int(result, row, column);
        break;
    case QUIPU_VALUE_TIME:
        value->as.integer = quipu_postgres_get_time(result, row, column);
        break;
    case QUIPU_VALUE_DOUBLE:
        value->as.real = quipu_postgres_get_double(result, row, column);
        break;
    default:
        value->as.bytes = quipu_postgres_get_bytes(result, row, column);
        break;
    }
}

static void get_further(const PGresult *result, int row,
                        const quipu_schema *schema, quipu_item *item,
                        quipu_value *values)
{
    int column = COLUMN_FURTHER;
    if (schema->event_id) {
        item->event_id = quipu_postgres_get_bytes(result, row, column++);
    }
    if (schema->metadata) {
        item->metadata = quipu_postgres_get_bytes(result, row, column++);
    }
    if (schema->time) {
        if (!quipu_postgres_is_null(result, row, column)) {
            item->flags |= QUIPU_ITEM_TIME;
            item->time.microseconds =
                quipu_postgres_get_time(result, row, column);
        }
        column++;
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        get_value(result, row, column++, schema->columns[i].kind, &values[i]);
    }
    if (schema->column_count > 0) {
        item->columns = values;
        item->column_count = schema->column_count;
    }
}

void quipu_postgres_get_item(const PGresult *result, int row,
                             const quipu_driver_schema *bound, quipu_item *item,
                             quipu_value *values, bool *whole)
{
    memset(item, 0, sizeof(*item));
    item->notification_id = quipu_postgres_get_int(result, row, COLUMN_ID);
    item->position = quipu_postgres_get_int(result, row, COLUMN_POSITION);
    item->state = quipu_postgres_get_bytes(result, row, COLUMN_STATE);
    *whole = item->state.data;
    if (*whole) {
        item->topic = quipu_postgres_get_bytes(result, row, COLUMN_TOPIC);
        item->sequence_id =
            quipu_postgres_get_bytes(result, row, COLUMN_SEQUENCE);
        get_further(result, row, &bound->schema, item, values);
    }
}
