/* SPDX-License-Identifier: Apache-2.0 */
/* Listings: each step selects the rows behind the last key. */
#include "listings.h"

#include "catalogue/catalogue.h"
#include "net/errors.h"
#include "net/query.h"

#include "common/safeguard.h"
#include "common/schema.h"

#include <string.h>

#define PAGE_ROWS 256
#define PAGE_LOGS 4096 /* they are small, and a program asks for all */

/* The shape of the answer bounds the size (net/shape.h). */
static void keep_key(struct listing *listing, int which, quipu_bytes bytes)
{
    if (bytes.size > 0) {
        memcpy(listing->key[which], bytes.data, bytes.size);
    }
    listing->key[which][bytes.size] = '\0';
    listing->key_size[which] = bytes.size;
}

static quipu_bytes key_of(const struct listing *listing, int which)
{
    return (quipu_bytes){ listing->key[which], listing->key_size[which] };
}

static int compare(quipu_bytes a, quipu_bytes b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size > 0 ? memcmp(a.data, b.data, size) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* Rows that do not rise would be listed for ever. */
static int fail_order(const quipu_driver_cursor *cursor, const char *what,
                      quipu_error *error)
{
    return quipu_postgres_error_malformed(
        cursor->datastore, what,
        "its rows are not in byte order, or more than were asked for", error);
}

/* ----------------------------------------------------------------- schemas */

static void put_name(struct arguments *arguments, const void *context)
{
    const quipu_driver_cursor *cursor = context;
    quipu_postgres_binary_add_int4(arguments,
                                   cursor->datastore->namespace_number);
    quipu_postgres_binary_add_bytes(arguments, key_of(&cursor->listing, 0));
}

struct schema_key {
    int32_t namespace_number;
    int64_t number;
};

static void put_number(struct arguments *arguments, const void *context)
{
    const struct schema_key *key = context;
    quipu_postgres_binary_add_int4(arguments, key->namespace_number);
    quipu_postgres_binary_add_int8(arguments, key->number);
}

static bool is_word(const PGresult *result, int column, const char *word)
{
    const char *text = quipu_postgres_binary_get_text(result, 0, column);
    return text && strcmp(text, word) == 0;
}

/* Reads the further columns of a schema; *result owns their names. */
static int read_columns(quipu_driver_datastore *datastore, int64_t number,
                        int64_t deadline, PGresult **result, quipu_error *error)
{
    const struct schema_key key = { datastore->namespace_number, number };
    const struct query query = { .statement =
                                     &datastore->sql[SQL_SCHEMA_COLUMNS],
                                 .put = put_number,
                                 .context = &key,
                                 .what = "list the columns" };
    return quipu_postgres_query_read(datastore, &query, deadline, result,
                                     error);
}

static size_t take_columns(const PGresult *result,
                           quipu_column columns[QUIPU_COLUMNS_MAX])
{
    int rows = PQntuples(result);
    rows = rows < QUIPU_COLUMNS_MAX ? rows : QUIPU_COLUMNS_MAX;
    for (int i = 0; i < rows; i++) {
        const char *kind = quipu_postgres_binary_get_text(result, i, 1);
        columns[i] =
            (quipu_column){ .name =
                                quipu_postgres_binary_get_text(result, i, 0),
                            .kind = quipu_common_schema_kind_of(kind) };
    }
    return (size_t)rows;
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
        .table = quipu_postgres_binary_get_text(row, 0, 1),
        .notification_id = quipu_postgres_binary_get_text(row, 0, 5),
        .sequence_id = quipu_postgres_binary_get_text(row, 0, 6),
        .position = quipu_postgres_binary_get_text(row, 0, 7),
        .topic = quipu_postgres_binary_get_text(row, 0, 8),
        .state = quipu_postgres_binary_get_text(row, 0, 9),
        .event_id = quipu_postgres_binary_get_text(row, 0, 10),
        .metadata = quipu_postgres_binary_get_text(row, 0, 11),
        .time = quipu_postgres_binary_get_text(row, 0, 12),
        .columns = columns,
    };
    schema.flags |= is_word(row, 3, "text") ? QUIPU_SCHEMA_TEXT_IDS : 0u;
    schema.flags |= is_word(row, 4, "sparse") ? QUIPU_SCHEMA_SPARSE : 0u;
    int status = read_columns(cursor->datastore,
                              quipu_postgres_binary_get_int(row, 0, 0),
                              deadline, &result, error);
    if (status == QUIPU_OK) {
        schema.column_count = take_columns(result, columns);
        host->release(listing->schema_block);
        listing->schema_block =
            quipu_common_schema_copy(host, &schema, &listing->schema);
        if (!listing->schema_block) {
            status = quipu_postgres_error_no_memory(host, error);
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
    const struct query query = { .statement = &datastore->sql[SQL_SCHEMA_NEXT],
                                 .put = put_name,
                                 .context = cursor,
                                 .what = "list the schemas" };
    int status =
        quipu_postgres_query_read(datastore, &query, deadline, &result, error);
    if (status == QUIPU_OK && PQntuples(result) > 0) {
        quipu_bytes name = quipu_postgres_binary_get_bytes(result, 0, 1);
        if (compare(name, key_of(listing, 0)) <= 0) {
            PQclear(result);
            return fail_order(cursor, query.what, error);
        }
        keep_key(listing, 0, name);
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
    quipu_postgres_binary_add_int4(arguments,
                                   cursor->datastore->namespace_number);
    quipu_postgres_binary_add_bytes(arguments, after);
    quipu_postgres_binary_add_int8(arguments, PAGE_ROWS + 1);
    quipu_postgres_binary_add_int8(arguments, cursor->bound->number);
}

/* A page begins at the last key, not behind it; that row is left out.  Returns
 * false if the rows are not those that were asked for. */
static bool take_sequences(struct listing *listing, quipu_sequence *sequences,
                           size_t *count)
{
    int rows = PQntuples(listing->page);
    quipu_bytes before = key_of(listing, 0);
    bool any = listing->begun;
    *count = 0;
    for (int i = 0; i < rows && rows <= PAGE_ROWS + 1; i++) {
        quipu_bytes id = quipu_postgres_binary_get_bytes(listing->page, i, 0);
        int order = any ? compare(id, before) : 1;
        if (order < 0 || (order == 0 && i > 0)) {
            return false;
        }
        if (order > 0) {
            sequences[(*count)++] = (quipu_sequence){
                .id = id,
                .last_position =
                    quipu_postgres_binary_get_int(listing->page, i, 1)
            };
        }
        before = id;
        any = true;
    }
    listing->done = rows <= PAGE_ROWS;
    return rows <= PAGE_ROWS + 1;
}

static int next_sequences(quipu_driver_cursor *cursor, int64_t deadline,
                          const void **rows, size_t *count, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    quipu_sequence *sequences = listing->rows;
    if (listing->done) {
        return QUIPU_OK;
    }
    PQclear(listing->page);
    listing->page = NULL;
    const struct query query = { .statement =
                                     &cursor->bound->sql[SQL_SEQUENCES],
                                 .put = put_after,
                                 .context = cursor,
                                 .what = "list the sequences" };
    int status = quipu_postgres_query_read(cursor->datastore, &query, deadline,
                                           &listing->page, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (!take_sequences(listing, sequences, count)) {
        *count = 0;
        return fail_order(cursor, query.what, error);
    }
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
    quipu_postgres_binary_add_int4(arguments,
                                   cursor->datastore->namespace_number);
    quipu_postgres_binary_add_bytes(arguments, key_of(&cursor->listing, 0));
    quipu_postgres_binary_add_bytes(arguments, key_of(&cursor->listing, 1));
    quipu_postgres_binary_add_int8(arguments, PAGE_ROWS);
}

/* Returns false if the rows are not those that were asked for. */
static bool take_records(const struct listing *listing, quipu_tracking *records)
{
    int rows = PQntuples(listing->page);
    quipu_bytes consumer = key_of(listing, 0);
    quipu_bytes log = key_of(listing, 1);
    for (int i = 0; i < rows && rows <= PAGE_ROWS; i++) {
        quipu_tracking *record = &records[i];
        *record = (quipu_tracking){
            .consumer = quipu_postgres_binary_get_bytes(listing->page, i, 3),
            .log = quipu_postgres_binary_get_bytes(listing->page, i, 4)
        };
        int order = compare(record->consumer, consumer);
        if (order < 0 || (order == 0 && compare(record->log, log) <= 0)) {
            return false;
        }
        quipu_postgres_binary_get_position(listing->page, i, &record->position);
        consumer = record->consumer;
        log = record->log;
    }
    return rows <= PAGE_ROWS;
}

static int next_tracking(quipu_driver_cursor *cursor, int64_t deadline,
                         const void **rows, size_t *count, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    quipu_driver_datastore *datastore = cursor->datastore;
    quipu_tracking *records = listing->rows;
    if (listing->done) {
        return QUIPU_OK;
    }
    PQclear(listing->page);
    listing->page = NULL;
    const struct query query = { .statement =
                                     &datastore->sql[SQL_TRACKING_LIST],
                                 .put = put_record,
                                 .context = cursor,
                                 .what = "list the tracking records" };
    int status = quipu_postgres_query_read(datastore, &query, deadline,
                                           &listing->page, error);
    if (status != QUIPU_OK) {
        return status;
    }
    int found = PQntuples(listing->page);
    if (!take_records(listing, records)) {
        return fail_order(cursor, query.what, error);
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

/* -------------------------------------------------------------------- logs */

static void put_log(struct arguments *arguments, const void *context)
{
    const struct listing *listing =
        &((const quipu_driver_cursor *)context)->listing;
    quipu_postgres_binary_add_bytes(arguments, key_of(listing, 0));
    quipu_postgres_binary_add_bytes(arguments, key_of(listing, 1));
    quipu_postgres_binary_add_bool(arguments, !listing->begun);
    quipu_postgres_binary_add_int8(arguments, PAGE_LOGS);
}

/* Returns false if the rows are not those that were asked for. */
static bool take_logs(const struct listing *listing, quipu_log *logs)
{
    int rows = PQntuples(listing->page);
    quipu_bytes space = key_of(listing, 0);
    quipu_bytes table = key_of(listing, 1);
    bool any = listing->begun;
    for (int i = 0; i < rows && rows <= PAGE_LOGS; i++) {
        quipu_bytes name = quipu_postgres_binary_get_bytes(listing->page, i, 0);
        quipu_bytes log = quipu_postgres_binary_get_bytes(listing->page, i, 1);
        int order = any ? compare(name, space) : 1;
        if (order < 0 || (order == 0 && compare(log, table) <= 0)) {
            return false;
        }
        logs[i] = (quipu_log){
            .name_space = quipu_postgres_binary_get_text(listing->page, i, 0),
            .table = quipu_postgres_binary_get_text(listing->page, i, 1)
        };
        if (!PQgetisnull(listing->page, i, 2)) {
            logs[i].head = quipu_postgres_binary_get_int(listing->page, i, 2);
        }
        space = name;
        table = log;
        any = true;
    }
    return rows <= PAGE_LOGS;
}

#define LIST_LOGS "list the namespaces"

static int read_logs(quipu_driver_cursor *cursor, int64_t deadline,
                     quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    quipu_driver_datastore *datastore = cursor->datastore;
    const struct query query = { .statement = &datastore->sql[SQL_LOGS],
                                 .flush = listing->flush,
                                 .put = put_log,
                                 .context = cursor,
                                 .what = LIST_LOGS };
    PQclear(listing->page);
    listing->page = NULL;
    return quipu_postgres_query_read(datastore, &query, deadline,
                                     &listing->page, error);
}

/* Returns true if a namespace of the store may have shared flushes. */
static bool has_shared_flush(const PGresult *page)
{
    return PQntuples(page) > 0 && !PQgetisnull(page, 0, 3) &&
           quipu_postgres_binary_get_int(page, 0, 3) >=
               STORE_FORMAT_SHARED_FLUSH;
}

static int next_logs(quipu_driver_cursor *cursor, int64_t deadline,
                     const void **rows, size_t *count, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    if (listing->done) {
        return QUIPU_OK;
    }
    int status = read_logs(cursor, deadline, error);
    if (status == QUIPU_OK && !listing->flush &&
        SAFEGUARDED("V2.other-namespaces-tell-what-is-durable",
                    has_shared_flush(listing->page), false)) {
        listing->flush = true;
        status = read_logs(cursor, deadline, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    int found = PQntuples(listing->page);
    if (!take_logs(listing, listing->rows)) {
        return fail_order(cursor, LIST_LOGS, error);
    }
    if (found > 0) {
        keep_key(listing, 0,
                 quipu_postgres_binary_get_bytes(listing->page, found - 1, 0));
        keep_key(listing, 1,
                 quipu_postgres_binary_get_bytes(listing->page, found - 1, 1));
        listing->begun = true;
    }
    listing->done = found < PAGE_LOGS;
    *rows = listing->rows;
    *count = (size_t)found;
    return QUIPU_OK;
}

/* ----------------------------------------------------------------- opening */

/* Makes room for a page of rows; closes the cursor if there is none. */
static int allocate_rows(quipu_driver_cursor *cursor, size_t count,
                         size_t row_size, quipu_error *error)
{
    const quipu_host *host = cursor->datastore->host;
    cursor->listing.rows = host->allocate(count * row_size);
    if (!cursor->listing.rows) {
        quipu_postgres_read_close(cursor);
        return quipu_postgres_error_no_memory(host, error);
    }
    return QUIPU_OK;
}

int quipu_postgres_listing_schemas(quipu_driver_datastore *datastore,
                                   int64_t deadline,
                                   quipu_driver_cursor **cursor,
                                   quipu_error *error)
{
    (void)deadline;
    int status = quipu_postgres_read_create(datastore, NULL, cursor, error);
    if (status == QUIPU_OK) {
        (*cursor)->step = next_schema;
    }
    return status;
}

int quipu_postgres_listing_tracking(quipu_driver_datastore *datastore,
                                    int64_t deadline,
                                    quipu_driver_cursor **cursor,
                                    quipu_error *error)
{
    (void)deadline;
    int status = quipu_postgres_read_create(datastore, NULL, cursor, error);
    if (status == QUIPU_OK) {
        (*cursor)->step = next_tracking;
        status =
            allocate_rows(*cursor, PAGE_ROWS, sizeof(quipu_tracking), error);
    }
    return status;
}

int quipu_postgres_listing_logs(quipu_driver_datastore *datastore,
                                int64_t deadline, quipu_driver_cursor **cursor,
                                quipu_error *error)
{
    (void)deadline;
    int status = quipu_postgres_read_create(datastore, NULL, cursor, error);
    if (status == QUIPU_OK) {
        (*cursor)->step = next_logs;
        (*cursor)->listing.flush = datastore->shared_flush;
        status = allocate_rows(*cursor, PAGE_LOGS, sizeof(quipu_log), error);
    }
    return status;
}

int quipu_postgres_listing_sequences(quipu_driver_datastore *datastore,
                                     quipu_driver_schema *bound,
                                     quipu_bytes after, int64_t deadline,
                                     quipu_driver_cursor **cursor,
                                     quipu_error *error)
{
    (void)deadline;
    int status = quipu_postgres_read_create(datastore, bound, cursor, error);
    if (status == QUIPU_OK) {
        (*cursor)->step = next_sequences;
        status = allocate_rows(*cursor, PAGE_ROWS + 1, sizeof(quipu_sequence),
                               error);
    }
    if (status == QUIPU_OK && after.data && after.size > 0) {
        keep_key(&(*cursor)->listing, 0, after);
        (*cursor)->listing.begun = true;
    }
    return status;
}
