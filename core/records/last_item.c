/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last item of a sequence, with the number of erasures.
 *
 * A driver that has the operation looks at the store once.  For another one the
 * number is read first, so that it is not of a later moment than the item, and
 * then the item by a cursor.
 */
#include <quipu/erasure.h>

#include "base/cancellation.h"
#include "base/status.h"
#include "datastore/driver_call.h"
#include "records/cursor.h"
#include "records/validate.h"

/* Shows the caller the item that the driver shows. */
struct sight {
    quipu_see see;
    void *context;
    struct quipu_observer_call observed;
    int status; /* CORRUPT: it was not shown, and *error says why */
    quipu_error *error;
};

static void see_item(void *context, const quipu_item *item)
{
    struct sight *sight = context;

    if (sight->observed.is_on) {
        sight->observed.info.items++;
        sight->observed.info.bytes += item->state.size + item->metadata.size;
    }
    sight->status = quipu_cursor_check_item(item, sight->error);
    if (sight->status == QUIPU_OK) {
        sight->see(sight->context, item);
    }
}

static int look(quipu_records *records, quipu_bytes sequence_id,
                struct sight *sight, int64_t *erasures, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_datastore *datastore = records->datastore;
    quipu_error cause;

    quipu_records_observe(&sight->observed, QUIPU_OPERATION_READ, datastore,
                          records);
    quipu_status_begin(&cause);
    int status = datastore->driver->last_item(
        datastore->handle, records->bound, sequence_id,
        quipu_datastore_deadline(datastore), see_item, sight, erasures, &cause);

    status = quipu_driver_call_end(datastore->driver, QUIPU_CALL_LAST_ITEM,
                                   status, &cause, error);
    if (status == QUIPU_OK) {
        status = sight->status;
    }
    quipu_observer_end(&sight->observed, status);
    return status;
}

/* Reads the same with a driver that lacks the operation. */
static int read_both(quipu_records *records, quipu_bytes sequence_id,
                     const struct sight *sight, int64_t *erasures,
                     quipu_error *error)
{
    const quipu_query last = { .struct_size = sizeof(last),
                               .flags =
                                   QUIPU_QUERY_DESCENDING | QUIPU_QUERY_LIMIT,
                               .limit = 1 };
    quipu_cursor *cursor = NULL;
    const quipu_item *item = NULL;
    int status = quipu_records_erasures(records, erasures, error);

    if (status == QUIPU_OK) {
        status =
            quipu_cursor_open(records, &sequence_id, &last, &cursor, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_cursor_next(cursor, &item, error);
    }
    if (status == QUIPU_OK && item) {
        sight->see(sight->context, item);
    }
    quipu_cursor_close(cursor);
    return status;
}

int quipu_records_last_item(quipu_records *records, quipu_bytes sequence_id,
                            quipu_see see, void *context, int64_t *erasures,
                            quipu_error *error)
{
    struct sight sight = { .see = see, .context = context, .error = error };
    int64_t number = 0;
    int status = quipu_records_enter(records, error);

    if (status == QUIPU_OK) {
        status = quipu_validate_sequence_id(records->schema, sequence_id,
                                            quipu_validate_argument,
                                            "sequence_id", error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (!see) {
        return quipu_argument_missing("see", error);
    }
    status = records->datastore->driver->last_item
                 ? look(records, sequence_id, &sight, &number, error)
                 : read_both(records, sequence_id, &sight, &number, error);
    if (status == QUIPU_OK && erasures) {
        *erasures = number;
    }
    return status;
}
