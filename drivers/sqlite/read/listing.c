/* SPDX-License-Identifier: Apache-2.0 */
/* Listings of schemas, sequences, tracking records and logs.
 *
 * Each step looks for the first row whose key follows that of the last one. So
 * a listing holds no transaction between two steps; rows added or removed
 * meanwhile may or may not appear.
 */
#include "common/safeguard.h"
#include "read/cursor.h"

#include <string.h>

/* The columns of a row that are its key. */
struct key_columns {
    int first;
    int count;
    int type; /* SQLITE_TEXT or SQLITE_BLOB */
};

static int set_corrupt(const quipu_driver_cursor *cursor, const char *fault,
                       quipu_error *error)
{
    return cursor->datastore->host->error_set(
        error, QUIPU_CORRUPT, 0, NULL,
        "a table of \"%s\" has a row %s, which quipu never writes; restore "
        "the row, or a backup",
        cursor->datastore->name, fault);
}

/* Compares a part of the listing's key with a column. */
static int compare_part(const struct listing *listing, int part,
                        sqlite3_stmt *row, int column)
{
    const void *data = sqlite3_column_blob(row, column);
    const size_t size = (size_t)sqlite3_column_bytes(row, column);
    const size_t before = listing->key_size[part];
    const size_t both = size < before ? size : before;
    int order = both > 0 ? memcmp(data, listing->key[part], both) : 0;

    return order != 0 ? order : (size > before) - (size < before);
}

/* Keeps the row's key for the next step. The next row is the first one above
 * this key: so each key must be above the one before, or the listing would
 * never end. */
