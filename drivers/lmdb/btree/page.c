/* SPDX-License-Identifier: Apache-2.0 */
/* Access to the pages of LMDB's trees; page.h states the invariants. */
#include "btree/page.h"

#include "btree/btree.h"
#include "txn/map.h"

#include "common/safeguard.h"

#include <stddef.h>

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

const unsigned char *quipu_lmdb_page_find(const struct snapshot *snapshot,
                                          uint64_t number)
{
    const unsigned char *page = find_mapped(snapshot, number);
    if (!page) {
        return NULL;
    }
    const struct lmdb_page_header header = page_header_of(page);
    bool sound = (header.flags == LMDB_LEAF || header.flags == LMDB_BRANCH) &&
                 page_count(page) > 0 && header.lower % 2 == 0 &&
                 header.lower <= header.upper &&
                 header.upper <= snapshot->page_size;
    return sound ? page : NULL;
}

/* --------------------------------------------------- what LMDB trusts, INV3 */

static bool is_key_sound(const struct page_entry *entry, enum tree_kind kind,
                         bool is_first_of_branch)
{
    const unsigned size = entry->node.key_size;
    if (kind == TREE_FREE || kind == TREE_ITEMS) {
        return size == sizeof(int64_t) || (size == 0 && is_first_of_branch);
    }
    return size <= LMDB_KEY_MAX && (size > 0 || is_first_of_branch);
}

/* A number of overflow pages that LMDB reads only if it reads the value is not
 * followed here, except in the main database, where few values are so large. */
static bool is_overflow_sound(const struct snapshot *snapshot,
                              const struct page_entry *entry,
                              enum tree_kind kind)
{
    uint64_t number;
    MDB_val value;
    if (kind == TREE_KEYS || entry->room < sizeof(number)) {
        return false;
    }
    memcpy(&number, entry->value, sizeof(number));
    return kind == TREE_MAIN ? quipu_lmdb_page_overflow(snapshot, entry,
                                                        &value) == MDB_SUCCESS
                             : number > 1 && number <= snapshot->last;
}

static bool is_value_sound(const struct snapshot *snapshot,
                           const struct page_entry *entry, enum tree_kind kind)
{
    const size_t size = page_entry_size(entry);
    switch (entry->node.flags) {
    case 0:
        return size <= entry->room;
    case LMDB_NODE_OVERFLOW:
        return is_overflow_sound(snapshot, entry, kind);
    case LMDB_NODE_DATABASE:
        return kind == TREE_MAIN && size == sizeof(struct lmdb_tree) &&
               size <= entry->room;
    default:
        return false;
    }
}

/* Returns the bytes that LMDB takes for an entry of a page. */
static size_t space_of(const struct page_entry *entry, bool leaf)
{
    size_t size = sizeof(entry->node) + entry->node.key_size;
    if (leaf) {
        size += (entry->node.flags & LMDB_NODE_OVERFLOW) != 0
                    ? sizeof(uint64_t)
                    : page_entry_size(entry);
    }
    return size + size % 2;
}

bool quipu_lmdb_page_is_sound(const struct snapshot *snapshot,
                              const unsigned char *page, enum tree_kind kind)
{
    const struct lmdb_page_header header = page_header_of(page);
    const bool leaf = header.flags == LMDB_LEAF;
    const unsigned count = page_count(page);
    size_t used = 0;
    if (!leaf && count < 2 && kind != TREE_FREE) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        struct page_entry entry;
        if (!page_get_entry(page, snapshot->page_size, i, &entry) ||
            entry.key < page + header.upper + sizeof(entry.node) ||
            !is_key_sound(&entry, kind, !leaf && i == 0) ||
            (leaf ? !is_value_sound(snapshot, &entry, kind)
                  : page_entry_child(&entry) < 2 ||
                        page_entry_child(&entry) > snapshot->last)) {
            return false;
        }
        used += space_of(&entry, leaf);
    }
    return header.upper + used == snapshot->page_size;
}

/* -------------------------------------------------------------- free pages */

static uint64_t number_in(const MDB_val *list, size_t index)
{
    uint64_t number;
    memcpy(&number, (const char *)list->mv_data + index * sizeof(number),
           sizeof(number));
    return number;
}

static uint64_t bit_of(uint64_t number)
{
    return UINT64_C(1) << number % 64;
}

void quipu_lmdb_page_add_free(struct snapshot *snapshot, const MDB_val *list)
{
    if (snapshot->free_lists == FREE_LISTS) {
        return;
    }
    snapshot->free_list[snapshot->free_lists++] = *list;
    for (size_t i = 1; i <= number_in(list, 0); i++) {
        const uint64_t number = number_in(list, i);
        snapshot->free_bits[number / 64 % FREE_WORDS] |= bit_of(number);
    }
}

static bool is_in_list(const MDB_val *list, uint64_t number)
{
    size_t low = 1;
    size_t high = (size_t)number_in(list, 0) + 1;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (number_in(list, middle) > number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low <= number_in(list, 0) && number_in(list, low) == number;
}

bool quipu_lmdb_page_is_free(const struct snapshot *snapshot, uint64_t number)
{
    if ((snapshot->free_bits[number / 64 % FREE_WORDS] & bit_of(number)) == 0) {
        return false;
    }
    for (unsigned i = 0; i < snapshot->free_lists; i++) {
        if (is_in_list(&snapshot->free_list[i], number)) {
            return true;
        }
    }
    return false;
}

/* ---------------------------------------------------------- overflow pages */

/* Returns the number of pages of a run, which its first page holds in the place
 * of the bounds of a leaf. */
static uint32_t run_length(const unsigned char *page)
{
    uint32_t length;
    memcpy(&length, page + offsetof(struct lmdb_page_header, lower),
           sizeof(length));
    return length;
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
    const uint64_t beyond =
        (sizeof(struct lmdb_page_header) + size - 1) / snapshot->page_size;
    const uint64_t end = number + beyond;
    if (!page || page_header_of(page).flags != LMDB_OVERFLOW ||
        run_length(page) <= beyond ||
        run_length(page) > snapshot->last - number + 1 ||
        !quipu_lmdb_map_reaches(snapshot->map, end)) {
        return MDB_CORRUPTED;
    }
    *value =
        (MDB_val){ size, (void *)(page + sizeof(struct lmdb_page_header)) };
    return MDB_SUCCESS;
}

bool quipu_lmdb_page_run_can_be_freed(const struct snapshot *snapshot,
                                      const struct page_entry *entry)
{
    uint64_t number;
    if (entry->room < sizeof(number)) {
        return false;
    }
    memcpy(&number, entry->value, sizeof(number));
    const unsigned char *page = find_mapped(snapshot, number);
    const size_t size = page_entry_size(entry);
    const uint64_t pages =
        lmdb_overflow_pages(snapshot->page_size, entry->node.key_size, size);
    if (!page || SAFEGUARDED("K2.length-of-a-freed-run",
                             run_length(page) != pages, false)) {
        return false;
    }
    for (uint64_t i = 0; i < pages; i++) {
        if (quipu_lmdb_page_is_free(snapshot, number + i)) {
            return false;
        }
    }
    return true;
}
