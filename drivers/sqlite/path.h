/* SPDX-License-Identifier: Apache-2.0 */
/* From the body of a URI to the name of a file. */
#ifndef SQLITE_DRIVER_PATH_H
#define SQLITE_DRIVER_PATH_H

#include <quipu/driver.h>

/* The file of a URI's body, percent-decoded, or NULL for memory; the caller
 * releases *path.  INVALID, NO_MEMORY. */
int quipu_sqlite_path_of_body(const quipu_host *host, const char *body,
                              char **path, quipu_error *error);

/*
 * Makes the name absolute and follows links, so that whoever comes by another
 * name, or from another folder, finds the same files beside the database.  The
 * file need not exist (*exists), its folder must: NOT_FOUND.  INVALID (no
 * file's name), DENIED, IO, NO_MEMORY.  The caller releases *real.
 */
int quipu_sqlite_path_resolve(const quipu_host *host, const char *path,
                              char **real, bool *exists, quipu_error *error);

/* The file as a "file:" URI of SQLite's that says nobody changes it; NULL when
 * memory is short.  The caller releases it. */
char *quipu_sqlite_path_immutable(const quipu_host *host, const char *path);

#endif
