/* SPDX-License-Identifier: Apache-2.0 */
/* Gets the last event of a sequence. */
#include "store/store.h"

#include <quipu/id.h>

#include "base/error.h"

static int no_event(const quipu_store *store, const quipu_id *id,
                    quipu_error *error)
{
    char text[QUIPU_STORE_ID_TEXT_SIZE];

    quipu_store_id_text(store, id, text);
    return quipu_error_set(error, QUIPU_NOT_FOUND,
                           "the sequence %s has no event", text);
}

/* An unknown topic must not look like a sequence without events. */
static int last_event(const quipu_store *store, const quipu_item *item,
                      quipu_event **event, quipu_error *error)
{
    quipu_error cause = { 0 };
    int status = quipu_mapper_event(store->mapper, item, event, &cause);

    if (status != QUIPU_OK) {
        if (status == QUIPU_NOT_FOUND) {
            status = QUIPU_UNSUPPORTED;
        }
        quipu_error_set(error, status, "%s", cause.message);
    }
    return status;
}

int quipu_store_last(quipu_store *store, const quipu_id *id,
                     quipu_event **event, quipu_error *error)
{
    const quipu_query query = {
        .struct_size = sizeof(query),
        .flags = QUIPU_QUERY_LIMIT | QUIPU_QUERY_DESCENDING,
        .limit = 1,
    };
    const quipu_item *item = NULL;
    quipu_cursor *cursor = NULL;
    int status = QUIPU_OK;

    if (!store || !id || !event) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_store_last: an argument is NULL");
    }
    status = quipu_records_read(store->records, quipu_id_bytes(id), &query,
                                &cursor, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_cursor_next(cursor, &item, error);
    if (status == QUIPU_OK) {
        status = item ? last_event(store, item, event, error)
                      : no_event(store, id, error);
    }
    quipu_cursor_close(cursor);
    return status;
}
