/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of items. */
#include "records/item.h"

#include <string.h>

/* Replaces bytes by a copy; absent bytes stay absent. */
static bool copy_bytes(quipu_arena *arena, quipu_bytes *bytes)
{
    if (!bytes->data) {
        return true;
    }
    bytes->data = quipu_arena_copy(arena, bytes->data, bytes->size);
    return bytes->data != NULL;
}

static bool copy_columns(quipu_arena *arena, quipu_item *item)
{
    if (item->column_count == 0) {
        return true;
    }
    quipu_value *values =
        quipu_arena_allocate_array(arena, item->column_count, sizeof(*values));

    if (!values) {
        return false;
    }
    memcpy(values, item->columns, item->column_count * sizeof(*values));
    item->columns = values;
    for (size_t i = 0; i < item->column_count; i++) {
        int kind = values[i].kind;

        if ((kind == QUIPU_VALUE_TEXT || kind == QUIPU_VALUE_BYTES ||
             kind == QUIPU_VALUE_UUID) &&
            !copy_bytes(arena, &values[i].as.bytes)) {
            return false;
        }
    }
    return true;
}

bool quipu_item_copy(quipu_arena *arena, quipu_item *item)
{
    return copy_bytes(arena, &item->sequence_id) &&
           copy_bytes(arena, &item->topic) && copy_bytes(arena, &item->state) &&
           copy_bytes(arena, &item->event_id) &&
           copy_bytes(arena, &item->metadata) && copy_columns(arena, item);
}
