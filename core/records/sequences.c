/* SPDX-License-Identifier: Apache-2.0 */
/* The listing of a schema's sequences, by id in byte order. */
#include "base/cancellation.h"
#include "base/memory.h"
#include "base/status.h"
#include "records/rows.h"
#include "records/validate.h"

struct quipu_sequences {
    struct quipu_rows rows; /* of quipu_sequence */
};

/* An absent `after` means the beginning. */
static int check_after(const quipu_records *records, quipu_bytes after,
                       quipu_error *error)
{
    if (!after.data && after.size == 0) {
        return QUIPU_OK;
    }
    return quipu_validate_sequence_id(records->schema, after,
                                      quipu_validate_argument, "after", error);
}

static int open_listing(quipu_records *records, quipu_bytes after,
                        quipu_sequences **out, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_datastore *datastore = records->datastore;
    quipu_sequences *sequences = quipu_allocate(sizeof(*sequences));
    quipu_error cause;

    if (!sequences) {
        return quipu_error_no_memory(error);
    }
    quipu_rows_init(&sequences->rows, datastore, records);
    quipu_rows_opening(&sequences->rows, records, &cause);
    int status = datastore->driver->list_sequences(
        datastore->handle, records->bound, after,
        quipu_datastore_deadline(datastore), &sequences->rows.handle, &cause);

    status = quipu_rows_opened(&sequences->rows, QUIPU_CALL_LIST_SEQUENCES,
                               status, &cause, error);
    if (status != QUIPU_OK) {
        quipu_sequences_close(sequences);
        return status;
    }
    *out = sequences;
    return QUIPU_OK;
}

int quipu_sequences_open(quipu_records *records, quipu_bytes after,
                         quipu_sequences **sequences, quipu_error *error)
{
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
    return open_listing(records, after, sequences, error);
}

int quipu_sequences_next(quipu_sequences *sequences,
                         const quipu_sequence **sequence, quipu_error *error)
{
    const void *row;

    if (!sequences || !sequence) {
        return quipu_argument_missing(sequences ? "sequence" : "sequences",
                                      error);
    }
    int status =
        quipu_rows_next(&sequences->rows, sizeof(**sequence), &row, error);

    if (status == QUIPU_OK) {
        *sequence = row;
    }
    return status;
}

void quipu_sequences_close(quipu_sequences *sequences)
{
    if (sequences && quipu_rows_finish(&sequences->rows)) {
        quipu_release(sequences);
    }
}
