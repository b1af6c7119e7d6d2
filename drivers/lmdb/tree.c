/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of LMDB's trees in the map. */
#include "tree.h"

#include "common/safeguard.h"

#include "environment.h"

/* A page of the file, if it says that it is that one. */
static const unsigned char *find_page(const struct view *view, uint64_t number)
{
    if (number < 2 || number > view->last ||
        !quipu_lmdb_map_reaches(view->environment, number)) {
        return NULL;
    }
    const unsigned char *page = view->base + number * view->page;
    return SAFEGUARDED("F1.page-that-is-another",
                       page_header_of(page).number == number, true)
               ? page
               : NULL;
}

/* Whether LMDB finds its way in a page, entry by entry. */
static bool is_sound(const unsigned char *page, size_t size)
{
    const struct page_header header = page_header_of(page);
    for (unsigned i = 0; i < page_count(page); i++) {
        struct entry entry;
        if (!page_entry(page, size, i, &entry) ||
            entry.key < page + header.upper ||
            (header.flags == IS_LEAF && (entry.node.flags & NODE_BIG) == 0 &&
             entry_size(&entry) > entry.room)) {
            return false;
        }
    }
    return true;
}

const unsigned char *quipu_lmdb_tree_page(const struct view *view,
                                          uint64_t number)
{
    const size_t size = view->page;
    const unsigned char *page = find_page(view, number);
    if (!page) {
        return NULL;
    }
    const struct page_header header = page_header_of(page);
    bool sound = (header.flags == IS_LEAF || header.flags == IS_BRANCH) &&
                 page_count(page) > 0 && header.lower <= header.upper &&
                 header.upper <= size &&
                 (!view->strict || is_sound(page, size));
    return sound ? page : NULL;
}

int quipu_lmdb_tree_big(const struct view *view, const struct entry *entry,
                        MDB_val *value)
{
    uint64_t number;
    size_t size = entry_size(entry);
    if (entry->room < sizeof(number)) {
        return MDB_CORRUPTED;
    }
    memcpy(&number, entry->value, sizeof(number));
    const unsigned char *page = find_page(view, number);
    uint64_t end =
        number + (sizeof(struct page_header) + size - 1) / view->page;
    if (!page || page_header_of(page).flags != IS_OVERFLOW ||
        end > view->last || !quipu_lmdb_map_reaches(view->environment, end)) {
        return MDB_CORRUPTED;
    }
    *value = (MDB_val){ size, (void *)(page + sizeof(struct page_header)) };
    return MDB_SUCCESS;
}
