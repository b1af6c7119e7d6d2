/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LMDB's file format (version 1, 64 bits), as much of it as it takes to tell
 * what a file is.  Nothing of it is trusted.
 */
#ifndef LMDB_DRIVER_PAGES_H
#define LMDB_DRIVER_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_LEAST 256
#define PAGE_MOST 65536
#define NO_PAGE UINT64_MAX

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

enum pages_status {
    PAGES_OK,
    PAGES_FOREIGN,  /* not LMDB's */
    PAGES_VERSION,  /* of another version */
    PAGES_DAMAGED,  /* LMDB's, but not sound */
    PAGES_CUT,      /* it ends too early */
    PAGES_NOT_HERE, /* there is no such key */
    PAGES_ERROR     /* a system call failed: errno */
};

struct pages {
    int fd;
    size_t size;           /* of the file */
    size_t page;           /* of a page */
    struct meta meta;      /* the later one */
    unsigned char *buffer; /* room for a page */
};

/* Reads and judges the first two pages; `buffer` has PAGE_MOST bytes. */
enum pages_status quipu_lmdb_pages_open(struct pages *pages, int fd,
                                        unsigned char *buffer);
/* Finds a value of the main tree that lies in its leaf; it stays until the next
 * call. */
enum pages_status quipu_lmdb_pages_find(struct pages *pages, const char *key,
                                        const void **value, size_t *size);
/* Whether all pages beyond the end of the file are free ones.  LMDB need not
 * write such: those it made and gave up in one transaction. */
enum pages_status quipu_lmdb_pages_check_end(struct pages *pages);

#endif
