/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Further columns of a schema, filled from attributes of events, so that SQL
 * queries and other programs can use them.  They are copies: decoding an item
 * does not read them.
 */
#ifndef QUIPU_CORE_MAPPER_COLUMN_H
#define QUIPU_CORE_MAPPER_COLUMN_H

#include <quipu/event.h>

#include "base/arena.h"

/* Returns the name of an enum quipu_value_kind for messages, for example
 * "double"; NULL if it is none. */
const char *quipu_column_kind_name(int kind);

/* Returns true if a column of that kind can hold the values of an attribute. */
bool quipu_column_fits(int kind, const quipu_field *attribute);

/*
 * Sets *value to the attribute of an event.  On entry value->kind is the kind
 * of the column, which the attribute fits; on return it is QUIPU_VALUE_NULL if
 * the event has no such value.  `attribute` NULL: its type has none.  Text and
 * bytes are copied into the arena.
 *
 * INVALID: the value is out of range, not finite, not UTF-8 or not 16 bytes, as
 * the column's kind requires; NO_MEMORY.
 */
int quipu_column_fill(const quipu_field *attribute, const quipu_event *event,
                      quipu_arena *arena, quipu_value *value,
                      quipu_error *error);

#endif
