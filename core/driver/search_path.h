/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folders in which drivers are looked for: the entries of the environment
 * variable QUIPU_DRIVER_PATH, then the folder of installed drivers
 * (install_dir.h).
 *
 * An iteration holds no memory, and the environment must not change while it
 * is under way.  One thread at a time for each iteration.
 */
#ifndef QUIPU_CORE_DRIVER_SEARCH_PATH_H
#define QUIPU_CORE_DRIVER_SEARCH_PATH_H

#include <limits.h>
#include <stdbool.h>

#include "base/uri.h"

/* Defined as 0 for programs that are linked statically: nothing is loaded, and
 * the search path is empty. */
#ifndef QUIPU_DLOPEN
#define QUIPU_DLOPEN 1
#endif

/* The size of a folder's buffer, chosen so that "<folder>/<scheme>.so" fits
 * into PATH_MAX. */
#define QUIPU_FOLDER_SIZE \
    (PATH_MAX - (int)sizeof("/.so") + 1 - QUIPU_SCHEME_MAX)

/* An iteration over the search path, and its current entry. */
typedef struct quipu_search_path {
    const char *variable; /* QUIPU_DRIVER_PATH, or NULL */
    const char *next;     /* its entries still to come, or NULL */
    bool ended;
    char folder[QUIPU_FOLDER_SIZE]; /* current entry, cut if too long */
    const char *ignored; /* reason for which it is not searched, or NULL */
} quipu_search_path;

/* Begins an iteration.  In a program that runs with more rights than its user,
 * QUIPU_DRIVER_PATH is not read. */
void quipu_search_path_begin(quipu_search_path *path);

/* Moves on to the next entry; false after the last.  An entry that is empty,
 * relative, too long, or equal to an earlier one is returned with `ignored`
 * set. */
bool quipu_search_path_next(quipu_search_path *path);

/* Sets `file` to the path of the driver of `scheme` in the current folder. */
void quipu_search_path_file(const quipu_search_path *path, const char *scheme,
                            char file[PATH_MAX]);

#endif
