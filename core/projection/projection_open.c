/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing a projection, and the creation of its read model. */
#include <inttypes.h>
#include <stdio.h>

#include "base/cancellation.h"
#include "base/memory.h"
#include "base/structs.h"
#include "datastore/driver_call.h"
#include "projection/projection.h"

/* --------------------------------------------------------------- the type */

static int refuse_type(const char *why, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INVALID, "projection type: %s", why);
}

/* Sets *count to the number of handlers. */
static int check_type(const quipu_projection_type *type, size_t *count,
                      quipu_error *error)
{
    const quipu_projection_handler *handlers = type->handlers;
    int status = quipu_shown_check_name("a projection", type->name, error);

    *count = 0;
    if (status == QUIPU_OK && type->version == 0) {
        status = refuse_type("version must be at least 1", error);
    }
    if (status == QUIPU_OK && (!handlers || !handlers[0].event)) {
        status = refuse_type("it has no handlers", error);
    }
    while (status == QUIPU_OK && handlers[*count].event) {
        if (!handlers[*count].apply) {
            status = quipu_error_set(error, QUIPU_INVALID,
                                     "projection \"%s\": the handler of "
                                     "\"%s\" has no function",
                                     type->name, handlers[*count].event->topic);
        }
        ++*count;
    }
    return status;
}

/* Lists the event types of the handlers. */
static int list_events(quipu_projection *projection, size_t count,
                       quipu_error *error)
{
    int status = QUIPU_OK;

    projection->events =
        quipu_allocate_array(count, sizeof(quipu_event_type *));
    if (!projection->events) {
        return quipu_error_no_memory(error);
    }
    for (size_t i = 0; i < count && status == QUIPU_OK; i++) {
        projection->events[i] = projection->type->handlers[i].event;
        status = quipu_runner_check_event(&projection->runner,
                                          projection->events, i, error);
    }
    return status;
}

/* ------------------------------------------------------------------ opening */

static int take_options(quipu_projection_options *options,
                        const quipu_projection_options *given,
                        quipu_error *error)
{
    *options = (quipu_projection_options){ .struct_size = sizeof(*options) };
    return given ? quipu_struct_take(options, sizeof(*options), given,
                                     "options", error)
                 : QUIPU_OK;
}

static int check_target(const quipu_projection *projection,
                        const quipu_datastore *target, quipu_error *error)
{
    int status = quipu_driver_call_supported(target, QUIPU_CALL_TRANSACT,
                                             target->driver->transact,
                                             QUIPU_CAN_TRANSACT, error);

    return status == QUIPU_OK ? quipu_runner_check_target(
                                    &projection->runner.options, target, error)
                              : status;
}

/* Opens all that may fail after the runner was initialized. */
static int begin(quipu_projection *projection,
                 const quipu_projection_options *options, quipu_error *error)
{
    struct quipu_runner *runner = &projection->runner;
    int status =
        quipu_runner_track(runner, runner->records, options->target, error);

    if (status == QUIPU_OK) {
        quipu_model_init(projection);
        status = quipu_model_create(projection, error);
    }
    return status == QUIPU_OK
               ? quipu_runner_begin(runner, options->group, error)
               : status;
}

static int open_runner(quipu_projection *projection, size_t handler_count,
                       const quipu_projection_options *options,
                       quipu_error *error)
{
    struct quipu_runner *runner = &projection->runner;
    quipu_datastore *target =
        options->target ? options->target : runner->records->datastore;
    int status = quipu_runner_check_options(&runner->options, error);

    if (status == QUIPU_OK) {
        status = list_events(projection, handler_count, error);
    }
    if (status == QUIPU_OK) {
        status = check_target(projection, target, error);
    }
    if (status == QUIPU_OK) {
        status =
            quipu_runner_init(runner, projection->events, handler_count, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    status = begin(projection, options, error);
    if (status != QUIPU_OK) {
        quipu_runner_finish(runner);
    }
    return status;
}

static void release(quipu_projection *projection)
{
    quipu_release(projection->events);
    quipu_release(projection);
}

/* Makes a projection without any open part. */
static quipu_projection *create(quipu_store *store,
                                const quipu_projection_type *type,
                                const quipu_projection_options *options)
{
    quipu_projection *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created) {
        return NULL;
    }
    created->type = type;
    created->context = options->context;
    created->runner.type = &quipu_projection_runner;
    created->runner.owner = created;
    created->runner.store = store;
    created->runner.records = store->records;
    created->runner.options = (struct quipu_runner_options){
        .on_failure = options->on_failure,
        .attempts = options->attempts,
        .batch_items = options->batch_items,
        .batch_milliseconds = options->batch_milliseconds,
    };
    (void)snprintf(created->runner.consumer, sizeof(created->runner.consumer),
                   "%s@%" PRIu32, type->name, type->version);
    return created;
}

int quipu_projection_open(quipu_store *store, const quipu_projection_type *type,
                          const quipu_projection_options *given,
                          quipu_projection **projection, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_projection_options options;
    size_t count = 0;

    if (!store || !type || !projection) {
        return quipu_argument_missing(!store  ? "store"
                                      : !type ? "type"
                                              : "projection",
                                      error);
    }
    int status = quipu_records_enter(store->records, error);

    if (status == QUIPU_OK) {
        status = take_options(&options, given, error);
    }
    if (status == QUIPU_OK) {
        status = check_type(type, &count, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_projection *created = create(store, type, &options);

    if (!created) {
        return quipu_error_no_memory(error);
    }
    status = open_runner(created, count, &options, error);
    if (status != QUIPU_OK) {
        release(created);
        return status;
    }
    quipu_store_hold(store);
    atomic_fetch_add(&created->runner.tracker.datastore->children, 1);
    *projection = created;
    return QUIPU_OK;
}

int quipu_projection_close(quipu_projection *projection, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!projection) {
        return QUIPU_OK;
    }
    struct quipu_runner *runner = &projection->runner;
    int status = quipu_runner_enter(runner, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_tracker_leave(&runner->tracker, error);
    atomic_fetch_sub(&runner->tracker.datastore->children, 1);
    quipu_store_release(runner->store);
    quipu_runner_finish(runner);
    release(projection);
    return status;
}
