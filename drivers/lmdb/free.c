/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a file that ends early lacks nothing but free pages. */
#include "pages.h"

/* How many of the numbers lie beyond the end of the file. */
static uint64_t count_beyond(const struct pages *pages, const uint64_t *numbers,
                             size_t count)
{
    uint64_t end = pages->size / pages->page;
    uint64_t beyond = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t number;
        memcpy(&number, numbers + i, sizeof(number));
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
    if (size < sizeof(numbers[0]) || size > sizeof(numbers)) {
        return PAGES_DAMAGED;
    }
    memcpy(numbers, value, size);
    if (numbers[0] > size / sizeof(numbers[0]) - 1) {
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
    enum pages_status status =
        quipu_lmdb_pages_read(pages, &left, sizeof(left), at);
    if (status != PAGES_OK || page > pages->meta.last ||
        left > size / sizeof(left)) {
        return status != PAGES_OK ? status : PAGES_DAMAGED;
    }
    at += sizeof(left);
    while (left > 0 && status == PAGES_OK) {
        size_t count = left < 512 ? (size_t)left : 512;
        status =
            quipu_lmdb_pages_read(pages, numbers, count * sizeof(left), at);
        if (status == PAGES_OK) {
            *beyond += count_beyond(pages, numbers, count);
        }
        at += count * sizeof(left);
        left -= count;
    }
    return status;
}

static enum pages_status count_leaf(const struct pages *pages, uint64_t *beyond)
{
    struct entry entry;
    enum pages_status status = PAGES_OK;
    for (unsigned i = 0; i < page_count(pages->buffer) && status == PAGES_OK;
         i++) {
        uint64_t page;
        if (!page_entry(pages->buffer, pages->page, i, &entry)) {
            return PAGES_DAMAGED;
        }
        size_t size = entry_size(&entry);
        if ((entry.node.flags & NODE_BIG) != 0 && entry.room >= sizeof(page)) {
            memcpy(&page, entry.value, sizeof(page));
            status = count_overflow(pages, page, size, beyond);
        } else if (size <= entry.room) {
            status = count_inline(pages, entry.value, size, beyond);
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
    enum pages_status status = quipu_lmdb_pages_load(pages, number);
    if (status != PAGES_OK || depth > DEPTH_MOST) {
        return status != PAGES_OK ? status : PAGES_DAMAGED;
    }
    unsigned flags = page_header_of(pages->buffer).flags;
    if (flags == IS_LEAF) {
        return count_leaf(pages, beyond);
    }
    if (flags != IS_BRANCH) {
        return PAGES_DAMAGED;
    }
    unsigned count = page_count(pages->buffer);
    for (unsigned i = 0; i < count && status == PAGES_OK; i++) {
        struct entry entry;
        if (!page_entry(pages->buffer, pages->page, i, &entry)) {
            return PAGES_DAMAGED;
        }
        status = count_below(pages, entry_child(&entry), depth + 1, beyond);
        if (status == PAGES_OK) {
            status = quipu_lmdb_pages_load(pages, number);
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
