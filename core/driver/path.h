/* SPDX-License-Identifier: Apache-2.0 */
/* The folders in which drivers are looked for. */
#ifndef QUIPU_CORE_DRIVER_PATH_H
#define QUIPU_CORE_DRIVER_PATH_H

#include <limits.h>
#include <stdbool.h>

#include "base/uri.h"

/* 0 leaves loading out, for programs that are linked statically: then no
 * folder is searched. */
#ifndef QUIPU_DLOPEN
#define QUIPU_DLOPEN 1
#endif

/* Room for a folder, so that PATH_MAX has room for "folder/scheme.so". */
#define QUIPU_FOLDER_SIZE \
    (PATH_MAX - (int)sizeof("/.so") + 1 - QUIPU_SCHEME_MAX)

/* A walk over the entries of QUIPU_DRIVER_PATH and then the folder of installed
 * drivers (see home.h). */
typedef struct quipu_path {
    const char *all;     /* QUIPU_DRIVER_PATH, or NULL */
    const char *entries; /* of QUIPU_DRIVER_PATH yet to come, or NULL */
    bool ended;
    char folder[QUIPU_FOLDER_SIZE]; /* the entry, cut if too long */
    const char *ignored;            /* why it is not searched, or NULL */
} quipu_path;

/* Begins a walk.  The environment must not change during it. */
void quipu_path_begin(quipu_path *path);

/* Goes on to the next entry; false after the last. */
bool quipu_path_next(quipu_path *path);

/* The file in which the folder has a scheme's driver. */
void quipu_path_file(const quipu_path *path, const char *scheme,
                     char file[PATH_MAX]);

#endif
