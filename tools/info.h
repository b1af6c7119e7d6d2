/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways to tell what a store is, and what both need. */
#ifndef QUIPU_TOOLS_INFO_H
#define QUIPU_TOOLS_INFO_H

#include "store.h"

#include <jansson.h>

int quipu_tool_info_text(const struct store *store,
                         const quipu_datastore_info *info, quipu_error *error);
int quipu_tool_info_json(const struct store *store,
                         const quipu_datastore_info *info, quipu_error *error);

/* The names of a schema's columns as an object, its further ones as a list. */
json_t *quipu_tool_info_columns(const quipu_schema *schema);
json_t *quipu_tool_info_further(const quipu_schema *schema);

/* A capability in one word and in a sentence; the table ends with bit 0. */
struct capability {
    uint32_t bit;
    const char *word;
    const char *meaning;
};
extern const struct capability quipu_tool_capabilities[];

/* The name that a schema gives to one of the columns that all have, or NULL;
 * `column` 0 to 7.  *word tells what the column is. */
#define INFO_COLUMN_COUNT 8
const char *quipu_tool_info_column(const quipu_schema *schema, int column,
                                   const char **word);

/* The kind of a further column, in a word. */
const char *quipu_tool_info_kind(int32_t kind);

#endif
