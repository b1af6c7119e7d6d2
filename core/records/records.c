/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public functions of a records handle: opening and closing it, appending,
 * reading, single values (last position, head of the log), and positions that
 * are kept outside the store.
 *
 * They check the handle and the arguments, and then call the part of this
 * folder that does the work: append.c, cursor.c, the driver.
 * quipu_records_wait is in wait.c.
 */
#include "records/records.h"

#include <inttypes.h>
#include <string.h>

#include <quipu/id.h>

#include "base/cancellation.h"
#include "base/memory.h"
#include "base/status.h"
#include "datastore/driver_call.h"
#include "datastore/schema.h"
#include "records/append.h"
#include "records/cursor.h"
#include "records/erase.h"
#include "records/log_scan.h"
#include "records/validate.h"

/* ------------------------------------------------------ opening and closing */

static int bind_schema(quipu_records *records, quipu_error *error)
{
    quipu_datastore *datastore = records->datastore;
    const quipu_driver *driver = datastore->driver;
    quipu_error cause;

    quipu_status_begin(&cause);
    int status = driver->bind(datastore->handle, records->schema,
                              quipu_datastore_deadline(datastore),
                              &records->bound, &cause);

    if (status == QUIPU_OK && !records->bound) {
        return quipu_driver_call_broken(driver, QUIPU_CALL_BIND,
                                        "gave no bound schema", error);
    }
    return quipu_driver_call_end(driver, QUIPU_CALL_BIND, status, &cause,
                                 error);
}

static int create(quipu_datastore *datastore, const quipu_schema *schema,
                  quipu_records **out, quipu_error *error)
{
    quipu_records *records = quipu_allocate_zeroed(sizeof(*records));

    if (!records) {
        return quipu_error_no_memory(error);
    }
    records->datastore = datastore;
    records->schema = quipu_schema_copy(schema);
    int status = records->schema ? bind_schema(records, error)
                                 : quipu_error_no_memory(error);

    if (status != QUIPU_OK) {
        quipu_release(records->schema);
        quipu_release(records);
        return status;
    }
    atomic_fetch_add(&datastore->children, 1);
    *out = records;
    return QUIPU_OK;
}

int quipu_records_open(quipu_datastore *datastore, const quipu_schema *given,
                       quipu_records **records, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_schema schema;
    int status = quipu_datastore_enter(datastore, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!records) {
        return quipu_argument_missing("records", error);
    }
    status = quipu_schema_take(&schema, given, error);
    if (status != QUIPU_OK) {
        return status;
    }
    return create(datastore, &schema, records, error);
}