static int keep_key(quipu_driver_cursor *cursor, sqlite3_stmt *row,
                    struct key_columns columns, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    int order = 0;

    for (int i = 0; i < columns.count; i++) {
        const int column = columns.first + i;

        if (sqlite3_column_type(row, column) != columns.type) {
            return set_corrupt(cursor, "with a key of another type", error);
        }
        if (sqlite3_column_bytes(row, column) > QUIPU_ID_MAX) {
            return set_corrupt(cursor, "with a key of more than 255 bytes",
                               error);
        }
        order = order != 0 ? order : compare_part(listing, i, row, column);
    }
    if (SAFEGUARDED("S4.listings-make-progress", listing->begun && order <= 0,
                    false)) {
        return set_corrupt(cursor, "that is out of order", error);
    }
    for (int i = 0; i < columns.count; i++) {
        const int column = columns.first + i;
        const size_t size = (size_t)sqlite3_column_bytes(row, column);

        if (size > 0) {
            memcpy(listing->key[i], sqlite3_column_blob(row, column), size);
        }
        listing->key[i][size] = '\0';
        listing->key_size[i] = size;
    }
    listing->begun = true;
    return QUIPU_OK;
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

/* Returns true for a text that can be the name of a table or column. */
static bool is_name(sqlite3_stmt *row, int column)
{
    return sqlite3_column_type(row, column) == SQLITE_TEXT &&
           sqlite3_column_bytes(row, column) <= QUIPU_NAME_MAX &&
           strlen(text_at(row, column)) ==
               (size_t)sqlite3_column_bytes(row, column);
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

static int read_columns(const quipu_driver_cursor *cursor,
                        struct connection *reader, int64_t number,
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

        if (!is_name(row, 0) || !is_name(row, 1)) {
            break;
        }
        memcpy(name, text_at(row, 0), (size_t)sqlite3_column_bytes(row, 0) + 1);
        list->columns[list->count++] = (quipu_column){
            .name = name, .kind = quipu_common_schema_kind_of(text_at(row, 1))
        };
    }
    (void)sqlite3_reset(row);
    if (code == SQLITE_ROW) {
        return set_corrupt(cursor, "that is no column of a schema", error);
    }
    return code == SQLITE_DONE ? QUIPU_OK
                               : quipu_sqlite_error_set(
                                     reader, code, "list the columns", error);
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

    for (int i = 1; i <= 8; i++) {
        if (!is_name(row, i)) {
            return set_corrupt(cursor, "that is no schema", error);
        }
    }
    schema.flags |= is_word(row, 2, "text") ? QUIPU_SCHEMA_TEXT_IDS : 0u;
    schema.flags |= is_word(row, 3, "sparse") ? QUIPU_SCHEMA_SPARSE : 0u;
    int status = read_columns(cursor, reader, sqlite3_column_int64(row, 0),
                              &list, error);
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

/* Reads the row behind the key of the listing.  The statement has as parameters
 * the namespace (of logs: whether the listing begins) and the parts of the key.
 * If *found, the caller takes the row; it resets *statement in any case. */
static int step_by_key(quipu_driver_cursor *cursor, struct connection *reader,
                       enum statement which, struct key_columns columns,
                       sqlite3_stmt **statement, bool *found,
                       quipu_error *error)
{
    *statement = NULL;
    int status =
        quipu_sqlite_statement_get(reader, NULL, which, statement, error);

    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(*statement, 1,
                             which == SQL_LOGS_NEXT
                                 ? !cursor->listing.begun
                                 : cursor->datastore->name_space_number);
    for (int i = 0; i < columns.count; i++) {
        bind_key(*statement, 2 + i, &cursor->listing, i);
    }
    status =
        finish_step(cursor, reader, sqlite3_step(*statement), found, error);
    return *found ? keep_key(cursor, *statement, columns, error) : status;
}

static int next_schema(quipu_driver_cursor *cursor, struct connection *reader,
                       struct cursor_rows *rows, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    sqlite3_stmt *statement = NULL;
    bool found = false;
    int status = step_by_key(cursor, reader, SQL_SCHEMAS_NEXT,
                             (struct key_columns){ 1, 1, SQLITE_TEXT },
                             &statement, &found, error);

    if (status == QUIPU_OK && found) {
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
        const int type =
            (cursor->bound->schema.flags & QUIPU_SCHEMA_TEXT_IDS) != 0
                ? SQLITE_TEXT
                : SQLITE_BLOB;

        status = keep_key(cursor, statement, (struct key_columns){ 0, 1, type },
                          error);
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
    int status = step_by_key(cursor, reader, SQL_TRACKING_NEXT,
                             (struct key_columns){ 3, 2, SQLITE_TEXT },
                             &statement, &found, error);

    if (status == QUIPU_OK && found) {
        listing->tracking = (quipu_tracking){ .consumer = key_of(listing, 0),
                                              .log = key_of(listing, 1) };
        quipu_sqlite_lookup_read_position(statement,
                                          &listing->tracking.position);
        *rows = (struct cursor_rows){ &listing->tracking, 1 };
    }
    (void)sqlite3_reset(statement);
    return status;
}

/* -------------------------------------------------------------------- logs */

static int next_log(quipu_driver_cursor *cursor, struct connection *reader,
                    struct cursor_rows *rows, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    sqlite3_stmt *statement = NULL;
    bool found = false;
    int status = step_by_key(cursor, reader, SQL_LOGS_NEXT,
                             (struct key_columns){ 0, 2, SQLITE_TEXT },
                             &statement, &found, error);

    if (status == QUIPU_OK && found) {
        listing->log =
            (quipu_log){ .name_space = listing->key[0],
                         .table =
                             listing->key_size[1] > 0 ? listing->key[1] : NULL,
                         .head = sqlite3_column_int64(statement, 2) };
        *rows = (struct cursor_rows){ &listing->log, 1 };
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

int quipu_sqlite_listing_logs(quipu_driver_datastore *datastore,
                              int64_t deadline, quipu_driver_cursor **cursor,
                              quipu_error *error)
{
    int status = quipu_sqlite_cursor_create(datastore, NULL, cursor, error);

    (void)deadline;
    if (status == QUIPU_OK) {
        (*cursor)->step = next_log;
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
