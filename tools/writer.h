/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the items of another store's log into a schema, where they were. */
#ifndef QUIPU_TOOLS_WRITER_H
#define QUIPU_TOOLS_WRITER_H

#include "batch.h"

/*
 * An item with a notification id gets this id again.  If the schema has it
 * already, it must be the same item: so an interrupted work can be done again
 * from its beginning, and goes on where it was.  An item without one is
 * stored next.
 */
struct writer {
    quipu_records *records;
    quipu_cursor *stored; /* the items that are there already */
    int64_t head;         /* of the log, with what was written */
    int64_t last;         /* the last notification id that was put, or 0 */
    int64_t written;
    int64_t present; /* were there already */
    struct batch batch;
    int64_t origin; /* what an error speaks of, or 0 */
};

/* Takes the records, and reads the log's head. */
int quipu_tool_writer_init(struct writer *writer, quipu_records *records,
                           quipu_error *error);
/* Drops what is not flushed, and closes the records. */
void quipu_tool_writer_finish(struct writer *writer);

/* Puts an item, borrowed; `origin` is the line that it came from, or 0.
 * CORRUPT: out of order; CONFLICT: another item is there, or one is missing
 * before it; and as quipu_records_append. */
int quipu_tool_writer_put(struct writer *writer, const quipu_item *item,
                          int64_t origin, quipu_error *error);

/* Stores what was put until now. */
int quipu_tool_writer_flush(struct writer *writer, quipu_error *error);

#endif
