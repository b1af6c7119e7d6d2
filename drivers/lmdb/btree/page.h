/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access to the pages of LMDB's trees in a map of the file.
 *
 * INV1  A page is used only if its number lies within the snapshot and the
 *       file, so that its bytes are mapped, and if it carries that number.
 * INV2  An entry is used only if its offset, header, key and value lie within
 *       its page.  The header is copied before it is checked: another process
 *       may write to the page meanwhile (btree/file_check.c).
 * INV3  LMDB uses a page only after all that LMDB trusts in it was checked:
 *       flags and sizes of every entry, the numbers of pages in them, and that
 *       the entries fill the page from `upper` on, so that any of them can be
 *       moved to another page; and that the page is not one of those that LMDB
 *       takes to be free.
 */
#ifndef LMDB_DRIVER_PAGE_H
#define LMDB_DRIVER_PAGE_H

#include "btree/btree.h"
#include "btree/lmdb_format.h"

#include <lmdb.h>
#include <stdbool.h>
#include <string.h>

/* An entry (LMDB: node) of a branch or leaf. */
struct page_entry {
    struct lmdb_node node;
    const unsigned char *key;
    const unsigned char *value;
    size_t room; /* bytes from the value to the end of the page */
};

/* Returns a branch or leaf page of the snapshot, or NULL if the page cannot be
 * one. */
const unsigned char *quipu_lmdb_page_find(const struct snapshot *snapshot,
                                          uint64_t number);

/* Returns true if LMDB can read the page and write to it (INV3). */
bool quipu_lmdb_page_is_sound(const struct snapshot *snapshot,
                              const unsigned char *page, enum tree_kind kind);

/* Adds a list of free pages whose numbers descend to a strict snapshot, and
 * finds out whether a page is in one of them. */
void quipu_lmdb_page_add_free(struct snapshot *snapshot, const MDB_val *list);
bool quipu_lmdb_page_is_free(const struct snapshot *snapshot, uint64_t number);

/* Finds the value of an entry that has it on overflow pages.  Returns
 * MDB_SUCCESS or MDB_CORRUPTED. */
int quipu_lmdb_page_overflow(const struct snapshot *snapshot,
                             const struct page_entry *entry, MDB_val *value);

/* Returns true if LMDB can free the overflow pages of an entry for which
 * quipu_lmdb_page_overflow succeeds: they are as many as the value needs, since
 * LMDB would free those behind them, too, and none of them is free. */
bool quipu_lmdb_page_run_can_be_freed(const struct snapshot *snapshot,
                                      const struct page_entry *entry);

static inline struct lmdb_page_header page_header_of(const unsigned char *page)
{
    struct lmdb_page_header header;
    memcpy(&header, page, sizeof(header));
    return header;
}

static inline bool page_is_leaf(const unsigned char *page)
{
    return page_header_of(page).flags == LMDB_LEAF;
}

/* Returns the number of entries. */
static inline unsigned page_count(const unsigned char *page)
{
    const struct lmdb_page_header header = page_header_of(page);
    return header.lower < sizeof(header)
               ? 0
               : (unsigned)(header.lower - sizeof(header)) / 2;
}

/* Finds an entry of a page of `size` bytes.  Returns false if it does not lie
 * within the page (INV2). */
static inline bool page_get_entry(const unsigned char *page, size_t size,
                                  unsigned index, struct page_entry *entry)
{
    uint16_t offset;
    size_t pointer = sizeof(struct lmdb_page_header) + 2 * (size_t)index;
    if (pointer + sizeof(offset) > size) {
        return false;
    }
    memcpy(&offset, page + pointer, sizeof(offset));
    if (offset + sizeof(entry->node) > size) {
        return false;
    }
    memcpy(&entry->node, page + offset, sizeof(entry->node));
    size_t room = size - offset - sizeof(entry->node);
    if (entry->node.key_size > room) {
        return false;
    }
    entry->key = page + offset + sizeof(entry->node);
    entry->value = entry->key + entry->node.key_size;
    entry->room = room - entry->node.key_size;
    return true;
}

/* Returns the page number in an entry of a branch. */
static inline uint64_t page_entry_child(const struct page_entry *entry)
{
    const struct lmdb_node *node = &entry->node;
    return node->low | (uint64_t)node->high << 16 | (uint64_t)node->flags << 32;
}

/* Returns the size of the value of an entry of a leaf. */
static inline size_t page_entry_size(const struct page_entry *entry)
{
    return entry->node.low | (size_t)entry->node.high << 16;
}

#endif
