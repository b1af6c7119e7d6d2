/* SPDX-License-Identifier: Apache-2.0 */
/* Tracking records. */
#include "cursor.h"
#include "judge.h"

#include <string.h>

void quipu_sqlite_bind_tracking(sqlite3_stmt *statement,
                                const quipu_driver_datastore *datastore,
                                quipu_bytes consumer, quipu_bytes log)
{
    (void)sqlite3_bind_int64(statement, 1, datastore->space);
    (void)sqlite3_bind_text64(statement, 2, consumer.data, consumer.size,
                              SQLITE_STATIC, SQLITE_UTF8);
    (void)sqlite3_bind_text64(statement, 3, log.data, log.size, SQLITE_STATIC,
                              SQLITE_UTF8);
}

static void copy_uuid(sqlite3_stmt *row, int column, quipu_uuid *uuid)
{
    memset(uuid, 0, sizeof(*uuid));
    if (sqlite3_column_bytes(row, column) == sizeof(uuid->bytes)) {
        memcpy(uuid->bytes, sqlite3_column_blob(row, column),
               sizeof(uuid->bytes));
    }
}

void quipu_sqlite_row_position(sqlite3_stmt *row, quipu_position *position)
{
    position->notification_id = sqlite3_column_int64(row, 0);
    copy_uuid(row, 1, &position->store);
    copy_uuid(row, 2, &position->event_id);
}

int quipu_sqlite_tracking_find(quipu_driver_datastore *datastore,
                               struct connection *connection,
                               quipu_bytes consumer, quipu_bytes log,
                               bool *found, quipu_position *position,
                               quipu_error *error)
{
    sqlite3_stmt *row = NULL;
    int status = quipu_sqlite_statement_get(datastore, connection, NULL,
                                            SQL_TRACKING_READ, &row, error);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_sqlite_bind_tracking(row, datastore, consumer, log);
    int code = sqlite3_step(row);
    *found = code == SQLITE_ROW;
    if (*found) {
        quipu_sqlite_row_position(row, position);
    } else if (code != SQLITE_DONE) {
        status = quipu_sqlite_fail(datastore, connection->db, code,
                                   "read a tracking record", error);
    }
    (void)sqlite3_reset(row);
    return status;
}

int quipu_sqlite_read_tracking(quipu_driver_datastore *datastore,
                               quipu_bytes consumer, quipu_bytes log,
                               int64_t deadline, quipu_position *position,
                               quipu_error *error)
{
    struct connection *reader = NULL;
    bool found = false;
    int status =
        quipu_sqlite_reader_borrow(datastore, deadline, &reader, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_sqlite_tracking_find(datastore, reader, consumer, log,
                                        &found, position, error);
    quipu_sqlite_reader_return(datastore, reader);
    if (status == QUIPU_OK && !found) {
        status = datastore->host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "consumer \"%.*s\" has recorded nothing of log \"%.*s\"",
            (int)consumer.size, (const char *)consumer.data, (int)log.size,
            (const char *)log.data);
    }
    return status;
}