int quipu_records_close(quipu_records *records, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!records) {
        return QUIPU_OK;
    }
    int status = quipu_records_enter(records, error);

    if (status == QUIPU_OK) {
        status = quipu_datastore_check_children(&records->children, "records",
                                                error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_datastore *datastore = records->datastore;

    datastore->driver->unbind(datastore->handle, records->bound);
    atomic_fetch_sub(&datastore->children, 1);
    quipu_release(records->schema);
    quipu_release(records);
    return QUIPU_OK;
}

const quipu_schema *quipu_records_schema(const quipu_records *records)
{
    return records ? records->schema : NULL;
}

quipu_datastore *quipu_records_datastore(const quipu_records *records)
{
    return records ? records->datastore : NULL;
}

/* ---------------------------------------------------------------- appending */

int quipu_records_append(quipu_records *records, const quipu_append *append,
                         quipu_result *result, quipu_error *error)
{
    struct quipu_append_work none = { .function = NULL };
    int status = quipu_records_enter(records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    const struct quipu_append_call call = { .datastore = records->datastore,
                                            .records = records,
                                            .work = &none };

    return quipu_append_execute(&call, append, result, error);
}

int quipu_records_transact(quipu_records *records, const quipu_append *append,
                           quipu_work work, void *context, quipu_result *result,
                           quipu_error *error)
{
    struct quipu_append_work in_transaction = { .function = work,
                                                .context = context };
    int status = quipu_records_enter(records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    const struct quipu_append_call call = { .datastore = records->datastore,
                                            .records = records,
                                            .work = &in_transaction };

    return quipu_append_transact(&call, append, result, error);
}

/* ------------------------------------------------------------------ reading */

int quipu_records_read(quipu_records *records, quipu_bytes sequence_id,
                       const quipu_query *query, quipu_cursor **cursor,
                       quipu_error *error)
{
    int status = quipu_records_enter(records, error);

    if (status == QUIPU_OK) {
        status = quipu_validate_sequence_id(records->schema, sequence_id,
                                            quipu_validate_argument,
                                            "sequence_id", error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    return quipu_cursor_open(records, &sequence_id, query, cursor, error);
}

/* The most sequences that a driver opens together. */
#define TOGETHER_MAX ((size_t)64)

/* Opens the cursors one after the other. */
static int open_each(quipu_records *records,
                     const quipu_sequence_query *queries, size_t count,
                     quipu_cursor **cursors, quipu_error *error)
{
    int status = QUIPU_OK;

    for (size_t i = 0; i < count && status == QUIPU_OK; i++) {
        status = quipu_cursor_open(records, &queries[i].sequence_id,
                                   queries[i].query, &cursors[i], error);
    }
    return status;
}

/* Opens the cursors, and sets *erasures unless it is NULL. */
static int open_many(quipu_records *records,
                     const quipu_sequence_query *queries, size_t count,
                     quipu_cursor **cursors, int64_t *erasures,
                     quipu_error *error)
{
    const bool together =
        count > 0 && records->datastore->driver->read_sequences;
    int64_t number = -1;
    int status = QUIPU_OK;

    for (size_t done = 0; together && done < count && status == QUIPU_OK;
         done += TOGETHER_MAX) {
        const size_t left = count - done;
        int64_t later = -1;

        status = quipu_cursor_open_many(
            records, queries + done, left < TOGETHER_MAX ? left : TOGETHER_MAX,
            cursors + done, number < 0 ? &number : &later, error);
    }
    if (status == QUIPU_OK && erasures) {
        *erasures = number;
        if (number < 0) {
            status = quipu_records_erasures(records, erasures, error);
        }
    }
    return status == QUIPU_OK && !together
               ? open_each(records, queries, count, cursors, error)
               : status;
}

int quipu_records_read_many(quipu_records *records,
                            const quipu_sequence_query *queries, size_t count,
                            quipu_cursor **cursors, int64_t *erasures,
                            quipu_error *error)
{
    int status = quipu_records_enter(records, error);

    for (size_t i = 0; cursors && i < count; i++) {
        cursors[i] = NULL;
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (count > 0 && (!queries || !cursors)) {
        return quipu_argument_missing(queries ? "cursors" : "queries", error);
    }
    for (size_t i = 0; i < count && status == QUIPU_OK; i++) {
        status = quipu_validate_sequence_id(
            records->schema, queries[i].sequence_id, quipu_validate_argument,
            "sequence_id", error);
    }
    if (status == QUIPU_OK) {
        status = open_many(records, queries, count, cursors, erasures, error);
    }
    for (size_t i = 0; i < count && status != QUIPU_OK; i++) {
        quipu_cursor_close(cursors[i]);
        cursors[i] = NULL;
    }
    return status;
}

int quipu_records_read_log(quipu_records *records, const quipu_query *query,
                           quipu_cursor **cursor, quipu_error *error)
{
    int status = quipu_records_enter(records, error);

    if (status == QUIPU_OK) {
        status = quipu_driver_call_supported(
            records->datastore, QUIPU_CALL_READ_LOG,
            records->datastore->driver->read_log, QUIPU_CAN_LOG, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    return quipu_cursor_open(records, NULL, query, cursor, error);
}

int quipu_records_read_filtered(quipu_records *records,
                                const quipu_query *query,
                                const quipu_filter *filter,
                                quipu_cursor **cursor, quipu_error *error)
{
    int status = quipu_records_enter(records, error);

    if (status == QUIPU_OK) {
        status = quipu_driver_call_supported(
            records->datastore, QUIPU_CALL_READ_LOG,
            records->datastore->driver->read_log, QUIPU_CAN_LOG, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_driver_call_supported(
            records->datastore, QUIPU_CALL_LOG_HEAD,
            records->datastore->driver->log_head, QUIPU_CAN_LOG, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    return quipu_cursor_open_filtered(records, query, filter, cursor, error);
}

int quipu_records_find_event(quipu_records *records, const quipu_uuid *event_id,
                             quipu_cursor **cursor, quipu_error *error)
{
    int status = quipu_records_enter(records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!event_id || !cursor) {
        return quipu_argument_missing(event_id ? "cursor" : "event_id", error);
    }
    if (!records->schema->event_id) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "schema \"%s\" has no column for event ids",
                               records->schema->table);
    }
    status = quipu_driver_call_supported(
        records->datastore, QUIPU_CALL_FIND_EVENT,
        records->datastore->driver->find_event, UINT32_MAX, error);
    if (status != QUIPU_OK) {
        return status;
    }
    return quipu_cursor_open_event(records, event_id, cursor, error);
}

/* ------------------------------------------------------------------ erasing */

int quipu_records_erase(quipu_records *records, const quipu_erasure *erasure,
                        int64_t *erased, quipu_error *error)
{
    return quipu_erase_run(records, erasure, erased, error);
}

int quipu_records_erasable(quipu_records *records, const quipu_erasure *erasure,
                           int64_t *items, quipu_error *error)
{
    return quipu_erase_count(records, erasure, items, error);
}

/* ------------------------------------------------------------ single values */

static int read_last(quipu_records *records, quipu_bytes sequence_id,
                     int64_t *position, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_datastore *datastore = records->datastore;
    bool found = false;
    int64_t last = 0;
    struct quipu_observer_call observed;
    quipu_error cause;

    quipu_records_observe(&observed, QUIPU_OPERATION_READ, datastore, records);
    quipu_status_begin(&cause);
    int status = datastore->driver->last_position(
        datastore->handle, records->bound, sequence_id,
        quipu_datastore_deadline(datastore), &found, &last, &cause);

    status = quipu_driver_call_end(datastore->driver, QUIPU_CALL_LAST_POSITION,
                                   status, &cause, error);
    quipu_observer_end(&observed, status);
    if (status != QUIPU_OK) {
        return status;
    }
    if (!found) {
        return quipu_error_set(error, QUIPU_NOT_FOUND, "the sequence is empty");
    }
    *position = last;
    return QUIPU_OK;
}

int quipu_records_last(quipu_records *records, quipu_bytes sequence_id,
                       int64_t *position, quipu_error *error)
{
    int status = quipu_records_enter(records, error);

    if (status == QUIPU_OK) {
        status = quipu_validate_sequence_id(records->schema, sequence_id,
                                            quipu_validate_argument,
                                            "sequence_id", error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (!position) {
        return quipu_argument_missing("position", error);
    }
    return read_last(records, sequence_id, position, error);
}

int quipu_records_head(quipu_records *records, quipu_position *head,
                       quipu_error *error)
{
    int status = quipu_records_enter(records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_driver_call_supported(
        records->datastore, QUIPU_CALL_LOG_HEAD,
        records->datastore->driver->log_head, QUIPU_CAN_LOG, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (!head) {
        return quipu_argument_missing("head", error);
    }
    return quipu_log_scan_head(records, head, error);
}

int quipu_records_erasures(quipu_records *records, int64_t *commits,
                           quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_error cause;
    int status = quipu_records_enter(records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!commits) {
        return quipu_argument_missing("commits", error);
    }
    const quipu_datastore *datastore = records->datastore;

    if (!(datastore->opened.capabilities & QUIPU_CAN_ERASE)) {
        *commits = 0;
        return QUIPU_OK;
    }
    status = quipu_driver_call_supported(datastore, QUIPU_CALL_ERASURES,
                                         datastore->driver->erasures,
                                         QUIPU_CAN_ERASE, error);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_status_begin(&cause);
    status = datastore->driver->erasures(datastore->handle, records->bound,
                                         quipu_datastore_deadline(datastore),
                                         commits, &cause);
    return quipu_driver_call_end(datastore->driver, QUIPU_CALL_ERASURES, status,
                                 &cause, error);
}

/* --------------------------------------- positions kept outside of the store
 */

/* Sets *position for the item with a notification id, and *found to false if
 * there is none. */
static int look_up(quipu_records *records, int64_t notification_id,
                   quipu_position *position, bool *found, quipu_error *error)
{
    const quipu_query only = { .struct_size = sizeof(only),
                               .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LTE |
                                        QUIPU_QUERY_LIMIT,
                               .gte = notification_id,
                               .lte = notification_id,
                               .limit = 1 };
    const quipu_item *item;
    quipu_cursor *cursor;
    int status = quipu_records_read_log(records, &only, &cursor, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_cursor_next(cursor, &item, error);
    if (status == QUIPU_OK) {
        *found = item;
        *position =
            (quipu_position){ .notification_id = notification_id,
                              .store = records->datastore->opened.identity };
        if (item && item->event_id.data) {
            memcpy(position->event_id.bytes, item->event_id.data,
                   sizeof(position->event_id.bytes));
        }
    }
    quipu_cursor_close(cursor);
    return status;
}

int quipu_records_position(quipu_records *records, int64_t notification_id,
                           quipu_position *position, quipu_error *error)
{
    quipu_position current;
    bool found;
    int status = quipu_records_enter(records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!position) {
        return quipu_argument_missing("position", error);
    }
    status = look_up(records, notification_id, &current, &found, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (!found) {
        return quipu_error_set(error, QUIPU_NOT_FOUND,
                               "the log of \"%s\" has no item %" PRId64,
                               records->schema->table, notification_id);
    }
    *position = current;
    return QUIPU_OK;
}

/* Compares a kept position with the item that has its notification id now. */
static int check_item(quipu_records *records, const quipu_position *kept,
                      quipu_error *error)
{
    const char *table = records->schema->table;
    quipu_position current;
    bool found;
    int status =
        look_up(records, kept->notification_id, &current, &found, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!found) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "the log of \"%s\" was rewound: it ends before "
                               "item %" PRId64,
                               table, kept->notification_id);
    }
    if (!quipu_uuid_is_nil(&kept->event_id) &&
        memcmp(&kept->event_id, &current.event_id, sizeof(current.event_id)) !=
            0) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "the log of \"%s\" was rewound: item %" PRId64
                               " is another event than before",
                               table, kept->notification_id);
    }
    return QUIPU_OK;
}

int quipu_records_check_position(quipu_records *records,
                                 const quipu_position *position,
                                 quipu_error *error)
{
    const quipu_uuid *identity;
    int status = quipu_records_enter(records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!position) {
        return quipu_argument_missing("position", error);
    }
    if (position->notification_id < 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the position's notification_id is below 0");
    }
    identity = &records->datastore->opened.identity;
    if (!quipu_uuid_is_nil(&position->store) &&
        memcmp(&position->store, identity, sizeof(*identity)) != 0) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "the position is of another store than \"%s\"",
                               records->datastore->uri);
    }
    if (position->notification_id == 0) {
        return QUIPU_OK;
    }
    return check_item(records, position, error);
}
