/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing a projection, and the creation of its read model. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <quipu/id.h>

#include "base/cancellation.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/structs.h"
#include "consumer/projection.h"
#include "datastore/driver_call.h"

#define ATTEMPTS 5
#define BATCH_ITEMS 500
#define BATCH_ITEMS_MOST 10000
#define BATCH_MILLISECONDS 50

/* --------------------------------------------------------------- the type */

static int refuse_type(const char *why, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INVALID, "projection type: %s", why);
}

static int check_handler(const quipu_projection_type *type, size_t index,
                         const quipu_mapper *mapper, quipu_error *error)
{
    const quipu_projection_handler *handler = &type->handlers[index];
    const char *topic = handler->event->topic;

    if (!handler->apply) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "projection \"%s\": the handler of \"%s\" has "
                               "no function",
                               type->name, topic);
    }
    if (quipu_mapper_type(mapper, topic) != handler->event) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "projection \"%s\": the event type \"%s\" is "
                               "not one of the store's mapping",
                               type->name, topic);
    }
    for (size_t i = 0; i < index; i++) {
        if (type->handlers[i].event == handler->event) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "projection \"%s\": the event type \"%s\" "
                                   "has two handlers",
                                   type->name, topic);
        }
    }
    return QUIPU_OK;
}

/* Sets *count to the number of handlers. */
static int check_type(const quipu_projection_type *type,
                      const quipu_mapper *mapper, size_t *count,
                      quipu_error *error)
{
    int status = quipu_shown_check_name(type->name, error);

    *count = 0;
    if (status == QUIPU_OK && type->version == 0) {
        status = refuse_type("version must be at least 1", error);
    }
    if (status == QUIPU_OK && (!type->handlers || !type->handlers[0].event)) {
        status = refuse_type("it has no handlers", error);
    }
    while (status == QUIPU_OK && type->handlers[*count].event) {
        status = check_handler(type, *count, mapper, error);
        ++*count;
    }
    return status;
}

/* ------------------------------------------------------------ the options */

static int take_options(quipu_projection_options *options,
                        const quipu_projection_options *given,
                        quipu_error *error)
{
    int status = QUIPU_OK;

    *options = (quipu_projection_options){ .struct_size = sizeof(*options) };
    if (given) {
        status = quipu_struct_take(options, sizeof(*options), given, "options",
                                   error);
    }
    if (status == QUIPU_OK && (options->on_failure < QUIPU_FAILURE_STOP ||
                               options->on_failure > QUIPU_FAILURE_SKIP)) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "options: on_failure is not in enum "
                                 "quipu_failure_policy");
    }
    if (status == QUIPU_OK && options->batch_items > BATCH_ITEMS_MOST) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "options: batch_items is above %d",
                                 BATCH_ITEMS_MOST);
    }
    if (options->attempts == 0) {
        options->attempts = ATTEMPTS;
    }
    if (options->batch_items == 0) {
        options->batch_items = BATCH_ITEMS;
    }
    if (options->batch_milliseconds == 0) {
        options->batch_milliseconds = BATCH_MILLISECONDS;
    }
    return status;
}

static bool is_parking(const quipu_projection_options *options)
{
    return options->on_failure == QUIPU_FAILURE_PARK ||
           options->on_failure == QUIPU_FAILURE_PARK_SEQUENCE;
}

static int check_target(const quipu_projection_options *options,
                        const quipu_datastore *target, quipu_error *error)
{
    uint32_t capabilities = target->opened.capabilities;
    int status = quipu_driver_call_supported(target, QUIPU_CALL_TRANSACT,
                                             target->driver->transact,
                                             QUIPU_CAN_TRANSACT, error);

    if (status == QUIPU_OK) {
        status = quipu_driver_call_supported(target, QUIPU_CALL_READ_TRACKING,
                                             target->driver->read_tracking,
                                             QUIPU_CAN_TRACK, error);
    }
    if (status == QUIPU_OK && is_parking(options) &&
        !(capabilities & QUIPU_CAN_ENTRIES)) {
        status = quipu_error_set(error, QUIPU_UNSUPPORTED,
                                 "events cannot be parked: driver \"%s\" keeps "
                                 "no key-value entries",
                                 target->driver->name);
    }
    return status;
}

