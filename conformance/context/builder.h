/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds an append, item by item, and makes it.  The builder keeps all that a
 * quipu_append refers to; a case may change any of it before the append.
 */
#ifndef QUIPU_BUILDER_H
#define QUIPU_BUILDER_H

#include "context.h"

#define QUIPU_BUILDER_GUARDS 8
#define QUIPU_BUILDER_ENTRIES 8

struct quipu_builder {
    quipu_records *records;
    quipu_append append;
    quipu_item *items;
    quipu_uuid *event_ids; /* of the items, in the same order */
    quipu_guard guards[QUIPU_BUILDER_GUARDS];
    quipu_tracking tracking;
    quipu_conditions conditions;
    quipu_entry_write entries[QUIPU_BUILDER_ENTRIES];
    quipu_result result; /* of the last quipu_builder_append */
    int64_t *positions;  /* result.positions */
    size_t room;         /* for items */
    bool has_event_ids;  /* the schema has a column for them */
};

/* Returns an empty append with room for `room` items, which lives until the end
 * of the case.  `records` NULL: it is for quipu_builder_commit. */
struct quipu_builder *quipu_builder_create(struct quipu_context *ctx,
                                           quipu_records *records, size_t room);

/* Adds an item at the next position, or at `position`, with a new event id if
 * the schema has a column for it, and returns it.  `state` is borrowed text. */
quipu_item *quipu_builder_add_next(struct quipu_builder *builder,
                                   quipu_bytes sequence, const char *state);
quipu_item *quipu_builder_add_at(struct quipu_builder *builder,
                                 quipu_bytes sequence, int64_t position,
                                 const char *state);

/* Adds a guard (enum quipu_demand). */
void quipu_builder_guard(struct quipu_builder *builder, quipu_bytes sequence,
                         int demand, int64_t position);

/* Sets the tracking record. */
void quipu_builder_track(struct quipu_builder *builder, const char *consumer,
                         const char *log, int64_t notification_id);

/* Requires that the tracking record is at `from` (T1), or also lets it be set
 * back (T2). */
void quipu_builder_track_from(struct quipu_builder *builder, int64_t from,
                              bool rewind);

/* Adds the write of an entry, and returns it.  `value` is borrowed text; NULL:
 * absent.  `flags`: enum quipu_entry_flag. */
quipu_entry_write *quipu_builder_entry(struct quipu_builder *builder,
                                       const char *key, const char *value,
                                       uint32_t flags, int64_t revision);

/* Removes items, guards, tracking record and conditions. */
void quipu_builder_clear(struct quipu_builder *builder);

/* Makes the append; returns its status. */
int quipu_builder_append(struct quipu_builder *builder);
/* Makes the append without a schema; returns its status. */
int quipu_builder_commit(struct quipu_builder *builder,
                         quipu_datastore *datastore);

/* -------------------------------------------------------- without a builder */

/* Appends `count` items with the states "0", "1" ... at the next positions of
 * one sequence, in one append.  Not for sparse schemas. */
void quipu_builder_append_many(struct quipu_context *ctx,
                               quipu_records *records, quipu_bytes sequence,
                               size_t count);

/* Appends one item, at a position or at the next one; returns the status. */
int quipu_builder_append_at(struct quipu_context *ctx, quipu_records *records,
                            quipu_bytes sequence, int64_t position);
int quipu_builder_append_next(struct quipu_context *ctx, quipu_records *records,
                              quipu_bytes sequence);

/* Sets a contiguous schema up and checks that items can be appended and
 * read. */
void quipu_builder_check_schema(struct quipu_context *ctx,
                                quipu_datastore *datastore,
                                const quipu_schema *schema);

#endif
