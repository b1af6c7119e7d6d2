/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a run makes its stores: a folder of its own, and schemas of its own on
 * a server.  A run that was killed could remove nothing; the next one does it.
 * Which folders nobody uses any more, a lock on a file in each tells.
 */
#include "bench.h"

#include <dirent.h>
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

static void sweep_folder(const char *folder)
{
    char path[PATH_SIZE + 16];
    (void)snprintf(path, sizeof(path), "%s/running", folder);
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file != -1 && flock(file, LOCK_EX | LOCK_NB) == 0) {
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

/* The file has its name only once it is locked. */
static void make_folder(struct bench_place *place, const char *parent)
{
    char path[PATH_SIZE];
    char name[PATH_SIZE];
    (void)snprintf(place->folder, sizeof(place->folder), "%s/" PREFIX "XXXXXX",
                   parent);
    if (!mkdtemp(place->folder)) {
        bench_die(parent, "no folder for the stores can be made there");
    }
    (void)snprintf(path, sizeof(path), "%s/begins", place->folder);
    (void)snprintf(name, sizeof(name), "%s/running", place->folder);
    place->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (place->lock == -1 || flock(place->lock, LOCK_EX) != 0 ||
        rename(path, name) != 0) {
        bench_die(place->folder, "no lock can be had there");
    }
}

/* ------------------------------------------------------------------- runs */

void bench_place_make(struct bench_place *place, const char *parent,
                      const char *server)
{
    quipu_uuid id;
    quipu_uuid_random(&id);
    *place = (struct bench_place){ .server = server };
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(place->run + 2 * i, 3, "%02x", id.bytes[i]);
    }
    sweep_folders(parent);
    make_folder(place, parent);
#ifdef BENCH_POSTGRES
    if (server) {
        bench_server_sweep(server);
        place->held = bench_server_hold(server, place->run);
    }
#endif
}

void bench_place_clear(struct bench_place *place)
{
    remove_folder(place->folder);
    (void)close(place->lock);
#ifdef BENCH_POSTGRES
    if (place->held) {
        bench_server_release(place->held);
        bench_server_sweep(place->server);
    }
#endif
}

double bench_place_free(const struct bench_place *place)
{
    struct statvfs disk;
    return statvfs(place->folder, &disk) == 0
               ? (double)disk.f_bavail * (double)disk.f_frsize
               : 0;
}
