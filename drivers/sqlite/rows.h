/* SPDX-License-Identifier: Apache-2.0 */
/* Items as SQLite binds and returns them, in the order of @C, or, without the
 * sequence id, of @I (schema.c). */
#ifndef SQLITE_DRIVER_ROWS_H
#define SQLITE_DRIVER_ROWS_H

#include "sqlite.h"

/* Binds a sequence id, as TEXT or BLOB, as the schema says. */
void quipu_sqlite_bind_sequence(sqlite3_stmt *statement, int index,
                                const quipu_driver_schema *bound,
                                quipu_bytes id);

/* Binds all columns of an item; what it points to must outlive the step. */
void quipu_sqlite_bind_item(sqlite3_stmt *statement,
                            const quipu_driver_schema *bound,
                            const quipu_item *item, int64_t notification_id,
                            int64_t position);

/* The bytes of a value that is not NULL: those that are empty have a pointer,
 * too. */
quipu_bytes quipu_sqlite_value_bytes(sqlite3_value *value);

/* The item of the columns @I, lent by SQLite for as long as they are, and
 * without its sequence id.  `values` has room for the schema's further columns.
 */
void quipu_sqlite_row_item(sqlite3_value **columns,
                           const quipu_driver_schema *bound, quipu_item *item,
                           quipu_value *values);

/* The number of a row's first column, or `none` if it is NULL; steps and resets
 * the statement. */
int quipu_sqlite_ask_number(quipu_driver_datastore *datastore,
                            struct connection *connection,
                            sqlite3_stmt *statement, bool *found,
                            int64_t *number, quipu_error *error);

/* The last position of a sequence. */
int quipu_sqlite_ask_last(quipu_driver_datastore *datastore,
                          struct connection *connection,
                          const quipu_driver_schema *bound, quipu_bytes id,
                          bool *found, int64_t *position, quipu_error *error);

/* The stored head of the log. */
int quipu_sqlite_ask_head(quipu_driver_datastore *datastore,
                          struct connection *connection,
                          const quipu_driver_schema *bound, int64_t *head,
                          quipu_error *error);

/* The status of a read of a schema: CORRUPT, as its tables are not there, is
 * NOT_FOUND if the catalogue has it no longer. */
int quipu_sqlite_torn_down(quipu_driver_datastore *datastore,
                           struct connection *connection,
                           const quipu_driver_schema *bound, int status,
                           quipu_error *error);

#endif
