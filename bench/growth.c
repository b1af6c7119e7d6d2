/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures a store as it grows: the store is filled in large appends, and
 * measured at each power of ten.  Sequences have ten items and ids that are
 * ordered by time, as quipu generates them.
 */
#include "benchmark.h"
#include "fail.h"
#include "figure.h"
#include "measure/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MIN_ITEMS 10000
#define SEQUENCE_ITEMS 10
#define SAMPLES 4096 /* sequences that the replays read */
#define APPENDS 400
#define REPLAYS 2000
#define ITEM_BYTES_MAX 600 /* that an item takes on disk, with its indexes */
#define MEMORY_INTERVAL \
    8192 /* items of a scan between two readings of memory */

struct growth {
    const struct bench_driver *driver;
    struct bench_store store;
    quipu_datastore *datastore;
    quipu_records *records;
    size_t items;
    quipu_uuid samples[SAMPLES];
    struct measure_event events[MEASURE_BATCH_MAX];
    struct measure_batch batch;
};

static void open_store(struct growth *growth, bool relaxed)
{
    quipu_error error = { 0 };
    growth->store.relaxed = relaxed;
    growth->datastore = bench_store_open(&growth->store);
    bench_fail_on_error(quipu_records_open(growth->datastore,
                                           quipu_schema_stored_events(),
                                           &growth->records, &error),
                        &error, "open");
}

static void close_store(struct growth *growth)
{
    quipu_error error = { 0 };
    bench_fail_on_error(quipu_records_close(growth->records, &error), &error,
                        "close");
    bench_fail_on_error(quipu_datastore_close(growth->datastore, &error),
                        &error, "close");
}

static void report(const struct growth *growth, size_t size, const char *what,
                   const char *unit, double value)
{
    char name[48];
    (void)snprintf(name, sizeof(name), "growth.%zu.%s", size, what);
    const struct bench_figure figure = { .driver = growth->driver->name,
                                         .name = name,
                                         .suffix = "",
                                         .unit = unit,
                                         .ratio = { .rate = value } };
    bench_figure_report(&figure);
}

/* ---------------------------------------------------------------- loading */

/* Appends `count` new items, SEQUENCE_ITEMS to each of as many new sequences.
 */
static void append(struct growth *growth, size_t count)
{
    quipu_error error = { 0 };
    for (size_t i = 0; i < count; i++) {
        struct measure_event *event = &growth->events[i];
        if (i % SEQUENCE_ITEMS == 0) {
            quipu_uuid_ordered(&event->sequence);
        } else {
            event->sequence = growth->events[i - 1].sequence;
        }
        event->position = (int64_t)(i % SEQUENCE_ITEMS);
    }
    bench_fail_on_error(measure_workload_append(growth->records, &growth->batch,
                                                growth->events, count, &error),
                        &error, "append");
    growth->items += count;
}

/* Fills the store up to a size.  Each append adds a sequence to the samples, or
 * replaces one. */
static void load(struct growth *growth, size_t size)
{
    size_t from = growth->items;
    double start = measure_clock_seconds();
    open_store(growth, true);
    while (growth->items < size) {
        size_t left = size - growth->items;
        size_t made = growth->items / MEASURE_BATCH_MAX;
        append(growth, left < MEASURE_BATCH_MAX ? left : MEASURE_BATCH_MAX);
        if (left < SEQUENCE_ITEMS) {
            continue;
        }
        size_t at = made < SAMPLES ? made : (made * 7919) % SAMPLES;
        growth->samples[at] = growth->events[0].sequence;
    }
    close_store(growth);
    report(growth, size, "load", "events/s",
           (double)(growth->items - from) / (measure_clock_seconds() - start));
}

/* -------------------------------------------------------------- measuring */

static void measure_appends(struct growth *growth, size_t size)
{
    double start = measure_clock_seconds();
    for (size_t i = 0; i < APPENDS; i++) {
        append(growth, 1);
    }
    report(growth, size, "append.1", "events/s",
           APPENDS / (measure_clock_seconds() - start));
}

