/* SPDX-License-Identifier: Apache-2.0 */
/* The log's head, and positions in it that are kept outside the store. */
#include <inttypes.h>
#include <string.h>

#include <quipu/error.h>
#include <quipu/id.h>
#include <quipu/records.h>

#include "records/calls.h"
#include "records/handles.h"

int quipu_records_head(quipu_records *records, quipu_position *head,
                       quipu_error *error)
{
    quipu_position found = { .notification_id = 0 };
    quipu_datastore *datastore;
    quipu_error said;
    int status = quipu_records_enter(records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    datastore = records->datastore;
    status =
        quipu_call_possible(datastore, QUIPU_CALL_LOG_HEAD,
                            datastore->driver->log_head, QUIPU_CAN_LOG, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (!head) {
        return quipu_argument_missing("head", error);
    }
    quipu_call_prepare(&said);
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): it is there. */
    status = datastore->driver->log_head(datastore->handle, records->bound,
                                         quipu_deadline_of(datastore), &found,
                                         &said);
    if (status == QUIPU_OK) {
        *head = found;
    }
    return quipu_call_answer(datastore->driver, QUIPU_CALL_LOG_HEAD, status,
                             &said, error);
}

/* Describes the item that stands at `notification_id`; *found tells whether
 * there is one. */
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
    quipu_position there;
    bool found;
    int status = quipu_records_enter(records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!position) {
        return quipu_argument_missing("position", error);
    }
    status = look_up(records, notification_id, &there, &found, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (!found) {
        return quipu_error_set(error, QUIPU_NOT_FOUND,
                               "the log of \"%s\" has no item %" PRId64,
                               records->schema->table, notification_id);
    }
    *position = there;
    return QUIPU_OK;
}

/* Compares what was kept with what is there now. */
static int check_item(quipu_records *records, const quipu_position *kept,
                      quipu_error *error)
{
    const char *table = records->schema->table;
    quipu_position there;
    bool found;
    int status = look_up(records, kept->notification_id, &there, &found, error);

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
        memcmp(&kept->event_id, &there.event_id, sizeof(there.event_id)) != 0) {
        return quipu_error_set(
            error, QUIPU_CONFLICT,
            "the log of \"%s\" was rewound: its item %" PRId64
            " is another one than it was",
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
