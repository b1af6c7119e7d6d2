/* SPDX-License-Identifier: Apache-2.0 */
/* Builds an append, item by item. */
#include "builder.h"

#include "assertion.h"
#include "item_list.h"

#include <stdio.h>
#include <string.h>

struct quipu_builder *quipu_builder_create(struct quipu_context *ctx,
                                           quipu_records *records, size_t room)
{
    struct quipu_builder *builder =
        quipu_context_allocate(ctx, sizeof(*builder));

    builder->records = records;
    builder->room = room;
    builder->items =
        quipu_context_allocate(ctx, room * sizeof(*builder->items));
    builder->event_ids =
        quipu_context_allocate(ctx, room * sizeof(*builder->event_ids));
    builder->positions =
        quipu_context_allocate(ctx, room * sizeof(*builder->positions));
    builder->has_event_ids = records && quipu_records_schema(records)->event_id;
    quipu_builder_clear(builder);
    return builder;
}

void quipu_builder_clear(struct quipu_builder *builder)
{
    builder->append = (quipu_append){
        .struct_size = sizeof(builder->append),
        .items = builder->items,
        .guards = builder->guards,
    };
    builder->conditions = (quipu_conditions){
        .struct_size = sizeof(builder->conditions),
        .entries = builder->entries,
    };
}

quipu_item *quipu_builder_add_at(struct quipu_builder *builder,
                                 quipu_bytes sequence, int64_t position,
                                 const char *state)
{
    size_t i = builder->append.item_count;
    quipu_item *item = &builder->items[i];

    CHECK(i < builder->room, "the case adds more than %zu items to an append",
          builder->room);
    *item = (quipu_item){
        .sequence_id = sequence,
        .position = position,
        .topic = { "Example.Changed", 15 },
        .state = { state, strlen(state) },
    };
    if (builder->has_event_ids) {
        quipu_uuid_ordered(&builder->event_ids[i]);
        item->event_id = (quipu_bytes){ builder->event_ids[i].bytes, 16 };
    }
    builder->append.item_count++;
    return item;
}

quipu_item *quipu_builder_add_next(struct quipu_builder *builder,
                                   quipu_bytes sequence, const char *state)
{
    quipu_item *item = quipu_builder_add_at(builder, sequence, 0, state);

    item->flags = QUIPU_ITEM_NEXT;
    return item;
}

void quipu_builder_guard(struct quipu_builder *builder, quipu_bytes sequence,
                         int demand, int64_t position)
{
    CHECK(builder->append.guard_count < QUIPU_BUILDER_GUARDS,
          "the case adds more than %d guards", QUIPU_BUILDER_GUARDS);
    builder->guards[builder->append.guard_count++] = (quipu_guard){
        .sequence_id = sequence,
        .position = position,
        .demand = demand,
    };
}

void quipu_builder_track(struct quipu_builder *builder, const char *consumer,
                         const char *log, int64_t notification_id)
{
    builder->tracking = (quipu_tracking){
        .consumer = quipu_bytes_of_text(consumer),
        .log = quipu_bytes_of_text(log),
        .position = { .notification_id = notification_id },
    };
    builder->append.tracking = &builder->tracking;
}

void quipu_builder_track_from(struct quipu_builder *builder, int64_t from,
                              bool rewind)
{
    builder->conditions.flags =
        QUIPU_CONDITIONS_TRACKING_FROM |
        (rewind ? (uint32_t)QUIPU_CONDITIONS_TRACKING_REWIND : 0);
    builder->conditions.tracking_from = from;
    builder->append.conditions = &builder->conditions;
}

quipu_entry_write *quipu_builder_entry(struct quipu_builder *builder,
                                       const char *key, const char *value,
                                       uint32_t flags, int64_t revision)
{
    size_t i = builder->conditions.entry_count;
    quipu_entry_write *write = &builder->entries[i];

    CHECK(i < QUIPU_BUILDER_ENTRIES, "the case adds more than %d entries",
          QUIPU_BUILDER_ENTRIES);
    *write = (quipu_entry_write){
        .key = quipu_bytes_of_text(key),
        .value = quipu_bytes_of_text(value),
        .revision = revision,
        .flags = flags,
    };
    builder->conditions.entry_count++;
    builder->append.conditions = &builder->conditions;
    return write;
}

int quipu_builder_append(struct quipu_builder *builder)
{
    builder->result = (quipu_result){ .positions = builder->positions };
    return quipu_records_append(builder->records, &builder->append,
                                &builder->result, ERR);
}

int quipu_builder_commit(struct quipu_builder *builder,
                         quipu_datastore *datastore)
{
    builder->result = (quipu_result){ .positions = builder->positions };
    return quipu_datastore_commit(datastore, &builder->append, &builder->result,
                                  ERR);
}

void quipu_builder_append_many(struct quipu_context *ctx,
                               quipu_records *records, quipu_bytes sequence,
                               size_t count)
{
    struct quipu_builder *builder = quipu_builder_create(ctx, records, count);

    for (size_t i = 0; i < count; i++) {
        quipu_builder_add_next(builder, sequence,
                               quipu_context_format(ctx, "%zu", i));
    }
    OK(quipu_builder_append(builder));
}

int quipu_builder_append_at(struct quipu_context *ctx, quipu_records *records,
                            quipu_bytes sequence, int64_t position)
{
    struct quipu_builder *builder = quipu_builder_create(ctx, records, 1);

    quipu_builder_add_at(builder, sequence, position, "one");
    return quipu_builder_append(builder);
}

int quipu_builder_append_next(struct quipu_context *ctx, quipu_records *records,
                              quipu_bytes sequence)
{
    struct quipu_builder *builder = quipu_builder_create(ctx, records, 1);

    quipu_builder_add_next(builder, sequence, "one");
    return quipu_builder_append(builder);
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
    CHECK(quipu_item_list_count(ctx, r, s) == 2,
          "a sequence of two items has another number of items");
    quipu_context_unbind(ctx, r);
}
