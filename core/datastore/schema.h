/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schemas as this layer receives, checks and keeps them; the public functions
 * are in <quipu/schema.h>.
 *
 * A caller's schema is borrowed for the call, and may be longer or shorter than
 * this version's struct.  It is copied shallowly for a call (quipu_schema_take)
 * and deeply where it outlives the call (quipu_schema_copy).  Any thread.
 */
#ifndef QUIPU_CORE_RECORDS_SCHEMA_H
#define QUIPU_CORE_RECORDS_SCHEMA_H

#include <quipu/schema.h>

/*
 * Copies a caller's schema into *local, which borrows its names and columns, if
 * it passes the checks of quipu_schema_check.  INVALID.
 */
int quipu_schema_take(quipu_schema *local, const quipu_schema *given,
                      quipu_error *error);

/*
 * Returns a deep copy of a schema that quipu_schema_take has accepted, without
 * the columns' attributes, which only the mapper uses.  It is one piece of
 * memory for quipu_release.  NULL: no memory.  Names that are equal in the
 * original are separate in the copy.
 */
quipu_schema *quipu_schema_copy(const quipu_schema *schema);

#endif
