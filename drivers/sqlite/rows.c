/* SPDX-License-Identifier: Apache-2.0 */
/* Items to and from SQLite's columns. */
#include "rows.h"

#include "common/safeguard.h"

#include <string.h>

/* Bytes that are there; SQLite takes a NULL pointer for NULL. */
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

void quipu_sqlite_bind_sequence(sqlite3_stmt *statement, int index,
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

void quipu_sqlite_bind_item(sqlite3_stmt *statement,
                            const quipu_driver_schema *bound,
                            const quipu_item *item, int64_t notification_id,
                            int64_t position)
{
    const quipu_schema *schema = &bound->schema;
    int index = 0;
    quipu_sqlite_bind_sequence(statement, ++index, bound, item->sequence_id);
    (void)sqlite3_bind_int64(statement, ++index, notification_id);
    (void)sqlite3_bind_int64(statement, ++index, position);
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

quipu_bytes quipu_sqlite_value_bytes(sqlite3_value *value)
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
        value->as.bytes = quipu_sqlite_value_bytes(from);
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

void quipu_sqlite_row_item(sqlite3_value **columns,
                           const quipu_driver_schema *bound, quipu_item *item,
                           quipu_value *values)
{
    const quipu_schema *schema = &bound->schema;
    memset(item, 0, sizeof(*item));
    item->notification_id = sqlite3_value_int64(*columns++);
    item->position = sqlite3_value_int64(*columns++);
    item->topic = quipu_sqlite_value_bytes(*columns++);
    item->state = quipu_sqlite_value_bytes(*columns++);
    if (schema->event_id) {
        item->event_id = quipu_sqlite_value_bytes(*columns++);
    }
    if (schema->metadata) {
        if (!is_null(*columns)) {
            item->metadata = quipu_sqlite_value_bytes(*columns);
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

int quipu_sqlite_ask_number(quipu_driver_datastore *datastore,
                            struct connection *connection,
                            sqlite3_stmt *statement, bool *found,
                            int64_t *number, quipu_error *error)
{
    int status = QUIPU_OK;
    int code = sqlite3_step(statement);
    *found =
        code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL;
    if (*found) {
        *number = sqlite3_column_int64(statement, 0);
    }
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        status =
            quipu_sqlite_fail(datastore, connection->db, code, "read", error);
    }
    (void)sqlite3_reset(statement);
    return status;
}

int quipu_sqlite_ask_last(quipu_driver_datastore *datastore,
                          struct connection *connection,
                          const quipu_driver_schema *bound, quipu_bytes id,
                          bool *found, int64_t *position, quipu_error *error)
{
    sqlite3_stmt *last = NULL;
    int status = quipu_sqlite_statement_get(datastore, connection, bound,
                                            SQL_LAST, &last, error);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_sqlite_bind_sequence(last, 1, bound, id);
    return quipu_sqlite_ask_number(datastore, connection, last, found, position,
                                   error);
}

int quipu_sqlite_ask_head(quipu_driver_datastore *datastore,
                          struct connection *connection,
                          const quipu_driver_schema *bound, int64_t *head,
                          quipu_error *error)
{
    bool found = false;
    sqlite3_stmt *statement = NULL;
    int status = quipu_sqlite_statement_get(datastore, connection, bound,
                                            SQL_HEAD, &statement, error);
    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(statement, 1, bound->number);
    status = quipu_sqlite_ask_number(datastore, connection, statement, &found,
                                     head, error);
    if (status == QUIPU_OK &&
        SAFEGUARDED("F4.torn-down-is-told", !found, false)) {
        status = datastore->host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "schema \"%s\" of \"%s\" is no longer set up; it was torn down "
            "since it was bound",
            bound->schema.table, datastore->name);
    }
    return status;
}

int quipu_sqlite_torn_down(quipu_driver_datastore *datastore,
                           struct connection *connection,
                           const quipu_driver_schema *bound, int status,
                           quipu_error *error)
{
    int64_t head = 0;
    if (status == QUIPU_CORRUPT &&
        quipu_sqlite_ask_head(datastore, connection, bound, &head, NULL) ==
            QUIPU_NOT_FOUND) {
        status =
            quipu_sqlite_ask_head(datastore, connection, bound, &head, error);
    }
    return status;
}
