/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of schemas, and the words for the kinds of columns. */
#ifndef SHARED_DRIVER_SCHEMA_H
#define SHARED_DRIVER_SCHEMA_H

#include <quipu/driver.h>

/* The words for the kinds of columns: "bool", "int", "double",
 * "text", "bytes", "uuid", "time"; NULL and QUIPU_VALUE_NULL: none. */
const char *quipu_common_schema_kind_name(int kind);
int quipu_common_schema_kind_of(const char *name);

/* A deep copy of *from in *to, in the one block that is returned; NULL: no
 * memory. */
char *quipu_common_schema_copy(const quipu_host *host, const quipu_schema *from,
                               quipu_schema *to);

#define SCHEMA_PARTS 10

/* What a catalogue keeps of a schema, lent from it: the kind of its ids ("text"
 * or "uuid") and of its positions ("sparse" or "contiguous"); the names of the
 * columns for notification id, sequence id, position, topic, state, event id,
 * metadata and time, NULL: it has none. */
void quipu_common_schema_parts(const quipu_schema *schema,
                               const char *parts[SCHEMA_PARTS]);

/* CONFLICT names the first part that is stored otherwise. */
int quipu_common_schema_compare_parts(const quipu_host *host,
                                      const quipu_schema *schema,
                                      const char *const stored[SCHEMA_PARTS],
                                      quipu_error *error);

/* The same of a further column, by number: what is stored as its name (NULL:
 * there is none), and the word for its kind. */
int quipu_common_schema_compare_column(const quipu_host *host,
                                       const quipu_schema *schema,
                                       size_t number, const char *name,
                                       const char *kind, quipu_error *error);

#endif
