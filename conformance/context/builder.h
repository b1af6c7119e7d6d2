/* SPDX-License-Identifier: Apache-2.0 */
/* Builds an append, item by item, and makes it. */
#ifndef QUIPU_BUILDER_H
#define QUIPU_BUILDER_H

#include "context.h"

#define QUIPU_BUILDER_GUARDS 8

struct quipu_builder {
    quipu_records *records;
    quipu_append append;
    quipu_item *items;
    quipu_uuid *event_ids;
    quipu_guard guards[QUIPU_BUILDER_GUARDS];
    quipu_tracking tracking;
    quipu_result result; /* of the last quipu_builder_append */
    int64_t *positions;  /* the result's */
    size_t room;
    bool has_event_ids;
};

/* An empty append with room for so many items; it stays with the trial. */
struct quipu_builder *quipu_builder_create(struct quipu_context *ctx,
                                           quipu_records *records, size_t room);

/* Adds an item with a new event id, if the schema has such a column, and gives
 * it back for changes.  `state` is borrowed text. */
quipu_item *quipu_builder_add_next(struct quipu_builder *batch,
                                   quipu_bytes sequence, const char *state);
quipu_item *quipu_builder_add_at(struct quipu_builder *batch,
                                 quipu_bytes sequence, int64_t position,
                                 const char *state);

/* Adds a guard (enum quipu_demand). */
void quipu_builder_guard(struct quipu_builder *batch, quipu_bytes sequence,
                         int demand, int64_t position);

/* Sets the tracking record. */
void quipu_builder_track(struct quipu_builder *batch, const char *consumer,
                         const char *log, int64_t notification_id);

/* Takes all out again. */
void quipu_builder_clear(struct quipu_builder *batch);

/* Makes the append. */
int quipu_builder_append(struct quipu_builder *batch);

/* Appends `count` items with the states "0", "1" ... to one sequence, each
 * after the last, in one append.  Only for schemas with NEXT. */
void quipu_builder_append_many(struct quipu_context *ctx,
                               quipu_records *records, quipu_bytes sequence,
                               size_t count);

/* Appends one item, at a position or next, and gives the status. */
int quipu_builder_append_at(struct quipu_context *ctx, quipu_records *records,
                            quipu_bytes sequence, int64_t position);
int quipu_builder_append_next(struct quipu_context *ctx, quipu_records *records,
                              quipu_bytes sequence);

/* Checks that a schema works, which is set up: two items in, two items out. */
void quipu_builder_check_schema(struct quipu_context *ctx,
                                quipu_datastore *datastore,
                                const quipu_schema *schema);

#endif
