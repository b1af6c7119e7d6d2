/* SPDX-License-Identifier: Apache-2.0 */
/* Listings: each step looks for the row after the last one's key. */
#include "cursor.h"

#include <string.h>

static void keep_key(struct listing *listing, int which, sqlite3_stmt *row,
                     int column)
{
    const void *data = sqlite3_column_blob(row, column);
    size_t size = (size_t)sqlite3_column_bytes(row, column);
    if (size > QUIPU_ID_MAX) {
        size = QUIPU_ID_MAX; /* only what quipu did not write */
    }
    if (size > 0) {
        memcpy(listing->key[which], data, size);
    }
    listing->key[which][size] = '\0';
    listing->key_size[which] = size;
}

static void bind_key(sqlite3_stmt *statement, int index,
                     const struct listing *listing, int which)
{
    (void)sqlite3_bind_text(statement, index, listing->key[which],
                            (int)listing->key_size[which], SQLITE_STATIC);
}

/* Ends a step: *found says whether the statement stands on a row. */
static int stepped(quipu_driver_cursor *cursor, struct connection *reader,
                   int code, bool *found, quipu_error *error)
{
    *found = code == SQLITE_ROW;
    cursor->reading.done = code == SQLITE_DONE;
    return code == SQLITE_ROW || code == SQLITE_DONE
               ? QUIPU_OK
               : quipu_sqlite_fail(cursor->datastore, reader->db, code, "list",
                                   error);
}

/* ----------------------------------------------------------------- schemas */

static const char *text_at(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

static bool is_word(sqlite3_stmt *row, int column, const char *word)
{
    const char *text = text_at(row, column);
    return text && strcmp(text, word) == 0;
}

/* The further columns of a schema, whose names are lent by `names`. */
static int read_columns(quipu_driver_cursor *cursor, struct connection *reader,
                        int64_t number, quipu_column *columns,
                        char (*names)[QUIPU_NAME_MAX + 1], size_t *count,
                        quipu_error *error)
{
    sqlite3_stmt *row = NULL;
    int status = quipu_sqlite_statement_get(cursor->datastore, reader, NULL,
                                            SQL_COLUMNS, &row, error);
    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(row, 1, number);
    int code;
    size_t n = 0;
    while ((code = sqlite3_step(row)) == SQLITE_ROW && n < QUIPU_COLUMNS_MAX) {
        size_t size = (size_t)sqlite3_column_bytes(row, 0);
        size = size > QUIPU_NAME_MAX ? QUIPU_NAME_MAX : size;
        memcpy(names[n], sqlite3_column_text(row, 0), size);
        names[n][size] = '\0';
        columns[n] = (quipu_column){ .name = names[n],
                                     .kind = quipu_common_schema_kind_of(
                                         text_at(row, 1)) };
        n++;
    }
    *count = n;
    (void)sqlite3_reset(row);
    return code == SQLITE_ROW || code == SQLITE_DONE
               ? QUIPU_OK
               : quipu_sqlite_fail(cursor->datastore, reader->db, code,
                                   "list the columns", error);
}

static int read_schema(quipu_driver_cursor *cursor, struct connection *reader,
                       sqlite3_stmt *row, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    const quipu_host *host = cursor->datastore->host;
    quipu_column columns[QUIPU_COLUMNS_MAX];
    char names[QUIPU_COLUMNS_MAX][QUIPU_NAME_MAX + 1];
    quipu_schema schema = {
        .struct_size = sizeof(schema),
        .table = text_at(row, 1),
        .notification_id = text_at(row, 4),
        .sequence_id = text_at(row, 5),
        .position = text_at(row, 6),
        .topic = text_at(row, 7),
        .state = text_at(row, 8),
        .event_id = text_at(row, 9),
        .metadata = text_at(row, 10),
        .time = text_at(row, 11),
        .columns = columns,
    };
    schema.flags |= is_word(row, 2, "text") ? QUIPU_SCHEMA_TEXT_IDS : 0u;
    schema.flags |= is_word(row, 3, "sparse") ? QUIPU_SCHEMA_SPARSE : 0u;
    int status = read_columns(cursor, reader, sqlite3_column_int64(row, 0),
                              columns, names, &schema.column_count, error);
    if (status != QUIPU_OK) {
        return status;
    }
    host->release(listing->schema_block);
    listing->schema_block =
        quipu_common_schema_copy(host, &schema, &listing->schema);
    return listing->schema_block
               ? QUIPU_OK
               : host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                                 "no memory for a schema");
}

