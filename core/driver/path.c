/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the search path. */
#include "driver/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/home.h"

/* Whether the folder, which ends the walk or begins at `entry` of the path, was
 * an entry before. */
static bool was_before(const quipu_path *path, const char *entry)
{
    size_t size = strlen(path->folder);
    const char *before = path->all;

    while (before && before != entry) {
        size_t other = strcspn(before, ":");

        if (other == size && memcmp(before, path->folder, size) == 0) {
            return true;
        }
        before = before[other] == '\0' ? NULL : before + other + 1;
    }
    return false;
}

/* An entry that is not absolute would search the current directory or below
 * it, where anybody may have put a file. */
static void set_folder(quipu_path *path, const char *entry, size_t size)
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
    if (!path->ignored && was_before(path, entry)) {
        path->ignored = "ignored, because it was looked into before";
    }
}

void quipu_path_begin(quipu_path *path)
{
    /* NULL in a program that runs with more rights than its user. */
    const char *entries = secure_getenv("QUIPU_DRIVER_PATH");

    path->entries = entries && *entries ? entries : NULL;
    path->all = path->entries;
    path->ended = !QUIPU_DLOPEN;
    path->ignored = NULL;
    path->folder[0] = '\0';
}

bool quipu_path_next(quipu_path *path)
{
    char home[PATH_MAX];

    if (path->ended) {
        return false;
    }
    if (path->entries) {
        size_t size = strcspn(path->entries, ":");
        bool last = path->entries[size] == '\0';

        set_folder(path, path->entries, size);
        path->entries = last ? NULL : path->entries + size + 1;
        return true;
    }
    quipu_home_folder(home);
    set_folder(path, home, strlen(home));
    path->ended = true;
    return true;
}

void quipu_path_file(const quipu_path *path, const char *scheme,
                     char file[PATH_MAX])
{
    snprintf(file, PATH_MAX, "%s/%s.so", path->folder, scheme);
}
