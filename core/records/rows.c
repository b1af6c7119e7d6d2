/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Yields the rows of a driver's cursor one by one.
 *
 * After the last row every further step yields NULL again, without asking the
 * driver.  After a failure the state of the driver's cursor is unknown; it is
 * closed and nothing else.
 */
#include "records/rows.h"

#include "base/cancellation.h"
#include "base/status.h"

void quipu_rows_init(struct quipu_rows *rows, quipu_datastore *datastore,
                     quipu_records *records)
{
    rows->datastore = datastore;
    rows->parent = records ? &records->children : &datastore->children;
    rows->handle = NULL;
    rows->state = QUIPU_ROWS_MORE;
    rows->lent = NULL;
    rows->left = 0;
    rows->are_items = false;
    rows->observed.is_on = false;
    rows->observed.info.status = QUIPU_OK;
    atomic_fetch_add(rows->parent, 1);
}

void quipu_rows_opening(struct quipu_rows *rows, const quipu_records *records,
                        quipu_error *cause)
{
    quipu_status_begin(cause);
    quipu_records_observe(&rows->observed, QUIPU_OPERATION_READ,
                          rows->datastore, records);
}

/* The driver has returned `status`, and `count` rows. */
static void observe(struct quipu_rows *rows, int status, const void *lent,
                    size_t count)
{
    quipu_call_info *info = &rows->observed.info;
    const quipu_item *items = lent;

    quipu_observer_pause(&rows->observed);
    info->status = status;
    info->items += count;
    for (size_t i = 0; items && rows->are_items && i < count; i++) {
        info->bytes += items[i].state.size + items[i].metadata.size;
    }
}

int quipu_rows_opened(struct quipu_rows *rows, enum quipu_call call, int status,
                      const quipu_error *cause, quipu_error *error)
{
    const quipu_driver *driver = rows->datastore->driver;

    if (status == QUIPU_OK && !rows->handle) {
        status =
            quipu_driver_call_broken(driver, call, "gave no cursor", error);
    } else {
        status = quipu_driver_call_end(driver, call, status, cause, error);
    }
    if (status != QUIPU_OK) {
        rows->handle = NULL; /* the driver may have left anything there */
    }
    if (rows->observed.is_on) {
        observe(rows, status, NULL, 0);
    }
    return status;
}

/* Lets the driver lend its next rows. */
static int step(struct quipu_rows *rows, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    const quipu_driver *driver = rows->datastore->driver;
    const void *lent = NULL;
    size_t count = 0;
    quipu_error cause;

    quipu_observer_resume(&rows->observed);
    quipu_status_begin(&cause);
    int status =
        driver->step(rows->handle, quipu_datastore_deadline(rows->datastore),
                     &lent, &count, &cause);

    if (status == QUIPU_OK && count > 0 && !lent) {
        status = quipu_driver_call_broken(driver, QUIPU_CALL_STEP,
                                          "lent no rows", error);
    } else {
        status = quipu_driver_call_end(driver, QUIPU_CALL_STEP, status, &cause,
                                       error);
    }
    if (rows->observed.is_on) {
        observe(rows, status, lent, status == QUIPU_OK ? count : 0);
    }
    if (status != QUIPU_OK) {
        rows->state = QUIPU_ROWS_FAILED;
        return status;
    }
    rows->lent = lent;
    rows->left = count;
    if (count == 0) {
        rows->state = QUIPU_ROWS_ENDED;
    }
    return QUIPU_OK;
}

int quipu_rows_next(struct quipu_rows *rows, size_t size, const void **row,
                    quipu_error *error)
{
    int status = quipu_datastore_enter_store(rows->datastore, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (rows->state == QUIPU_ROWS_FAILED) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the cursor has failed; it can only be closed");
    }
    if (rows->left == 0 && rows->state == QUIPU_ROWS_MORE && rows->handle) {
        status = step(rows, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    *row = quipu_rows_lent(rows, size);
    return QUIPU_OK;
}

bool quipu_rows_finish(struct quipu_rows *rows)
{
    QUIPU_UNCANCELLABLE;
    if (!quipu_datastore_is_ours(rows->datastore)) {
        return false;
    }
    if (rows->handle) {
        rows->datastore->driver->cursor_close(rows->handle);
    }
    quipu_observer_end(&rows->observed, rows->observed.info.status);
    atomic_fetch_sub(rows->parent, 1);
    return true;
}
