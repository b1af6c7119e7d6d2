/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data file of a store: from the body of a URI to its path, and how it is
 * created: complete, under another name, and then renamed, so that no process
 * ever sees a part of a store.
 */
#ifndef LMDB_DRIVER_DATA_FILE_H
#define LMDB_DRIVER_DATA_FILE_H

#include <quipu/driver.h>

/* Returns the folder that a URI's body names, percent-decoded, in *path, which
 * the caller releases.  INVALID, NO_MEMORY. */
int quipu_lmdb_data_file_parse(const quipu_host *host, const char *body,
                               char **path, quipu_error *error);

/* The store's folder and its data file. */
struct data_file {
    char *folder; /* absolute, without symbolic links; the caller releases it */
    char *path;   /* of the data file in it, likewise */
    bool made;    /* the folder was created by quipu_lmdb_data_file_resolve */
};

/* Makes the name of the folder absolute and resolves symbolic links, so that
 * all names of a folder lead to the same lock files.  With `create` a folder
 * that is missing is created; its parent must exist: NOT_FOUND.  INVALID (not
 * the name of a folder, or the data file is a link), DENIED, IO, NO_MEMORY.
 * *file is set in each case; on failure the folder is not left. */
int quipu_lmdb_data_file_resolve(const quipu_host *host, const char *path,
                                 bool create, struct data_file *file,
                                 quipu_error *error);

/* Returns true if the data file exists and is not empty. */
bool quipu_lmdb_data_file_exists(const struct data_file *file);

/* Removes the name that a data file has while it is created, or restored, if
 * the finished one still has it. */
void quipu_lmdb_data_file_finish_rename(const quipu_host *host,
                                        const char *path);

/* Creates the data file, unless another process has done so since.  INVALID:
 * another program's file has a name that is needed.  BUSY, DENIED, IO,
 * UNSUPPORTED, NO_MEMORY. */
int quipu_lmdb_data_file_create(const quipu_host *host,
                                const struct data_file *file, int64_t deadline,
                                quipu_error *error);

#endif
