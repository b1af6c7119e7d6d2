/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Erases the contents of items, part by part.
 *
 * A cursor over the range finds the items that are not erased, `limit` at a
 * time, and the driver erases the range from the first of them to the last in
 * one commit.  So nothing is written for what is erased already, no part is
 * examined twice however large the range is, and the end of the range is that
 * at the beginning of the call (V4): appends cannot make it run for ever.
 *
 * Between the cursor and the driver's commit others may erase items of the
 * part, or append to it in a sparse schema.  The driver is therefore called
 * until it has found fewer than `limit` items, which means that none is left.
 *
 * Scrubbing is a last call of the driver, since it concerns whole files.
 */
#include "records/erase.h"

#include <inttypes.h>

#include "base/cancellation.h"
#include "base/status.h"
#include "base/structs.h"
#include "datastore/driver_call.h"
#include "records/cursor.h"
#include "records/validate.h"

enum { LIMIT = 1000 }; /* items of one commit, unless the caller says */

/* A call under way. */
struct run {
    quipu_records *records;
    quipu_erasure erasure; /* the caller's, with a limit above 0 */
    int64_t erased;
};

/* ----------------------------------------------------------------- checking */

static bool is_of_log(const quipu_erasure *erasure)
{
    return !erasure->sequence_id.data && erasure->sequence_id.size == 0;
}

static int check_range(const quipu_records *records,
                       const quipu_erasure *erasure, quipu_error *error)
{
    if (erasure->flags & ~(uint32_t)QUIPU_ERASURE_SCRUB) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "erasure: flags has an unknown bit (0x%x)",
                               erasure->flags);
    }
    if (erasure->lower > erasure->upper) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "erasure: lower is %" PRId64
                               ", above upper, which is %" PRId64,
                               erasure->lower, erasure->upper);
    }
    if (erasure->limit < 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "erasure: limit is %" PRId64
                               "; it must be at least 1, or 0 for %d",
                               erasure->limit, LIMIT);
    }
    if (is_of_log(erasure)) {
        return QUIPU_OK;
    }
    return quipu_validate_sequence_id(records->schema, erasure->sequence_id,
                                      quipu_validate_argument,
                                      "erasure: sequence_id", error);
}

static int check_supported(const quipu_datastore *datastore,
                           const quipu_erasure *erasure, quipu_error *error)
{
    int status = quipu_driver_call_supported(datastore, QUIPU_CALL_ERASE,
                                             datastore->driver->erase,
                                             QUIPU_CAN_ERASE, error);

    if (status == QUIPU_OK && is_of_log(erasure)) {
        status = quipu_driver_call_supported(datastore, QUIPU_CALL_READ_LOG,
                                             datastore->driver->read_log,
                                             QUIPU_CAN_LOG, error);
    }
    if (status == QUIPU_OK && (erasure->flags & QUIPU_ERASURE_SCRUB) &&
        !(datastore->opened.capabilities & QUIPU_CAN_SCRUB)) {
        status = quipu_error_set(error, QUIPU_UNSUPPORTED,
                                 "driver \"%s\" cannot scrub: the bytes of "
                                 "erased items may stay in freed space of its "
                                 "files for some time; erase without it",
                                 datastore->driver->name);
    }
    return status;
}

static int begin(struct run *run, quipu_records *records,
                 const quipu_erasure *given, quipu_error *error)
{
    int status = quipu_records_enter(records, error);

    *run = (struct run){ .records = records };
    if (status == QUIPU_OK) {
        status = quipu_struct_take(&run->erasure, sizeof(run->erasure), given,
                                   "erasure", error);
    }
    if (status == QUIPU_OK) {
        status = check_range(records, &run->erasure, error);
    }
    if (status == QUIPU_OK) {
        status = check_supported(records->datastore, &run->erasure, error);
    }
    if (run->erasure.limit == 0) {
        run->erasure.limit = LIMIT;
    }
    return status;
}

/* ----------------------------------------------------------------- scanning */

static int open_cursor(const struct run *run, quipu_cursor **cursor,
                       quipu_error *error)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LTE,
                                .gte = run->erasure.lower,
                                .lte = run->erasure.upper };

    return quipu_cursor_open(
        run->records,
        is_of_log(&run->erasure) ? NULL : &run->erasure.sequence_id, &query,
        cursor, error);
}

