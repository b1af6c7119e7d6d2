/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Iterates over the search path of drivers.
 *
 * Security: every folder here is one from which code is loaded.  Only absolute
 * entries count.  A relative or empty entry would mean the current directory,
 * which may be a folder that others can write to; such entries are reported as
 * ignored instead of being skipped silently, so that the user finds the
 * mistake.  LD_LIBRARY_PATH and the system's library folders are never used.
 */
#include "driver/search_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/install_dir.h"

/* Returns true if the current folder equals an entry of the variable before
 * `entry`.  For the folder of installed drivers, `entry` is no part of the
 * variable, and all its entries are compared. */
static bool is_repeated(const quipu_search_path *path, const char *entry)
{
    size_t size = strlen(path->folder);
    const char *before = path->variable;

    while (before && before != entry) {
        size_t other = strcspn(before, ":");

        if (other == size && memcmp(before, path->folder, size) == 0) {
            return true;
        }
        before = before[other] == '\0' ? NULL : before + other + 1;
    }
    return false;
}

/* Makes the entry of `size` bytes the current one. */
static void set_folder(quipu_search_path *path, const char *entry, size_t size)
{
    size_t room = sizeof(path->folder) - 1;

    path->ignored = NULL;
    if (size == 0 || entry[0] != '/') {
        path->ignored = "ignored, because it is not an absolute path";
    } else if (size > room) {
        path->ignored = "ignored, because it is too long";
    }
    size = size < room ? size : room;
    memcpy(path->folder, entry, size);
    path->folder[size] = '\0';
    if (!path->ignored && is_repeated(path, entry)) {
        path->ignored = "ignored, because it was searched before";
    }
}

void quipu_search_path_begin(quipu_search_path *path)
{
    /* secure_getenv returns NULL in a program that runs with more rights than
     * its user. */
    const char *entries = secure_getenv("QUIPU_DRIVER_PATH");

    path->variable = entries && *entries ? entries : NULL;
    path->next = path->variable;
    path->ended = !QUIPU_DLOPEN;
    path->ignored = NULL;
    path->folder[0] = '\0';
}

bool quipu_search_path_next(quipu_search_path *path)
{
    char installed[PATH_MAX];

    if (path->ended) {
        return false;
    }
    if (path->next) {
        size_t size = strcspn(path->next, ":");
        bool last = path->next[size] == '\0';

        set_folder(path, path->next, size);
        path->next = last ? NULL : path->next + size + 1;
        return true;
    }
    quipu_install_dir_find(installed);
    set_folder(path, installed, strlen(installed));
    path->ended = true;
    return true;
}

void quipu_search_path_file(const quipu_search_path *path, const char *scheme,
                            char file[PATH_MAX])
{
    snprintf(file, PATH_MAX, "%s/%s.so", path->folder, scheme);
}
