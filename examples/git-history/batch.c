/* SPDX-License-Identifier: Apache-2.0 */
/* Copies published events, and stores them together. */
#include "batch.h"

#include <stdlib.h>
#include <string.h>

#define ATTEMPTS 5 /* of an append whose outcome is not known */

static int reserve(struct batch *batch, size_t more, quipu_error *error)
{
    size_t capacity = batch->capacity == 0 ? 64 : batch->capacity;
    quipu_event **events;

    while (capacity < batch->count + more) {
        capacity *= 2;
    }
    if (capacity == batch->capacity) {
        return QUIPU_OK;
    }
    events = reallocarray(batch->events, capacity, sizeof(*events));
    if (!events) {
        return quipu_error_set(error, QUIPU_NO_MEMORY, "out of memory");
    }
    batch->events = events;
    batch->capacity = capacity;
    return QUIPU_OK;
}

/* The policy: copies the events, which are lent for the call. */
static int copy_events(void *context, const quipu_event *const *events,
                       size_t count, quipu_error *error)
{
    struct batch *batch = (struct batch *)context;
    int status = reserve(batch, count, error);

    for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
        status =
            quipu_event_copy(events[i], &batch->events[batch->count], error);
        batch->count += status == QUIPU_OK;
    }
    return status;
}

int batch_open(struct batch *batch, const struct file_store *store,
               quipu_error *error)
{
    memset(batch, 0, sizeof(*batch));
    batch->store = store->store;
    return quipu_bus_subscribe(store->bus, copy_events, batch,
                               &batch->subscriber, error);
}

static void clear(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        quipu_event_destroy(batch->events[i]);
    }
    batch->count = 0;
}

void batch_close(struct batch *batch)
{
    if (batch->subscriber) {
        quipu_bus_unsubscribe(batch->subscriber);
    }
    clear(batch);
    free(batch->events);
}

/* If the outcome of an append is not known, it is repeated: the store
 * recognises the events by their ids, and does not store them twice. */
int batch_store(struct batch *batch, quipu_error *error)
{
    int status = QUIPU_OK;

    if (batch->count == 0) {
        return QUIPU_OK;
    }
    for (int i = 0; i < ATTEMPTS; i++) {
        status = quipu_store_append(batch->store,
                                    (const quipu_event *const *)batch->events,
                                    batch->count, NULL, error);
        if (status != QUIPU_UNKNOWN_OUTCOME && status != QUIPU_BUSY) {
            break;
        }
    }
    if (status == QUIPU_OK) {
        clear(batch);
    }
    return status;
}
