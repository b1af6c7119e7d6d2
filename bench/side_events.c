/* SPDX-License-Identifier: Apache-2.0 */
/* The work through the event store: events in, events out. */
#include "bench.h"

#include <stdlib.h>

struct credited {
    quipu_event base;
    quipu_bytes data;
};

static const quipu_field credited_fields[] = {
    QUIPU_FIELD(struct credited, data),
    { 0 },
};

static const quipu_event_type credited = {
    .topic = BENCH_TOPIC,
    .size = sizeof(struct credited),
    .fields = credited_fields,
};

struct side {
    quipu_datastore *datastore;
    quipu_store *store;
    struct credited events[BENCH_BATCH_MAX];
    const quipu_event *pointers[BENCH_BATCH_MAX];
};

static void *open_side(const struct bench_store *store)
{
    static const quipu_event_type *const types[] = { &credited };
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types,
                                    .type_count = 1 };
    /* The same work as the other sides: no column holds the time, and the
     * state has none either. */
    const quipu_schema *schema = quipu_schema_stored_events();
    struct side *side = bench_allocate(sizeof(*side));
    quipu_error error = { 0 };
    side->datastore = bench_store_open(store);
    bench_need(quipu_store_open(side->datastore, schema, &mapping, &side->store,
                                &error),
               &error, "open");
    return side;
}

static void set_event(struct side *side, size_t index,
                      const quipu_uuid *sequence, int64_t position)
{
    struct credited *event = &side->events[index];
    quipu_id id;
    quipu_id_of_uuid(&id, sequence);
    quipu_event_init(&event->base, &credited, &id, position);
    event->base.time = (quipu_time){ 0 };
    event->data = (quipu_bytes){ bench_state + 8, BENCH_STATE_SIZE - 9 };
    side->pointers[index] = &event->base;
}

static void append_events(struct side *side, size_t count)
{
    quipu_error error = { 0 };
    bench_need(
        quipu_store_append(side->store, side->pointers, count, NULL, &error),
        &error, "append");
}

static void fill(void *opened, const struct bench_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        set_event(opened, i, &events[i].sequence, events[i].position);
    }
    append_events(opened, count);
}

static void append(void *opened, const quipu_uuid *sequence, int64_t first,
                   size_t count)
{
    bench_append_by(fill, opened, sequence, first, count);
}

static size_t drain(quipu_events *events)
{
    const quipu_event *event = NULL;
    quipu_error error = { 0 };
    size_t count = 0;
    for (;;) {
        bench_need(quipu_events_next(events, &event, &error), &error, "next");
        if (!event) {
            break;
        }
        const struct credited *it = (const void *)event;
        bench_touch(it->data.data, it->data.size);
        count++;
    }
    quipu_events_close(events);
    return count;
}

static size_t read_sequence(void *opened, const quipu_uuid *sequence)
{
    struct side *side = opened;
    quipu_events *events = NULL;
    quipu_error error = { 0 };
    quipu_id id;
    quipu_id_of_uuid(&id, sequence);
    bench_need(quipu_store_read(side->store, &id, NULL, &events, &error),
               &error, "read");
    return drain(events);
}

static size_t scan(void *opened)
{
    struct side *side = opened;
    quipu_events *events = NULL;
    quipu_error error = { 0 };
    bench_need(quipu_store_read_log(side->store, NULL, &events, &error), &error,
               "scan");
    return drain(events);
}

static void close_side(void *opened)
{
    struct side *side = opened;
    quipu_error error = { 0 };
    bench_need(quipu_store_close(side->store, &error), &error, "close");
    bench_need(quipu_datastore_close(side->datastore, &error), &error, "close");
    free(side);
}

const struct bench_side bench_events = BENCH_SIDE("events");
