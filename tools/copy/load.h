/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading of items with the notification ids that they have in another store
 * or in an export, for `quipu copy` and `quipu import`.
 *
 * An item with a notification id must get this id again.  If the schema has an
 * item at this id already, it must be the same item, and is skipped: therefore
 * an interrupted copy or import can be run again from its beginning, and
 * continues where it stopped.  An item without a notification id is appended to
 * the log.
 *
 * Items are collected in a batch, and a full batch is one append.
 */
#ifndef QUIPU_TOOLS_LOAD_H
#define QUIPU_TOOLS_LOAD_H

#include <quipu/quipu.h>

/* Copies of the items that the next append stores. */
struct batch {
    size_t count;
    quipu_item *items; /* without notification ids, which appends refuse */
    int64_t *ids;      /* notification id that each item must get, or 0 */
    int64_t *lines;    /* line of the input that has the item, or 0 */
    size_t bytes;
};

struct load {
    quipu_records *records;
    quipu_cursor *stored; /* over the items that the schema has already */
    int64_t head;         /* of the log, with the items that were appended */
    int64_t last;         /* last notification id that was put, or 0 */
    int64_t written;      /* items that were appended */
    int64_t present;      /* items that the schema had already */
    struct batch batch;
    int64_t line; /* line of the input that an error is about, or 0 */
};

/* Takes over the records, also if it fails, and reads the head of the log. */
int load_init(struct load *load, quipu_records *records, quipu_error *error);

/* Drops the items that are not flushed, and closes the records. */
void load_finish(struct load *load);

/*
 * Puts an item, which is copied.  `line` is the line of the input that has it,
 * or 0.  Returns CORRUPT if notification ids are out of order, CONFLICT if the
 * schema has another item at the notification id or the preceding items are
 * missing, and the statuses of quipu_records_append: UNSUPPORTED for an erased
 * item if the store cannot erase.
 */
int load_put(struct load *load, const quipu_item *item, int64_t line,
             quipu_error *error);

/* Appends the items of the batch. */
int load_flush(struct load *load, quipu_error *error);

#endif
