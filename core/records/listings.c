/* SPDX-License-Identifier: Apache-2.0 */
/* Listings: of schemas, of sequences, of tracking records. */
#include <quipu/records.h>

#include <quipu/memory.h>

#include "base/error.h"
#include "base/structs.h"
#include "records/check.h"
#include "records/rows.h"

/* The three public types, which are never defined, are all this. */
struct listing {
    struct quipu_rows rows;
    quipu_schema schema; /* a row of a listing of schemas, of our own size */
};

/* What to list, and how far. */
struct wish {
    enum quipu_call call;
    quipu_datastore *datastore;
    quipu_records *records; /* for sequences; else NULL */
    quipu_bytes after;
};

static int ask_driver(const struct wish *wish, quipu_driver_cursor **cursor,
                      quipu_error *said)
{
    const quipu_driver *driver = wish->datastore->driver;
    quipu_driver_datastore *handle = wish->datastore->handle;
    int64_t deadline = quipu_deadline_of(wish->datastore);

    switch (wish->call) {
    case QUIPU_CALL_LIST_SCHEMAS:
        return driver->list_schemas(handle, deadline, cursor, said);
    case QUIPU_CALL_LIST_TRACKING:
        return driver->list_tracking(handle, deadline, cursor, said);
    default:
        return driver->list_sequences(handle, wish->records->bound, wish->after,
                                      deadline, cursor, said);
    }
}

static void listing_close(struct listing *listing)
{
    if (listing && quipu_rows_finish(&listing->rows)) {
        quipu_release(listing);
    }
}

static int listing_open(const struct wish *wish, struct listing **out,
                        quipu_error *error)
{
    struct listing *listing = quipu_allocate(sizeof(*listing));
    quipu_error said;
    int status;

    if (!listing) {
        return quipu_error_no_memory(error);
    }
    quipu_rows_init(&listing->rows, wish->datastore, wish->records);
    quipu_call_prepare(&said);
    status = ask_driver(wish, &listing->rows.handle, &said);
    status =
        quipu_rows_opened(&listing->rows, wish->call, status, &said, error);
    if (status != QUIPU_OK) {
        listing_close(listing);
        return status;
    }
    *out = listing;
    return QUIPU_OK;
}

static int listing_next(struct listing *listing, const char *what,
                        const void *out, const char *out_name, size_t size,
                        const void **row, quipu_error *error)
{
    if (!listing || !out) {
        return quipu_argument_missing(listing ? out_name : what, error);
    }
    return quipu_rows_next(&listing->rows, size, row, error);
}

/* -------------------------------------------------------------- schemas */

int quipu_schemas_open(quipu_datastore *datastore, quipu_schemas **schemas,
                       quipu_error *error)
{
    struct wish wish = { .call = QUIPU_CALL_LIST_SCHEMAS,
                         .datastore = datastore };
    struct listing *listing;
    int status = quipu_datastore_enter(datastore, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!schemas) {
        return quipu_argument_missing("schemas", error);
    }
    status = listing_open(&wish, &listing, error);
    if (status == QUIPU_OK) {
        *schemas = (quipu_schemas *)listing;
    }
    return status;
}

/* A driver of another age than the core may know a shorter or longer schema;
 * so there is no array of them. */
static int take_row(struct listing *listing, const void *row,
                    quipu_error *error)
{
    const quipu_driver *driver = listing->rows.datastore->driver;
    const char *what = NULL;

    if (listing->rows.left > 0) {
        what = "lent several schemas at once";
    } else if (quipu_struct_take(&listing->schema, sizeof(listing->schema), row,
                                 "schema", NULL) != QUIPU_OK) {
        what = "lent a schema with a wrong struct_size";
    }
    if (what) {
        listing->rows.state = QUIPU_ROWS_FAILED;
        return quipu_call_broken(driver, QUIPU_CALL_STEP, what, error);
    }
    return QUIPU_OK;
}

int quipu_schemas_next(quipu_schemas *schemas, const quipu_schema **schema,
                       quipu_error *error)
{
    struct listing *listing = (struct listing *)schemas;
    const void *row;
    int status = listing_next(listing, "schemas", schema, "schema",
                              sizeof(**schema), &row, error);

    if (status == QUIPU_OK && row) {
        status = take_row(listing, row, error);
    }
    if (status == QUIPU_OK) {
        *schema = row ? &listing->schema : NULL;
    }
    return status;
}

void quipu_schemas_close(quipu_schemas *schemas)
{
    listing_close((struct listing *)schemas);
}

/* ------------------------------------------------------------ trackings */

int quipu_trackings_open(quipu_datastore *datastore,
                         quipu_trackings **trackings, quipu_error *error)
{
    struct wish wish = { .call = QUIPU_CALL_LIST_TRACKING,
                         .datastore = datastore };
    struct listing *listing;
    int status = quipu_datastore_enter(datastore, error);

    if (status == QUIPU_OK) {
        status = quipu_call_possible(datastore, wish.call,
                                     datastore->driver->list_tracking,
                                     QUIPU_CAN_TRACK, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (!trackings) {
        return quipu_argument_missing("trackings", error);
    }
    status = listing_open(&wish, &listing, error);
    if (status == QUIPU_OK) {
        *trackings = (quipu_trackings *)listing;
    }
    return status;
}

int quipu_trackings_next(quipu_trackings *trackings,
                         const quipu_tracking **tracking, quipu_error *error)
{
    const void *row;
    int status =
        listing_next((struct listing *)trackings, "trackings", tracking,
                     "tracking", sizeof(**tracking), &row, error);

    if (status == QUIPU_OK) {
        *tracking = row;
    }
    return status;
}

void quipu_trackings_close(quipu_trackings *trackings)
{
    listing_close((struct listing *)trackings);
}

/* ------------------------------------------------------------ sequences */

static int check_after(const quipu_records *records, quipu_bytes after,
                       quipu_error *error)
{
    if (!after.data && after.size == 0) {
        return QUIPU_OK;
    }
    return quipu_check_sequence_id(records->schema, after,
                                   (struct quipu_place){ NULL, 0 }, "after",
                                   error);
}

int quipu_sequences_open(quipu_records *records, quipu_bytes after,
                         quipu_sequences **sequences, quipu_error *error)
{
    struct wish wish = { .call = QUIPU_CALL_LIST_SEQUENCES,
                         .records = records,
                         .after = after };
    struct listing *listing;
    int status = quipu_records_enter(records, error);

    if (status == QUIPU_OK) {
        status = check_after(records, after, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (!sequences) {
        return quipu_argument_missing("sequences", error);
    }
    wish.datastore = records->datastore;
    status = listing_open(&wish, &listing, error);
    if (status == QUIPU_OK) {
        *sequences = (quipu_sequences *)listing;
    }
    return status;
}

int quipu_sequences_next(quipu_sequences *sequences,
                         const quipu_sequence **sequence, quipu_error *error)
{
    const void *row;
    int status =
        listing_next((struct listing *)sequences, "sequences", sequence,
                     "sequence", sizeof(**sequence), &row, error);

    if (status == QUIPU_OK) {
        *sequence = row;
    }
    return status;
}

void quipu_sequences_close(quipu_sequences *sequences)
{
    listing_close((struct listing *)sequences);
}
