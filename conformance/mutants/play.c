/* SPDX-License-Identifier: Apache-2.0 */
/* The driver that plays a mutant: the reference's table with its changes. */
#include "mutant.h"

#include <quipu/drivers.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const quipu_driver *quipu_driver_entry_memory(void);

unsigned mutant_patience = 1;

static const struct mutant *played;
static quipu_driver table;

static const quipu_driver *find_base(const char *uri)
{
    const quipu_driver *driver = NULL;
    char scheme[40];
    quipu_error error;

    snprintf(scheme, sizeof(scheme), "%.*s", (int)strcspn(uri, ":"), uri);
    if (quipu_drivers_find(scheme, &driver, &error)) {
        fprintf(stderr, "%s\n", error.message);
        exit(2);
    }
    return driver;
}

const quipu_driver *mutant_reference(void)
{
    return played && played->base ? find_base(played->base)
                                  : quipu_driver_entry_memory();
}

const struct mutant *mutant_played(void)
{
    return played;
}

/* --------------------------------------------------- to the hooks, and on */

static int append(quipu_driver_datastore *datastore,
                  const quipu_request *requests, size_t count,
                  quipu_result *results, size_t *taken, int64_t deadline,
                  quipu_error *error)
{
    struct append a = { datastore, requests, count, results,
                        taken,     deadline, error };

    return played->append(&a);
}

static int open_items(struct reading *r, quipu_driver_cursor **cursor,
                      quipu_error *error)
{
    mutant_veil_look(r);
    if (played->opens) {
        played->opens(r);
    }
    return mutant_view_items(r, cursor, error);
}

static int read_sequence(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, quipu_bytes sequence_id,
                         const quipu_range *range, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error)
{
    struct reading r = { .datastore = datastore,
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
    struct reading r = { .datastore = datastore,
                         .schema = bound,
                         .log = true,
                         .range = *range,
                         .deadline = deadline };

    return open_items(&r, cursor, error);
}

static int list_schemas(quipu_driver_datastore *datastore, int64_t deadline,
                        quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *real;
    int status =
        mutant_reference()->list_schemas(datastore, deadline, &real, error);

    return status ? status : mutant_view_of(real, cursor, error);
}

static int list_sequences(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, quipu_bytes after,
                          int64_t deadline, quipu_driver_cursor **cursor,
                          quipu_error *error)
{
    quipu_driver_cursor *real;
    int status = mutant_reference()->list_sequences(datastore, bound, after,
                                                    deadline, &real, error);

    return status ? status : mutant_view_of(real, cursor, error);
}

static int list_tracking(quipu_driver_datastore *datastore, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *real;
    int status =
        mutant_reference()->list_tracking(datastore, deadline, &real, error);

    return status ? status : mutant_view_of(real, cursor, error);
}

/* ------------------------------------------------------------- the table */

static void put_hooks(void)
{
    if (played->append) {
        table.append = append;
    }
    if (played->opens || played->shows || played->opens_late) {
        table.read_sequence = read_sequence;
        table.read_log = read_log;
        table.list_schemas = list_schemas;
        table.list_sequences = list_sequences;
        table.list_tracking = list_tracking;
        table.step = mutant_view_step;
        table.cursor_close = mutant_view_close;
    }
}

#define REPLACE(member) \
    table.member =      \
        played->replaced.member ? played->replaced.member : table.member

static void put_replaced(void)
{
    REPLACE(open);
    REPLACE(setup);
    REPLACE(teardown);
    REPLACE(last_position);
    REPLACE(log_head);
    REPLACE(wait);
    REPLACE(read_tracking);
}

void mutant_play(const struct mutant *mutant)
{
    played = mutant;
    table = *mutant_reference();
    if (mutant) {
        put_hooks();
        put_replaced();
    }
}

const quipu_driver *mutant_entry(void)
{
    return &table;
}

/* ----------------------------------------------------- what mutants share */

int mutant_pass(struct append *a)
{
    return mutant_reference()->append(a->datastore, a->requests, a->count,
                                      a->results, a->taken, a->deadline,
                                      a->error);
}

int mutant_pass_one(struct append *a, const quipu_request *request)
{
    return mutant_reference()->append(a->datastore, request, 1, a->results,
                                      a->taken, a->deadline, a->error);
}

int mutant_pass_first(struct append *a)
{
    return mutant_pass_one(a, a->requests);
}

void mutant_pretend(struct append *a, size_t index)
{
    const quipu_request *request = &a->requests[index];
    quipu_result *result = &a->results[index];

    *result = (quipu_result){ .positions = result->positions,
                              .first_notification_id =
                                  request->item_count > 0 ? 1 : 0 };
    for (size_t i = 0; result->positions && i < request->item_count; i++) {
        result->positions[i] = request->items[i].position;
    }
}

void mutant_nap(int64_t nanoseconds)
{
    struct timespec span = { .tv_sec = (time_t)(nanoseconds / 1000000000),
                             .tv_nsec = (long)(nanoseconds % 1000000000) };

    nanosleep(&span, NULL);
}

int64_t mutant_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

bool mutant_same(quipu_bytes a, quipu_bytes b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}
