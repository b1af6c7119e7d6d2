/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a store: permissions, companions, file system, users. */
#include "doctor/report.h"
#include "output/text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LARGE_WAL (INT64_C(256) << 20)

/* A path with something at its end, or the folder of a path. */
struct path {
    char text[PATH_MAX];
};

static struct path path_with(const char *path, const char *end)
{
    struct path result;

    (void)snprintf(result.text, sizeof(result.text), "%.*s%s",
                   (int)(sizeof(result.text) - strlen(end) - 1), path, end);
    return result;
}

static struct path folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct path result = path_with(path, "");

    if (!slash) {
        return path_with(".", "");
    }
    result.text[slash == path ? 1 : slash - path] = '\0';
    return result;
}

static bool is_allowed(const char *path, int right)
{
    return faccessat(AT_FDCWD, path, right, AT_EACCESS) == 0;
}

/* ------------------------------------------------------------ permissions */

static void check_rights(struct report *report, const char *path,
                         const struct stat *about)
{
    const unsigned mode = (unsigned)about->st_mode & 07777;

    if (!is_allowed(path, R_OK)) {
        report_add(report, REPORT_FAULT, "permissions",
                   "user id %u may not read %s (mode %04o, owner %u:%u); "
                   "run as its owner, or change the mode or the group",
                   (unsigned)geteuid(), path, mode, (unsigned)about->st_uid,
                   (unsigned)about->st_gid);
    } else if (!is_allowed(path, W_OK)) {
        report_add(report, REPORT_WARNING, "permissions",
                   "user id %u may read %s, but not write it (mode %04o, "
                   "owner %u:%u)",
                   (unsigned)geteuid(), path, mode, (unsigned)about->st_uid,
                   (unsigned)about->st_gid);
    } else {
        report_add(report, REPORT_GOOD, "permissions",
                   "user id %u may read and write %s (mode %04o, owner "
                   "%u:%u)",
                   (unsigned)geteuid(), path, mode, (unsigned)about->st_uid,
                   (unsigned)about->st_gid);
    }
}

static void check_folder(struct report *report, const char *folder)
{
    if (!is_allowed(folder, W_OK | X_OK)) {
        report_add(report, REPORT_WARNING, "permissions",
                   "user id %u may not create files in %s, which a program "
                   "that opens the store needs unless the files beside it "
                   "exist",
                   (unsigned)geteuid(), folder);
    }
}

/* ------------------------------------------------------ files beside it */

/* Reports a file beside the store, which must be usable by all its users. */
static void check_companion(struct report *report, const struct stat *store,
                            const char *path, const char *purpose)
{
    struct stat about;

    if (stat(path, &about) != 0) {
        return;
    }
    if (!is_allowed(path, R_OK | W_OK)) {
        report_add(report, REPORT_WARNING, "files",
                   "user id %u may not read and write %s (%s; mode %04o, "
                   "owner %u:%u), so that it cannot open the store for "
                   "writing; give it the owner, group and mode of the store",
                   (unsigned)geteuid(), path, purpose,
                   (unsigned)about.st_mode & 07777, (unsigned)about.st_uid,
                   (unsigned)about.st_gid);
    } else if (about.st_uid != store->st_uid) {
        report_add(report, REPORT_WARNING, "files",
                   "%s (%s) belongs to user id %u, the store to %u; give it "
                   "the owner, group and mode of the store",
                   path, purpose, (unsigned)about.st_uid,
                   (unsigned)store->st_uid);
    } else {
        report_add(report, REPORT_GOOD, "files", "%s: %s, %lld bytes", path,
                   purpose, (long long)about.st_size);
    }
}

static void check_companions(struct report *report, const char *path,
                             const struct stat *store, bool is_lmdb)
{
    static const struct {
        const char *end;
        const char *purpose;
    } files[] = { { "-wal", "write-ahead log" },
                  { "-shm", "index of the write-ahead log" },
                  { "-journal", "rollback journal" },
                  { "-quipu", "lock file" } };
    struct stat about;

    if (is_lmdb) {
        check_companion(report, store, path_with(path, "/lock.mdb").text,
                        "readers of LMDB");
        check_companion(report, store, path_with(path, "/data.mdb-quipu").text,
                        "lock file");
        return;
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        check_companion(report, store, path_with(path, files[i].end).text,
                        files[i].purpose);
    }
    if (stat(path_with(path, "-wal").text, &about) == 0 &&
        about.st_size > LARGE_WAL) {
        report_add(report, REPORT_WARNING, "files",
                   "the write-ahead log has %lld MiB: a reader that stays "
                   "open keeps it from being emptied",
                   (long long)(about.st_size >> 20));
    }
    if (stat(path_with(path, "-quipu-new").text, &about) == 0) {
        report_add(report, REPORT_NOTE, "files",
                   "%s-quipu-new was left by a backup or a restore that "
                   "was killed; the next one with --force replaces it",
                   path);
    }
}

