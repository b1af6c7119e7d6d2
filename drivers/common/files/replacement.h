/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is written under another name in the same folder and gets its own
 * name when it is complete: a backup, or the database that a restore puts in
 * the place of another one. replacement.c describes the method. */
#ifndef QUIPU_DRIVERS_COMMON_REPLACEMENT_H
#define QUIPU_DRIVERS_COMMON_REPLACEMENT_H

#include "common/lock_file.h"

#include <quipu/driver.h>

#include <sys/stat.h>

struct replacement_plan {
    const quipu_host *host;
    const char *path;   /* canonical; of the file to be made */
    const char *source; /* path of the file that is copied */
    /* Suffixes of files beside a database that are parts of it ("-wal"),
     * NULL-terminated; none of them may meet the new file. */
    const char *const *parts;
    bool replace;     /* an existing file may be replaced */
    bool keep_access; /* with owner, group and mode of the existing file */
};

/* Bytes of a file on which the users of a database have locks of their library.
 */
struct replacement_bytes {
    off_t first;
    off_t count;
};

struct replacement {
    struct replacement_plan plan;
    struct lock_file lock_file;
    bool locked;
    int lock_fd;      /* holds the locks of the library; -1: none */
    char *fresh;      /* the new file, until it is complete */
    char *complete;   /* the new file, while parts of the old one are removed */
    bool exists;      /* there is an old file */
    struct stat like; /* gives owner, group and mode */
};

/* Makes the name of a file absolute and resolves symbolic links: *real, which
 * the caller releases. The file need not exist, its folder must: NOT_FOUND.
 * INVALID: the text cannot be the name of a file. DENIED, IO, NO_MEMORY. */
int quipu_common_replacement_resolve(const quipu_host *host, const char *path,
                                     char **real, quipu_error *error);

/* Becomes the only user of the path and creates the file `fresh`, empty, which
 * only the process's user may read. CONFLICT: there is a file, or part of one,
 * and it may not be replaced. INVALID: the path is the source, or no regular
 * file. BUSY, DENIED, IO, UNSUPPORTED, NO_MEMORY. */
int quipu_common_replacement_begin(struct replacement *replacement,
                                   const struct replacement_plan *plan,
                                   int64_t deadline, quipu_error *error);

/* Locks all these bytes of a file until replacement_finish, so that no program
 * uses the old database through its library. No other part of this process may
 * use it. The file need not exist. BUSY, DENIED, IO. */
int quipu_common_replacement_lock(struct replacement *replacement,
                                  const char *path,
                                  const struct replacement_bytes *bytes,
                                  quipu_error *error);

/* Makes `fresh` durable and gives it the path; nothing may have it open. Also
 * after a failure `replacement_finish` must follow. CONFLICT, DENIED, IO. */
int quipu_common_replacement_commit(struct replacement *replacement,
                                    quipu_error *error);

/* Removes `fresh` if it is still there, and releases the path. */
void quipu_common_replacement_finish(struct replacement *replacement);

/* Ends a `commit` after which a power cut has left the new file two names. For
 * a driver's `open`, before it looks at the file's names. */
void quipu_common_replacement_finish_rename(const quipu_host *host,
                                            const char *path);

/* Returns CORRUPT if a process ended while it replaced this file, so that it is
 * neither the old nor the new one; IO, NO_MEMORY. For a driver's `open`. */
int quipu_common_replacement_check(const quipu_host *host, const char *path,
                                   quipu_error *error);

#endif
