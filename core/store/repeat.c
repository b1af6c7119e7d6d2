/* SPDX-License-Identifier: Apache-2.0 */
/* Recognises repeated appends by the events that the states contain; repeat.h
 * says why. */
#include "store/repeat.h"

#include <string.h>

#include <quipu/id.h>

#include "mapper/mapper.h"

/* ------------------------------------------------------- the stored states */

/* Gives an item the state that is stored with its event id, if that contains
 * the same event with other bytes.  Sets *found to whether the event is stored,
 * and *adopted if the state was replaced. */
static int adopt_one(const quipu_store *store, quipu_items *items, size_t index,
                     bool *found, bool *adopted, quipu_error *error)
{
    size_t count = 0;
    const quipu_item *item = &quipu_items_array(items, &count)[index];
    const quipu_item *stored = NULL;
    quipu_cursor *cursor = NULL;
    bool is_same = false;
    quipu_uuid id;

    *found = item->event_id.size == sizeof(id);
    if (!*found) {
        return QUIPU_OK;
    }
    memcpy(&id, item->event_id.data, sizeof(id));
    int status = quipu_records_find_event(store->records, &id, &cursor, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_cursor_next(cursor, &stored, error);
    *found = status == QUIPU_OK && stored;
    if (*found && (!quipu_bytes_equal(stored->state, item->state) ||
                   !quipu_bytes_equal(stored->topic, item->topic))) {
        status = quipu_items_same(items, index, stored, &is_same, error);
    }
    if (status == QUIPU_OK && is_same) {
        status = quipu_items_replace(items, index, stored, error);
        *adopted = true;
    }
    quipu_cursor_close(cursor);
    return status;
}

/* The same for all items, up to the first whose event is not stored. */
static int adopt_all(const quipu_store *store, quipu_items *items,
                     bool *adopted, quipu_error *error)
{
    size_t count = 0;
    bool found = true;
    int status = QUIPU_OK;

    (void)quipu_items_array(items, &count);
    for (size_t i = 0; status == QUIPU_OK && found && i < count; i++) {
        status = adopt_one(store, items, i, &found, adopted, error);
    }
    return status;
}

/* Whether a failure says nothing about the stored events. */
static bool is_passing(int status)
{
    return status == QUIPU_BUSY || status == QUIPU_IO ||
           status == QUIPU_TIMEOUT || status == QUIPU_NO_MEMORY;
}

/* --------------------------------------------------------------- appending */

static int execute(const struct quipu_append_call *call,
                   const quipu_append *append, quipu_result *result,
                   quipu_error *error)
{
    return call->work->function
               ? quipu_append_transact(call, append, result, error)
               : quipu_append_execute(call, append, result, error);
}

/* Whether an event can be stored with other bytes than it has now. */
static bool has_forms(const quipu_store *store)
{
    const struct quipu_sealer *sealer = store->mapper->sealer;

    return sealer->has_keys || sealer->compress_above > 0 ||
           store->mapper->has_evolved;
}

int quipu_repeat_append(const quipu_store *store, quipu_items *items,
                        const struct quipu_append_call *call,
                        const quipu_append *append, quipu_result *result,
                        quipu_error *error)
{
    quipu_result own = { .status = QUIPU_OK };
    quipu_result *used = result ? result : &own;
    quipu_error cause;
    bool adopted = false;
    int status = execute(call, append, used, error);

    if (status != QUIPU_CONFLICT || used->cause != QUIPU_CAUSE_EVENT_ID ||
        !has_forms(store)) {
        return status;
    }
    int looked = adopt_all(store, items, &adopted, &cause);

    if (is_passing(looked)) {
        used->status = looked;
        used->cause = 0;
        if (error) {
            *error = cause;
        }
        return looked;
    }
    return looked == QUIPU_OK && adopted ? execute(call, append, used, error)
                                         : status;
}
