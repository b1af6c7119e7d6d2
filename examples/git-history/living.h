/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that exist, by path: what an import needs to know.
 *
 * It grows with the tree, not with the history.  Of some files it keeps the
 * aggregate, so that a file that changes often is not replayed each time.
 */
#ifndef LIVING_H
#define LIVING_H

#include "file.h"

#include <sys/queue.h>

struct living_file {
    char *path;
    quipu_uuid id;
    struct file *file;             /* NULL: not kept */
    TAILQ_ENTRY(living_file) used; /* if `file` is kept */
    STAILQ_ENTRY(living_file) moves;
};

struct living {
    void *by_path;                             /* a tree of tsearch(3) */
    TAILQ_HEAD(living_used, living_file) used; /* the last used one first */
    STAILQ_HEAD(living_moves, living_file) moves;
    size_t kept; /* aggregates */
};

void living_init(struct living *living);
void living_finish(struct living *living);

/* The file at a path, or NULL. */
struct living_file *living_find(const struct living *living, const char *path);

/*
 * Changes come a commit at a time: `take` removes a file from its path, `put`
 * prepares it (or with NULL a new one of that id) for a path, and `settle` puts
 * all in place; so two files may change places.  `put` gives NULL when there
 * is no memory.  `settle`: NO_MEMORY, CORRUPT (two files have one path).
 */
struct living_file *living_take(struct living *living, const char *path);
struct living_file *living_put(struct living *living, struct living_file *file,
                               const char *path, const quipu_uuid *id);
int living_settle(struct living *living, quipu_error *error);
void living_free(struct living *living, struct living_file *file);

/* Keeps a file's aggregate, or marks it as used. */
void living_keep(struct living *living, struct living_file *file,
                 struct file *aggregate);

/* Destroys aggregates, those unused for longest, until `most` are kept. */
void living_trim(struct living *living, size_t most);

#endif