static int next_schema(quipu_driver_cursor *cursor, struct connection *reader,
                       const void **rows, size_t *count, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    sqlite3_stmt *statement = NULL;
    bool found = false;
    int status = quipu_sqlite_statement_get(
        cursor->datastore, reader, NULL, SQL_SCHEMAS_NEXT, &statement, error);
    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(statement, 1, cursor->datastore->space);
    bind_key(statement, 2, listing, 0);
    status = stepped(cursor, reader, sqlite3_step(statement), &found, error);
    if (found) {
        keep_key(listing, 0, statement, 1);
        status = read_schema(cursor, reader, statement, error);
        *rows = &listing->schema;
        *count = 1;
    }
    (void)sqlite3_reset(statement);
    return status;
}

/* --------------------------------------------------------------- sequences */

static int find_sequence(quipu_driver_cursor *cursor, struct connection *reader,
                         const void **rows, size_t *count, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    quipu_driver_schema *bound = cursor->bound;
    sqlite3_stmt *statement = NULL;
    bool found = false;
    int status = quipu_sqlite_statement_get(cursor->datastore, reader, bound,
                                            listing->begun ? SQL_NEXT_SEQUENCE
                                                           : SQL_FIRST_SEQUENCE,
                                            &statement, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (listing->begun) {
        quipu_bytes last = { listing->key[0], listing->key_size[0] };
        quipu_sqlite_bind_sequence(statement, 1, bound, last);
    }
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW &&
        sqlite3_column_type(statement, 0) == SQLITE_NULL) {
        code = SQLITE_DONE; /* min() of nothing */
    }
    status = stepped(cursor, reader, code, &found, error);
    if (found) {
        keep_key(listing, 0, statement, 0);
        listing->begun = true;
    }
    (void)sqlite3_reset(statement);
    if (status == QUIPU_OK && found) {
        quipu_sequence *sequence = &listing->sequence;
        *sequence =
            (quipu_sequence){ .id = { listing->key[0], listing->key_size[0] } };
        status = quipu_sqlite_ask_last(cursor->datastore, reader, bound,
                                       sequence->id, &found,
                                       &sequence->last_position, error);
        *rows = sequence;
        *count = 1;
    }
    return status;
}

static int next_sequence(quipu_driver_cursor *cursor, struct connection *reader,
                         const void **rows, size_t *count, quipu_error *error)
{
    int status = find_sequence(cursor, reader, rows, count, error);
    return quipu_sqlite_torn_down(cursor->datastore, reader, cursor->bound,
                                  status, error);
}

/* ---------------------------------------------------------------- tracking */

static int next_tracking(quipu_driver_cursor *cursor, struct connection *reader,
                         const void **rows, size_t *count, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    sqlite3_stmt *statement = NULL;
    bool found = false;
    int status = quipu_sqlite_statement_get(
        cursor->datastore, reader, NULL, SQL_TRACKING_NEXT, &statement, error);
    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(statement, 1, cursor->datastore->space);
    bind_key(statement, 2, listing, 0);
    bind_key(statement, 3, listing, 1);
    status = stepped(cursor, reader, sqlite3_step(statement), &found, error);
    if (found) {
        keep_key(listing, 0, statement, 3);
        keep_key(listing, 1, statement, 4);
        listing->tracking = (quipu_tracking){
            .consumer = { listing->key[0], listing->key_size[0] },
            .log = { listing->key[1], listing->key_size[1] }
        };
        quipu_sqlite_row_position(statement, &listing->tracking.position);
        *rows = &listing->tracking;
        *count = 1;
    }
    (void)sqlite3_reset(statement);
    return status;
}

/* ----------------------------------------------------------------- opening */

static int open_list(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound,
                     int (*step)(quipu_driver_cursor *cursor,
                                 struct connection *reader, const void **rows,
                                 size_t *count, quipu_error *error),
                     quipu_driver_cursor **cursor, quipu_error *error)
{
    int status = quipu_sqlite_cursor_create(datastore, bound, cursor, error);
    if (status == QUIPU_OK) {
        (*cursor)->step = step;
    }
    return status;
}

int quipu_sqlite_list_schemas(quipu_driver_datastore *datastore,
                              int64_t deadline, quipu_driver_cursor **cursor,
                              quipu_error *error)
{
    (void)deadline;
    return open_list(datastore, NULL, next_schema, cursor, error);
}

int quipu_sqlite_list_tracking(quipu_driver_datastore *datastore,
                               int64_t deadline, quipu_driver_cursor **cursor,
                               quipu_error *error)
{
    (void)deadline;
    return open_list(datastore, NULL, next_tracking, cursor, error);
}

int quipu_sqlite_list_sequences(quipu_driver_datastore *datastore,
                                quipu_driver_schema *bound, quipu_bytes after,
                                int64_t deadline, quipu_driver_cursor **cursor,
                                quipu_error *error)
{
    (void)deadline;
    int status = open_list(datastore, bound, next_sequence, cursor, error);
    if (status == QUIPU_OK && after.data && after.size > 0) {
        struct listing *listing = &(*cursor)->listing;
        memcpy(listing->key[0], after.data, after.size);
        listing->key_size[0] = after.size;
        listing->begun = true;
    }
    return status;
}
