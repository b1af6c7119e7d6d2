/* SPDX-License-Identifier: Apache-2.0 */
/* The operations that are measured. */
#include "bench.h"

#include <string.h>

/* {"note": "....."} */
static void fill_state(char state[BENCH_STATE])
{
    static const char begin[] = "\x81\xa4note\xd9"; /* and a size */

    memset(state, '.', BENCH_STATE);
    memcpy(state, begin, sizeof(begin) - 1);
    state[sizeof(begin) - 1] = (char)(BENCH_STATE - sizeof(begin));
}

static void fill_items(struct bench_worker *worker, quipu_item *items,
                       quipu_uuid *event_ids)
{
    for (size_t i = 0; i < worker->step->items; i++) {
        quipu_uuid_ordered(&event_ids[i]);
        items[i] =
            (quipu_item){ .sequence_id = { worker->sequence.bytes,
                                           sizeof(worker->sequence.bytes) },
                          .position = worker->position + (int64_t)i,
                          .topic = quipu_bytes_of_text("Bench.Happened"),
                          .state = { worker->state, sizeof(worker->state) },
                          .event_id = { event_ids[i].bytes,
                                        sizeof(event_ids[i].bytes) } };
    }
}

/* Keeps whole sequences for replaying; only one thread may do so. */
static void remember(const struct bench_worker *worker)
{
    struct bench *bench = worker->bench;

    if (worker->step->threads == 1 && bench->sequence_count < BENCH_SEQUENCES) {
        bench->sequences[bench->sequence_count++] = worker->sequence;
    }
}

int quipu_tool_bench_append(struct bench_worker *worker, quipu_error *error)
{
    quipu_uuid event_ids[BENCH_SEQUENCE];
    quipu_item items[BENCH_SEQUENCE];
    const quipu_append append = { .struct_size = sizeof(append),
                                  .items = items,
                                  .item_count = worker->step->items };
    int status;

    if (worker->position == 0) {
        quipu_uuid_ordered(&worker->sequence);
        fill_state(worker->state);
    }
    fill_items(worker, items, event_ids);
    status = quipu_records_append(worker->bench->records, &append, NULL, error);
    if (status == QUIPU_OK) {
        worker->position += (int64_t)worker->step->items;
    }
    if (worker->position >= BENCH_SEQUENCE) {
        remember(worker);
        worker->position = 0;
    }
    return status;
}

/* Reads on until an item is missing or so many are read. */
static int read_items(quipu_cursor *cursor, size_t *missing, quipu_error *error)
{
    const quipu_item *item = NULL;
    int status = QUIPU_OK;

    while (*missing > 0) {
        status = quipu_cursor_next(cursor, &item, error);
        if (status != QUIPU_OK || !item) {
            return status;
        }
        (*missing)--;
    }
    return status;
}

int quipu_tool_bench_replay(struct bench_worker *worker, quipu_error *error)
{
    const struct bench *bench = worker->bench;
    const quipu_uuid *id =
        &bench->sequences[worker->replayed++ % bench->sequence_count];
    size_t missing = worker->step->items;
    quipu_cursor *cursor = NULL;
    int status = quipu_records_read(
        bench->records, (quipu_bytes){ id->bytes, sizeof(id->bytes) }, NULL,
        &cursor, error);

    if (status == QUIPU_OK) {
        status = read_items(cursor, &missing, error);
    }
    quipu_cursor_close(cursor);
    return status == QUIPU_OK && missing > 0
               ? quipu_error_set(error, QUIPU_CORRUPT,
                                 "%zu of the items of a sequence are missing",
                                 missing)
               : status;
}

int quipu_tool_bench_scan(struct bench_worker *worker, quipu_error *error)
{
    size_t missing = worker->step->items;
    int status = QUIPU_OK;

    /* At its end the log is read from the beginning again. */
    while (status == QUIPU_OK && missing > 0) {
        if (!worker->cursor) {
            status = quipu_records_read_log(worker->bench->records, NULL,
                                            &worker->cursor, error);
        }
        if (status == QUIPU_OK) {
            status = read_items(worker->cursor, &missing, error);
        }
        if (missing > 0) {
            quipu_cursor_close(worker->cursor);
            worker->cursor = NULL;
        }
    }
    return status;
}
