/* SPDX-License-Identifier: Apache-2.0 */
/* The names of an open database: of the file itself and of the files beside it
 * that its processes share.
 *
 * Each process finds these files by name. If a name leads to another file than
 * the one that a process has open, the process and the others no longer see
 * each other's commits, and what it appends is lost. file_names.c describes how
 * that is noticed.
 *
 * All functions but the first four are for one thread at a time: the owner of
 * the fair lock, or the thread that opens or closes the database. */
#ifndef QUIPU_DRIVERS_COMMON_FILE_NAMES_H
#define QUIPU_DRIVERS_COMMON_FILE_NAMES_H

#include "lock_page.h"

#include <stddef.h>
#include <time.h>

#define FILE_NAMES_MAX 4

/* A name and the file that it led to. */
struct file_name {
    char *path;
    struct file_identity file;
};

/* All zero: no names, and nothing to check. */
struct file_names {
    const quipu_host *host;
    size_t count;
    struct file_name of[FILE_NAMES_MAX]; /* the first is the database's */
    char *folder;
    struct file_identity folder_file;
    struct timespec changed; /* the folder's time of change at the last check */
    bool settled;            /* any change since has another time */
};

/* Removes the name, `path` and `suffix`, if it leads to the file that has the
 * path: on a file system that does not rename in one step, a power cut leaves a
 * renamed file both names. To be called before `require_one`, unless the store
 * is only read. */
void quipu_common_file_names_finish_rename(const quipu_host *host,
                                           const char *path,
                                           const char *suffix);

/* Checks that a database file has one name alone: INVALID if it has hard links
 * or is a mount point itself. IO, DENIED. */
int quipu_common_file_names_require_one(const quipu_host *host,
                                        const char *path, quipu_error *error);

/* Checks that a path is not `store` followed by one of the suffixes, a list
 * that ends with NULL: INVALID. */
int quipu_common_file_names_refuse_own(const quipu_host *host,
                                       const char *store,
                                       const char *const *suffixes,
                                       const char *path, quipu_error *error);

/* Returns IO unless the path leads to that file. */
int quipu_common_file_names_require_file(const quipu_host *host,
                                         const char *path,
                                         const struct file_identity *file,
                                         quipu_error *error);

/* Adds a name, `path` and `suffix`, and notes the file that it leads to now.
 * IO, DENIED, NO_MEMORY. */
int quipu_common_file_names_add(struct file_names *names,
                                const quipu_host *host, const char *path,
                                const char *suffix, quipu_error *error);

/* Checks that all names lead to the files that they led to, and that the
 * database has no second name. IO. */
int quipu_common_file_names_check(struct file_names *names, quipu_error *error);

/* Returns true if no name leads to another file, so that the process may remove
 * the files beside the database. They may be missing, not the database. */
bool quipu_common_file_names_are_ours(const struct file_names *names);

/* Forgets all names. */
void quipu_common_file_names_finish(struct file_names *names);

#endif
