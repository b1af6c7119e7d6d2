/* SPDX-License-Identifier: Apache-2.0 */
/* A schema against what a catalogue says of it. */
#ifndef SHARED_DRIVER_COMPARE_H
#define SHARED_DRIVER_COMPARE_H

#include <quipu/driver.h>

#define SCHEMA_PARTS 10

/* What a catalogue keeps of a schema, lent from it: the kind of its ids ("text"
 * or "uuid") and of its positions ("sparse" or "contiguous"); the names of the
 * columns for notification id, sequence id, position, topic, state, event id,
 * metadata and time, NULL: it has none. */
void quipu_common_schema_parts(const quipu_schema *schema,
                               const char *parts[SCHEMA_PARTS]);

/* CONFLICT names the first part that is stored otherwise. */
int quipu_common_compare_parts(const quipu_host *host,
                               const quipu_schema *schema,
                               const char *const stored[SCHEMA_PARTS],
                               quipu_error *error);

/* The same of a further column, by number: what is stored as its name (NULL:
 * there is none), and the word for its kind. */
int quipu_common_compare_column(const quipu_host *host,
                                const quipu_schema *schema, size_t number,
                                const char *name, const char *kind,
                                quipu_error *error);

#endif
