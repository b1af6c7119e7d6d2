/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors over the items of a sequence or of the log. */
#include <quipu/records.h>

#include <quipu/memory.h>

#include "base/error.h"
#include "records/check.h"
#include "records/query.h"
#include "records/rows.h"

struct quipu_cursor {
    struct quipu_rows rows;
};

/* Asks the driver for the sequence, or with no id for the log. */
static int ask_driver(quipu_cursor *cursor, quipu_records *records,
                      const quipu_bytes *sequence_id, const quipu_range *range,
                      quipu_error *error)
{
    quipu_datastore *datastore = records->datastore;
    int64_t deadline = quipu_deadline_of(datastore);
    quipu_error said;
    int status;

    quipu_call_prepare(&said);
    if (!sequence_id) {
        status = datastore->driver->read_log(datastore->handle, records->bound,
                                             range, deadline,
                                             &cursor->rows.handle, &said);
        return quipu_rows_opened(&cursor->rows, QUIPU_CALL_READ_LOG, status,
                                 &said, error);
    }
    status = datastore->driver->read_sequence(datastore->handle, records->bound,
                                              *sequence_id, range, deadline,
                                              &cursor->rows.handle, &said);
    return quipu_rows_opened(&cursor->rows, QUIPU_CALL_READ_SEQUENCE, status,
                             &said, error);
}

static int cursor_open(quipu_records *records, const quipu_bytes *sequence_id,
                       const quipu_query *query, quipu_cursor **out,
                       quipu_error *error)
{
    quipu_cursor *cursor;
    quipu_range range;
    bool empty;
    int status;

    if (!out) {
        return quipu_argument_missing("cursor", error);
    }
    status = quipu_query_range(query, &range, &empty, error);
    if (status != QUIPU_OK) {
        return status;
    }
    cursor = quipu_allocate(sizeof(*cursor));
    if (!cursor) {
        return quipu_error_no_memory(error);
    }
    quipu_rows_init(&cursor->rows, records->datastore, records);
    if (!empty) {
        status = ask_driver(cursor, records, sequence_id, &range, error);
    }
    if (status != QUIPU_OK) {
        quipu_cursor_close(cursor);
        return status;
    }
    *out = cursor;
    return QUIPU_OK;
}

int quipu_records_read(quipu_records *records, quipu_bytes sequence_id,
                       const quipu_query *query, quipu_cursor **cursor,
                       quipu_error *error)
{
    int status = quipu_records_enter(records, error);

    if (status == QUIPU_OK) {
        status = quipu_check_sequence_id(records->schema, sequence_id,
                                         (struct quipu_place){ NULL, 0 },
                                         "sequence_id", error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    return cursor_open(records, &sequence_id, query, cursor, error);
}

int quipu_records_read_log(quipu_records *records, const quipu_query *query,
                           quipu_cursor **cursor, quipu_error *error)
{
    int status = quipu_records_enter(records, error);

    if (status == QUIPU_OK) {
        status = quipu_call_possible(records->datastore, QUIPU_CALL_READ_LOG,
                                     records->datastore->driver->read_log,
                                     QUIPU_CAN_LOG, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    return cursor_open(records, NULL, query, cursor, error);
}

int quipu_cursor_next(quipu_cursor *cursor, const quipu_item **item,
                      quipu_error *error)
{
    const void *row;
    int status = QUIPU_OK;

    if (!cursor || !item) {
        return quipu_argument_missing(cursor ? "item" : "cursor", error);
    }
    row = quipu_rows_lent(&cursor->rows, sizeof(**item));
    if (!row) {
        status = quipu_rows_next(&cursor->rows, sizeof(**item), &row, error);
    }
    if (status == QUIPU_OK) {
        *item = row;
    }
    return status;
}

void quipu_cursor_close(quipu_cursor *cursor)
{
    if (cursor && quipu_rows_finish(&cursor->rows)) {
        quipu_release(cursor);
    }
}
