/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors that return the items which the active mutant's filter shows. */
#include "cursor.h"

#include "delayed_visibility.h"

#include <stdlib.h>

struct wrapper {
    quipu_driver_cursor *base; /* NULL: not opened yet */
    bool filtered;             /* over items; false: over a listing */
    struct read_call call;
};

static int open_base(const struct read_call *call, quipu_driver_cursor **cursor,
                     quipu_error *error)
{
    const quipu_driver *driver = mutant_base_driver();

    return call->log
               ? driver->read_log(call->datastore, call->schema, &call->range,
                                  call->deadline, cursor, error)
               : driver->read_sequence(call->datastore, call->schema,
                                       call->sequence_id, &call->range,
                                       call->deadline, cursor, error);
}

static struct wrapper *create(quipu_driver_cursor *base,
                              quipu_driver_cursor **cursor)
{
    struct wrapper *wrapper = calloc(1, sizeof(*wrapper));

    if (!wrapper) {
        abort();
    }
    wrapper->base = base;
    *cursor = (quipu_driver_cursor *)(void *)wrapper;
    return wrapper;
}

int mutant_cursor_wrap(quipu_driver_cursor *base, quipu_driver_cursor **cursor)
{
    create(base, cursor);
    return QUIPU_OK;
}

int mutant_cursor_open(const struct read_call *call,
                       quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *base = NULL;
    struct wrapper *wrapper;

    if (!mutant_active()->open_at_first_step || !call->log) {
        int status = open_base(call, &base, error);

        if (status != QUIPU_OK) {
            return status;
        }
    }
    wrapper = create(base, cursor);
    wrapper->filtered = true;
    wrapper->call = *call;
    /* After the base cursor, so that items which become visible in between are
     * shown. */
    delayed_visibility_snapshot(&wrapper->call);
    return QUIPU_OK;
}

static enum filter_result filter(struct wrapper *wrapper,
                                 const quipu_item *item)
{
    const struct mutant *mutant = mutant_active();

    return mutant->filter ? mutant->filter(&wrapper->call, item) : ITEM_SHOW;
}

int mutant_cursor_step(quipu_driver_cursor *cursor, int64_t deadline,
                       const void **rows, size_t *count, quipu_error *error)
{
    struct wrapper *wrapper = (struct wrapper *)(void *)cursor;
    enum filter_result result = ITEM_SKIP;
    int status = QUIPU_OK;

    if (!wrapper->base) {
        status = open_base(&wrapper->call, &wrapper->base, error);
    }
    while (status == QUIPU_OK && result == ITEM_SKIP) {
        status = mutant_base_driver()->step(wrapper->base, deadline, rows,
                                            count, error);
        if (status != QUIPU_OK || *count == 0 || !wrapper->filtered) {
            return status;
        }
        result = filter(wrapper, *rows);
    }
    if (result == ITEM_END) {
        *rows = NULL;
        *count = 0;
    } else if (status == QUIPU_OK) {
        wrapper->call.shown++;
        wrapper->call.last = *(const quipu_item *)*rows;
    }
    return status;
}

void mutant_cursor_close(quipu_driver_cursor *cursor)
{
    struct wrapper *wrapper = (struct wrapper *)(void *)cursor;

    if (wrapper->base) {
        mutant_base_driver()->cursor_close(wrapper->base);
    }
    free(wrapper);
}
