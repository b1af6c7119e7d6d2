/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters on the items of a log: validation, a copy of the core's own, and the
 * decision whether an item passes.
 *
 * A copy does not change, so that any number of threads may use it at once.  It
 * is lent to the driver, which may leave out items that do not pass, for as
 * long as the driver's cursor is open.  The decision about an item needs its
 * topic and sequence id only, so that it is made before anything is decoded.
 */
#ifndef QUIPU_CORE_RECORDS_FILTER_H
#define QUIPU_CORE_RECORDS_FILTER_H

#include "records/records.h"

/*
 * Copies the caller's filter, with all that it points to, into one block, which
 * quipu_release frees.  *out is NULL if `given` is NULL or passes every item.
 * INVALID: a member is wrong, or it has prefixes and the schema's ids are
 * UUIDs.  NO_MEMORY.
 */
int quipu_filter_copy(const quipu_schema *schema, const quipu_filter *given,
                      quipu_filter **out, quipu_error *error);

/* Whether an item of the schema passes the filter; NULL passes all.  Any
 * thread. */
bool quipu_filter_passes(const quipu_filter *filter, const quipu_schema *schema,
                         const quipu_item *item);

#endif
