/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots: from a meta page in the map to the roots of the trees. */
#include "btree/btree.h"

#include "txn/map.h"

void quipu_lmdb_snapshot_read_meta(const struct map *map, uint64_t number,
                                   struct lmdb_meta *meta)
{
    /* LMDB writes a meta page while others read it.  Loading in this order
     * makes sure that a member loaded later is not older; txnid is last. */
    _Atomic uint64_t *from =
        (void *)(map->base + (number & 1) * map->page_size +
                 sizeof(struct lmdb_page_header));
    uint64_t words[sizeof(*meta) / sizeof(uint64_t)] = { 0 };
    for (size_t i = 0; i < sizeof(*meta) / sizeof(words[0]); i++) {
        words[i] = atomic_load_explicit(&from[i], memory_order_acquire);
    }
    memcpy(meta, words, sizeof(*meta));
}

int quipu_lmdb_snapshot_set(struct snapshot *snapshot, struct map *map,
                            const struct lmdb_meta *meta, uint64_t number)
{
    if (meta->txnid != number || meta->free.pad != map->page_size ||
        meta->last >= map->size / map->page_size ||
        !lmdb_tree_is_sound(&meta->main, meta->last, 0) ||
        !lmdb_tree_is_sound(&meta->free, meta->last, LMDB_TREE_INTEGERS)) {
        return MDB_CORRUPTED;
    }
    snapshot->map = map;
    snapshot->base = map->base;
    snapshot->page_size = map->page_size;
    snapshot->last = meta->last;
    snapshot->main = meta->main;
    snapshot->free = meta->free;
    return MDB_SUCCESS;
}
