/* SPDX-License-Identifier: Apache-2.0 */
/* Builds an append, item by item, and makes it. */
#include "batch.h"

#include "check.h"
#include "seen.h"

#include <stdio.h>
#include <string.h>

struct quipu_batch *quipu_batch_create(struct quipu_trial *t,
                                       quipu_records *records, size_t room)
{
    struct quipu_batch *batch = quipu_trial_keep(t, sizeof(*batch));

    batch->records = records;
    batch->room = room;
    batch->items = quipu_trial_keep(t, room * sizeof(*batch->items));
    batch->event_ids = quipu_trial_keep(t, room * sizeof(*batch->event_ids));
    batch->positions = quipu_trial_keep(t, room * sizeof(*batch->positions));
    batch->has_event_ids = quipu_records_schema(records)->event_id;
    quipu_batch_clear(batch);
    return batch;
}

void quipu_batch_clear(struct quipu_batch *batch)
{
    batch->append = (quipu_append){
        .struct_size = sizeof(batch->append),
        .items = batch->items,
        .guards = batch->guards,
    };
}

quipu_item *quipu_batch_at(struct quipu_batch *batch, quipu_bytes sequence,
                           int64_t position, const char *state)
{
    size_t i = batch->append.item_count;
    quipu_item *item = &batch->items[i];

    CHECK(i < batch->room, "the case adds more items than it said");
    *item = (quipu_item){
        .sequence_id = sequence,
        .position = position,
        .topic = { "Example.Changed", 15 },
        .state = { state, strlen(state) },
    };
    if (batch->has_event_ids) {
        quipu_uuid_ordered(&batch->event_ids[i]);
        item->event_id = (quipu_bytes){ batch->event_ids[i].bytes, 16 };
    }
    batch->append.item_count++;
    return item;
}

quipu_item *quipu_batch_next(struct quipu_batch *batch, quipu_bytes sequence,
                             const char *state)
{
    quipu_item *item = quipu_batch_at(batch, sequence, 0, state);

    item->flags = QUIPU_ITEM_NEXT;
    return item;
}

void quipu_batch_demand(struct quipu_batch *batch, quipu_bytes sequence,
                        int demand, int64_t position)
{
    CHECK(batch->append.guard_count < QUIPU_BATCH_GUARDS, "too many guards");
    batch->guards[batch->append.guard_count++] = (quipu_guard){
        .sequence_id = sequence,
        .position = position,
        .demand = demand,
    };
}

void quipu_batch_track(struct quipu_batch *batch, const char *consumer,
                       const char *log, int64_t notification_id)
{
    batch->tracking = (quipu_tracking){
        .consumer = quipu_bytes_of_text(consumer),
        .log = quipu_bytes_of_text(log),
        .position = { .notification_id = notification_id },
    };
    batch->append.tracking = &batch->tracking;
}

int quipu_batch_append(struct quipu_batch *batch)
{
    batch->result = (quipu_result){ .positions = batch->positions };
    return quipu_records_append(batch->records, &batch->append, &batch->result,
                                E);
}

void quipu_batch_fill(struct quipu_trial *t, quipu_records *records,
                      quipu_bytes sequence, size_t count)
{
    struct quipu_batch *batch = quipu_batch_create(t, records, count);

    for (size_t i = 0; i < count; i++) {
        quipu_batch_next(batch, sequence, quipu_trial_text(t, "%zu", i));
    }
    OK(quipu_batch_append(batch));
}

int quipu_batch_one_at(struct quipu_trial *t, quipu_records *records,
                       quipu_bytes sequence, int64_t position)
{
    struct quipu_batch *batch = quipu_batch_create(t, records, 1);

    quipu_batch_at(batch, sequence, position, "one");
    return quipu_batch_append(batch);
}

int quipu_batch_one_next(struct quipu_trial *t, quipu_records *records,
                         quipu_bytes sequence)
{
    struct quipu_batch *batch = quipu_batch_create(t, records, 1);

    quipu_batch_next(batch, sequence, "one");
    return quipu_batch_append(batch);
}

void quipu_batch_try_schema(struct quipu_trial *t, quipu_datastore *d,
                            const quipu_schema *schema)
{
    quipu_records *r;
    quipu_bytes s = quipu_trial_sequence(t);

    OK(quipu_datastore_setup(d, schema, E));
    r = quipu_trial_bind(t, d, schema);
    quipu_batch_fill(t, r, s, 2);
    ANSWERS(QUIPU_CONFLICT, quipu_batch_one_at(t, r, s, 1));
    CHECK(quipu_list_count(t, r, s) == 2, "not two items");
    quipu_trial_unbind(t, r);
}
