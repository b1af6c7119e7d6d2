/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Temporary folders, each locked by its users.
 *
 * Between mkdtemp and flock another process may take the new folder for an
 * abandoned one and remove it; so the lock is followed by a check that the
 * folder still has a name, and otherwise another folder is made.
 */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 100

const char *quipu_folder_parent(void)
{
    const char *value = getenv("TMPDIR");

    return value && *value == '/' ? value : "/tmp";
}

static int open_folder(const char *name)
{
    return open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Failure is ignored: without locks folders are never swept. */
static void lock_folder(int folder)
{
    while (flock(folder, LOCK_EX) != 0 && errno == EINTR) {
    }
}

/* Returns true if the folder has not been removed. */
static bool exists(int folder)
{
    struct stat info;

    return fstat(folder, &info) == 0 && info.st_nlink > 0;
}

/* Creates and locks a folder; returns its descriptor, or -1 to try again. */
static int create_locked(char *name)
{
    int folder;

    if (!mkdtemp(name)) {
        return -1;
    }
    folder = open_folder(name);
    if (folder < 0) {
        return -1;
    }
    lock_folder(folder);
    if (!exists(folder)) {
        close(folder);
        return -1;
    }
    return folder;
}

char *quipu_folder_make(const char *parent, const char *name, int *lock)
{
    for (int i = 0; i < TRIES; i++) {
        char *folder;

        if (asprintf(&folder, "%s/%s-XXXXXX", parent, name) < 0) {
            return NULL;
        }
        *lock = create_locked(folder);
        if (*lock >= 0) {
            return folder;
        }
        free(folder);
    }
    return NULL;
}

static int remove_one(const char *path, const struct stat *status, int kind,
                      struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    (void)remove(path); /* on failure the rest is removed all the same */
    return 0;
}

void quipu_folder_remove(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void sweep_one(const char *name)
{
    int folder = open_folder(name);
    struct stat info;

    if (folder < 0) {
        return;
    }
    if (fstat(folder, &info) == 0 && info.st_uid == geteuid() &&
        flock(folder, LOCK_EX | LOCK_NB) == 0) {
        quipu_folder_remove(name);
    }
    close(folder);
}

void quipu_folder_sweep(const char *parent, const char *name)
{
    char *pattern;
    glob_t found;

    if (asprintf(&pattern, "%s/%s-??????", parent, name) < 0) {
        return;
    }
    if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            sweep_one(found.gl_pathv[i]);
        }
        globfree(&found);
    }
    free(pattern);
}
