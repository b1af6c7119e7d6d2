/* SPDX-License-Identifier: Apache-2.0 */
/* The operation table of the active mutant. */
#include "driver.h"

#include "cursor.h"

static quipu_driver table;

/* ------------------------------------------- operations that call the hooks */

static int append(quipu_driver_datastore *datastore,
                  const quipu_request *requests, size_t count,
                  quipu_result *results, size_t *taken, int64_t deadline,
                  quipu_error *error)
{
    struct append_call a = { datastore, requests, count, results,
                             taken,     deadline, error };

    return mutant_active()->append(&a);
}

static int open_items(struct read_call *r, quipu_driver_cursor **cursor,
                      quipu_error *error)
{
    if (mutant_active()->on_open) {
        mutant_active()->on_open(r);
    }
    return mutant_cursor_open(r, cursor, error);
}

static int read_sequence(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, quipu_bytes sequence_id,
                         const quipu_range *range, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error)
{
    struct read_call r = { .datastore = datastore,
                           .schema = bound,
                           .sequence_id = sequence_id,
                           .range = *range,
                           .deadline = deadline };

    return open_items(&r, cursor, error);
}

static int read_log(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, const quipu_range *range,
                    int64_t deadline, quipu_driver_cursor **cursor,
                    quipu_error *error)
{
    struct read_call r = { .datastore = datastore,
                           .schema = bound,
                           .log = true,
                           .range = *range,
                           .deadline = deadline };

    return open_items(&r, cursor, error);
}

static int list_schemas(quipu_driver_datastore *datastore, int64_t deadline,
                        quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *base;
    int status =
        mutant_base_driver()->list_schemas(datastore, deadline, &base, error);

    return status ? status : mutant_cursor_wrap(base, cursor);
}

static int list_sequences(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, quipu_bytes after,
                          int64_t deadline, quipu_driver_cursor **cursor,
                          quipu_error *error)
{
    quipu_driver_cursor *base;
    int status = mutant_base_driver()->list_sequences(datastore, bound, after,
                                                      deadline, &base, error);

    return status ? status : mutant_cursor_wrap(base, cursor);
}

static int list_tracking(quipu_driver_datastore *datastore, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *base;
    int status =
        mutant_base_driver()->list_tracking(datastore, deadline, &base, error);

    return status ? status : mutant_cursor_wrap(base, cursor);
}

static int list_entries(quipu_driver_datastore *datastore, quipu_bytes prefix,
                        quipu_bytes from, int64_t deadline,
                        quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *base;
    int status = mutant_base_driver()->list_entries(datastore, prefix, from,
                                                    deadline, &base, error);

    return status ? status : mutant_cursor_wrap_entries(base, cursor);
}

static int find_event(quipu_driver_datastore *datastore,
                      quipu_driver_schema *bound, quipu_bytes event_id,
                      int64_t deadline, quipu_driver_cursor **cursor,
                      quipu_error *error)
{
    quipu_driver_cursor *base;
    int status = mutant_base_driver()->find_event(datastore, bound, event_id,
                                                  deadline, &base, error);

    return status ? status : mutant_cursor_wrap(base, cursor);
}

/* --------------------------------------------------------------- the table */

static void insert_hooks(const struct mutant *mutant)
{
    if (mutant->append) {
        table.append = append;
    }
    if (mutant->on_open || mutant->filter || mutant->open_at_first_step ||
        mutant->entry || mutant->compare_entries) {
        table.read_sequence = read_sequence;
        table.read_log = read_log;
        table.list_schemas = list_schemas;
        table.list_sequences = list_sequences;
        table.list_tracking = list_tracking;
        table.list_entries = table.list_entries ? list_entries : NULL;
        table.find_event = table.find_event ? find_event : NULL;
        table.read_filtered = NULL; /* the core uses read_log */
        table.last_item = NULL;     /* and read_sequence */
        table.read_sequences = NULL;
        table.list_logs = NULL; /* its cursor is not wrapped */
        table.step = mutant_cursor_step;
        table.cursor_close = mutant_cursor_close;
    }
}

#define REPLACE(member) \
    table.member =      \
        mutant->replaced.member ? mutant->replaced.member : table.member

static void insert_replaced(const struct mutant *mutant)
{
    REPLACE(open);
    REPLACE(close);
    REPLACE(setup);
    REPLACE(teardown);
    REPLACE(bind);
    REPLACE(transact);
    REPLACE(list_sequences);
    REPLACE(step);
    REPLACE(last_position);
    REPLACE(log_head);
    REPLACE(wait);
    REPLACE(read_tracking);
    REPLACE(backup);
    REPLACE(restore);
    REPLACE(list_entries);
    REPLACE(read_filtered);
    REPLACE(find_event);
    REPLACE(erase);
    REPLACE(erasures);
    REPLACE(alter);
    REPLACE(last_item);
    REPLACE(read_sequences);
    REPLACE(list_logs);
}

void mutant_driver_select(const struct mutant *mutant)
{
    mutant_activate(mutant);
    table = *mutant_base_driver();
    if (mutant) {
        insert_hooks(mutant);
        insert_replaced(mutant);
    }
}

const quipu_driver *mutant_driver_entry(void)
{
    return &table;
}
