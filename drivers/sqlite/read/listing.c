/* SPDX-License-Identifier: Apache-2.0 */
/* Listings of schemas, sequences and tracking records.
 *
 * Each step looks for the first row whose key follows that of the last one. So
 * a listing holds no transaction between two steps; rows added or removed
 * meanwhile may or may not appear.
 */
#include "read/cursor.h"

#include <string.h>

/* Keeps a part of the row's key for the next step. A key longer than
 * QUIPU_ID_MAX, which quipu never writes, is cut. */
static void keep_key(struct listing *listing, int part, sqlite3_stmt *row,
                     int column)
{
    const void *data = sqlite3_column_blob(row, column);
    size_t size = (size_t)sqlite3_column_bytes(row, column);

    if (size > QUIPU_ID_MAX) {
        size = QUIPU_ID_MAX;
    }
    if (size > 0) {
        memcpy(listing->key[part], data, size);
    }
    listing->key[part][size] = '\0';
    listing->key_size[part] = size;
}

static void bind_key(sqlite3_stmt *statement, int index,
                     const struct listing *listing, int part)
{
    (void)sqlite3_bind_text(statement, index, listing->key[part],
                            (int)listing->key_size[part], SQLITE_STATIC);
}

static quipu_bytes key_of(const struct listing *listing, int part)
{
    return (quipu_bytes){ listing->key[part], listing->key_size[part] };
}

/* Evaluates the result of a step; *found tells that there is a row. */
static int finish_step(quipu_driver_cursor *cursor, struct connection *reader,
                       int code, bool *found, quipu_error *error)
{
    *found = code == SQLITE_ROW;
    cursor->done = code == SQLITE_DONE;
    return code == SQLITE_ROW || code == SQLITE_DONE
               ? QUIPU_OK
               : quipu_sqlite_error_set(reader, code, "list", error);
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

/* The further columns of a schema, with memory for their names. */
struct column_list {
    quipu_column columns[QUIPU_COLUMNS_MAX];
    char names[QUIPU_COLUMNS_MAX][QUIPU_NAME_MAX + 1];
    size_t count;
};

static int read_columns(struct connection *reader, int64_t number,
                        struct column_list *list, quipu_error *error)
{
    sqlite3_stmt *row = NULL;
    int code = SQLITE_DONE;
    int status =
        quipu_sqlite_statement_get(reader, NULL, SQL_COLUMNS, &row, error);

    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(row, 1, number);
    list->count = 0;
    while ((code = sqlite3_step(row)) == SQLITE_ROW &&
           list->count < QUIPU_COLUMNS_MAX) {
        char *name = list->names[list->count];
        size_t size = (size_t)sqlite3_column_bytes(row, 0);

        size = size > QUIPU_NAME_MAX ? QUIPU_NAME_MAX : size;
        memcpy(name, sqlite3_column_text(row, 0), size);
        name[size] = '\0';
        list->columns[list->count++] = (quipu_column){
            .name = name, .kind = quipu_common_schema_kind_of(text_at(row, 1))
        };
    }
    (void)sqlite3_reset(row);
    return code == SQLITE_ROW || code == SQLITE_DONE
               ? QUIPU_OK
               : quipu_sqlite_error_set(reader, code, "list the columns",
                                        error);
}

/* Copies the schema of a row of SQL_SCHEMAS_NEXT into the listing. */
static int read_schema(quipu_driver_cursor *cursor, struct connection *reader,
                       sqlite3_stmt *row, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    const quipu_host *host = cursor->datastore->host;
    struct column_list list;
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
        .columns = list.columns,
    };

    schema.flags |= is_word(row, 2, "text") ? QUIPU_SCHEMA_TEXT_IDS : 0u;
    schema.flags |= is_word(row, 3, "sparse") ? QUIPU_SCHEMA_SPARSE : 0u;
    int status =
        read_columns(reader, sqlite3_column_int64(row, 0), &list, error);
    if (status != QUIPU_OK) {
        return status;
    }
    schema.column_count = list.count;
    host->release(listing->schema_block);
    listing->schema_block =
        quipu_common_schema_copy(host, &schema, &listing->schema);
    return listing->schema_block ? QUIPU_OK
                                 : quipu_sqlite_error_no_memory(host, error);
}

static int next_schema(quipu_driver_cursor *cursor, struct connection *reader,
                       struct cursor_rows *rows, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    sqlite3_stmt *statement = NULL;
    bool found = false;
    int status = quipu_sqlite_statement_get(reader, NULL, SQL_SCHEMAS_NEXT,
                                            &statement, error);

    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(statement, 1,
                             cursor->datastore->name_space_number);
    bind_key(statement, 2, listing, 0);
    status =
        finish_step(cursor, reader, sqlite3_step(statement), &found, error);
    if (found) {
        keep_key(listing, 0, statement, 1);
        status = read_schema(cursor, reader, statement, error);
        *rows = (struct cursor_rows){ &listing->schema, 1 };
    }
    (void)sqlite3_reset(statement);
    return status;
}