static void measure_replays(struct growth *growth, size_t size)
{
    size_t sequences = size / MEASURE_BATCH_MAX;
    size_t known = sequences < SAMPLES ? sequences : SAMPLES;
    size_t seen = 0;
    quipu_error error = { 0 };
    double start = measure_clock_seconds();
    for (size_t i = 0; i < REPLAYS; i++) {
        size_t count = 0;
        bench_fail_on_error(
            measure_workload_read(growth->records,
                                  &growth->samples[i * 7919 % known], &count,
                                  &error),
            &error, "read");
        seen += count;
    }
    if (seen != (size_t)REPLAYS * SEQUENCE_ITEMS) {
        bench_fail("growth", "a sequence has a wrong number of items");
    }
    report(growth, size, "read.10", "events/s",
           (double)seen / (measure_clock_seconds() - start));
}

/* Returns the KiB of resident anonymous memory of this process. */
static long anonymous_memory(void)
{
    char line[128];
    long found = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof(line), file)) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            found = strtol(line + 8, NULL, 10);
        }
    }
    if (file) {
        (void)fclose(file);
    }
    return found;
}

/* Reads the log, and compares the memory with that before every MEMORY_INTERVAL
 * items. */
static void measure_scan(struct growth *growth, size_t size)
{
    quipu_cursor *cursor = NULL;
    quipu_error error = { 0 };
    long before = anonymous_memory();
    long peak = before;
    size_t seen = 0;
    size_t count = MEMORY_INTERVAL;
    double start = measure_clock_seconds();
    bench_fail_on_error(
        quipu_records_read_log(growth->records, NULL, &cursor, &error), &error,
        "scan");
    while (count == MEMORY_INTERVAL) {
        bench_fail_on_error(
            measure_workload_next(cursor, MEMORY_INTERVAL, &count, &error),
            &error, "scan");
        seen += count;
        long now = anonymous_memory();
        peak = now > peak ? now : peak;
    }
    quipu_cursor_close(cursor);
    double seconds = measure_clock_seconds() - start;
    if (seen != growth->items) {
        bench_fail("growth", "the log has a wrong number of items");
    }
    report(growth, size, "scan", "events/s", (double)seen / seconds);
    report(growth, size, "scan.memory", "KiB more", (double)(peak - before));
}

/* Prints how much disk space the store may take, and ends the program if there
 * is less. */
static void check_space(const struct bench_driver *driver,
                        const struct bench_workspace *workspace, size_t most)
{
    double needed = (double)most * ITEM_BYTES_MAX / 1e6;
    double free = bench_workspace_free_bytes(workspace) / 1e6;
    if (driver->on_server) {
        (void)fprintf(stderr,
                      "quipu-bench: %s: %zu items will take up to %.0f MB on "
                      "the server\n",
                      driver->name, most, needed);
        return;
    }
    (void)fprintf(stderr,
                  "quipu-bench: %s: %zu items will take up to %.0f MB of the "
                  "%.0f MB that are free in %s\n",
                  driver->name, most, needed, free, workspace->folder);
    if (needed > free) {
        bench_fail(workspace->folder, "too little disk space; name another "
                                      "folder by a URI, or fewer items");
    }
}

void bench_growth_run(const struct bench_driver *driver,
                      const struct bench_workspace *workspace, size_t most)
{
    struct growth *growth = bench_allocate(sizeof(*growth));
    growth->driver = driver;
    check_space(driver, workspace, most);
    bench_store_init(&growth->store, driver, workspace, "growth");
    for (size_t size = SIZE_MIN_ITEMS; size <= most; size *= 10) {
        load(growth, size);
        report(growth, size, "size", "bytes/ev",
               (double)driver->size(&growth->store) / (double)growth->items);
        open_store(growth, false);
        measure_replays(growth, size);
        measure_scan(growth, size);
        measure_appends(growth, size);
        close_store(growth);
    }
    driver->remove(&growth->store);
    free(growth);
}
