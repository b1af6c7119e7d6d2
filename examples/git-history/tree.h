/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree: which file is at which path after the last commit.
 *
 * An import needs it to find the file that a change is about.  Its size is that
 * of the repository's tree, and does not grow with the history.  It also caches
 * the aggregates of the files that changed last, so that a file which changes
 * often is not replayed for each change.
 */
#ifndef TREE_H
#define TREE_H

#include "file.h"

#include <sys/queue.h>

struct tree_entry {
    char *path;
    quipu_uuid id;
    struct file *file;              /* cached aggregate, owned; or NULL */
    TAILQ_ENTRY(tree_entry) cached; /* if `file` is cached */
    STAILQ_ENTRY(tree_entry) added;
};

struct tree {
    void *by_path;                              /* a tree of tsearch(3) */
    TAILQ_HEAD(tree_cached, tree_entry) cached; /* most recently used first */
    STAILQ_HEAD(tree_added, tree_entry) added;  /* since the last commit */
    size_t cached_count;
};

void tree_init(struct tree *tree);
void tree_finish(struct tree *tree);

/* Returns the entry at a path, or NULL. */
struct tree_entry *tree_find(const struct tree *tree, const char *path);

/*
 * The changes of a commit take effect together, because files may exchange
 * their paths: tree_remove takes entries from their old paths, tree_add notes
 * them for their new ones, and tree_commit, after the last change, enters them.
 *
 * tree_remove returns the entry, or NULL if there is none.
 * tree_add adds `entry`, or a new one if that is NULL; it returns NULL if there
 * is no memory, and `entry` is as before.
 * tree_commit: NO_MEMORY; CORRUPT: two files have the same path.
 * tree_free frees an entry that has been removed.
 */
struct tree_entry *tree_remove(struct tree *tree, const char *path);
struct tree_entry *tree_add(struct tree *tree, struct tree_entry *entry,
                            const char *path, const quipu_uuid *id);
int tree_commit(struct tree *tree, quipu_error *error);
void tree_free(struct tree *tree, struct tree_entry *entry);

/* Caches the aggregate of an entry, or marks it as used. */
void tree_cache(struct tree *tree, struct tree_entry *entry, struct file *file);

/* Destroys the aggregates that have not been used for longest, until `most` are
 * cached. */
void tree_trim(struct tree *tree, size_t most);

#endif
