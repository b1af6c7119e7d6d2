/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors that return the items which the active mutant's filter shows. */
#include "cursor.h"

#include "delayed_visibility.h"

#include <stdlib.h>
#include <string.h>

struct wrapper {
    quipu_driver_cursor *base; /* NULL: not opened yet */
    bool filtered;             /* over items; false: over a listing */
    struct read_call call;
    bool of_entries;   /* over a listing of entries */
    quipu_entry row;   /* the one lent last */
    quipu_entry *rows; /* with `compare_entries`: all, sorted */
    size_t count, next;
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

/* ---------------------------------------------------------------- entries */

static quipu_bytes copy_bytes(quipu_bytes bytes)
{
    char *copy = malloc(bytes.size + 1);

    if (!copy) {
        abort();
    }
    memcpy(copy, bytes.data, bytes.size);
    return (quipu_bytes){ copy, bytes.size };
}

/* Sets *row to the next row of the base cursor that is shown, or to NULL. */
static int next_entry(struct wrapper *wrapper, int64_t deadline,
                      const quipu_entry **row, quipu_error *error)
{
    const struct mutant *mutant = mutant_active();

    for (;;) {
        const void *rows;
        size_t count;
        int status = mutant_base_driver()->step(wrapper->base, deadline, &rows,
                                                &count, error);

        *row = NULL;
        if (status != QUIPU_OK || count == 0) {
            return status;
        }
        wrapper->row = *(const quipu_entry *)rows;
        if (!mutant->entry || mutant->entry(&wrapper->row)) {
            *row = &wrapper->row;
            return QUIPU_OK;
        }
    }
}

/* Reads all entries and sorts them. */
static void sort_entries(struct wrapper *wrapper)
{
    const quipu_entry *row;

    while (next_entry(wrapper, INT64_MAX, &row, NULL) == QUIPU_OK && row) {
        void *rows = realloc(wrapper->rows,
                             (wrapper->count + 1) * sizeof(*wrapper->rows));

        if (!rows) {
            abort();
        }
        wrapper->rows = rows;
        wrapper->rows[wrapper->count] = *row;
        wrapper->rows[wrapper->count].key = copy_bytes(row->key);
        wrapper->rows[wrapper->count].value = copy_bytes(row->value);
        wrapper->count++;
    }
    if (wrapper->count > 0) {
        qsort(wrapper->rows, wrapper->count, sizeof(*wrapper->rows),
              mutant_active()->compare_entries);
    }
}

int mutant_cursor_wrap_entries(quipu_driver_cursor *base,
                               quipu_driver_cursor **cursor)
{
    struct wrapper *wrapper = create(base, cursor);

    wrapper->of_entries = true;
    if (mutant_active()->compare_entries) {
        sort_entries(wrapper);
    }
    return QUIPU_OK;
}

static int step_entries(struct wrapper *wrapper, int64_t deadline,
                        const void **rows, size_t *count, quipu_error *error)
{
    const quipu_entry *row = NULL;
    int status = QUIPU_OK;

    if (!mutant_active()->compare_entries) {
        status = next_entry(wrapper, deadline, &row, error);
    } else if (wrapper->next < wrapper->count) {
        row = &wrapper->rows[wrapper->next++];
    }
    *rows = row;
    *count = row ? 1 : 0;
    return status;
}

/* ------------------------------------------------------------------ items */

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

    if (wrapper->of_entries) {
        return step_entries(wrapper, deadline, rows, count, error);
    }
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
    for (size_t i = 0; i < wrapper->count; i++) {
        free((void *)wrapper->rows[i].key.data);
        free((void *)wrapper->rows[i].value.data);
    }
    free(wrapper->rows);
    free(wrapper);
}