/* ------------------------------------------------------------ file system */

static void check_file_system(struct report *report, const char *path)
{
    static const struct {
        long type;
        const char *name;
        const char *advice;
    } types[] = {
        { 0x6969, "NFS", "use PostgreSQL, or a local disk" },
        { 0x517b, "SMB", "use PostgreSQL, or a local disk" },
        { 0xff534d42, "CIFS", "use PostgreSQL, or a local disk" },
        { 0xfe534d42, "SMB", "use PostgreSQL, or a local disk" },
        { 0x65735546, "FUSE", "its locks must work between all processes" },
        { 0x01021994, "tmpfs",
          "it is memory, and lost when the machine stops" },
        { 0x794c7630, "overlayfs",
          "in a container, it is lost with that: mount a volume" },
    };
    struct statfs about;
    struct statvfs space;

    if (statfs(path, &about) != 0 || statvfs(path, &space) != 0) {
        return;
    }
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        if ((about.f_type & 0xffffffffL) == types[i].type) {
            report_add(report, REPORT_WARNING, "file system", "%s is on %s: %s",
                       path, types[i].name, types[i].advice);
        }
    }
    const unsigned long long free_bytes =
        (unsigned long long)space.f_bavail * space.f_frsize;
    const unsigned long long all_bytes =
        (unsigned long long)space.f_blocks * space.f_frsize;
    const bool scarce =
        free_bytes < (100ULL << 20) || free_bytes < all_bytes / 20;

    report_add(report, scarce ? REPORT_WARNING : REPORT_GOOD, "disk",
               "%llu MiB of %llu MiB are free%s", free_bytes >> 20,
               all_bytes >> 20,
               scarce ? "; appends fail when the disk is full" : "");
}

/* ------------------------------------------------------------------ users */

/* Returns true if a process has a descriptor of the file. */
static bool has_open(const char *process, const struct stat *file)
{
    char folder[64];
    char link[sizeof(folder) + 300];
    const struct dirent *entry;
    struct stat about;
    bool found = false;

    (void)snprintf(folder, sizeof(folder), "/proc/%.20s/fd", process);
    DIR *listing = opendir(folder);

    while (listing && !found && (entry = readdir(listing))) {
        (void)snprintf(link, sizeof(link), "%s/%s", folder, entry->d_name);
        found = entry->d_name[0] != '.' && stat(link, &about) == 0 &&
                about.st_dev == file->st_dev && about.st_ino == file->st_ino;
    }
    if (listing) {
        (void)closedir(listing);
    }
    return found;
}

static void check_users(struct report *report, const struct stat *file)
{
    DIR *listing = opendir("/proc");
    const struct dirent *entry;
    struct text processes = { 0 };

    while (listing && (entry = readdir(listing))) {
        if (isdigit((unsigned char)entry->d_name[0]) &&
            has_open(entry->d_name, file)) {
            text_print(&processes, "%s%.20s", processes.size > 0 ? ", " : "",
                       entry->d_name);
        }
    }
    if (listing) {
        (void)closedir(listing);
    }
    report_add(report, REPORT_GOOD, "processes", "%s%s%s",
               processes.size > 0 ? "the store is open in "
                                  : "the store is open in none",
               text_content(&processes),
               geteuid() == 0 ? "" : " (those of other users are not seen)");
    text_free(&processes);
}

void files_check(struct report *report, const char *path, bool is_lmdb)
{
    const struct path file =
        is_lmdb ? path_with(path, "/data.mdb") : path_with(path, "");
    const struct path folder = folder_of(file.text);
    struct stat about;

    if (stat(file.text, &about) != 0) {
        report_add(report, REPORT_FAULT, "files", "%s: %s", file.text,
                   strerror(errno));
        return;
    }
    if (about.st_nlink > 1) {
        report_add(report, REPORT_FAULT, "files",
                   "%s has a second name (hard link); remove one of them",
                   file.text);
    }
    check_rights(report, file.text, &about);
    check_folder(report, folder.text);
    check_companions(report, path, &about, is_lmdb);
    check_file_system(report, folder.text);
    check_users(report, &about);
}
