/* SPDX-License-Identifier: Apache-2.0 */
/* Stubs in the place of operations that a driver does not have yet. */
#include "driver/operation_stubs.h"

#include <stdatomic.h>

#include "base/error.h"

static atomic_bool accepted;
static _Atomic(quipu_drivers_unwritten) listener;

void quipu_operation_stubs_accept(quipu_drivers_unwritten called)
{
    atomic_store(&listener, called);
    atomic_store(&accepted, true);
}

void quipu_operation_stubs_report(const char *what)
{
    quipu_drivers_unwritten called = atomic_load(&listener);

    if (called) {
        called(what);
    }
}

static int refuse(const char *operation, quipu_error *error)
{
    quipu_operation_stubs_report(operation);
    return quipu_error_set(error, QUIPU_INTERNAL,
                           "the driver does not have the operation %s yet",
                           operation);
}

/* Stubs have the parameters of struct quipu_driver. */

static void interrupt(quipu_driver_datastore *datastore)
{
    (void)datastore;
    quipu_operation_stubs_report("interrupt");
}

static int setup(quipu_driver_datastore *datastore, const quipu_schema *schema,
                 int64_t deadline, quipu_error *error)
{
    (void)datastore;
    (void)schema;
    (void)deadline;
    return refuse("setup", error);
}

static int teardown(quipu_driver_datastore *datastore,
                    const quipu_schema *schema, int64_t deadline,
                    quipu_error *error)
{
    (void)datastore;
    (void)schema;
    (void)deadline;
    return refuse("teardown", error);
}

static int bind(quipu_driver_datastore *datastore, const quipu_schema *schema,
                int64_t deadline, quipu_driver_schema **bound,
                quipu_error *error)
{
    (void)datastore;
    (void)schema;
    (void)deadline;
    (void)bound;
    return refuse("bind", error);
}

static void unbind(quipu_driver_datastore *datastore,
                   quipu_driver_schema *bound)
{
    (void)datastore;
    (void)bound;
    quipu_operation_stubs_report("unbind");
}

static int append(quipu_driver_datastore *datastore,
                  const quipu_request *requests, size_t count,
                  quipu_result *results, size_t *taken, int64_t deadline,
                  quipu_error *error)
{
    (void)datastore;
    (void)requests;
    (void)results;
    (void)deadline;
    *taken = count;
    return refuse("append", error);
}

static int read_sequence(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, quipu_bytes sequence_id,
                         const quipu_range *range, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error)
{
    (void)datastore;
    (void)bound;
    (void)sequence_id;
    (void)range;
    (void)deadline;
    (void)cursor;
    return refuse("read_sequence", error);
}

static int list_schemas(quipu_driver_datastore *datastore, int64_t deadline,
                        quipu_driver_cursor **cursor, quipu_error *error)
{
    (void)datastore;
    (void)deadline;
    (void)cursor;
    return refuse("list_schemas", error);
}

static int list_sequences(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, quipu_bytes after,
                          int64_t deadline, quipu_driver_cursor **cursor,
                          quipu_error *error)
{
    (void)datastore;
    (void)bound;
    (void)after;
    (void)deadline;
    (void)cursor;
    return refuse("list_sequences", error);
}

static int step(quipu_driver_cursor *cursor, int64_t deadline,
                const void **rows, size_t *count, quipu_error *error)
{
    (void)cursor;
    (void)deadline;
    (void)rows;
    (void)count;
    return refuse("step", error);
}

static void cursor_close(quipu_driver_cursor *cursor)
{
    (void)cursor;
    quipu_operation_stubs_report("cursor_close");
}

static int last_position(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, quipu_bytes sequence_id,
                         int64_t deadline, bool *found, int64_t *position,
                         quipu_error *error)
{
    (void)datastore;
    (void)bound;
    (void)sequence_id;
    (void)deadline;
    (void)found;
    (void)position;
    return refuse("last_position", error);
}

#define FILL(table, member)             \
    do {                                \
        if (!(table)->member) {         \
            (table)->member = (member); \
        }                               \
    } while (0)

void quipu_operation_stubs_fill(quipu_driver *table)
{
    if (!atomic_load(&accepted)) {
        return;
    }
    FILL(table, interrupt);
    FILL(table, setup);
    FILL(table, teardown);
    FILL(table, bind);
    FILL(table, unbind);
    FILL(table, append);
    FILL(table, read_sequence);
    FILL(table, list_schemas);
    FILL(table, list_sequences);
    FILL(table, step);
    FILL(table, cursor_close);
    FILL(table, last_position);
}
