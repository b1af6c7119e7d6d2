/* SPDX-License-Identifier: Apache-2.0 */
/* Items as rows of SQLite, in the order of the columns of @columns
 * (statements.c): sequence id, notification id, position, topic, state; event
 * id, metadata and time if the schema has them; the further columns.
 *
 * Types: sequence ids are TEXT or BLOB as the schema says, topics TEXT, states,
 * event ids and metadata BLOB, times INTEGER (microseconds). Booleans, integers
 * and times of further columns are INTEGER, floating-point numbers REAL. */
#include "read/item_row.h"

#include "common/safeguard.h"

#include <string.h>

/* Binds NULL if the bytes are absent. Empty bytes have a pointer, so that
 * SQLite does not take them for NULL. */
static void bind_bytes(sqlite3_stmt *statement, int index, quipu_bytes bytes)
{
    if (!bytes.data) {
        (void)sqlite3_bind_null(statement, index);
    } else {
        (void)sqlite3_bind_blob64(statement, index, bytes.data, bytes.size,
                                  SQLITE_STATIC);
    }
}

static void bind_text(sqlite3_stmt *statement, int index, quipu_bytes text)
{
    (void)sqlite3_bind_text64(statement, index, text.data, text.size,
                              SQLITE_STATIC, SQLITE_UTF8);
}

void quipu_sqlite_item_row_bind_sequence(sqlite3_stmt *statement, int index,
                                         const quipu_driver_schema *bound,
                                         quipu_bytes id)
{
    if ((bound->schema.flags & QUIPU_SCHEMA_TEXT_IDS) != 0) {
        bind_text(statement, index, id);
    } else {
        bind_bytes(statement, index, id);
    }
}

static void bind_value(sqlite3_stmt *statement, int index,
                       const quipu_value *value)
{
    switch (value->kind) {
    case QUIPU_VALUE_BOOL:
    case QUIPU_VALUE_INT:
    case QUIPU_VALUE_TIME:
        (void)sqlite3_bind_int64(statement, index, value->as.integer);
        break;
    case QUIPU_VALUE_DOUBLE:
        (void)sqlite3_bind_double(statement, index, value->as.real);
        break;
    case QUIPU_VALUE_TEXT:
        bind_text(statement, index, value->as.bytes);
        break;
    case QUIPU_VALUE_BYTES:
    case QUIPU_VALUE_UUID:
        bind_bytes(statement, index, value->as.bytes);
        break;
    default:
        (void)sqlite3_bind_null(statement, index);
        break;
    }
}

void quipu_sqlite_item_row_bind(sqlite3_stmt *statement,
                                const quipu_driver_schema *bound,
                                const quipu_item *item, struct item_key key)
{
    const quipu_schema *schema = &bound->schema;
    int index = 0;
    quipu_sqlite_item_row_bind_sequence(statement, ++index, bound,
                                        item->sequence_id);
    (void)sqlite3_bind_int64(statement, ++index, key.notification_id);
    (void)sqlite3_bind_int64(statement, ++index, key.position);
    bind_text(statement, ++index, item->topic);
    bind_bytes(statement, ++index, item->state);
    if (schema->event_id) {
        bind_bytes(statement, ++index, item->event_id);
    }
    if (schema->metadata) {
        bind_bytes(statement, ++index, item->metadata);
    }
    if (schema->time && (item->flags & QUIPU_ITEM_TIME) != 0) {
        (void)sqlite3_bind_int64(statement, ++index, item->time.microseconds);
    } else if (schema->time) {
        (void)sqlite3_bind_null(statement, ++index);
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        bind_value(statement, ++index, &item->columns[i]);
    }
}

quipu_bytes quipu_sqlite_item_row_bytes(sqlite3_value *value)
{
    quipu_bytes bytes = { .data = sqlite3_value_blob(value) };
    bytes.size = (size_t)sqlite3_value_bytes(value);
    SAFEGUARD("F1.empty-is-not-absent")
    if (!bytes.data) {
        bytes.data = "";
    }
    return bytes;
}

static bool is_null(sqlite3_value *value)
{
    return sqlite3_value_type(value) == SQLITE_NULL;
}

static void value_of(sqlite3_value *from, int kind, quipu_value *value)
{
    *value = (quipu_value){ .kind = QUIPU_VALUE_NULL };
    SAFEGUARD("F1.null-is-not-zero")
    if (is_null(from)) {
        return;
    }
    value->kind = kind;
    switch (kind) {
    case QUIPU_VALUE_DOUBLE:
        SAFEGUARD("F1.kinds")
        value->as.real = sqlite3_value_double(from);
        break;
    case QUIPU_VALUE_TEXT:
    case QUIPU_VALUE_BYTES:
    case QUIPU_VALUE_UUID:
        value->as.bytes = quipu_sqlite_item_row_bytes(from);
        break;
    default:
        value->as.integer = sqlite3_value_int64(from);
        break;
    }
}

static void set_time(quipu_item *item, sqlite3_value *value)
{
    if (!is_null(value)) {
        item->flags |= QUIPU_ITEM_TIME;
        item->time.microseconds = sqlite3_value_int64(value);
    }
}

void quipu_sqlite_item_row_read(sqlite3_value **columns,
                                const quipu_driver_schema *bound,
                                quipu_item *item, quipu_value *values)
{
    const quipu_schema *schema = &bound->schema;
    memset(item, 0, sizeof(*item));
    item->notification_id = sqlite3_value_int64(*columns++);
    item->position = sqlite3_value_int64(*columns++);
    item->topic = quipu_sqlite_item_row_bytes(*columns++);
    item->state = quipu_sqlite_item_row_bytes(*columns++);
    if (schema->event_id) {
        item->event_id = quipu_sqlite_item_row_bytes(*columns++);
    }
    if (schema->metadata) {
        if (!is_null(*columns)) {
            item->metadata = quipu_sqlite_item_row_bytes(*columns);
        }
        columns++;
    }
    if (schema->time) {
        set_time(item, *columns++);
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        value_of(*columns++, schema->columns[i].kind, &values[i]);
    }
    if (schema->column_count > 0) {
        item->columns = values;
        item->column_count = schema->column_count;
    }
}

void quipu_sqlite_item_row_read_key(sqlite3_stmt *row, quipu_item *item)
{
    *item = (quipu_item){
        .sequence_id =
            quipu_sqlite_item_row_bytes(sqlite3_column_value(row, 0)),
        .notification_id = sqlite3_column_int64(row, 1),
        .position = sqlite3_column_int64(row, 2),
        .topic = quipu_sqlite_item_row_bytes(sqlite3_column_value(row, 3)),
        .state = quipu_sqlite_item_row_bytes(sqlite3_column_value(row, 4)),
    };
}
