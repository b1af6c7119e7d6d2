/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions of schemas: copies, the words of a catalogue for their parts, and
 * the comparison of a definition with a catalogue. */
#ifndef QUIPU_DRIVERS_COMMON_SCHEMA_H
#define QUIPU_DRIVERS_COMMON_SCHEMA_H

#include <quipu/driver.h>

/* Returns the word for the kind of a column: "bool", "int", "double", "text",
 * "bytes", "uuid" or "time"; NULL for another number. */
const char *quipu_common_schema_kind_name(int kind);

/* Returns the kind that a word names, or QUIPU_VALUE_NULL. */
int quipu_common_schema_kind_of(const char *name);

/* Makes *to a deep copy of *from. Returns the block that holds all of its names
 * and columns, to be released with the host, or NULL if memory is short. */
char *quipu_common_schema_copy(const quipu_host *host, const quipu_schema *from,
                               quipu_schema *to);

/* Number of parts of a schema that a catalogue stores, further columns aside.
 */
#define SCHEMA_PARTS 10

/* Fills in the parts: "text" or "uuid" for the sequence ids; "sparse" or
 * "contiguous" for the positions; the names of the columns for notification id,
 * sequence id, position, topic, state, event id, metadata and time, NULL for
 * one that the schema lacks. The strings belong to the schema. */
void quipu_common_schema_parts(const quipu_schema *schema,
                               const char *parts[SCHEMA_PARTS]);

/* Compares a schema with the parts in a catalogue. CONFLICT: they differ; the
 * message names the first part that does. */
int quipu_common_schema_compare_parts(const quipu_host *host,
                                      const quipu_schema *schema,
                                      const char *const stored[SCHEMA_PARTS],
                                      quipu_error *error);

/* The same for the further column of that number: `name` (NULL: the catalogue
 * has no such column) and the word for its kind. */
int quipu_common_schema_compare_column(const quipu_host *host,
                                       const quipu_schema *schema,
                                       size_t number, const char *name,
                                       const char *kind, quipu_error *error);

#endif
