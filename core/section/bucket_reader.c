/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers of time-bucketed logs: a cursor for each bucket, one after another.
 *
 * The bounds of the reader are the bounds of each of its cursors, since the
 * positions in all buckets are times.  Between two buckets no cursor is open,
 * so the reader itself counts as a child of its records.
 */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "records/cursor.h"
#include "section/bucket.h"

struct quipu_bucket_reader {
    quipu_records *records;
    quipu_bucketed_log log; /* with a name of its own */
    quipu_range range;      /* of times; `limit` is what is left of it */
    quipu_time bucket;      /* beginning of the one that is read */
    quipu_time last;        /* beginning of the last one */
    quipu_cursor *cursor;   /* of the bucket; NULL: not open */
    bool is_done;
};

/* ----------------------------------------------------------------- opening */

static int check_schema(const quipu_schema *schema, quipu_error *error)
{
    return (schema->flags & QUIPU_SCHEMA_SPARSE) != 0
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_INVALID,
                                 "the positions of schema \"%s\" are "
                                 "contiguous; those of a bucketed log are "
                                 "times, which needs QUIPU_SCHEMA_SPARSE",
                                 schema->table);
}

static int check_range(const quipu_range *range, quipu_error *error)
{
    return range->lower >= QUIPU_TIME_MIN && range->upper <= QUIPU_TIME_MAX
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_INVALID,
                                 "a bucketed log is read between two times in "
                                 "the years 1 to 9999, since each bucket "
                                 "between them is looked up; set a lower and "
                                 "an upper bound");
}

/* Sets the first and the last bucket, in reading order. */
static int set_buckets(quipu_bucket_reader *reader, quipu_error *error)
{
    const quipu_range *range = &reader->range;
    const quipu_time lower = { range->lower };
    const quipu_time upper = { range->upper };
    int status =
        quipu_bucket_step(reader->log.span, range->descending ? upper : lower,
                          0, &reader->bucket, error);

    return status == QUIPU_OK
               ? quipu_bucket_step(reader->log.span,
                                   range->descending ? lower : upper, 0,
                                   &reader->last, error)
               : status;
}

static int create(quipu_records *records, const quipu_bucketed_log *log,
                  quipu_bucket_reader **out, quipu_error *error)
{
    size_t size = strlen(log->name) + 1;
    quipu_bucket_reader *reader = quipu_allocate_zeroed(sizeof(*reader) + size);

    if (!reader) {
        return quipu_error_no_memory(error);
    }
    reader->records = records;
    reader->log = *log;
    reader->log.name = memcpy(reader + 1, log->name, size);
    atomic_fetch_add(&records->children, 1);
    *out = reader;
    return QUIPU_OK;
}

int quipu_bucket_reader_open(quipu_records *records,
                             const quipu_bucketed_log *given,
                             const quipu_query *query,
                             quipu_bucket_reader **out, quipu_error *error)
{
    quipu_bucket_reader *reader = NULL;
    quipu_bucketed_log log;
    quipu_range range = { 0 };
    bool empty = true;
    int status = quipu_records_enter(records, error);

    if (status == QUIPU_OK && !out) {
        status = quipu_argument_missing("reader", error);
    }
    if (status == QUIPU_OK) {
        status = quipu_bucket_take(&log, given, error);
    }
    if (status == QUIPU_OK) {
        status = check_schema(records->schema, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_cursor_range(query, &range, &empty, error);
    }
    if (status == QUIPU_OK && !empty) {
        status = check_range(&range, error);
    }
    if (status == QUIPU_OK) {
        status = create(records, &log, &reader, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    reader->range = range;
    reader->is_done = empty;
    status = empty ? QUIPU_OK : set_buckets(reader, error);
    if (status != QUIPU_OK) {
        quipu_bucket_reader_close(reader);
        return status;
    }
    *out = reader;
    return QUIPU_OK;
}

/* ----------------------------------------------------------------- reading */

static int open_cursor(quipu_bucket_reader *reader, quipu_error *error)
{
    const quipu_range *range = &reader->range;
    const quipu_query query = {
        .struct_size = sizeof(query),
        .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LTE | QUIPU_QUERY_LIMIT |
                 (range->descending ? QUIPU_QUERY_DESCENDING : 0),
        .gte = range->lower,
        .lte = range->upper,
        .limit = range->limit,
    };
    quipu_id id;
    int status = quipu_bucket_find(reader->records->schema, &reader->log,
                                   reader->bucket, &id, error);

    return status == QUIPU_OK
               ? quipu_records_read(reader->records, quipu_id_bytes(&id),
                                    &query, &reader->cursor, error)
               : status;
}

/* Goes on to the next bucket. */
static int leave_bucket(quipu_bucket_reader *reader, quipu_error *error)
{
    quipu_cursor_close(reader->cursor);
    reader->cursor = NULL;
    if (reader->bucket.microseconds == reader->last.microseconds) {
        reader->is_done = true;
        return QUIPU_OK;
    }
    return quipu_bucket_step(reader->log.span, reader->bucket,
                             reader->range.descending ? -1 : 1, &reader->bucket,
                             error);
}

int quipu_bucket_reader_next(quipu_bucket_reader *reader,
                             const quipu_item **item, quipu_error *error)
{
    const quipu_item *lent = NULL;
    int status = QUIPU_OK;

    if (!reader || !item) {
        return quipu_argument_missing(reader ? "item" : "reader", error);
    }
    while (status == QUIPU_OK && !lent && !reader->is_done) {
        if (!reader->cursor) {
            status = open_cursor(reader, error);
        }
        if (status == QUIPU_OK) {
            status = quipu_cursor_next(reader->cursor, &lent, error);
        }
        if (status == QUIPU_OK && !lent) {
            status = leave_bucket(reader, error);
        }
    }
    if (status == QUIPU_OK) {
        *item = lent;
        reader->range.limit -= lent != NULL;
    }
    return status;
}

void quipu_bucket_reader_close(quipu_bucket_reader *reader)
{
    /* In a child of fork nothing is freed, as of a cursor. */
    if (reader && quipu_datastore_is_ours(reader->records->datastore)) {
        quipu_cursor_close(reader->cursor);
        atomic_fetch_sub(&reader->records->children, 1);
        quipu_release(reader);
    }
}
