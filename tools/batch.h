/* SPDX-License-Identifier: Apache-2.0 */
/* Items on their way into a store: copies of borrowed ones, a bounded lot. */
#ifndef QUIPU_TOOLS_BATCH_H
#define QUIPU_TOOLS_BATCH_H

#include <quipu/quipu.h>

struct batch {
    size_t count;
    quipu_item *items; /* as appending wants them, without notification ids */
    int64_t *ids;      /* the notification id of each, or 0 */
    int64_t *origins;  /* the line of the input each came from, or 0 */
    size_t bytes;
};

void quipu_tool_batch_init(struct batch *batch);
void quipu_tool_batch_finish(struct batch *batch);

/* Whether the item would go over what one append should hold.  An empty batch
 * takes any. */
bool quipu_tool_batch_is_full(const struct batch *batch,
                              const quipu_item *item);
void quipu_tool_batch_add(struct batch *batch, const quipu_item *item,
                          int64_t origin);
void quipu_tool_batch_clear(struct batch *batch);

#endif
