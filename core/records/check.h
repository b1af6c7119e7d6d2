/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of what goes into a store, so that no driver needs any. */
#ifndef QUIPU_CORE_RECORDS_CHECK_H
#define QUIPU_CORE_RECORDS_CHECK_H

#include <quipu/records.h>

/* Where something is checked, for messages: "items[3]: topic is empty". */
struct quipu_place {
    const char *array; /* NULL: it is not in one */
    size_t index;
};

/* INVALID: the member there is wrong, and why ("is absent"). */
int quipu_check_wrong(struct quipu_place place, const char *member,
                      const char *why, quipu_error *error);

/* A sequence id of the schema's kind.  INVALID. */
int quipu_check_sequence_id(const quipu_schema *schema, quipu_bytes id,
                            struct quipu_place place, const char *member,
                            quipu_error *error);

/* 1 to 255 bytes of UTF-8 without NUL.  INVALID. */
int quipu_check_text(quipu_bytes text, struct quipu_place place,
                     const char *member, quipu_error *error);

/* Bytes of at most `limit`, or absent.  INVALID. */
int quipu_check_bytes(quipu_bytes bytes, uint64_t limit,
                      struct quipu_place place, const char *member,
                      quipu_error *error);

/* One item of an append, but its further columns; those.  Each adds to *size
 * the bytes that count towards the limit of an append.  INVALID. */
int quipu_check_item(const quipu_records *records, const quipu_item *item,
                     struct quipu_place place, uint64_t *size,
                     quipu_error *error);
int quipu_check_values(const quipu_records *records, const quipu_item *item,
                       struct quipu_place place, uint64_t *size,
                       quipu_error *error);

/*
 * A whole append that quipu_struct_take took.  One of no items needs tracking
 * or guards, unless it `may_be_empty`.  *size becomes the bytes of its items,
 * as the limits count them.  blame->cause and blame->index tell
 * what was wrong, if it is an item, a guard or the tracking.  INVALID;
 * UNSUPPORTED: tracking in a store that keeps none.
 */
int quipu_check_append(const quipu_records *records, const quipu_append *append,
                       bool may_be_empty, uint64_t *size, quipu_result *blame,
                       quipu_error *error);

#endif
