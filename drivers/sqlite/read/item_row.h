/* SPDX-License-Identifier: Apache-2.0 */
/* Items as rows of SQLite. */
#ifndef QUIPU_DRIVERS_SQLITE_ITEM_ROW_H
#define QUIPU_DRIVERS_SQLITE_ITEM_ROW_H

#include "sqlite.h"

/* Numbers that the driver assigns to an item. */
struct item_key {
    int64_t notification_id;
    int64_t position;
};

/* Binds a sequence id, as TEXT or BLOB. Here and below SQLite keeps pointers to
 * the bytes until the statement is reset or they are bound again. */
void quipu_sqlite_item_row_bind_sequence(sqlite3_stmt *statement, int index,
                                         const quipu_driver_schema *bound,
                                         quipu_bytes id);

/* Binds an item to the parameters of SQL_INSERT. */
void quipu_sqlite_item_row_bind(sqlite3_stmt *statement,
                                const quipu_driver_schema *bound,
                                const quipu_item *item, struct item_key key);

/* Returns the bytes of a value that is not NULL; empty ones have a pointer.
 * They are valid as long as the value. */
quipu_bytes quipu_sqlite_item_row_bytes(sqlite3_value *value);

/* Reads an item from the columns of @columns without the sequence id, which the
 * caller sets. Its bytes belong to SQLite. `values` has room for the further
 * columns. */
void quipu_sqlite_item_row_read(sqlite3_value **columns,
                                const quipu_driver_schema *bound,
                                quipu_item *item, quipu_value *values);

/* Reads sequence id, notification id, position, topic and state from a row of
 * @columns. The bytes are valid until the statement is reset. */
void quipu_sqlite_item_row_read_key(sqlite3_stmt *row, quipu_item *item);

#endif
