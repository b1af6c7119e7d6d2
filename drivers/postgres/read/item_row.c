/* SPDX-License-Identifier: Apache-2.0 */
/* Items in the rows of an answer. */
#include "read.h"

#include "net/binary.h"

#include "common/safeguard.h"

#include <string.h>

/* The columns of a page, in the order of sql/template.c. */
enum {
    COLUMN_ID,
    COLUMN_POSITION,
    COLUMN_TOPIC,
    COLUMN_STATE,
    COLUMN_ERASED,
    COLUMN_SEQUENCE /* of a page of the log; then the further columns */
};

static void get_value(const PGresult *result, int row, int column, int kind,
                      quipu_value *value)
{
    *value = (quipu_value){ .kind = QUIPU_VALUE_NULL };
    if (quipu_postgres_binary_is_null(result, row, column)) {
        return;
    }
    value->kind = kind;
    switch (kind) {
    case QUIPU_VALUE_BOOL:
        value->as.integer = quipu_postgres_binary_get_bool(result, row, column);
        break;
    case QUIPU_VALUE_INT:
        value->as.integer = quipu_postgres_binary_get_int(result, row, column);
        break;
    case QUIPU_VALUE_TIME:
        value->as.integer = quipu_postgres_binary_get_time(result, row, column);
        break;
    case QUIPU_VALUE_DOUBLE:
        value->as.real = quipu_postgres_binary_get_double(result, row, column);
        break;
    default:
        value->as.bytes = quipu_postgres_binary_get_bytes(result, row, column);
        break;
    }
}

/* Reads the further columns, from `column` on. */
static void get_further(const PGresult *result, int row, int column,
                        const quipu_schema *schema, quipu_item *item,
                        quipu_value *values)
{
    if (schema->event_id) {
        item->event_id = quipu_postgres_binary_get_bytes(result, row, column++);
    }
    if (schema->metadata) {
        item->metadata = quipu_postgres_binary_get_bytes(result, row, column++);
    }
    if (schema->time) {
        if (!quipu_postgres_binary_is_null(result, row, column)) {
            item->flags |= QUIPU_ITEM_TIME;
            item->time.microseconds =
                quipu_postgres_binary_get_time(result, row, column);
        }
        column++;
    }
    for (size_t i = 0; values && i < schema->column_count; i++) {
        get_value(result, row, column++, schema->columns[i].kind, &values[i]);
    }
    if (schema->column_count > 0) {
        item->columns = values;
        item->column_count = schema->column_count;
    }
}

bool quipu_postgres_item_row_read(const PGresult *result, int row, bool log,
                                  const quipu_driver_schema *bound,
                                  quipu_item *item, quipu_value *values)
{
    int column = COLUMN_SEQUENCE;
    memset(item, 0, sizeof(*item));
    item->notification_id =
        quipu_postgres_binary_get_int(result, row, COLUMN_ID);
    item->position =
        quipu_postgres_binary_get_int(result, row, COLUMN_POSITION);
    item->state = quipu_postgres_binary_get_bytes(result, row, COLUMN_STATE);
    if (SAFEGUARDED("E1.flag-of-an-erased-item",
                    quipu_postgres_binary_get_bool(result, row, COLUMN_ERASED),
                    false)) {
        item->flags = QUIPU_ITEM_ERASED;
        item->state = (quipu_bytes){ "", 0 };
    }
    if (!item->state.data) {
        return false;
    }
    item->topic = quipu_postgres_binary_get_bytes(result, row, COLUMN_TOPIC);
    if (log) {
        item->sequence_id =
            quipu_postgres_binary_get_bytes(result, row, column++);
    }
    get_further(result, row, column, &bound->schema, item, values);
    return true;
}
