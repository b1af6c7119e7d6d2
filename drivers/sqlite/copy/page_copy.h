/* SPDX-License-Identifier: Apache-2.0 */
/* Copying a database to a new file while it is used, and checking a database
 * that no process uses. page_copy.c describes the method. */
#ifndef QUIPU_DRIVERS_SQLITE_PAGE_COPY_H
#define QUIPU_DRIVERS_SQLITE_PAGE_COPY_H

#include "common/files/replacement.h"
#include "sqlite.h"

struct page_copy {
    const quipu_backup *backup;
    const char *name;   /* of the file that is copied, for messages */
    const char *remedy; /* if that is damaged */
    uint64_t all;       /* bytes */
    bool stopped;       /* `progress` has returned false */
};

/* A datastore that has nothing but a path, for connections to a file that is no
 * store yet. `uri` is released by the caller. */
int quipu_sqlite_page_copy_make_bare(const quipu_host *host, char *path,
                                     quipu_driver_datastore *bare,
                                     quipu_error *error);

/* Checks that a file is a store of a known format, with `whole` that all of it
 * is sound; it is only read. */
int quipu_sqlite_page_copy_check(const quipu_host *host, char *path,
                                 struct page_copy *copy, bool whole,
                                 quipu_error *error);

/* Copies the database of a connection to the new file, and checks the copy. */
int quipu_sqlite_page_copy_to(const struct connection *from,
                              const struct replacement *replacement,
                              struct page_copy *copy, quipu_error *error);

#endif
