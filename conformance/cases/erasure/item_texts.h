/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items as texts: for each item what an erasure must leave as it was (its
 * place), and what it removes (its contents).  Two reads are compared text by
 * text, so that no member is forgotten.  Lists live until the end of the case.
 */
#ifndef QUIPU_ITEM_TEXTS_H
#define QUIPU_ITEM_TEXTS_H

#include "cases/case.h"

/* Shapes of schemas: plain, with text ids and all columns, and sparse. */
#define QUIPU_ITEM_TEXTS_SHAPES 3
extern const unsigned quipu_item_texts_shapes[QUIPU_ITEM_TEXTS_SHAPES];

/* The contents of an erased item. */
#define QUIPU_ITEM_TEXTS_ERASED "erased"

struct quipu_item_text {
    int64_t position, notification_id;
    const char *place;    /* ids, position, topic, time */
    const char *contents; /* state, metadata, further columns */
};

struct quipu_item_texts {
    struct quipu_item_text *at;
    size_t count;
};

/* Checks that an item with QUIPU_ITEM_ERASED has no contents. */
void quipu_item_text_check(const quipu_item *item);

/* Returns an item as texts, after that check. */
struct quipu_item_text quipu_item_text_of(struct quipu_context *ctx,
                                          const quipu_item *item);

/* Reads the rest of a cursor and closes it. */
struct quipu_item_texts quipu_item_texts_drain(struct quipu_context *ctx,
                                               quipu_cursor *cursor);

/* Reads a sequence, or the log (`sequence` absent). */
struct quipu_item_texts quipu_item_texts_read(struct quipu_context *ctx,
                                              quipu_records *records,
                                              quipu_bytes sequence);

bool quipu_item_text_is_erased(const struct quipu_item_text *text);

/* Sets metadata, time and all further columns of an item of a schema with these
 * to values that depend on `number`. */
void quipu_item_texts_fill(struct quipu_context *ctx,
                           const quipu_schema *schema, quipu_item *item,
                           int64_t number);

/* Makes an item of an append erased, without contents. */
void quipu_item_texts_erase(quipu_item *item);

#endif