/* Narrows *part to the next items that are not erased, `limit` of them or all
 * that are left, and counts them. */
static int next_part(quipu_cursor *cursor, quipu_erasure *part, int64_t *count,
                     quipu_error *error)
{
    const bool of_log = is_of_log(part);

    for (*count = 0; *count < part->limit;) {
        const quipu_item *item;
        int status = quipu_cursor_next(cursor, &item, error);

        if (status != QUIPU_OK || !item) {
            return status;
        }
        if (item->flags & QUIPU_ITEM_ERASED) {
            continue;
        }
        part->upper = of_log ? item->notification_id : item->position;
        if (*count == 0) {
            part->lower = part->upper;
        }
        ++*count;
    }
    return QUIPU_OK;
}

/* ------------------------------------------------------------------ erasing */

static int call_driver(const quipu_records *records, const quipu_erasure *part,
                       int64_t *erased, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    const quipu_datastore *datastore = records->datastore;
    const quipu_driver *driver = datastore->driver;
    quipu_error cause;

    quipu_status_begin(&cause);
    int status =
        driver->erase(datastore->handle, records->bound, part,
                      quipu_datastore_deadline(datastore), erased, &cause);

    if (status == QUIPU_OK && (*erased < 0 || *erased > part->limit)) {
        return quipu_driver_call_broken(driver, QUIPU_CALL_ERASE,
                                        "erased more items than it may", error);
    }
    return quipu_driver_call_end(driver, QUIPU_CALL_ERASE, status, &cause,
                                 error);
}

/* Erases what is left of a range, in one commit or more. */
static int erase_part(struct run *run, const quipu_erasure *part,
                      quipu_error *error)
{
    int64_t erased = part->limit;

    while (erased == part->limit) {
        int status = call_driver(run->records, part, &erased, error);

        if (status != QUIPU_OK) {
            return status;
        }
        run->erased += erased;
    }
    return QUIPU_OK;
}

static int erase_parts(struct run *run, quipu_cursor *cursor,
                       quipu_error *error)
{
    int64_t count = run->erasure.limit;
    int status = QUIPU_OK;

    while (status == QUIPU_OK && count == run->erasure.limit) {
        quipu_erasure part = run->erasure;

        part.flags = 0;
        status = next_part(cursor, &part, &count, error);
        if (status == QUIPU_OK && count > 0) {
            status = erase_part(run, &part, error);
        }
    }
    return status;
}

static int erase(struct run *run, quipu_error *error)
{
    quipu_cursor *cursor;
    int status = open_cursor(run, &cursor, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = erase_parts(run, cursor, error);
    quipu_cursor_close(cursor);
    if (status == QUIPU_OK && (run->erasure.flags & QUIPU_ERASURE_SCRUB)) {
        status = erase_part(run, &run->erasure, error);
    }
    return status;
}

int quipu_erase_run(quipu_records *records, const quipu_erasure *erasure,
                    int64_t *erased, quipu_error *error)
{
    struct quipu_observer_call observed;
    struct run run;
    int status = begin(&run, records, erasure, error);

    if (status == QUIPU_OK) {
        status = quipu_datastore_writable(records->datastore, error);
    }
    if (status == QUIPU_OK) {
        quipu_records_observe(&observed, QUIPU_OPERATION_ERASE,
                              records->datastore, records);
        status = erase(&run, error);
        observed.info.items = (uint64_t)run.erased;
        quipu_observer_end(&observed, status);
    }
    if (erased) {
        *erased = run.erased;
    }
    return status;
}

/* ----------------------------------------------------------------- counting */

int quipu_erase_count(quipu_records *records, const quipu_erasure *erasure,
                      int64_t *items, quipu_error *error)
{
    quipu_cursor *cursor;
    struct run run;
    int status = begin(&run, records, erasure, error);

    if (status == QUIPU_OK && !items) {
        status = quipu_argument_missing("items", error);
    }
    if (status == QUIPU_OK) {
        status = open_cursor(&run, &cursor, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    run.erasure.limit = INT64_MAX;
    status = next_part(cursor, &run.erasure, items, error);
    quipu_cursor_close(cursor);
    return status;
}
