/* SPDX-License-Identifier: Apache-2.0 */
/* Hash table for the keys of one append; the header describes the method. */
#include "key_table.h"

#include <string.h>

bool quipu_common_key_table_init(struct key_table *table,
                                 const quipu_host *host, size_t count)
{
    size_t slot_count = 1;

    *table = (struct key_table){ .host = host };
    if (count <= 1) {
        table->slots = &table->one;
        table->slot_count = 1;
        return true;
    }
    while (slot_count < 2 * count) {
        slot_count *= 2;
    }
    table->slots = host->allocate(slot_count * sizeof(*table->slots));
    if (!table->slots) {
        return false;
    }
    memset(table->slots, 0, slot_count * sizeof(*table->slots));
    table->slot_count = slot_count;
    return true;
}

void quipu_common_key_table_finish(struct key_table *table)
{
    if (table->slots && table->slots != &table->one) {
        table->host->release(table->slots);
    }
    *table = (struct key_table){ .host = table->host };
}

bool quipu_common_key_table_is_equal(quipu_bytes a, quipu_bytes b)
{
    return a.size == b.size &&
           (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* FNV-1a of the id (Fowler, Noll, Vo; 64 bits), then the number, multiplied by
 * 2^64 divided by the golden ratio. The upper half is folded into the lower
 * one, from which the slot is taken. */
static uint64_t hash(quipu_bytes id, int64_t number)
{
    const unsigned char *bytes = id.data;
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < id.size; i++) {
        h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    h = (h ^ (uint64_t)number) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ (h >> 32);
}

struct key_entry *quipu_common_key_table_get(struct key_table *table,
                                             quipu_bytes id, int64_t number,
                                             bool *added)
{
    const size_t mask = table->slot_count - 1;
    size_t i = mask == 0 ? 0 : (size_t)hash(id, number) & mask;

    while (table->slots[i].id.data &&
           (table->slots[i].number != number ||
            !quipu_common_key_table_is_equal(table->slots[i].id, id))) {
        i = (i + 1) & mask;
    }
    *added = !table->slots[i].id.data;
    if (*added) {
        table->slots[i].id = id;
        table->slots[i].number = number;
    }
    return &table->slots[i];
}
