/* SPDX-License-Identifier: Apache-2.0 */
/* The folder and the schemas of a run. */
#include "workspace.h"
#include "fail.h"
#ifdef BENCH_POSTGRES
#include "server.h"
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PREFIX "quipu-bench-"
#define PATH_SIZE 600

/* ---------------------------------------------------------------- folders */

static int remove_one(const char *path, const struct stat *info, int kind,
                      struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    (void)remove(path);
    return 0;
}

static void remove_folder(const char *folder)
{
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Removes the folder of a run that has ended: its file is not locked, or it was
 * killed before it had made one. */
static void sweep_folder(const char *folder)
{
    char path[PATH_SIZE + 16];
    (void)snprintf(path, sizeof(path), "%s/running", folder);
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file == -1 ? errno == ENOENT : flock(file, LOCK_EX | LOCK_NB) == 0) {
        remove_folder(folder);
    }
    if (file != -1) {
        (void)close(file);
    }
}

static void sweep_folders(const char *parent)
{
    DIR *listing = opendir(parent);
    const struct dirent *entry = NULL;
    while (listing && (entry = readdir(listing))) {
        if (strncmp(entry->d_name, PREFIX, sizeof(PREFIX) - 1) == 0) {
            char folder[PATH_SIZE];
            (void)snprintf(folder, sizeof(folder), "%s/%s", parent,
                           entry->d_name);
            sweep_folder(folder);
        }
    }
    if (listing) {
        (void)closedir(listing);
    }
}

static void make_folder(struct bench_workspace *workspace, const char *parent)
{
    char path[PATH_SIZE];
    (void)snprintf(workspace->folder, sizeof(workspace->folder),
                   "%s/" PREFIX "XXXXXX", parent);
    if (!mkdtemp(workspace->folder)) {
        bench_fail(parent, "cannot make a folder for the stores in it");
    }
    (void)snprintf(path, sizeof(path), "%s/running", workspace->folder);
    workspace->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (workspace->lock == -1 || flock(workspace->lock, LOCK_EX) != 0) {
        bench_fail(workspace->folder, "cannot lock a file in it");
    }
}

/* Under a lock of the parent, so that a folder without a locked file is never
 * one that another run is about to make. */
static void replace_folders(struct bench_workspace *workspace,
                            const char *parent)
{
    int lock = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock >= 0 && flock(lock, LOCK_EX) == 0) {
        sweep_folders(parent);
        make_folder(workspace, parent);
        (void)close(lock);
    } else {
        bench_fail(parent, "cannot lock this folder");
    }
}

/* ----------------------------------------------------------- workspaces */

void bench_workspace_make(struct bench_workspace *workspace, const char *parent,
                          const char *server)
{
    quipu_uuid id;
    quipu_uuid_random(&id);
    *workspace = (struct bench_workspace){ .server = server };
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(workspace->run + 2 * i, 3, "%02x", id.bytes[i]);
    }
    replace_folders(workspace, parent);
#ifdef BENCH_POSTGRES
    if (server) {
        bench_server_sweep(server);
        workspace->server_lock = bench_server_lock(server, workspace->run);
    }
#endif
}

void bench_workspace_remove(struct bench_workspace *workspace)
{
    remove_folder(workspace->folder);
    (void)close(workspace->lock);
#ifdef BENCH_POSTGRES
    if (workspace->server_lock) {
        bench_server_unlock(workspace->server_lock);
        bench_server_sweep(workspace->server);
    }
#endif
}

double bench_workspace_free_bytes(const struct bench_workspace *workspace)
{
    struct statvfs disk;
    return statvfs(workspace->folder, &disk) == 0
               ? (double)disk.f_bavail * (double)disk.f_frsize
               : 0;
}