/* --------------------------------------------------------------- sequences */

/* Moves the key of the listing to the next sequence id. */
static int find_sequence(quipu_driver_cursor *cursor, struct connection *reader,
                         bool *found, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    sqlite3_stmt *statement = NULL;
    const enum statement which =
        listing->begun ? SQL_NEXT_SEQUENCE : SQL_FIRST_SEQUENCE;
    int status = quipu_sqlite_statement_get(reader, cursor->bound, which,
                                            &statement, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (listing->begun) {
        quipu_sqlite_item_row_bind_sequence(statement, 1, cursor->bound,
                                            key_of(listing, 0));
    }
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW &&
        sqlite3_column_type(statement, 0) == SQLITE_NULL) {
        code = SQLITE_DONE; /* min() of no row */
    }
    status = finish_step(cursor, reader, code, found, error);
    if (*found) {
        keep_key(listing, 0, statement, 0);
        listing->begun = true;
    }
    (void)sqlite3_reset(statement);
    return status == QUIPU_OK
               ? quipu_sqlite_lookup_check(reader, cursor->bound, which, error)
               : status;
}

static int next_sequence(quipu_driver_cursor *cursor, struct connection *reader,
                         struct cursor_rows *rows, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    quipu_sequence *sequence = &listing->sequence;
    bool found = false;
    int status = find_sequence(cursor, reader, &found, error);

    if (status == QUIPU_OK && found) {
        struct sequence_end end = { .found = false };

        *sequence = (quipu_sequence){ .id = key_of(listing, 0) };
        status = quipu_sqlite_lookup_last(reader, cursor->bound, sequence->id,
                                          &end, error);
        sequence->last_position = end.position;
        *rows = (struct cursor_rows){ sequence, 1 };
    }
    return quipu_sqlite_lookup_torn_down(reader, cursor->bound, status, error);
}

/* ---------------------------------------------------------------- tracking */

static int next_tracking(quipu_driver_cursor *cursor, struct connection *reader,
                         struct cursor_rows *rows, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    sqlite3_stmt *statement = NULL;
    bool found = false;
    int status = quipu_sqlite_statement_get(reader, NULL, SQL_TRACKING_NEXT,
                                            &statement, error);

    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(statement, 1,
                             cursor->datastore->name_space_number);
    bind_key(statement, 2, listing, 0);
    bind_key(statement, 3, listing, 1);
    status =
        finish_step(cursor, reader, sqlite3_step(statement), &found, error);
    if (found) {
        keep_key(listing, 0, statement, 3);
        keep_key(listing, 1, statement, 4);
        listing->tracking = (quipu_tracking){ .consumer = key_of(listing, 0),
                                              .log = key_of(listing, 1) };
        quipu_sqlite_lookup_read_position(statement,
                                          &listing->tracking.position);
        *rows = (struct cursor_rows){ &listing->tracking, 1 };
    }
    (void)sqlite3_reset(statement);
    return status;
}

/* ----------------------------------------------------------------- opening */

int quipu_sqlite_listing_schemas(quipu_driver_datastore *datastore,
                                 int64_t deadline, quipu_driver_cursor **cursor,
                                 quipu_error *error)
{
    int status = quipu_sqlite_cursor_create(datastore, NULL, cursor, error);

    (void)deadline;
    if (status == QUIPU_OK) {
        (*cursor)->step = next_schema;
    }
    return status;
}

int quipu_sqlite_listing_tracking(quipu_driver_datastore *datastore,
                                  int64_t deadline,
                                  quipu_driver_cursor **cursor,
                                  quipu_error *error)
{
    int status = quipu_sqlite_cursor_create(datastore, NULL, cursor, error);

    (void)deadline;
    if (status == QUIPU_OK) {
        (*cursor)->step = next_tracking;
    }
    return status;
}

int quipu_sqlite_listing_sequences(quipu_driver_datastore *datastore,
                                   quipu_driver_schema *bound,
                                   quipu_bytes after, int64_t deadline,
                                   quipu_driver_cursor **cursor,
                                   quipu_error *error)
{
    int status = quipu_sqlite_cursor_create(datastore, bound, cursor, error);

    (void)deadline;
    if (status == QUIPU_OK) {
        (*cursor)->step = next_sequence;
    }
    if (status == QUIPU_OK && after.data && after.size > 0) {
        struct listing *listing = &(*cursor)->listing;

        memcpy(listing->key[0], after.data, after.size);
        listing->key_size[0] = after.size;
        listing->begun = true;
    }
    return status;
}
