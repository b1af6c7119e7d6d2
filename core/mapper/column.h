/* SPDX-License-Identifier: Apache-2.0 */
/* Further columns, filled from attributes of events. */
#ifndef QUIPU_CORE_MAPPER_COLUMN_H
#define QUIPU_CORE_MAPPER_COLUMN_H

#include <quipu/event.h>

#include "base/arena.h"

/* The name of a column's kind, as "double"; NULL for what is none. */
const char *quipu_column_kind_name(int kind);

/* Whether a column of that kind can be filled from the attribute. */
bool quipu_column_fits(int kind, const quipu_field *attribute);

/*
 * Makes *value that of the attribute (NULL: the type has none) of an event,
 * with a copy in the arena of what it points to.  INVALID: out of range, not
 * finite, not UTF-8, not 16 bytes; NO_MEMORY.
 */
int quipu_column_fill(int kind, const quipu_field *attribute,
                      const quipu_event *event, quipu_arena *arena,
                      quipu_value *value, quipu_error *error);

#endif
