/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups of single rows: the end of a sequence, the head of a log, a tracking
 * record. The functions on a connection serve appends and cursors inside their
 * transaction; the operations of the driver borrow a reader.
 *
 * An item is never removed while its schema exists. So what a head names can be
 * read in any later state of the store, and the two reads of log_head need no
 * common transaction.
 *
 * A schema that was torn down may be set up again, with a table of the same
 * name. Statements of the former one would read the new table; SQLite compiles
 * them again for it. So after a statement was compiled, and only then, the
 * catalogue is searched for the number of the schema, which is never used
 * again: if it is found, even later than the statement has read, the table was
 * the right one. */
#include "common/safeguard.h"
#include "read/item_row.h"
#include "sqlite.h"

#include <string.h>

/* Steps and resets a statement of at most one row and one integer column;
 * *found false: no row, or NULL. */
static int get_integer(struct connection *connection, sqlite3_stmt *statement,
                       bool *found, int64_t *value, quipu_error *error)
{
    int status = QUIPU_OK;
    int code = sqlite3_step(statement);

    *found =
        code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL;
    if (*found) {
        *value = sqlite3_column_int64(statement, 0);
    }
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        status = quipu_sqlite_error_set(connection, code, "read", error);
    }
    (void)sqlite3_reset(statement);
    return status;
}

int quipu_sqlite_lookup_last(struct connection *connection,
                             const quipu_driver_schema *bound, quipu_bytes id,
                             struct sequence_end *end, quipu_error *error)
{
    sqlite3_stmt *last = NULL;
    int status =
        quipu_sqlite_statement_get(connection, bound, SQL_LAST, &last, error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_sqlite_item_row_bind_sequence(last, 1, bound, id);
    status = get_integer(connection, last, &end->found, &end->position, error);
    return status == QUIPU_OK
               ? quipu_sqlite_lookup_check(connection, bound, SQL_LAST, error)
               : status;
}

int quipu_sqlite_lookup_head(struct connection *connection,
                             const quipu_driver_schema *bound, int64_t *head,
                             quipu_error *error)
{
    sqlite3_stmt *statement = NULL;
    bool found = false;
    int status = quipu_sqlite_statement_get(connection, bound, SQL_HEAD,
                                            &statement, error);

    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(statement, 1, bound->number);
    status = get_integer(connection, statement, &found, head, error);
    if (status == QUIPU_OK &&
        SAFEGUARDED("F4.torn-down-is-told", !found, false)) {
        const quipu_driver_datastore *datastore = connection->datastore;
        status = datastore->host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "schema \"%s\" of \"%s\" is no longer set up; it was torn down "
            "since it was bound",
            bound->schema.table, datastore->name);
    }
    return status;
}

int quipu_sqlite_lookup_check(struct connection *connection,
                              const quipu_driver_schema *bound,
                              enum statement which, quipu_error *error)
{
    int64_t head = 0;
    int now = 0;
    int *compiled =
        quipu_sqlite_statement_compiled(connection, bound, which, &now);

    if (SAFEGUARDED("V4.items-of-the-bound-schema", *compiled == now, true)) {
        return QUIPU_OK;
    }
    int status = quipu_sqlite_lookup_head(connection, bound, &head, error);
    if (status == QUIPU_OK) {
        *compiled = now;
    }
    return status;
}

int quipu_sqlite_lookup_torn_down(struct connection *connection,
                                  const quipu_driver_schema *bound, int status,
                                  quipu_error *error)
{
    int64_t head = 0;

    if (status == QUIPU_CORRUPT &&
        quipu_sqlite_lookup_head(connection, bound, &head, NULL) ==
            QUIPU_NOT_FOUND) {
        status = quipu_sqlite_lookup_head(connection, bound, &head, error);
    }
    return status;
}

/* ---------------------------------------------------------------- tracking */

void quipu_sqlite_lookup_bind_tracking(sqlite3_stmt *statement,
                                       const quipu_driver_datastore *datastore,
                                       const quipu_tracking *key)
{
    (void)sqlite3_bind_int64(statement, 1, datastore->name_space_number);
    (void)sqlite3_bind_text64(statement, 2, key->consumer.data,
                              key->consumer.size, SQLITE_STATIC, SQLITE_UTF8);
    (void)sqlite3_bind_text64(statement, 3, key->log.data, key->log.size,
                              SQLITE_STATIC, SQLITE_UTF8);
}

static void read_uuid(sqlite3_stmt *row, int column, quipu_uuid *uuid)
{
    memset(uuid, 0, sizeof(*uuid));
    if (sqlite3_column_bytes(row, column) == sizeof(uuid->bytes)) {
        memcpy(uuid->bytes, sqlite3_column_blob(row, column),
               sizeof(uuid->bytes));
    }
}

void quipu_sqlite_lookup_read_position(sqlite3_stmt *row,
                                       quipu_position *position)
{
    position->notification_id = sqlite3_column_int64(row, 0);
    read_uuid(row, 1, &position->store);
    read_uuid(row, 2, &position->event_id);
}

