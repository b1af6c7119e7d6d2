/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a lock file, which all its users map.
 *
 * It holds hints and numbers alone, no pointer and no lock, since every user
 * that may write the database may write it, too. lock_file.c describes the
 * method. */
#ifndef QUIPU_DRIVERS_COMMON_LOCK_PAGE_H
#define QUIPU_DRIVERS_COMMON_LOCK_PAGE_H

#include "commit_counter.h"
#include "fair_lock.h"

#include <quipu/driver.h>

#define LOCK_PAGE_BYTES 4096 /* the size of the file */

/* Device and inode; both 0: not known. */
struct file_identity {
    uint64_t device;
    uint64_t inode;
};

struct lock_page {
    char magic[8];
    uint32_t format;
    uint32_t size; /* of this struct */
    struct fair_lock_page fair_lock;
    struct commit_counter commit_counter;
    _Atomic uint64_t marks[2]; /* for the driver; 0 at first */
    struct file_identity database;
    struct file_identity pid_namespace; /* of all users, if the driver asks */
};

_Static_assert(sizeof(struct lock_page) <= LOCK_PAGE_BYTES,
               "the struct fits the page");

/* The database that a lock file belongs to. */
struct lock_file_target {
    const quipu_host *host;
    const char *database; /* path, to which "-quipu" is added */
    const char *owner;    /* the file that gives owner, group and mode */
    struct file_identity identity; /* of the database, if it exists */
    bool one_pid_namespace; /* the library knows processes by their numbers */
    bool keeps_marks; /* those that processes which were killed have left */
};

/* Writes the initial page, in one piece and not only sized: on a full disk the
 * first access to a hole would raise SIGBUS. Returns 0 or an errno. */
int quipu_common_lock_page_write(int fd, const struct lock_file_target *target);

/* Checks that the page of other users is one that this process can use. Returns
 * 0; EPROTO: it has another layout (INV5); ESTALE: the users have another file
 * open (INV8); EREMOTE: they are in another PID namespace (INV9). */
int quipu_common_lock_page_check(struct lock_page *page,
                                 const struct lock_file_target *target);

/* Reads the marks of a lock file that may have no users; sets them to 0 if the
 * file is none of that database. Returns 0, or an errno if it cannot be read.
 */
int quipu_common_lock_page_read_marks(int fd,
                                      const struct file_identity *database,
                                      uint64_t marks[2]);

/* Checks that an open file is a lock file (INV6). Returns 0, EEXIST if it is
 * another file, or another errno. */
int quipu_common_lock_page_recognise(int fd);

#endif
