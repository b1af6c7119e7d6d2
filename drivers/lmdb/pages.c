/* SPDX-License-Identifier: Apache-2.0 */
/* A file of LMDB's before LMDB sees it. */
#include "pages.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC UINT32_C(0xBEEFC0DE)
#define VERSION 1

enum pages_status quipu_lmdb_pages_read(const struct pages *pages, void *to,
                                        size_t size, uint64_t offset)
{
    ssize_t got = pread(pages->fd, to, size, (off_t)offset);
    if (got < 0) {
        return PAGES_ERROR;
    }
    return (size_t)got == size ? PAGES_OK : PAGES_CUT;
}

/* ------------------------------------------------------ the first two pages */

static bool is_tree(const struct tree *tree, uint64_t last)
{
    return tree->depth <= DEPTH_MOST &&
           (tree->root == NO_PAGE || (tree->root > 1 && tree->root <= last));
}

static bool is_page_size(uint32_t size)
{
    return size >= PAGE_LEAST && size <= PAGE_MOST && (size & (size - 1)) == 0;
}

static enum pages_status read_meta(const struct pages *pages, uint64_t number,
                                   struct meta *meta)
{
    struct page_header header;
    uint64_t at = number * pages->page;
    enum pages_status status =
        quipu_lmdb_pages_read(pages, &header, sizeof(header), at);
    if (status == PAGES_OK) {
        status = quipu_lmdb_pages_read(pages, meta, sizeof(*meta),
                                       at + sizeof(header));
    }
    if (status != PAGES_OK) {
        return status;
    }
    if (meta->magic != MAGIC || (header.flags & IS_META) == 0) {
        return PAGES_FOREIGN;
    }
    if (meta->version != VERSION) {
        return PAGES_VERSION;
    }
    return is_page_size(meta->free.pad) && meta->last >= 1 &&
                   meta->last < INT64_MAX / PAGE_MOST
               ? PAGES_OK
               : PAGES_DAMAGED;
}

/* The later of the two.  Of the other nothing more is asked: after a commit
 * that failed LMDB leaves there the trees of that, with the number and the end
 * of the one before. */
static bool has_trees(const struct meta *meta)
{
    return is_tree(&meta->free, meta->last) && is_tree(&meta->main, meta->last);
}

/* The two pages take turns; the first has the even transactions. */
static enum pages_status pick_meta(struct pages *pages)
{
    struct meta both[2];
    enum pages_status status = read_meta(pages, 0, &both[0]);
    if (status != PAGES_OK) {
        return status == PAGES_CUT ? PAGES_FOREIGN : status;
    }
    pages->page = both[0].free.pad;
    status = read_meta(pages, 1, &both[1]);
    if (status != PAGES_OK) {
        return status == PAGES_FOREIGN ? PAGES_DAMAGED : status;
    }
    uint64_t even = both[0].txnid;
    uint64_t odd = both[1].txnid;
    bool turns = even % 2 == 0 && (odd % 2 == 1 || odd == 0) &&
                 (even > odd ? even - odd : odd - even) <= 1;
    pages->meta = even > odd ? both[0] : both[1];
    return turns && both[1].free.pad == both[0].free.pad &&
                   has_trees(&pages->meta)
               ? PAGES_OK
               : PAGES_DAMAGED;
}

enum pages_status quipu_lmdb_pages_open(struct pages *pages, int fd,
                                        unsigned char *buffer)
{
    struct stat info;
    *pages = (struct pages){ .fd = fd, .buffer = buffer };
    if (fstat(fd, &info) != 0) {
        return PAGES_ERROR;
    }
    enum pages_status status = pick_meta(pages);
    /* The latest meta may be of after this. */
    if (status == PAGES_OK && fstat(fd, &info) != 0) {
        status = PAGES_ERROR;
    }
    pages->size = (size_t)info.st_size;
    return status;
}

/* ------------------------------------------------------------------- trees */

enum pages_status quipu_lmdb_pages_load(struct pages *pages, uint64_t number)
{
    if (number <= 1 || number > pages->meta.last) {
        return PAGES_DAMAGED;
    }
    struct page_header header;
    enum pages_status status = quipu_lmdb_pages_read(
        pages, pages->buffer, pages->page, number * pages->page);
    memcpy(&header, pages->buffer, sizeof(header));
    if (status != PAGES_OK) {
        return status;
    }
    return header.number == number && (header.flags & IS_META) == 0
               ? PAGES_OK
               : PAGES_DAMAGED;
}

static int compare(const struct entry *entry, const char *wanted)
{
    size_t size = entry->node.key_size;
    size_t length = strlen(wanted);
    int order = memcmp(entry->key, wanted, size < length ? size : length);
    return order != 0 ? order : (size > length) - (size < length);
}

/* Replaces a branch page by that child of it which may have the key. */
static enum pages_status descend(struct pages *pages, const char *wanted)
{
    struct entry entry;
    uint64_t child = NO_PAGE;
    for (unsigned i = 0; i < page_count(pages->buffer); i++) {
        if (!page_entry(pages->buffer, pages->page, i, &entry)) {
            return PAGES_DAMAGED;
        }
        if (i > 0 && compare(&entry, wanted) > 0) {
            break;
        }
        child = entry_child(&entry);
    }
    return quipu_lmdb_pages_load(pages, child);
}

static enum pages_status find_in_leaf(struct pages *pages, const char *wanted,
                                      const void **value, size_t *size)
{
    struct entry entry;
    for (unsigned i = 0; i < page_count(pages->buffer); i++) {
        if (!page_entry(pages->buffer, pages->page, i, &entry)) {
            return PAGES_DAMAGED;
        }
        if (compare(&entry, wanted) == 0) {
            *value = entry.value;
            *size = entry_size(&entry);
            return entry.node.flags == 0 && *size <= entry.room ? PAGES_OK
                                                                : PAGES_DAMAGED;
        }
    }
    return PAGES_NOT_HERE;
}

enum pages_status quipu_lmdb_pages_find(struct pages *pages, const char *key,
                                        const void **value, size_t *size)
{
    if (pages->meta.main.root == NO_PAGE) {
        return PAGES_NOT_HERE;
    }
    enum pages_status status =
        quipu_lmdb_pages_load(pages, pages->meta.main.root);
    for (int depth = 0; status == PAGES_OK && depth < DEPTH_MOST; depth++) {
        unsigned flags = page_header_of(pages->buffer).flags;
        if (flags == IS_LEAF) {
            return find_in_leaf(pages, key, value, size);
        }
        status = flags == IS_BRANCH ? descend(pages, key) : PAGES_DAMAGED;
    }
    return status == PAGES_OK ? PAGES_DAMAGED : status;
}
