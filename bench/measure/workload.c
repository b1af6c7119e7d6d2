/* SPDX-License-Identifier: Apache-2.0 */
/* The work that is measured, by quipu_records. */
#include "workload.h"

const unsigned char measure_workload_state[MEASURE_STATE_SIZE] = {
    0x81, 0xa4, 'd', 'a', 't', 'a', 0xc4, 192, /* {"data": 192 bytes} */
};

static void set_item(struct measure_batch *batch, size_t index,
                     const struct measure_event *event)
{
    const bool next = event->position == MEASURE_NEXT_POSITION;
    quipu_uuid *event_id = &batch->event_ids[index];

    quipu_uuid_ordered(event_id);
    batch->items[index] = (quipu_item){
        .sequence_id = { event->sequence.bytes, sizeof(event->sequence.bytes) },
        .position = next ? 0 : event->position,
        .topic = { MEASURE_TOPIC, sizeof(MEASURE_TOPIC) - 1 },
        .state = { measure_workload_state, MEASURE_STATE_SIZE },
        .event_id = { event_id->bytes, sizeof(event_id->bytes) },
        .flags = next ? QUIPU_ITEM_NEXT : 0,
    };
}

int measure_workload_append(quipu_records *records, struct measure_batch *batch,
                            const struct measure_event *events, size_t count,
                            quipu_error *error)
{
    const quipu_append append = { .struct_size = sizeof(append),
                                  .items = batch->items,
                                  .item_count = count };

    for (size_t i = 0; i < count; i++) {
        set_item(batch, i, &events[i]);
    }
    return quipu_records_append(records, &append, NULL, error);
}

int measure_workload_next(quipu_cursor *cursor, size_t limit, size_t *count,
                          quipu_error *error)
{
    for (*count = 0; *count < limit; (*count)++) {
        const quipu_item *item = NULL;
        const int status = quipu_cursor_next(cursor, &item, error);

        if (status != QUIPU_OK || !item) {
            return status;
        }
        measure_workload_touch(item->topic.data, item->topic.size);
        measure_workload_touch(item->state.data, item->state.size);
    }
    return QUIPU_OK;
}

int measure_workload_read(quipu_records *records, const quipu_uuid *sequence,
                          size_t *count, quipu_error *error)
{
    const quipu_bytes id = { sequence->bytes, sizeof(sequence->bytes) };
    quipu_cursor *cursor = NULL;
    int status = quipu_records_read(records, id, NULL, &cursor, error);

    if (status == QUIPU_OK) {
        status = measure_workload_next(cursor, SIZE_MAX, count, error);
        quipu_cursor_close(cursor);
    }
    return status;
}

int measure_workload_scan(quipu_records *records, size_t *count,
                          quipu_error *error)
{
    quipu_cursor *cursor = NULL;
    int status = quipu_records_read_log(records, NULL, &cursor, error);

    if (status == QUIPU_OK) {
        status = measure_workload_next(cursor, SIZE_MAX, count, error);
        quipu_cursor_close(cursor);
    }
    return status;
}

quipu_uuid measure_workload_sequence(size_t n)
{
    static const quipu_uuid name_space = { { 0x71, 0x75, 0x69, 0x70, 0x75 } };
    quipu_uuid id;

    quipu_uuid_of_name(&id, &name_space, &n, sizeof(n));
    return id;
}

void measure_workload_touch(const void *data, size_t size)
{
    static volatile unsigned char sink;
    const unsigned char *bytes = data;

    sink = (unsigned char)(sink ^ bytes[0] ^ bytes[size - 1]);
}
