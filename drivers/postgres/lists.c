/* SPDX-License-Identifier: Apache-2.0 */
/* Listings: each step looks for what comes after the last row's key. */
#include "cursor.h"
#include "operations.h"

#include <string.h>

#define PAGE_ROWS 256

static void keep_key(struct listing *listing, int which, quipu_bytes bytes)
{
    size_t size = bytes.size;
    if (size > QUIPU_ID_MAX) {
        size = QUIPU_ID_MAX; /* only what quipu did not write */
    }
    if (size > 0) {
        memcpy(listing->key[which], bytes.data, size);
    }
    listing->key[which][size] = '\0';
    listing->key_size[which] = size;
}

static quipu_bytes key_of(const struct listing *listing, int which)
{
    return (quipu_bytes){ listing->key[which], listing->key_size[which] };
}

/* ----------------------------------------------------------------- schemas */

static void put_name(struct arguments *arguments, const void *context)
{
    const quipu_driver_cursor *cursor = context;
    quipu_postgres_add_int4(arguments, cursor->datastore->space);
    quipu_postgres_add_bytes(arguments, key_of(&cursor->listing, 0));
}

struct of_schema {
    int32_t space;
    int64_t number;
};

static void put_number(struct arguments *arguments, const void *context)
{
    const struct of_schema *of = context;
    quipu_postgres_add_int4(arguments, of->space);
    quipu_postgres_add_int8(arguments, of->number);
}

static const char *text_at(const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) != 0
               ? NULL
               : PQgetvalue(result, row, column);
}

static bool is_word(const PGresult *result, int column, const char *word)
{
    const char *text = text_at(result, 0, column);
    return text && strcmp(text, word) == 0;
}

static int read_columns(quipu_driver_cursor *cursor, int64_t number,
                        int64_t deadline, PGresult **result,
                        quipu_column *columns, size_t *count,
                        quipu_error *error)
{
    quipu_driver_datastore *datastore = cursor->datastore;
    const struct of_schema of = { datastore->space, number };
    int status = quipu_postgres_read(
        datastore, &datastore->common[SQL_SCHEMA_COLUMNS], put_number, &of,
        deadline, "list the columns", result, error);
    if (status != QUIPU_OK) {
        return status;
    }
    int rows = PQntuples(*result);
    rows = rows < QUIPU_COLUMNS_MAX ? rows : QUIPU_COLUMNS_MAX;
    for (int i = 0; i < rows; i++) {
        columns[i] = (quipu_column){ .name = PQgetvalue(*result, i, 0),
                                     .kind = quipu_common_schema_kind_of(
                                         text_at(*result, i, 1)) };
    }
    *count = (size_t)rows;
    return QUIPU_OK;
}

static int read_schema(quipu_driver_cursor *cursor, const PGresult *row,
                       int64_t deadline, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    const quipu_host *host = cursor->datastore->host;
    quipu_column columns[QUIPU_COLUMNS_MAX];
    PGresult *result = NULL;
    quipu_schema schema = {
        .struct_size = sizeof(schema),
        .table = text_at(row, 0, 1),
        .notification_id = text_at(row, 0, 5),
        .sequence_id = text_at(row, 0, 6),
        .position = text_at(row, 0, 7),
        .topic = text_at(row, 0, 8),
        .state = text_at(row, 0, 9),
        .event_id = text_at(row, 0, 10),
        .metadata = text_at(row, 0, 11),
        .time = text_at(row, 0, 12),
        .columns = columns,
    };
    schema.flags |= is_word(row, 3, "text") ? QUIPU_SCHEMA_TEXT_IDS : 0u;
    schema.flags |= is_word(row, 4, "sparse") ? QUIPU_SCHEMA_SPARSE : 0u;
    int status =
        read_columns(cursor, quipu_postgres_get_int(row, 0, 0), deadline,
                     &result, columns, &schema.column_count, error);
    if (status == QUIPU_OK) {
        host->release(listing->schema_block);
        listing->schema_block =
            quipu_common_schema_copy(host, &schema, &listing->schema);
        if (!listing->schema_block) {
            status = quipu_postgres_no_memory(host, error);
        }
    }
    PQclear(result);
    return status;
}

static int next_schema(quipu_driver_cursor *cursor, int64_t deadline,
                       const void **rows, size_t *count, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    quipu_driver_datastore *datastore = cursor->datastore;
    PGresult *result = NULL;
    int status = quipu_postgres_read(
        datastore, &datastore->common[SQL_SCHEMA_NEXT], put_name, cursor,
        deadline, "list the schemas", &result, error);
    if (status == QUIPU_OK && PQntuples(result) > 0) {
        keep_key(listing, 0, quipu_postgres_get_bytes(result, 0, 1));
        status = read_schema(cursor, result, deadline, error);
        *rows = &listing->schema;
        *count = status == QUIPU_OK ? 1 : 0;
    }
    PQclear(result);
    return status;
}

/* --------------------------------------------------------------- sequences */

static const char first_uuid[16];

static void put_after(struct arguments *arguments, const void *context)
{
    const quipu_driver_cursor *cursor = context;
    quipu_bytes after = key_of(&cursor->listing, 0);
    if (!cursor->listing.begun &&
        (cursor->bound->schema.flags & QUIPU_SCHEMA_TEXT_IDS) == 0) {
        after = (quipu_bytes){ first_uuid, sizeof(first_uuid) };
    }
    quipu_postgres_add_int4(arguments, cursor->datastore->space);
    quipu_postgres_add_bytes(arguments, after);
    quipu_postgres_add_int8(arguments, PAGE_ROWS + 1);
}

