/* SPDX-License-Identifier: Apache-2.0 */
/* The variant that uses the event store, and with it the mapper. */
#include "fail.h"
#include "store.h"
#include "variant.h"

#include <stdlib.h>

static const quipu_field credited_fields[] = {
    QUIPU_FIELD(struct bench_credited, data),
    { 0 },
};

static const quipu_event_type credited = {
    .topic = MEASURE_TOPIC,
    .size = sizeof(struct bench_credited),
    .fields = credited_fields,
};

struct variant {
    quipu_datastore *datastore;
    quipu_store *store;
    struct bench_credited events[MEASURE_BATCH_MAX];
    const quipu_event *pointers[MEASURE_BATCH_MAX];
};

static void *open_store(const struct bench_store *store)
{
    static const quipu_event_type *const types[] = { &credited };
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types,
                                    .type_count = 1 };
    /* The schema has no column for the time, and set_event sets none, so that
     * this variant stores the same state as the others. */
    const quipu_schema *schema = quipu_schema_stored_events();
    struct variant *variant = bench_allocate(sizeof(*variant));
    quipu_error error = { 0 };
    variant->datastore = bench_store_open(store);
    bench_fail_on_error(quipu_store_open(variant->datastore, schema, &mapping,
                                         &variant->store, &error),
                        &error, "open");
    return variant;
}

static void set_event(struct variant *variant, size_t index,
                      const quipu_uuid *sequence, int64_t position)
{
    struct bench_credited *event = &variant->events[index];
    quipu_id id;
    quipu_id_of_uuid(&id, sequence);
    quipu_event_init(&event->base, &credited, &id, position);
    event->base.time = (quipu_time){ 0 };
    event->data =
        (quipu_bytes){ measure_workload_state + 8, MEASURE_STATE_SIZE - 8 };
    variant->pointers[index] = &event->base;
}

static void append_events(struct variant *variant, size_t count)
{
    quipu_error error = { 0 };
    bench_fail_on_error(quipu_store_append(variant->store, variant->pointers,
                                           count, NULL, &error),
                        &error, "append");
}

static void fill(void *opened, const struct measure_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        set_event(opened, i, &events[i].sequence, events[i].position);
    }
    append_events(opened, count);
}

static void append(void *opened, const quipu_uuid *sequence, int64_t first,
                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        set_event(opened, i, sequence, first + (int64_t)i);
    }
    append_events(opened, count);
}

static size_t drain(quipu_events *events)
{
    const quipu_event *event = NULL;
    quipu_error error = { 0 };
    size_t count = 0;
    for (;;) {
        bench_fail_on_error(quipu_events_next(events, &event, &error), &error,
                            "next");
        if (!event) {
            break;
        }
        const struct bench_credited *it = (const void *)event;
        measure_workload_touch(it->data.data, it->data.size);
        count++;
    }
    quipu_events_close(events);
    return count;
}

static size_t read_sequence(void *opened, const quipu_uuid *sequence)
{
    struct variant *variant = opened;
    quipu_events *events = NULL;
    quipu_error error = { 0 };
    quipu_id id;
    quipu_id_of_uuid(&id, sequence);
    bench_fail_on_error(
        quipu_store_read(variant->store, &id, NULL, &events, &error), &error,
        "read");
    return drain(events);
}

static size_t scan(void *opened)
{
    struct variant *variant = opened;
    quipu_events *events = NULL;
    quipu_error error = { 0 };
    bench_fail_on_error(
        quipu_store_read_log(variant->store, NULL, &events, &error), &error,
        "scan");
    return drain(events);
}

static void close_store(void *opened)
{
    struct variant *variant = opened;
    quipu_error error = { 0 };
    bench_fail_on_error(quipu_store_close(variant->store, &error), &error,
                        "close");
    bench_fail_on_error(quipu_datastore_close(variant->datastore, &error),
                        &error, "close");
    free(variant);
}

const struct bench_variant bench_variant_events =
    BENCH_VARIANT("events", open_store);