int quipu_sqlite_lookup_tracking(struct connection *connection,
                                 const quipu_tracking *key, bool *found,
                                 quipu_position *position, quipu_error *error)
{
    sqlite3_stmt *row = NULL;
    int status = quipu_sqlite_statement_get(connection, NULL, SQL_TRACKING_READ,
                                            &row, error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_sqlite_lookup_bind_tracking(row, connection->datastore, key);
    int code = sqlite3_step(row);
    *found = code == SQLITE_ROW;
    if (*found) {
        quipu_sqlite_lookup_read_position(row, position);
    } else if (code != SQLITE_DONE) {
        status = quipu_sqlite_error_set(connection, code,
                                        "read a tracking record", error);
    }
    (void)sqlite3_reset(row);
    return status;
}

/* -------------------------------------------------------------- operations */

int quipu_sqlite_lookup_last_position(quipu_driver_datastore *datastore,
                                      quipu_driver_schema *bound,
                                      quipu_bytes sequence_id, int64_t deadline,
                                      bool *found, int64_t *position,
                                      quipu_error *error)
{
    struct reader_use use = { .datastore = datastore, .deadline = deadline };
    struct sequence_end end;
    int status;

    do {
        end = (struct sequence_end){ .found = false };
        status = quipu_sqlite_reader_borrow(&use, error);
        if (status == QUIPU_OK) {
            status = quipu_sqlite_lookup_last(use.reader, bound, sequence_id,
                                              &end, error);
            status =
                quipu_sqlite_lookup_torn_down(use.reader, bound, status, error);
        }
    } while (quipu_sqlite_reader_return(&use, &status, error));
    *found = end.found;
    if (end.found) {
        *position = end.position;
    }
    return status;
}

/* Reads the event id of the item that the head names. */
static int read_event_id(struct connection *reader,
                         const quipu_driver_schema *bound, quipu_position *head,
                         quipu_error *error)
{
    sqlite3_stmt *row = NULL;

    if (!bound->schema.event_id || head->notification_id == 0) {
        return QUIPU_OK;
    }
    int status =
        quipu_sqlite_statement_get(reader, bound, SQL_EVENT_ID_AT, &row, error);
    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(row, 1, head->notification_id);
    int code = sqlite3_step(row);
    if (code == SQLITE_ROW) {
        read_uuid(row, 0, &head->event_id);
    } else if (code != SQLITE_DONE) {
        status = quipu_sqlite_error_set(reader, code, "read the head", error);
    }
    (void)sqlite3_reset(row);
    if (status == QUIPU_OK) {
        status =
            quipu_sqlite_lookup_check(reader, bound, SQL_EVENT_ID_AT, error);
    }
    return quipu_sqlite_lookup_torn_down(reader, bound, status, error);
}

/* Reads the head with a reader of the datastore. */
static int read_head(struct connection *reader,
                     const quipu_driver_schema *bound, quipu_position *head,
                     quipu_error *error)
{
    *head = (quipu_position){ 0 };
    SAFEGUARD("L5.store-of-a-head")
    head->store = reader->datastore->identity;
    int status =
        quipu_sqlite_lookup_head(reader, bound, &head->notification_id, error);
    SAFEGUARD("L5.event-of-a-head")
    if (status == QUIPU_OK) {
        status = read_event_id(reader, bound, head, error);
    }
    return status;
}

int quipu_sqlite_lookup_log_head(quipu_driver_datastore *datastore,
                                 quipu_driver_schema *bound, int64_t deadline,
                                 quipu_position *head, quipu_error *error)
{
    struct reader_use use = { .datastore = datastore, .deadline = deadline };
    int status;

    do {
        status = quipu_sqlite_reader_borrow(&use, error);
        if (status == QUIPU_OK) {
            status = read_head(use.reader, bound, head, error);
        }
    } while (quipu_sqlite_reader_return(&use, &status, error));
    return status;
}

int quipu_sqlite_lookup_tracking_record(quipu_driver_datastore *datastore,
                                        quipu_bytes consumer, quipu_bytes log,
                                        int64_t deadline,
                                        quipu_position *position,
                                        quipu_error *error)
{
    const quipu_tracking key = { .consumer = consumer, .log = log };
    struct reader_use use = { .datastore = datastore, .deadline = deadline };
    bool found = false;
    int status;

    do {
        status = quipu_sqlite_reader_borrow(&use, error);
        if (status == QUIPU_OK) {
            status = quipu_sqlite_lookup_tracking(use.reader, &key, &found,
                                                  position, error);
        }
    } while (quipu_sqlite_reader_return(&use, &status, error));
    if (status == QUIPU_OK && !found) {
        status = datastore->host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "consumer \"%.*s\" has recorded nothing of log \"%.*s\"",
            (int)consumer.size, (const char *)consumer.data, (int)log.size,
            (const char *)log.data);
    }
    return status;
}
