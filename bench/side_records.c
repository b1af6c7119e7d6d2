/* SPDX-License-Identifier: Apache-2.0 */
/* The work through quipu_records: items in, items out. */
#include "bench.h"

#include <stdlib.h>

struct side {
    quipu_datastore *datastore;
    quipu_records *records;
    quipu_item items[BENCH_BATCH_MAX];
    quipu_uuid event_ids[BENCH_BATCH_MAX];
};

static void *open_side(const struct bench_store *store)
{
    struct side *side = bench_allocate(sizeof(*side));
    quipu_error error = { 0 };
    side->datastore = bench_store_open(store);
    const quipu_schema *schema = quipu_schema_stored_events();
    bench_need(
        quipu_records_open(side->datastore, schema, &side->records, &error),
        &error, "open");
    return side;
}

static void set_item(struct side *side, size_t index,
                     const quipu_uuid *sequence, int64_t position)
{
    quipu_uuid_ordered(&side->event_ids[index]);
    side->items[index] = (quipu_item){
        .sequence_id = { sequence->bytes, 16 },
        .position = position,
        .topic = { BENCH_TOPIC, sizeof(BENCH_TOPIC) - 1 },
        .state = { bench_state, BENCH_STATE_SIZE },
        .event_id = { side->event_ids[index].bytes, 16 },
    };
}

static void append_items(struct side *side, size_t count)
{
    quipu_append request = { .struct_size = sizeof(request),
                             .items = side->items,
                             .item_count = count };
    quipu_error error = { 0 };
    bench_need(quipu_records_append(side->records, &request, NULL, &error),
               &error, "append");
}

static void fill(void *opened, const struct bench_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        set_item(opened, i, &events[i].sequence, events[i].position);
    }
    append_items(opened, count);
}

static void append(void *opened, const quipu_uuid *sequence, int64_t first,
                   size_t count)
{
    bench_append_by(fill, opened, sequence, first, count);
}

static size_t drain(quipu_cursor *cursor)
{
    const quipu_item *item = NULL;
    quipu_error error = { 0 };
    size_t count = 0;
    for (;;) {
        bench_need(quipu_cursor_next(cursor, &item, &error), &error, "next");
        if (!item) {
            break;
        }
        bench_touch(item->topic.data, item->topic.size);
        bench_touch(item->state.data, item->state.size);
        count++;
    }
    quipu_cursor_close(cursor);
    return count;
}

static size_t read_sequence(void *opened, const quipu_uuid *sequence)
{
    struct side *side = opened;
    quipu_cursor *cursor = NULL;
    quipu_error error = { 0 };
    quipu_bytes id = { sequence->bytes, 16 };
    bench_need(quipu_records_read(side->records, id, NULL, &cursor, &error),
               &error, "read");
    return drain(cursor);
}

static size_t scan(void *opened)
{
    struct side *side = opened;
    quipu_cursor *cursor = NULL;
    quipu_error error = { 0 };
    bench_need(quipu_records_read_log(side->records, NULL, &cursor, &error),
               &error, "scan");
    return drain(cursor);
}

static void close_side(void *opened)
{
    struct side *side = opened;
    quipu_error error = { 0 };
    bench_need(quipu_records_close(side->records, &error), &error, "close");
    bench_need(quipu_datastore_close(side->datastore, &error), &error, "close");
    free(side);
}

const struct bench_side bench_records = BENCH_SIDE("records");
