/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LMDB's file format (version 1, 64 bits), as much of it as is read without
 * LMDB.  Nothing in a file is trusted: what is asked of a damaged page is
 * answered no.
 */
#ifndef LMDB_DRIVER_FORMAT_H
#define LMDB_DRIVER_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PAGE_LEAST 256
#define PAGE_MOST 65536
#define NO_PAGE UINT64_MAX
#define DEPTH_MOST 32 /* of a tree, LMDB's own bound */

enum { IS_BRANCH = 1, IS_LEAF = 2, IS_OVERFLOW = 4, IS_META = 8 };
enum { NODE_BIG = 1, NODE_TREE = 2 }; /* what a value is */

/* One of LMDB's trees. */
struct tree {
    uint32_t pad; /* the free pages' has the size of a page */
    uint16_t flags;
    uint16_t depth;
    uint64_t branch_pages;
    uint64_t leaf_pages;
    uint64_t overflow_pages;
    uint64_t entries;
    uint64_t root;
};

/* What the first two pages hold, each after a transaction. */
struct meta {
    uint32_t magic;
    uint32_t version;
    uint64_t address;
    uint64_t mapsize;
    struct tree free;
    struct tree main;
    uint64_t last;
    uint64_t txnid;
};

struct page_header {
    uint64_t number;
    uint16_t pad;
    uint16_t flags;
    uint16_t lower; /* for overflow pages these two are their number */
    uint16_t upper;
};

struct node {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    uint16_t high;
    uint16_t low;
#else
    uint16_t low; /* of the value's size, or of a page's number */
    uint16_t high;
#endif
    uint16_t flags; /* in a branch the number's third part */
    uint16_t key_size;
};

_Static_assert(sizeof(struct tree) == 48 && sizeof(struct meta) == 136 &&
                   sizeof(struct page_header) == 16 && sizeof(struct node) == 8,
               "as LMDB has them");

/* An entry of a page. */
struct entry {
    struct node node;
    const unsigned char *key;
    const unsigned char *value;
    size_t room; /* from the value to the end of the page */
};

static inline struct page_header page_header_of(const unsigned char *page)
{
    struct page_header header;
    memcpy(&header, page, sizeof(header));
    return header;
}

static inline unsigned page_count(const unsigned char *page)
{
    const struct page_header header = page_header_of(page);
    return header.lower < sizeof(header)
               ? 0
               : (unsigned)(header.lower - sizeof(header)) / 2;
}

/* False: there is no such entry inside the page. */
static inline bool page_entry(const unsigned char *page, size_t size,
                              unsigned index, struct entry *entry)
{
    uint16_t offset;
    size_t pointer = sizeof(struct page_header) + 2 * (size_t)index;
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

/* Of an entry of a branch. */
static inline uint64_t entry_child(const struct entry *entry)
{
    const struct node *node = &entry->node;
    return node->low | (uint64_t)node->high << 16 | (uint64_t)node->flags << 32;
}

/* Of an entry of a leaf. */
static inline size_t entry_size(const struct entry *entry)
{
    return entry->node.low | (size_t)entry->node.high << 16;
}

#endif