/* The page begins with the last one's end, if that is (still) there. */
static size_t take_sequences(struct listing *listing, quipu_sequence *sequences)
{
    int rows = PQntuples(listing->page);
    size_t count = 0;
    for (int i = 0; i < rows; i++) {
        quipu_bytes id = quipu_postgres_get_bytes(listing->page, i, 0);
        bool known = i == 0 && listing->begun &&
                     id.size == listing->key_size[0] &&
                     memcmp(id.data, listing->key[0], id.size) == 0;
        if (!known) {
            sequences[count++] = (quipu_sequence){
                .id = id,
                .last_position = quipu_postgres_get_int(listing->page, i, 1)
            };
        }
    }
    listing->done = rows <= PAGE_ROWS;
    return count;
}

static int next_sequences(quipu_driver_cursor *cursor, int64_t deadline,
                          const void **rows, size_t *count, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    quipu_sequence *sequences = listing->rows;
    PQclear(listing->page);
    listing->page = NULL;
    int status = quipu_postgres_read(
        cursor->datastore, &cursor->bound->of[SQL_SEQUENCES], put_after, cursor,
        deadline, "list the sequences", &listing->page, error);
    if (status != QUIPU_OK) {
        return status;
    }
    *count = take_sequences(listing, sequences);
    *rows = sequences;
    if (*count > 0) {
        keep_key(listing, 0, sequences[*count - 1].id);
        listing->begun = true;
    }
    return QUIPU_OK;
}

/* ---------------------------------------------------------------- tracking */

static void put_record(struct arguments *arguments, const void *context)
{
    const quipu_driver_cursor *cursor = context;
    quipu_postgres_add_int4(arguments, cursor->datastore->space);
    quipu_postgres_add_bytes(arguments, key_of(&cursor->listing, 0));
    quipu_postgres_add_bytes(arguments, key_of(&cursor->listing, 1));
    quipu_postgres_add_int8(arguments, PAGE_ROWS);
}

static int next_tracking(quipu_driver_cursor *cursor, int64_t deadline,
                         const void **rows, size_t *count, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    quipu_driver_datastore *datastore = cursor->datastore;
    quipu_tracking *records = listing->rows;
    PQclear(listing->page);
    listing->page = NULL;
    int status = quipu_postgres_read(
        datastore, &datastore->common[SQL_TRACKING_LIST], put_record, cursor,
        deadline, "list the tracking records", &listing->page, error);
    if (status != QUIPU_OK) {
        return status;
    }
    int found = PQntuples(listing->page);
    for (int i = 0; i < found; i++) {
        records[i] = (quipu_tracking){
            .consumer = quipu_postgres_get_bytes(listing->page, i, 3),
            .log = quipu_postgres_get_bytes(listing->page, i, 4)
        };
        quipu_postgres_get_position(listing->page, i, &records[i].position);
    }
    if (found > 0) {
        keep_key(listing, 0, records[found - 1].consumer);
        keep_key(listing, 1, records[found - 1].log);
    }
    listing->done = found < PAGE_ROWS;
    *rows = records;
    *count = (size_t)found;
    return QUIPU_OK;
}

/* ----------------------------------------------------------------- opening */

typedef int (*lister)(quipu_driver_cursor *cursor, int64_t deadline,
                      const void **rows, size_t *count, quipu_error *error);

static int step_list(quipu_driver_cursor *cursor, int64_t deadline,
                     const void **rows, size_t *count, quipu_error *error,
                     lister next)
{
    return cursor->listing.done ? QUIPU_OK
                                : next(cursor, deadline, rows, count, error);
}

static int step_sequences(quipu_driver_cursor *cursor, int64_t deadline,
                          const void **rows, size_t *count, quipu_error *error)
{
    return step_list(cursor, deadline, rows, count, error, next_sequences);
}

static int step_tracking(quipu_driver_cursor *cursor, int64_t deadline,
                         const void **rows, size_t *count, quipu_error *error)
{
    return step_list(cursor, deadline, rows, count, error, next_tracking);
}

static int open_list(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound, lister step, size_t row_size,
                     quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *made = NULL;
    int status = quipu_postgres_cursor_create(datastore, bound, &made, error);
    if (status != QUIPU_OK) {
        return status;
    }
    made->step = step;
    if (row_size > 0) {
        made->listing.rows =
            datastore->host->allocate((PAGE_ROWS + 1) * row_size);
        if (!made->listing.rows) {
            quipu_postgres_cursor_close(made);
            return quipu_postgres_no_memory(datastore->host, error);
        }
    }
    *cursor = made;
    return QUIPU_OK;
}

int quipu_postgres_list_schemas(quipu_driver_datastore *datastore,
                                int64_t deadline, quipu_driver_cursor **cursor,
                                quipu_error *error)
{
    (void)deadline;
    return open_list(datastore, NULL, next_schema, 0, cursor, error);
}

int quipu_postgres_list_tracking(quipu_driver_datastore *datastore,
                                 int64_t deadline, quipu_driver_cursor **cursor,
                                 quipu_error *error)
{
    (void)deadline;
    return open_list(datastore, NULL, step_tracking, sizeof(quipu_tracking),
                     cursor, error);
}

int quipu_postgres_list_sequences(quipu_driver_datastore *datastore,
                                  quipu_driver_schema *bound, quipu_bytes after,
                                  int64_t deadline,
                                  quipu_driver_cursor **cursor,
                                  quipu_error *error)
{
    (void)deadline;
    int status = open_list(datastore, bound, step_sequences,
                           sizeof(quipu_sequence), cursor, error);
    if (status == QUIPU_OK && after.data && after.size > 0) {
        keep_key(&(*cursor)->listing, 0, after);
        (*cursor)->listing.begun = true;
    }
    return status;
}
