/* SPDX-License-Identifier: Apache-2.0 */
/* Entries by path, and a cache of aggregates in the order of their use. */
#include "tree.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct tree_entry *)a)->path,
                  ((const struct tree_entry *)b)->path);
}

void tree_init(struct tree *tree)
{
    memset(tree, 0, sizeof(*tree));
    TAILQ_INIT(&tree->cached);
    STAILQ_INIT(&tree->added);
}

static void free_entry(void *node)
{
    struct tree_entry *entry = (struct tree_entry *)node;

    quipu_aggregate_destroy(entry->file);
    free(entry->path);
    free(entry);
}

void tree_finish(struct tree *tree)
{
    struct tree_entry *entry;

    while ((entry = STAILQ_FIRST(&tree->added))) {
        STAILQ_REMOVE_HEAD(&tree->added, added);
        free_entry(entry);
    }
    tdestroy(tree->by_path, free_entry);
}

struct tree_entry *tree_find(const struct tree *tree, const char *path)
{
    struct tree_entry key;
    struct tree_entry *const *found;

    key.path = (char *)path; /* compare() only reads it */
    found = tfind(&key, (void *const *)&tree->by_path, compare);
    return found ? *found : NULL;
}

struct tree_entry *tree_remove(struct tree *tree, const char *path)
{
    struct tree_entry *entry = tree_find(tree, path);

    if (entry) {
        tdelete(entry, &tree->by_path, compare);
    }
    return entry;
}

void tree_free(struct tree *tree, struct tree_entry *entry)
{
    if (entry->file) {
        TAILQ_REMOVE(&tree->cached, entry, cached);
        tree->cached_count--;
    }
    free_entry(entry);
}

struct tree_entry *tree_add(struct tree *tree, struct tree_entry *entry,
                            const char *path, const quipu_uuid *id)
{
    char *copy = strdup(path);

    if (!entry && copy) {
        entry = calloc(1, sizeof(*entry));
    }
    if (!entry || !copy) {
        free(copy);
        return NULL;
    }
    free(entry->path);
    entry->path = copy;
    entry->id = *id;
    STAILQ_INSERT_TAIL(&tree->added, entry, added);
    return entry;
}

int tree_commit(struct tree *tree, quipu_error *error)
{
    struct tree_entry *entry;

    while ((entry = STAILQ_FIRST(&tree->added))) {
        struct tree_entry *const *found =
            tsearch(entry, &tree->by_path, compare);

        if (!found) {
            return quipu_error_set(error, QUIPU_NO_MEMORY, "out of memory");
        }
        if (*found != entry) {
            return quipu_error_set(error, QUIPU_CORRUPT,
                                   "two files have the path %s", entry->path);
        }
        STAILQ_REMOVE_HEAD(&tree->added, added);
    }
    return QUIPU_OK;
}

void tree_cache(struct tree *tree, struct tree_entry *entry, struct file *file)
{
    if (entry->file) {
        TAILQ_REMOVE(&tree->cached, entry, cached);
        tree->cached_count--;
    }
    entry->file = file;
    TAILQ_INSERT_HEAD(&tree->cached, entry, cached);
    tree->cached_count++;
}

void tree_trim(struct tree *tree, size_t most)
{
    while (tree->cached_count > most) {
        struct tree_entry *entry = TAILQ_LAST(&tree->cached, tree_cached);

        TAILQ_REMOVE(&tree->cached, entry, cached);
        tree->cached_count--;
        quipu_aggregate_destroy(entry->file);
        entry->file = NULL;
    }
}
