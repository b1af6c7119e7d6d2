/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LMDB's file format, data version 1 (LMDB 0.9), on 64-bit machines: the parts
 * that the driver reads without LMDB.
 *
 * A file is an array of pages of one size.  Pages 0 and 1 are meta pages: each
 * describes the state after one transaction, page 0 after even and page 1
 * after odd ones, so that the newer of the two is current.  A meta page names
 * the roots of two B+trees: the free list (transaction id -> pages it freed)
 * and the main database, whose values may be the roots of named databases.
 *
 * A branch or leaf page has a header, an array of 2-byte offsets that grows
 * upwards (to `lower`) and nodes that grow downwards (from `upper`).  A value
 * that does not fit a page lies on a run of overflow pages of its own; its
 * node holds the number of the first one.
 */
#ifndef LMDB_DRIVER_LMDB_FORMAT_H
#define LMDB_DRIVER_LMDB_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Page numbers and sizes in the file are size_t, and the map needs addresses
 * for the whole file. */
_Static_assert(sizeof(void *) == 8 && sizeof(long) == 8,
               "the LMDB driver needs a 64-bit machine: files of a 32-bit LMDB "
               "have another format");

#define LMDB_MAGIC UINT32_C(0xBEEFC0DE)
#define LMDB_DATA_VERSION 1
/* LMDB takes the page size of the machine that creates a file, from 4 KiB on,
 * and 32 KiB where that is larger (64 KiB). */
#define LMDB_PAGE_MIN 4096 /* bytes */
#define LMDB_PAGE_MAX 32768
#define LMDB_NO_PAGE UINT64_MAX /* root of an empty tree */
#define LMDB_DEPTH_MAX 32       /* levels of a tree; LMDB's own limit */
#define LMDB_KEY_MAX 511        /* bytes; LMDB's default */

/* Flags of a page header. */
enum { LMDB_BRANCH = 1, LMDB_LEAF = 2, LMDB_OVERFLOW = 4, LMDB_META = 8 };
/* Flags of a leaf's node.  LMDB has others for sorted duplicates, which no
 * database of a store has. */
enum { LMDB_NODE_OVERFLOW = 1, LMDB_NODE_DATABASE = 2 };

/* Description of a tree (MDB_db). */
struct lmdb_tree {
    uint32_t pad; /* in that of the free list: bytes of a page */
    uint16_t flags;
    uint16_t depth;
    uint64_t branch_pages;
    uint64_t leaf_pages;
    uint64_t overflow_pages;
    uint64_t entries;
    uint64_t root;
};

/* Contents of a meta page after its header (MDB_meta). */
struct lmdb_meta {
    uint32_t magic;
    uint32_t version;
    uint64_t address;
    uint64_t mapsize;
    struct lmdb_tree free;
    struct lmdb_tree main;
    uint64_t last;  /* highest page number in use */
    uint64_t txnid; /* transaction that wrote this page */
};

/* Flags of a tree that say how its keys and values are stored; LMDB keeps flags
 * of the environment beside them, in the tree of the free list. */
enum { LMDB_TREE_INTEGERS = 0x08, LMDB_TREE_FLAGS = 0x7e };

/* Returns true if the description can be that of a tree with these flags, in a
 * file whose last page in use is `last`. */
static inline bool lmdb_tree_is_sound(const struct lmdb_tree *tree,
                                      uint64_t last, unsigned flags)
{
    const bool is_empty = tree->root == LMDB_NO_PAGE;
    return (tree->flags & LMDB_TREE_FLAGS) == flags &&
           tree->depth <= LMDB_DEPTH_MAX && (tree->depth == 0) == is_empty &&
           (is_empty || (tree->root > 1 && tree->root <= last));
}

struct lmdb_page_header {
    uint64_t number;
    uint16_t pad;
    uint16_t flags;
    uint16_t lower; /* of an overflow page, with upper: length of its run */
    uint16_t upper;
};

struct lmdb_node {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    uint16_t high;
    uint16_t low;
#else
    uint16_t low; /* of a value's size, or of a child's page number */
    uint16_t high;
#endif
    uint16_t flags; /* in a branch: the page number's bits from 32 on */
    uint16_t key_size;
};

_Static_assert(sizeof(struct lmdb_tree) == 48 &&
                   sizeof(struct lmdb_meta) == 136 &&
                   sizeof(struct lmdb_page_header) == 16 &&
                   sizeof(struct lmdb_node) == 8,
               "these structs must match LMDB's");

/* Returns the number of overflow pages of a value in a leaf; 0 if it fits.  A
 * leaf has room for two entries at least. */
static inline uint64_t lmdb_overflow_pages(size_t page_size, size_t key_size,
                                           size_t size)
{
    const size_t header = sizeof(struct lmdb_page_header);
    const size_t most = (((page_size - header) / 2) & ~(size_t)1) - 2;
    return sizeof(struct lmdb_node) + key_size + size > most
               ? (header - 1 + size) / page_size + 1
               : 0;
}

#endif