/* ------------------------------------------------------------------ opening */

/* Opens the follower for the topics of the handlers. */
static int open_follower(quipu_projection *projection, size_t count,
                         quipu_error *error)
{
    quipu_bytes *topics = quipu_allocate_array(count, sizeof(*topics));

    if (!topics) {
        return quipu_error_no_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        topics[i] =
            quipu_bytes_of_text(projection->type->handlers[i].event->topic);
    }
    const quipu_match match = { .topics = topics, .topic_count = count };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    int status = quipu_follower_init(&projection->follower, projection->records,
                                     &filter, &projection->stopper, error);

    quipu_release(topics);
    return status;
}

/* A member of a group renews its lease between two batches. */
static void limit_batches(quipu_projection *projection)
{
    const struct quipu_group *group = projection->tracker.group;

    if (group && projection->options.batch_milliseconds >
                     group->self.lease_milliseconds / 3) {
        projection->options.batch_milliseconds =
            group->self.lease_milliseconds / 3;
    }
}

/* Opens all that may fail; quipu_projection_destroy ends what was opened. */
static int open_parts(quipu_projection *projection, size_t handler_count,
                      quipu_error *error)
{
    const quipu_projection_options *options = &projection->options;
    int status =
        quipu_batch_init(&projection->batch, options->batch_items, error);

    if (status == QUIPU_OK) {
        status = open_follower(projection, handler_count, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_tracker_init(&projection->tracker, projection->records,
                                    options->target, projection->consumer, NULL,
                                    error);
    }
    if (status == QUIPU_OK) {
        projection->has_entries =
            projection->tracker.datastore->opened.capabilities &
            QUIPU_CAN_ENTRIES;
        projection->follower.consumer = projection->consumer;
        status = quipu_model_create(projection, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_tracker_share(&projection->tracker,
                                     projection->options.group, error);
    }
    if (status == QUIPU_OK) {
        limit_batches(projection);
        status = quipu_projection_start_over(projection, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_follower_check(&projection->follower, error);
    }
    return status;
}

static void destroy(quipu_projection *projection)
{
    quipu_parked_sequences_finish(&projection->parked);
    quipu_batch_finish(&projection->batch);
    quipu_follower_finish(&projection->follower);
    quipu_tracker_finish(&projection->tracker);
    quipu_progress_finish(&projection->progress);
    quipu_stopper_finish(&projection->stopper);
    quipu_release(projection);
}

static int create(quipu_projection *projection, size_t handler_count,
                  quipu_error *error)
{
    int status = quipu_stopper_init(&projection->stopper, error);

    if (status != QUIPU_OK) {
        quipu_release(projection);
        return status;
    }
    status = quipu_progress_init(&projection->progress, error);
    if (status != QUIPU_OK) {
        quipu_stopper_finish(&projection->stopper);
        quipu_release(projection);
        return status;
    }
    (void)snprintf(projection->consumer, sizeof(projection->consumer),
                   "%s@%" PRIu32, projection->type->name,
                   projection->type->version);
    quipu_model_init(projection);
    projection->transaction_items = 1;
    projection->committed_time = quipu_clock_now();
    status = open_parts(projection, handler_count, error);
    if (status != QUIPU_OK) {
        destroy(projection);
    }
    return status;
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
        status = check_type(type, store->mapper, &count, error);
    }
    if (status == QUIPU_OK) {
        status = check_target(
            &options,
            options.target ? options.target : store->records->datastore, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_projection *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created) {
        return quipu_error_no_memory(error);
    }
    created->type = type;
    created->options = options;
    created->store = store;
    created->records = store->records;
    status = create(created, count, error);
    if (status == QUIPU_OK) {
        created->options.group = NULL; /* it was borrowed */
        quipu_store_hold(store);
        atomic_fetch_add(&created->tracker.datastore->children, 1);
        *projection = created;
    }
    return status;
}

int quipu_projection_close(quipu_projection *projection, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!projection) {
        return QUIPU_OK;
    }
    int status = quipu_projection_enter(projection, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_tracker_leave(&projection->tracker, error);
    atomic_fetch_sub(&projection->tracker.datastore->children, 1);
    quipu_store_release(projection->store);
    destroy(projection);
    return status;
}
