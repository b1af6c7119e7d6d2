/* SPDX-License-Identifier: Apache-2.0 */
/* One block of memory for each item, with all that it points to. */
#include "batch.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* A commit for so many costs little more than the items themselves; more of
 * them would only take more memory. */
#define ITEMS_MAX 1000
#define BYTES_MAX ((size_t)1 << 22)

void quipu_tool_batch_init(struct batch *batch)
{
    memset(batch, 0, sizeof(*batch));
    batch->items = quipu_tool_allocate(ITEMS_MAX, sizeof(*batch->items));
    batch->ids = quipu_tool_allocate(ITEMS_MAX, sizeof(*batch->ids));
    batch->origins = quipu_tool_allocate(ITEMS_MAX, sizeof(*batch->origins));
}

void quipu_tool_batch_finish(struct batch *batch)
{
    quipu_tool_batch_clear(batch);
    free(batch->items);
    free(batch->ids);
    free(batch->origins);
}

static bool has_bytes(const quipu_value *value)
{
    return value->kind == QUIPU_VALUE_TEXT ||
           value->kind == QUIPU_VALUE_BYTES || value->kind == QUIPU_VALUE_UUID;
}

static size_t size_of(const quipu_item *item)
{
    size_t size = item->sequence_id.size + item->topic.size + item->state.size +
                  item->event_id.size + item->metadata.size +
                  item->column_count * sizeof(*item->columns);

    for (size_t i = 0; i < item->column_count; i++) {
        if (has_bytes(&item->columns[i])) {
            size += item->columns[i].as.bytes.size;
        }
    }
    return size;
}

bool quipu_tool_batch_is_full(const struct batch *batch, const quipu_item *item)
{
    return batch->count == ITEMS_MAX ||
           (batch->count > 0 && batch->bytes + size_of(item) > BYTES_MAX);
}

/* Copies bytes to *room, which moves on; empty ones stay present. */
static void move_bytes(quipu_bytes *bytes, char **room)
{
    if (!bytes->data) {
        return;
    }
    memcpy(*room, bytes->data, bytes->size);
    bytes->data = *room;
    *room += bytes->size;
}

void quipu_tool_batch_add(struct batch *batch, const quipu_item *item,
                          int64_t origin)
{
    quipu_item *copy = &batch->items[batch->count];
    const size_t size = size_of(item);
    quipu_value *values = quipu_tool_allocate(size + 1, 1);
    char *room = (char *)(values + item->column_count);

    *copy = *item;
    copy->notification_id = 0;
    copy->columns = values;
    if (item->column_count > 0) {
        memcpy(values, item->columns, item->column_count * sizeof(*values));
    }
    for (size_t i = 0; i < item->column_count; i++) {
        if (has_bytes(&values[i])) {
            move_bytes(&values[i].as.bytes, &room);
        }
    }
    move_bytes(&copy->sequence_id, &room);
    move_bytes(&copy->topic, &room);
    move_bytes(&copy->state, &room);
    move_bytes(&copy->event_id, &room);
    move_bytes(&copy->metadata, &room);
    batch->ids[batch->count] = item->notification_id;
    batch->origins[batch->count++] = origin;
    batch->bytes += size;
}

void quipu_tool_batch_clear(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        free((void *)batch->items[i].columns);
    }
    batch->count = 0;
    batch->bytes = 0;
}
