/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of `quipu export` and `quipu import`: docs/export-format.md. */
#ifndef QUIPU_TOOLS_EXCHANGE_H
#define QUIPU_TOOLS_EXCHANGE_H

#include <quipu/quipu.h>

#include <jansson.h>

#define EXCHANGE_VERSION 1

/* ------------------------------------------------------------- writing */

/* `store`: its identity, perhaps nil. */
json_t *quipu_tool_exchange_begin(const quipu_uuid *store);
json_t *quipu_tool_exchange_schema(const quipu_schema *schema,
                                   const char *table, int64_t after,
                                   int64_t head);
json_t *quipu_tool_exchange_item(const quipu_schema *schema, const char *table,
                                 const quipu_item *item);
json_t *quipu_tool_exchange_tracking(const quipu_tracking *tracking);
json_t *quipu_tool_exchange_end(int64_t items, int64_t trackings);

/* ------------------------------------------------------------- reading */

/* Memory of what is read from one line; zero-initialise it. */
struct arena {
    void **blocks;
    size_t count;
};
void *quipu_tool_arena_allocate(struct arena *arena, size_t size);
void quipu_tool_arena_clear(struct arena *arena); /* frees all */

/*
 * Each reads a line of its kind; what it yields points into the line and into
 * the arena.  INVALID names the member that is wrong.
 */
int quipu_tool_exchange_read_begin(const json_t *line, quipu_uuid *store,
                                   quipu_error *error);
int quipu_tool_exchange_read_schema(const json_t *line, struct arena *arena,
                                    quipu_schema *schema, int64_t *head,
                                    quipu_error *error);
int quipu_tool_exchange_read_item(const json_t *line, struct arena *arena,
                                  const quipu_schema *schema, quipu_item *item,
                                  quipu_error *error);
int quipu_tool_exchange_read_tracking(const json_t *line,
                                      quipu_tracking *tracking,
                                      quipu_error *error);
/* Counts that the line does not tell are left as they are. */
int quipu_tool_exchange_read_end(const json_t *line, int64_t *items,
                                 int64_t *trackings, quipu_error *error);

#endif
