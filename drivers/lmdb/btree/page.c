/* SPDX-License-Identifier: Apache-2.0 */
/* Access to the pages of LMDB's trees; page.h states the invariants. */
#include "btree/page.h"

#include "btree/btree.h"
#include "txn/map.h"

#include "common/safeguard.h"

/* Returns the page if it is mapped and carries its number (INV1). */
static const unsigned char *find_mapped(const struct snapshot *snapshot,
                                        uint64_t number)
{
    if (number < 2 || number > snapshot->last ||
        !quipu_lmdb_map_reaches(snapshot->map, number)) {
        return NULL;
    }
    const unsigned char *page = snapshot->base + number * snapshot->page_size;
    return SAFEGUARDED("F1.page-that-is-another",
                       page_header_of(page).number == number, true)
               ? page
               : NULL;
}

/* Returns true if LMDB can follow every entry of the page. */
static bool has_sound_entries(const unsigned char *page, size_t size)
{
    const struct lmdb_page_header header = page_header_of(page);
    for (unsigned i = 0; i < page_count(page); i++) {
        struct page_entry entry;
        if (!page_get_entry(page, size, i, &entry) ||
            entry.key < page + header.upper ||
            (header.flags == LMDB_LEAF &&
             (entry.node.flags & LMDB_NODE_OVERFLOW) == 0 &&
             page_entry_size(&entry) > entry.room)) {
            return false;
        }
    }
    return true;
}

const unsigned char *quipu_lmdb_page_find(const struct snapshot *snapshot,
                                          uint64_t number)
{
    const size_t size = snapshot->page_size;
    const unsigned char *page = find_mapped(snapshot, number);
    if (!page) {
        return NULL;
    }
    const struct lmdb_page_header header = page_header_of(page);
    bool sound = (header.flags == LMDB_LEAF || header.flags == LMDB_BRANCH) &&
                 page_count(page) > 0 && header.lower <= header.upper &&
                 header.upper <= size &&
                 (!snapshot->strict || has_sound_entries(page, size));
    return sound ? page : NULL;
}

int quipu_lmdb_page_overflow(const struct snapshot *snapshot,
                             const struct page_entry *entry, MDB_val *value)
{
    uint64_t number;
    size_t size = page_entry_size(entry);
    if (entry->room < sizeof(number)) {
        return MDB_CORRUPTED;
    }
    memcpy(&number, entry->value, sizeof(number));
    const unsigned char *page = find_mapped(snapshot, number);
    uint64_t end = number + (sizeof(struct lmdb_page_header) + size - 1) /
                                snapshot->page_size;
    if (!page || page_header_of(page).flags != LMDB_OVERFLOW ||
        end > snapshot->last || !quipu_lmdb_map_reaches(snapshot->map, end)) {
        return MDB_CORRUPTED;
    }
    *value =
        (MDB_val){ size, (void *)(page + sizeof(struct lmdb_page_header)) };
    return MDB_SUCCESS;
}
