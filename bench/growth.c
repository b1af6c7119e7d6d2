/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a store behaves as it grows: loaded in bulk, then measured at each power
 * of ten.  Sequences have ten items and ids that are ordered by time, as those
 * that quipu mints.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAST 10000
#define SEQUENCE_ITEMS 10
#define SAMPLES 4096 /* sequences that replays choose from */
#define APPENDS 400
#define REPLAYS 2000
#define ITEM_MAX 600    /* bytes on disk for each, at most */
#define LOOK_EVERY 8192 /* items of a scan between two looks at the memory */

struct growth {
    const struct bench_driver *driver;
    struct bench_store store;
    quipu_datastore *datastore;
    quipu_records *records;
    size_t items;
    quipu_uuid samples[SAMPLES];
    quipu_uuid event_ids[BENCH_BATCH_MAX];
    quipu_uuid sequences[BENCH_BATCH_MAX / SEQUENCE_ITEMS];
    quipu_item batch[BENCH_BATCH_MAX];
};

static void open_store(struct growth *growth, bool relaxed)
{
    quipu_error error = { 0 };
    growth->store.relaxed = relaxed;
    growth->datastore = bench_store_open(&growth->store);
    bench_need(quipu_records_open(growth->datastore,
                                  quipu_schema_stored_events(),
                                  &growth->records, &error),
               &error, "open");
}

static void close_store(struct growth *growth)
{
    quipu_error error = { 0 };
    bench_need(quipu_records_close(growth->records, &error), &error, "close");
    bench_need(quipu_datastore_close(growth->datastore, &error), &error,
               "close");
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
                                         .quipu = value };
    bench_report(&figure);
}

/* ---------------------------------------------------------------- loading */

/* One append of `count` new items, as many to each sequence as one has. */
static void append(struct growth *growth, size_t count)
{
    quipu_error error = { 0 };
    for (size_t i = 0; i < count; i++) {
        quipu_uuid *sequence = &growth->sequences[i / SEQUENCE_ITEMS];
        if (i % SEQUENCE_ITEMS == 0) {
            quipu_uuid_ordered(sequence);
        }
        quipu_uuid_ordered(&growth->event_ids[i]);
        growth->batch[i] = (quipu_item){
            .sequence_id = { sequence->bytes, 16 },
            .position = (int64_t)(i % SEQUENCE_ITEMS),
            .topic = { BENCH_TOPIC, sizeof(BENCH_TOPIC) - 1 },
            .state = { bench_state, BENCH_STATE_SIZE },
            .event_id = { growth->event_ids[i].bytes, 16 },
        };
    }
    const quipu_append request = { .struct_size = sizeof(request),
                                   .items = growth->batch,
                                   .item_count = count };
    bench_need(quipu_records_append(growth->records, &request, NULL, &error),
               &error, "append");
    growth->items += count;
}

/* Fills the store up to a size; each append leaves a sample, at random once
 * there are many. */
static void load(struct growth *growth, size_t size)
{
    size_t from = growth->items;
    double start = bench_now();
    open_store(growth, true);
    while (growth->items < size) {
        size_t left = size - growth->items;
        size_t made = growth->items / BENCH_BATCH_MAX;
        append(growth, left < BENCH_BATCH_MAX ? left : BENCH_BATCH_MAX);
        if (left < SEQUENCE_ITEMS) {
            continue;
        }
        size_t at = made < SAMPLES ? made : (made * 7919) % SAMPLES;
        growth->samples[at] = growth->sequences[0];
    }
    close_store(growth);
    report(growth, size, "load", "events/s",
           (double)(growth->items - from) / (bench_now() - start));
}

/* -------------------------------------------------------------- measuring */

static void measure_appends(struct growth *growth, size_t size)
{
    double start = bench_now();
    for (size_t i = 0; i < APPENDS; i++) {
        append(growth, 1);
    }
    report(growth, size, "append.1", "events/s",
           APPENDS / (bench_now() - start));
}

static size_t drain(quipu_cursor *cursor, void (*look)(void *context),
                    void *context)
{
    const quipu_item *item = NULL;
    quipu_error error = { 0 };
    size_t count = 0;
    for (;; count++) {
        bench_need(quipu_cursor_next(cursor, &item, &error), &error, "next");
        if (!item) {
            break;
        }
        bench_touch(item->topic.data, item->topic.size);
        bench_touch(item->state.data, item->state.size);
        if (look && count % LOOK_EVERY == 0) {
            look(context);
        }
    }
    quipu_cursor_close(cursor);
    return count;
}

static void measure_replays(struct growth *growth, size_t size)
{
    size_t sequences = size / BENCH_BATCH_MAX;
    size_t known = sequences < SAMPLES ? sequences : SAMPLES;
    size_t seen = 0;
    quipu_error error = { 0 };
    double start = bench_now();
    for (size_t i = 0; i < REPLAYS; i++) {
        quipu_cursor *cursor = NULL;
        quipu_bytes id = { growth->samples[i * 7919 % known].bytes, 16 };
        bench_need(
            quipu_records_read(growth->records, id, NULL, &cursor, &error),
            &error, "read");
        seen += drain(cursor, NULL, NULL);
    }
    if (seen != (size_t)REPLAYS * SEQUENCE_ITEMS) {
        bench_die("growth", "a sequence has not the items it should");
    }
    report(growth, size, "read.10", "events/s",
           (double)seen / (bench_now() - start));
}

/* Kilobytes of anonymous memory that are in use. */
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

static void look_at_memory(void *context)
{
    long *peak = context;
    long now = anonymous_memory();
    if (now > *peak) {
        *peak = now;
    }
}

static void measure_scan(struct growth *growth, size_t size)
{
    quipu_cursor *cursor = NULL;
    quipu_error error = { 0 };
    long before = anonymous_memory();
    long peak = before;
    double start = bench_now();
    bench_need(quipu_records_read_log(growth->records, NULL, &cursor, &error),
               &error, "scan");
    size_t seen = drain(cursor, look_at_memory, &peak);
    double seconds = bench_now() - start;
    if (seen != growth->items) {
        bench_die("growth", "the log has not the items it should");
    }
    report(growth, size, "scan", "events/s", (double)seen / seconds);
    report(growth, size, "scan.memory", "KiB more", (double)(peak - before));
}

/* What will be needed is said before, as is what cannot be had. */
static void announce(const struct bench_driver *driver,
                     const struct bench_place *place, size_t most)
{
    double needed = (double)most * ITEM_MAX / 1e6;
    double free = bench_place_free(place) / 1e6;
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
                  driver->name, most, needed, free, place->folder);
    if (needed > free) {
        bench_die(place->folder, "there is too little room; name another "
                                 "folder by a URI, or fewer items");
    }
}

void bench_growth(const struct bench_driver *driver,
                  const struct bench_place *place, size_t most)
{
    struct growth *growth = bench_allocate(sizeof(*growth));
    growth->driver = driver;
    announce(driver, place, most);
    bench_store_init(&growth->store, driver, place, "growth");
    for (size_t size = LEAST; size <= most; size *= 10) {
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
