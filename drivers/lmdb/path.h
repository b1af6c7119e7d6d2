/* SPDX-License-Identifier: Apache-2.0 */
/* From the body of a URI to the names of a folder and of the file in it. */
#ifndef LMDB_DRIVER_PATH_H
#define LMDB_DRIVER_PATH_H

#include <quipu/driver.h>

/* The folder of a URI's body, percent-decoded; the caller releases *path.
 * INVALID, NO_MEMORY. */
int quipu_lmdb_path_of_body(const quipu_host *host, const char *body,
                            char **path, quipu_error *error);

/*
 * Makes the folder's name absolute and follows links, so that whoever comes by
 * another name finds the same files.  With `create` it is made if it is not
 * there (*made); the folder that it is in must be there: NOT_FOUND.  *file is
 * the data file's name in it, which is no link.  INVALID (no folder's name),
 * DENIED, IO, NO_MEMORY.  The caller releases *real and *file.
 */
int quipu_lmdb_path_resolve(const quipu_host *host, const char *path,
                            bool create, char **real, char **file, bool *made,
                            quipu_error *error);

/* `first` and `second` in one block, to be released; NULL: no memory. */
char *quipu_lmdb_path_join(const quipu_host *host, const char *first,
                           const char *second);

#endif
