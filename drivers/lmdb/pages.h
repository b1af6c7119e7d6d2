/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of LMDB's before LMDB sees it, by plain reads: what it is, and whether
 * it is whole.
 */
#ifndef LMDB_DRIVER_PAGES_H
#define LMDB_DRIVER_PAGES_H

#include "format.h"

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
/* Reads a page of the trees into the buffer, if it says that it is that one. */
enum pages_status quipu_lmdb_pages_load(struct pages *pages, uint64_t number);
enum pages_status quipu_lmdb_pages_read(const struct pages *pages, void *to,
                                        size_t size, uint64_t offset);
/* Finds a value of the main tree that lies in its leaf; it stays until the next
 * call. */
enum pages_status quipu_lmdb_pages_find(struct pages *pages, const char *key,
                                        const void **value, size_t *size);
/* Whether all pages beyond the end of the file are free ones.  LMDB need not
 * write such: those it made and gave up in one transaction. */
enum pages_status quipu_lmdb_pages_check_end(struct pages *pages);

#endif
