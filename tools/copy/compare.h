/* SPDX-License-Identifier: Apache-2.0 */
/* Comparison of items, schemas, logs and whole stores. */
#ifndef QUIPU_TOOLS_COMPARE_H
#define QUIPU_TOOLS_COMPARE_H

#include "output/progress.h"

#include <quipu/quipu.h>

struct copy;

/* Two logs that are compared up to a notification id. */
struct comparison {
    quipu_records *from;
    quipu_records *to;
    int64_t head;
    struct progress *progress;
};

/* Returns the name of the first member that differs ("state"), or NULL. */
const char *copy_compare_items(const quipu_item *a, const quipu_item *b);

/* Returns the name of the first part of the definition that differs, or NULL.
 * The names of the tables may differ. */
const char *copy_compare_schemas(const quipu_schema *a, const quipu_schema *b);

/* Reads both logs side by side.  CONFLICT: an item differs or is missing in
 * `to`; CORRUPT: `from` lacks a notification id.  The message names the item.
 */
int copy_compare_logs(const struct comparison *comparison, quipu_error *error);

/* Compares both stores of a copy, up to the heads of its plan.  CONFLICT: they
 * differ. */
int copy_compare_stores(struct copy *copy, quipu_error *error);

#endif
