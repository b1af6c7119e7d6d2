/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commits of a repository, read from `git log`, oldest first.
 *
 * Only first parents are followed: a merge is one commit with all its changes.
 * So each commit follows the one before it, and the events of a file add up to
 * its content in the last commit.  The commits of merged branches, which ran in
 * parallel with others, would contradict each other.
 */
#ifndef GIT_LOG_H
#define GIT_LOG_H

#include "git.h"

#define HASH_SIZE 65 /* a SHA-256 in hexadecimal, its NUL included */

/* The change of one file in a commit. */
struct change {
    char kind; /* git's letter: A (added), M (modified), T (its type changed; as
                  M), R (renamed) or D (deleted) */
    char mode[8];           /* "100644" ... */
    char blob[HASH_SIZE];   /* git's id of the content */
    char *path;             /* after the change; text_of_path */
    char *from;             /* before a renaming; otherwise NULL */
    char *raw;              /* the path in git's bytes */
    bool counted;           /* lines are counted: the content is not binary */
    int64_t added, removed; /* lines */
};

struct commit {
    char hash[HASH_SIZE];
    char parent[HASH_SIZE]; /* the first parent; "" if it has none */
    char *author;
    int64_t seconds; /* since 1970: when it was written */
    struct change *changes;
    size_t count;
    size_t capacity;
};

struct git_log {
    struct git git;
    const char *repository;
    struct commit commit; /* the one that is lent */
    char *token; /* next piece of the output, not yet used; NULL at its end */
    size_t size; /* of the memory of `token` */
};

/* Reads the hash of HEAD's commit; "" if the repository has no commits.
 * NOT_FOUND: there is no repository. */
int git_log_head(const char *repository, char hash[HASH_SIZE],
                 quipu_error *error);

/* Sets *found to true if the repository has a commit. */
int git_log_has(const char *repository, const char *hash, bool *found,
                quipu_error *error);

/* Opens the log of the commits up to `tip`, from the one after `after` on
 * (NULL: from the first).  git_log_close follows also after a failure. */
int git_log_open(struct git_log *log, const char *repository, const char *tip,
                 const char *after, quipu_error *error);

/* Sets *commit to the next commit, which is lent until the next call; NULL
 * after the last.  IO: git failed, or its output is not as expected. */
int git_log_next(struct git_log *log, const struct commit **commit,
                 quipu_error *error);
void git_log_close(struct git_log *log);

#endif
