/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table of bounded size for the keys that one append mentions: sequence
 * ids, event ids, and positions of a sequence.
 *
 * The number of keys is known when the table is made, since an append states
 * its items. The table is never more than half full, is not resized, and has
 * no deletion: open addressing with linear probing is enough. A table for one
 * key needs no memory of its own, so that an append of one item allocates
 * nothing.
 *
 * The table copies no bytes: a key must outlive it. Not safe for threads. */
#ifndef QUIPU_DRIVERS_COMMON_KEY_TABLE_H
#define QUIPU_DRIVERS_COMMON_KEY_TABLE_H

#include <quipu/driver.h>

struct key_entry {
    quipu_bytes id; /* the key, with `number`; data NULL: the slot is free */
    int64_t number; /* a position in the sequence `id`, or 0 */
    /* The value: the last position of the sequence `id`. */
    bool found; /* it has items */
    int64_t last;
};

struct key_table {
    const quipu_host *host;
    struct key_entry *slots;
    size_t slot_count; /* a power of two */
    struct key_entry one;
};

/* Makes an empty table for at most `count` keys. Returns false if memory is
 * short; the table may then be finished, but not used. */
bool quipu_common_key_table_init(struct key_table *table,
                                 const quipu_host *host, size_t count);

/* Releases the memory of a table; allowed on a zeroed one. */
void quipu_common_key_table_finish(struct key_table *table);

/* Returns the entry of a key. *added tells that the key is new; its value is
 * zero then. The entry stays valid until the table is finished. */
struct key_entry *quipu_common_key_table_get(struct key_table *table,
                                             quipu_bytes id, int64_t number,
                                             bool *added);

/* Returns true if two byte strings are equal. */
bool quipu_common_key_table_is_equal(quipu_bytes a, quipu_bytes b);

#endif
