/* SPDX-License-Identifier: Apache-2.0 */
/* LMDB's file format. */
#include "pages.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC UINT32_C(0xBEEFC0DE)
#define VERSION 1
#define DEPTH_MOST 32

enum { IS_BRANCH = 1, IS_LEAF = 2, IS_OVERFLOW = 4, IS_META = 8 };
enum { NODE_BIG = 1 };

struct page_header {
    uint64_t number;
    uint16_t pad;
    uint16_t flags;
    uint16_t lower; /* for overflow pages these two are their number */
    uint16_t upper;
};

struct node {
    uint16_t low; /* of the value's size, or of a page's number */
    uint16_t high;
    uint16_t flags; /* in a branch the number's third part */
    uint16_t key_size;
};

_Static_assert(sizeof(struct tree) == 48 && sizeof(struct meta) == 136 &&
                   sizeof(struct page_header) == 16 && sizeof(struct node) == 8,
               "as LMDB has them");

static enum pages_status read_at(const struct pages *pages, void *to,
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
    enum pages_status status = read_at(pages, &header, sizeof header, at);
    if (status == PAGES_OK) {
        status = read_at(pages, meta, sizeof *meta, at + sizeof header);
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

static enum pages_status load(struct pages *pages, uint64_t number)
{
    if (number <= 1 || number > pages->meta.last) {
        return PAGES_DAMAGED;
    }
    struct page_header header;
    enum pages_status status =
        read_at(pages, pages->buffer, pages->page, number * pages->page);
    memcpy(&header, pages->buffer, sizeof header);
    if (status != PAGES_OK) {
        return status;
    }
    return header.number == number && (header.flags & IS_META) == 0
               ? PAGES_OK
               : PAGES_DAMAGED;
}

static unsigned count_nodes(const struct pages *pages)
{
    struct page_header header;
    memcpy(&header, pages->buffer, sizeof header);
    return header.lower < sizeof header
               ? 0
               : (unsigned)(header.lower - sizeof header) / 2;
}

static unsigned flags_of(const struct pages *pages)
{
    struct page_header header;
    memcpy(&header, pages->buffer, sizeof header);
    return header.flags;
}

/* A node of the page in the buffer, where its key is, and how much of the page
 * follows the key; false: it lies outside. */
static bool node_at(const struct pages *pages, unsigned index,
                    struct node *node, const unsigned char **key, size_t *after)
{
    uint16_t offset;
    size_t pointer = sizeof(struct page_header) + 2 * (size_t)index;
    if (pointer + sizeof offset > pages->page) {
        return false;
    }
    memcpy(&offset, pages->buffer + pointer, sizeof offset);
    if (offset + sizeof *node > pages->page) {
        return false;
    }
    memcpy(node, pages->buffer + offset, sizeof *node);
    *key = pages->buffer + offset + sizeof *node;
    size_t room = pages->page - offset - sizeof *node;
    *after = room - node->key_size;
    return node->key_size <= room;
}

static uint64_t child_of(const struct node *node)
{
    return node->low | (uint64_t)node->high << 16 | (uint64_t)node->flags << 32;
}

static size_t value_size(const struct node *node)
{
    return node->low | (size_t)node->high << 16;
}

static int compare(const unsigned char *key, size_t size, const char *wanted)
{
    size_t length = strlen(wanted);
    int order = memcmp(key, wanted, size < length ? size : length);
    return order != 0 ? order : (size > length) - (size < length);
}

/* Replaces a branch page by that child of it which may have the key. */
static enum pages_status descend(struct pages *pages, const char *wanted)
{
    struct node node;
    const unsigned char *key;
    size_t after;
    uint64_t child = NO_PAGE;
    for (unsigned i = 0; i < count_nodes(pages); i++) {
        if (!node_at(pages, i, &node, &key, &after)) {
            return PAGES_DAMAGED;
        }
        if (i > 0 && compare(key, node.key_size, wanted) > 0) {
            break;
        }
        child = child_of(&node);
    }
    return load(pages, child);
}

static enum pages_status find_in_leaf(struct pages *pages, const char *wanted,
                                      const void **value, size_t *size)
{
    struct node node;
    const unsigned char *key;
    size_t after;
    for (unsigned i = 0; i < count_nodes(pages); i++) {
        if (!node_at(pages, i, &node, &key, &after)) {
            return PAGES_DAMAGED;
        }
        if (compare(key, node.key_size, wanted) == 0) {
            *value = key + node.key_size;
            *size = value_size(&node);
            return node.flags == 0 && *size <= after ? PAGES_OK : PAGES_DAMAGED;
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
    enum pages_status status = load(pages, pages->meta.main.root);
    for (int depth = 0; status == PAGES_OK && depth < DEPTH_MOST; depth++) {
        unsigned flags = flags_of(pages);
        if (flags == IS_LEAF) {
            return find_in_leaf(pages, key, value, size);
        }
        status = flags == IS_BRANCH ? descend(pages, key) : PAGES_DAMAGED;
    }
    return status == PAGES_OK ? PAGES_DAMAGED : status;
}

/* -------------------------------------------------------------- free pages */

/* How many of the numbers lie beyond the end of the file. */
static uint64_t count_beyond(const struct pages *pages, const uint64_t *numbers,
                             size_t count)
{
    uint64_t end = pages->size / pages->page;
    uint64_t beyond = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t number;
        memcpy(&number, numbers + i, sizeof number);
        beyond += number >= end && number <= pages->meta.last;
    }
    return beyond;
}

/* A value of the free tree: how many, then the pages' numbers. */
static enum pages_status count_inline(const struct pages *pages,
                                      const unsigned char *value, size_t size,
                                      uint64_t *beyond)
{
    uint64_t numbers[PAGE_MOST / sizeof(uint64_t)];
    if (size < sizeof numbers[0] || size > sizeof numbers) {
        return PAGES_DAMAGED;
    }
    memcpy(numbers, value, size);
    if (numbers[0] > size / sizeof numbers[0] - 1) {
        return PAGES_DAMAGED;
    }
    *beyond += count_beyond(pages, numbers + 1, numbers[0]);
    return PAGES_OK;
}

/* The same for a value on pages of its own. */
static enum pages_status count_overflow(const struct pages *pages,
                                        uint64_t page, size_t size,
                                        uint64_t *beyond)
{
    uint64_t numbers[512];
    uint64_t at = page * pages->page + sizeof(struct page_header);
    uint64_t left = 0;
    enum pages_status status = read_at(pages, &left, sizeof left, at);
    if (status != PAGES_OK || page > pages->meta.last ||
        left > size / sizeof left) {
        return status != PAGES_OK ? status : PAGES_DAMAGED;
    }
    at += sizeof left;
    while (left > 0 && status == PAGES_OK) {
        size_t count = left < 512 ? (size_t)left : 512;
        status = read_at(pages, numbers, count * sizeof left, at);
        if (status == PAGES_OK) {
            *beyond += count_beyond(pages, numbers, count);
        }
        at += count * sizeof left;
        left -= count;
    }
    return status;
}

static enum pages_status count_leaf(const struct pages *pages, uint64_t *beyond)
{
    struct node node;
    const unsigned char *key;
    size_t after;
    enum pages_status status = PAGES_OK;
    for (unsigned i = 0; i < count_nodes(pages) && status == PAGES_OK; i++) {
        uint64_t page;
        if (!node_at(pages, i, &node, &key, &after)) {
            return PAGES_DAMAGED;
        }
        const unsigned char *value = key + node.key_size;
        if ((node.flags & NODE_BIG) != 0 && after >= sizeof page) {
            memcpy(&page, value, sizeof page);
            status = count_overflow(pages, page, value_size(&node), beyond);
        } else if (value_size(&node) <= after) {
            status = count_inline(pages, value, value_size(&node), beyond);
        } else {
            status = PAGES_DAMAGED;
        }
    }
    return status;
}

/* Walks the tree below a page; each level loads its page anew after a child. */
static enum pages_status count_below(struct pages *pages, uint64_t number,
                                     int depth, uint64_t *beyond)
{
    enum pages_status status = load(pages, number);
    if (status != PAGES_OK || depth > DEPTH_MOST) {
        return status != PAGES_OK ? status : PAGES_DAMAGED;
    }
    if (flags_of(pages) == IS_LEAF) {
        return count_leaf(pages, beyond);
    }
    if (flags_of(pages) != IS_BRANCH) {
        return PAGES_DAMAGED;
    }
    unsigned count = count_nodes(pages);
    for (unsigned i = 0; i < count && status == PAGES_OK; i++) {
        struct node node;
        const unsigned char *key;
        size_t after;
        if (!node_at(pages, i, &node, &key, &after)) {
            return PAGES_DAMAGED;
        }
        status = count_below(pages, child_of(&node), depth + 1, beyond);
        if (status == PAGES_OK) {
            status = load(pages, number);
        }
    }
    return status;
}

enum pages_status quipu_lmdb_pages_check_end(struct pages *pages)
{
    uint64_t end = pages->size / pages->page;
    uint64_t beyond = 0;
    if (end > pages->meta.last) {
        return PAGES_OK;
    }
    if (pages->meta.free.root == NO_PAGE) {
        return PAGES_CUT;
    }
    enum pages_status status =
        count_below(pages, pages->meta.free.root, 0, &beyond);
    if (status != PAGES_OK) {
        return status;
    }
    return beyond == pages->meta.last + 1 - end ? PAGES_OK : PAGES_CUT;
}
