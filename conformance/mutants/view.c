/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors that show what the mutant shows of the reference's. */
#include "mutant.h"

#include <stdlib.h>

struct view {
    quipu_driver_cursor *real; /* NULL: not opened yet */
    bool items;                /* no listing */
    struct reading reading;
};

int mutant_open_real(const struct reading *r, quipu_driver_cursor **cursor,
                     quipu_error *error)
{
    const quipu_driver *reference = mutant_reference();

    return r->log ? reference->read_log(r->datastore, r->schema, &r->range,
                                        r->deadline, cursor, error)
                  : reference->read_sequence(r->datastore, r->schema,
                                             r->sequence_id, &r->range,
                                             r->deadline, cursor, error);
}

int mutant_view_of(quipu_driver_cursor *real, quipu_driver_cursor **cursor,
                   quipu_error *error)
{
    struct view *view = calloc(1, sizeof(*view));

    (void)error;
    if (!view) {
        abort();
    }
    view->real = real;
    *cursor = (quipu_driver_cursor *)(void *)view;
    return QUIPU_OK;
}

int mutant_view_items(const struct reading *reading,
                      quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *real = NULL;
    struct view *view;
    int status = QUIPU_OK;

    if (!mutant_played()->opens_late || !reading->log) {
        status = mutant_open_real(reading, &real, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    mutant_view_of(real, cursor, error);
    view = (struct view *)(void *)*cursor;
    view->items = true;
    view->reading = *reading;
    return QUIPU_OK;
}

static enum showing judge(struct view *view, const quipu_item *item)
{
    return mutant_played()->shows ? mutant_played()->shows(&view->reading, item)
                                  : SHOW;
}

/* The reference lends one row at a step. */
int mutant_view_step(quipu_driver_cursor *cursor, int64_t deadline,
                     const void **rows, size_t *count, quipu_error *error)
{
    struct view *view = (struct view *)(void *)cursor;
    enum showing showing = SKIP;
    int status = QUIPU_OK;

    if (!view->real) {
        status = mutant_open_real(&view->reading, &view->real, error);
    }
    while (status == QUIPU_OK && showing == SKIP) {
        status =
            mutant_reference()->step(view->real, deadline, rows, count, error);
        if (status || *count == 0 || !view->items) {
            return status;
        }
        showing = judge(view, *rows);
    }
    if (showing == END) {
        *rows = NULL;
        *count = 0;
    } else if (status == QUIPU_OK) {
        view->reading.shown++;
        view->reading.last = *(const quipu_item *)*rows;
    }
    return status;
}

void mutant_view_close(quipu_driver_cursor *cursor)
{
    struct view *view = (struct view *)(void *)cursor;

    if (view->real) {
        mutant_reference()->cursor_close(view->real);
    }
    free(view);
}
