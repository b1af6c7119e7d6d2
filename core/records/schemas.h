/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas as this layer takes them in and keeps them. */
#ifndef QUIPU_CORE_RECORDS_SCHEMAS_H
#define QUIPU_CORE_RECORDS_SCHEMAS_H

#include <quipu/schema.h>

/* Takes a caller's schema into *local, which borrows its names, if it passes
 * quipu_schema_check.  INVALID. */
int quipu_schema_take(quipu_schema *local, const quipu_schema *given,
                      quipu_error *error);

/* A deep copy without attributes, in one piece of memory that quipu_release
 * frees; `schema` is one that was taken.  NULL when memory is short. */
quipu_schema *quipu_schema_copy(const quipu_schema *schema);

#endif
