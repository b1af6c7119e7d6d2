/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two stores hold the same. */
#ifndef QUIPU_TOOLS_COMPARE_H
#define QUIPU_TOOLS_COMPARE_H

#include "progress.h"

#include <quipu/quipu.h>

/* What differs between two items, in a word, or NULL: "state". */
const char *quipu_tool_compare_items(const quipu_item *a, const quipu_item *b);

/* What differs between two schemas but their tables' names, or NULL. */
const char *quipu_tool_compare_schemas(const quipu_schema *a,
                                       const quipu_schema *b);

/*
 * Reads two logs side by side up to a notification id.  CONFLICT: an item
 * differs or is missing, and the message tells which.
 */
struct comparison {
    quipu_records *from;
    quipu_records *to;
    int64_t head;
    struct progress *progress;
};
int quipu_tool_compare_logs(const struct comparison *comparison,
                            quipu_error *error);

#endif
