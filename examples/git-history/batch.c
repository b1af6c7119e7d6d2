/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers published events, and stores them together. */
#include "batch.h"

#include <stdlib.h>
#include <string.h>

#define ATTEMPTS 5

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

/* Takes copies: what is published is lent for the call only. */
static int gather(void *context, const quipu_event *const *events, size_t count,
                  quipu_error *error)
{
    struct batch *batch = context;
    int status = reserve(batch, count, error);

    for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
        status =
            quipu_event_copy(events[i], &batch->events[batch->count], error);
        batch->count += status == QUIPU_OK;
    }
    return status;
}

int batch_open(struct batch *batch, const struct ledger *ledger,
               quipu_error *error)
{
    memset(batch, 0, sizeof(*batch));
    batch->store = ledger->store;
    return quipu_bus_subscribe(ledger->bus, gather, batch, &batch->subscriber,
                               error);
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

/* The events carry ids of their own: to repeat an append whose outcome is not
 * known stores nothing twice. */
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
