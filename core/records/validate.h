/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validates what goes into a store, so that drivers need no checks of their
 * own: <quipu/driver.h> lists what a driver may rely on.
 *
 * All functions return QUIPU_OK or set INVALID, with a message that names the
 * member by its path, such as "items[3]: topic is empty".  They read the
 * caller's memory only, and may be called from any thread.
 */
#ifndef QUIPU_CORE_RECORDS_VALIDATE_H
#define QUIPU_CORE_RECORDS_VALIDATE_H

#include "records/records.h"

/* The element of an array to which a validated member belongs. */
struct quipu_validate_place {
    const char *array; /* NULL: the member is in no array */
    size_t index;
};

/* The place of a function's own argument. */
static const struct quipu_validate_place quipu_validate_argument = { NULL, 0 };

/* Validates a sequence id of the kind that the schema has: 16 bytes, or a text
 * as below. */
int quipu_validate_sequence_id(const quipu_schema *schema, quipu_bytes id,
                               struct quipu_validate_place place,
                               const char *member, quipu_error *error);

/* Validates a text of 1 to 255 bytes of UTF-8 without NUL. */
int quipu_validate_text(quipu_bytes text, struct quipu_validate_place place,
                        const char *member, quipu_error *error);

/* Validates one item of an append, and its further columns.  Adds to *size the
 * bytes that count towards the limit of an append.  UNSUPPORTED: an erased item
 * in a store that does not erase. */
int quipu_validate_item(const quipu_records *records, const quipu_item *item,
                        struct quipu_validate_place place, uint64_t *size,
                        quipu_error *error);
int quipu_validate_columns(const quipu_records *records, const quipu_item *item,
                           struct quipu_validate_place place, uint64_t *size,
                           quipu_error *error);

/*
 * Validates a whole append, which quipu_struct_take has copied, except its
 * entries (conditions.h).  `records` NULL: it concerns no schema.  Sets *size
 * to the bytes of its items, as quipu_limits.append_size counts them.  If an
 * item, a guard or the tracking record is invalid, result->cause and
 * result->index tell which.  UNSUPPORTED: tracking in a store that keeps no
 * tracking records.
 */
int quipu_validate_append(const quipu_datastore *datastore,
                          const quipu_records *records,
                          const quipu_append *append, uint64_t *size,
                          quipu_result *result, quipu_error *error);

/* Validates that an array of an append, called `member`, is there if its count
 * is not 0, and that the count is within the limit. */
int quipu_validate_count(const char *member, const void *array, size_t count,
                         uint64_t limit, quipu_error *error);

/* Sets INVALID: `member` at `place` is wrong as `why` says ("is absent"). */
int quipu_validate_wrong(struct quipu_validate_place place, const char *member,
                         const char *why, quipu_error *error);

#endif
