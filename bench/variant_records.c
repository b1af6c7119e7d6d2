/* SPDX-License-Identifier: Apache-2.0 */
/* The variant that uses quipu_records. */
#include "fail.h"
#include "store.h"
#include "variant.h"

struct variant {
    quipu_datastore *datastore;
    quipu_records *records;
    struct measure_batch batch;
    struct measure_event events[MEASURE_BATCH_MAX];
};

static void *open_store(const struct bench_store *store)
{
    struct variant *variant = bench_allocate(sizeof(*variant));
    quipu_error error = { 0 };

    variant->datastore = bench_store_open(store);
    bench_fail_on_error(quipu_records_open(variant->datastore,
                                           quipu_schema_stored_events(),
                                           &variant->records, &error),
                        &error, "open");
    return variant;
}

static void fill(void *opened, const struct measure_event *events, size_t count)
{
    struct variant *variant = opened;
    quipu_error error = { 0 };

    bench_fail_on_error(measure_workload_append(variant->records,
                                                &variant->batch, events, count,
                                                &error),
                        &error, "append");
}

static void append(void *opened, const quipu_uuid *sequence, int64_t first,
                   size_t count)
{
    struct variant *variant = opened;

    for (size_t i = 0; i < count; i++) {
        variant->events[i] =
            (struct measure_event){ *sequence, first + (int64_t)i };
    }
    fill(variant, variant->events, count);
}

static size_t read_sequence(void *opened, const quipu_uuid *sequence)
{
    struct variant *variant = opened;
    quipu_error error = { 0 };
    size_t count = 0;

    bench_fail_on_error(
        measure_workload_read(variant->records, sequence, &count, &error),
        &error, "read");
    return count;
}

static size_t scan(void *opened)
{
    struct variant *variant = opened;
    quipu_error error = { 0 };
    size_t count = 0;

    bench_fail_on_error(measure_workload_scan(variant->records, &count, &error),
                        &error, "scan");
    return count;
}

static void close_store(void *opened)
{
    struct variant *variant = opened;
    quipu_error error = { 0 };

    bench_fail_on_error(quipu_records_close(variant->records, &error), &error,
                        "close");
    bench_fail_on_error(quipu_datastore_close(variant->datastore, &error),
                        &error, "close");
    free(variant);
}

const struct bench_variant bench_variant_records =
    BENCH_VARIANT("records", open_store);
