/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queries of the program: each reads the store and prints the result on
 * standard output; they do not need git.  Codes are those of the store, and
 * NOT_FOUND where it is listed; the message names the path.
 *
 * Paths are texts as text_of_path makes them.
 */
#ifndef QUERY_H
#define QUERY_H

#include "file_store.h"

/* Prints how many events, commits, files and lines there are. */
int query_summary(const struct file_store *store, quipu_error *error);

/* Prints the files with most events, at most `most` of them. */
int query_top(const struct file_store *store, size_t most, quipu_error *error);

/* Prints all events of the files that were ever at a path, file by file.
 * NOT_FOUND: there is none. */
int query_log(const struct file_store *store, const char *path,
              quipu_error *error);

/* Prints the file that was last at a path, in its state after the event of a
 * version.  NOT_FOUND: there is no such file or version. */
int query_show(const struct file_store *store, const char *path,
               int64_t version, quipu_error *error);

/* Prints how large the states of all events are: as they are, compressed, and
 * compressed with a dictionary of zstd, unless its path is NULL.  UNSUPPORTED:
 * quipu was built without zstd. */
int query_sizes(const struct file_store *store, const char *dictionary,
                quipu_error *error);

#endif
