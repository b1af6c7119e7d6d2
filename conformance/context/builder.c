/* SPDX-License-Identifier: Apache-2.0 */
/* Builds an append, item by item, and makes it. */
#include "builder.h"

#include "assertion.h"
#include "item_list.h"

#include <stdio.h>
#include <string.h>

struct quipu_builder *quipu_builder_create(struct quipu_context *ctx,
                                           quipu_records *records, size_t room)
{
    struct quipu_builder *batch = quipu_context_allocate(ctx, sizeof(*batch));

    batch->records = records;
    batch->room = room;
    batch->items = quipu_context_allocate(ctx, room * sizeof(*batch->items));
    batch->event_ids =
        quipu_context_allocate(ctx, room * sizeof(*batch->event_ids));
    batch->positions =
        quipu_context_allocate(ctx, room * sizeof(*batch->positions));
    batch->has_event_ids = quipu_records_schema(records)->event_id;
    quipu_builder_clear(batch);
    return batch;
}

void quipu_builder_clear(struct quipu_builder *batch)
{
    batch->append = (quipu_append){
        .struct_size = sizeof(batch->append),
        .items = batch->items,
        .guards = batch->guards,
    };
}

quipu_item *quipu_builder_add_at(struct quipu_builder *batch,
                                 quipu_bytes sequence, int64_t position,
                                 const char *state)
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

quipu_item *quipu_builder_add_next(struct quipu_builder *batch,
                                   quipu_bytes sequence, const char *state)
{
    quipu_item *item = quipu_builder_add_at(batch, sequence, 0, state);

    item->flags = QUIPU_ITEM_NEXT;
    return item;
}

void quipu_builder_guard(struct quipu_builder *batch, quipu_bytes sequence,
                         int demand, int64_t position)
{
    CHECK(batch->append.guard_count < QUIPU_BUILDER_GUARDS, "too many guards");
    batch->guards[batch->append.guard_count++] = (quipu_guard){
        .sequence_id = sequence,
        .position = position,
        .demand = demand,
    };
}

void quipu_builder_track(struct quipu_builder *batch, const char *consumer,
                         const char *log, int64_t notification_id)
{
    batch->tracking = (quipu_tracking){
        .consumer = quipu_bytes_of_text(consumer),
        .log = quipu_bytes_of_text(log),
        .position = { .notification_id = notification_id },
    };
    batch->append.tracking = &batch->tracking;
}

int quipu_builder_append(struct quipu_builder *batch)
{
    batch->result = (quipu_result){ .positions = batch->positions };
    return quipu_records_append(batch->records, &batch->append, &batch->result,
                                ERR);
}

void quipu_builder_append_many(struct quipu_context *ctx,
                               quipu_records *records, quipu_bytes sequence,
                               size_t count)
{
    struct quipu_builder *batch = quipu_builder_create(ctx, records, count);

    for (size_t i = 0; i < count; i++) {
        quipu_builder_add_next(batch, sequence,
                               quipu_context_format(ctx, "%zu", i));
    }
    OK(quipu_builder_append(batch));
}

int quipu_builder_append_at(struct quipu_context *ctx, quipu_records *records,
                            quipu_bytes sequence, int64_t position)
{
    struct quipu_builder *batch = quipu_builder_create(ctx, records, 1);

    quipu_builder_add_at(batch, sequence, position, "one");
    return quipu_builder_append(batch);
}

int quipu_builder_append_next(struct quipu_context *ctx, quipu_records *records,
                              quipu_bytes sequence)
{
    struct quipu_builder *batch = quipu_builder_create(ctx, records, 1);

    quipu_builder_add_next(batch, sequence, "one");
    return quipu_builder_append(batch);
}

void quipu_builder_check_schema(struct quipu_context *ctx, quipu_datastore *d,
                                const quipu_schema *schema)
{
    quipu_records *r;
    quipu_bytes s = quipu_context_sequence(ctx);

    OK(quipu_datastore_setup(d, schema, ERR));
    r = quipu_context_bind(ctx, d, schema);
    quipu_builder_append_many(ctx, r, s, 2);
    RETURNS(QUIPU_CONFLICT, quipu_builder_append_at(ctx, r, s, 1));
    CHECK(quipu_item_list_count(ctx, r, s) == 2, "not two items");
    quipu_context_unbind(ctx, r);
}
