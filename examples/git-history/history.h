/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The history of a repository, commit by commit, from `git log`.
 *
 * It is that of the first parents: a merge counts as one commit, with all that
 * it brought.  So each commit follows from the one before it, and what the
 * events of a file add up to is what is in the commit; the commits of a merged
 * branch, had side by side with others, would contradict each other.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include "git.h"

#define HASH_SIZE 65 /* of SHA-256 in hexadecimal, with its NUL */

/* What a commit does to one file. */
struct change {
    char kind; /* A, M, T (as M: its type changes), R or D */
    char mode[8];
    char blob[HASH_SIZE];
    char *path; /* as path_to_text; after a renaming */
    char *from; /* NULL unless renamed */
    char *raw;  /* the path as git has it */
    bool counted;
    int64_t added, removed;
};

struct commit {
    char hash[HASH_SIZE];
    char parent[HASH_SIZE]; /* the first; "" if it has none */
    char *author;
    int64_t seconds; /* when it was written */
    struct change *changes;
    size_t count;
    size_t capacity;
};

struct history {
    struct git git;
    const char *repository;
    struct commit commit;
    char *token; /* read, but not yet used; NULL at the end */
    size_t size;
};

/* The commit that HEAD names; "" in a repository without commits.  NOT_FOUND:
 * it is no repository. */
int history_head(const char *repository, char hash[HASH_SIZE],
                 quipu_error *error);

/* Whether the repository has a commit. */
int history_has(const char *repository, const char *hash, bool *found,
                quipu_error *error);

/* Opens the history of `tip`, oldest first, behind `after` (NULL: all). */
int history_open(struct history *history, const char *repository,
                 const char *tip, const char *after, quipu_error *error);

/* The next commit, borrowed until the next call; NULL after the last.  IO: git
 * failed, or printed something else than expected. */
int history_next(struct history *history, const struct commit **commit,
                 quipu_error *error);
void history_close(struct history *history);

#endif
