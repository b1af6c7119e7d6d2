/* SPDX-License-Identifier: Apache-2.0 */
/* Noticing that the name of a database, or of a file beside it, leads to
 * another file.
 *
 * METHOD
 *
 * When a database is opened, device and inode of each file are noted, and the
 * time of the last change of their folder. A writer checks the names before it
 * writes, so that a refused append stores nothing, and after its commit, so
 * that no append is acknowledged in a file that the name does not lead to:
 *
 *   - The path of the database leads to the same file. This notices that the
 *     file or a folder above it was moved, removed, replaced or mounted over.
 *   - The file has no second name.
 *   - The other names lead to the same files. They are all in one folder, whose
 *     time of change tells whether a name in it was changed; the names
 *     themselves are looked at only then. So a check usually costs two calls of
 *     stat.
 *
 * INVARIANTS
 *
 *   INV1  The time of change of a folder is that of the kernel's coarse clock.
 *         Two changes within one tick may have the same time. So the time is
 *         relied upon (`settled`) only if it was past already when the check
 *         began: any later change then has another time.
 *   INV2  A user of the store cannot set the time of change (st_ctim), as it
 *         can set that of modification.
 *   INV3  Hard links are refused when a database is opened and at each check: a
 *         process that opens it by the other name has other files beside it.
 *         The same holds for a file that is a mount point itself, which is the
 *         same file below two folders. */
#include "file_names.h"

#include "error.h"
#include "safeguard.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_file(const struct stat *info, const struct file_identity *file)
{
    return info->st_dev == file->device && info->st_ino == file->inode;
}

static struct file_identity identity_of(const struct stat *info)
{
    return (struct file_identity){ info->st_dev, info->st_ino };
}

/* ---------------------------------------------------------------- one name */

/* Returns true if the file is on another mount than its folder; false on
 * kernels before 5.8, which do not tell. (Devices do: but on an overlay file
 * system those of files and folders differ.) */
static bool is_mount_point(const char *path)
{
#ifdef STATX_MNT_ID
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX] = ".";
    size_t size = slash ? (size_t)(slash - path) + 1 : 0;
    struct statx own = { 0 };
    struct statx its = { 0 };

    if (size > 0 && size < sizeof(folder)) {
        memcpy(folder, path, size);
        folder[size] = '\0';
    }
    return statx(AT_FDCWD, path, 0, STATX_MNT_ID, &own) == 0 &&
           statx(AT_FDCWD, folder, 0, STATX_MNT_ID, &its) == 0 &&
           (own.stx_mask & its.stx_mask & STATX_MNT_ID) != 0 &&
           own.stx_mnt_id != its.stx_mnt_id;
#else
    (void)path;
    return false;
#endif
}

void quipu_common_file_names_finish_rename(const quipu_host *host,
                                           const char *path, const char *suffix)
{
    char *name = quipu_common_text_join(host, path, suffix);
    struct stat own;
    struct stat other;

    if (name && lstat(path, &own) == 0 && lstat(name, &other) == 0 &&
        own.st_ino == other.st_ino && own.st_dev == other.st_dev) {
        (void)unlink(name);
    }
    host->release(name);
}

int quipu_common_file_names_require_one(const quipu_host *host,
                                        const char *path, quipu_error *error)
{
    struct stat info;

    if (stat(path, &info) != 0) {
        return quipu_common_error_set_system(host, path, errno, "look at",
                                             error);
    }
    if (SAFEGUARDED("U1.no-hard-links", info.st_nlink > 1, false)) {
        return host->error_set(
            error, QUIPU_INVALID, 0, NULL,
            "\"%s\" has a second name (hard link), and each name has lock "
            "files "
            "of its own; remove the other one, or make it a copy (cp); "
            "readonly=yes&immutable=yes reads a file that no process writes",
            path);
    }
    if (SAFEGUARDED("U1.no-mount-of-a-file", is_mount_point(path), false)) {
        return host->error_set(
            error, QUIPU_INVALID, 0, NULL,
            "\"%s\" is a mount of a single file, which has other lock files "
            "beside it elsewhere; mount its folder instead",
            path);
    }
    return QUIPU_OK;
}

static int set_elsewhere(const quipu_host *host, const char *path,
                         quipu_error *error)
{
    return host->error_set(
        error, QUIPU_IO, 0, NULL,
        "\"%s\" was moved, removed or replaced while it was open, so that the "
        "name no longer leads to the file that this process has; close all "
        "handles of this process on it, and open the store again",
        path);
}

int quipu_common_file_names_refuse_own(const quipu_host *host,
                                       const char *store,
                                       const char *const *suffixes,
                                       const char *path, quipu_error *error)
{
    const size_t size = strlen(store);

    if (strncmp(path, store, size) != 0) {
        return QUIPU_OK;
    }
    for (; *suffixes; suffixes++) {
        if (strcmp(path + size, *suffixes) == 0) {
            return host->error_set(error, QUIPU_INVALID, 0, NULL,
                                   "\"%s\" belongs to the store itself; name "
                                   "another file",
                                   path);
        }
    }
    return QUIPU_OK;
}

int quipu_common_file_names_require_file(const quipu_host *host,
                                         const char *path,
                                         const struct file_identity *file,
                                         quipu_error *error)
{
    struct stat info;

    return stat(path, &info) == 0 && is_file(&info, file)
               ? QUIPU_OK
               : set_elsewhere(host, path, error);
}

/* --------------------------------------------------------------- all names */

/* Returns both texts in one block; NULL: no memory. */
static char *join(const quipu_host *host, const char *path, const char *suffix)
{
    const size_t size = strlen(path);
    char *joined = host->allocate(size + strlen(suffix) + 1);

    if (joined) {
        memcpy(joined, path, size);
        memcpy(joined + size, suffix, strlen(suffix) + 1);
    }
    return joined;
}

/* Notes the folder of the first name. */
static int add_folder(struct file_names *names, quipu_error *error)
{
    struct stat info;

    names->folder = join(names->host, names->of[0].path, "");
    if (!names->folder) {
        return names->host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                                      "no memory for the name of a folder");
    }
    strrchr(names->folder, '/')[1] = '\0';
    if (stat(names->folder, &info) != 0) {
        return quipu_common_error_set_system(names->host, names->folder, errno,
                                             "look at", error);
    }
    names->folder_file = identity_of(&info);
    return QUIPU_OK;
}

int quipu_common_file_names_add(struct file_names *names,
                                const quipu_host *host, const char *path,
                                const char *suffix, quipu_error *error)
{
    struct file_name *name = &names->of[names->count];
    struct stat info;

    names->host = host;
    name->path = join(host, path, suffix);
    if (!name->path) {
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                               "no memory for the name of a file");
    }
    names->count++;
    if (stat(name->path, &info) != 0) {
        return quipu_common_error_set_system(host, name->path, errno, "look at",
                                             error);
    }
    name->file = identity_of(&info);
    names->settled = false;
    return names->count == 1 ? add_folder(names, error) : QUIPU_OK;
}

static int check_database(const struct file_names *names, quipu_error *error)
{
    const struct file_name *database = &names->of[0];
    struct stat info;
    const bool found = stat(database->path, &info) == 0;

    if (SAFEGUARDED("V3.name-leads-to-the-file",
                    !found || !is_file(&info, &database->file), false)) {
        return set_elsewhere(names->host, database->path, error);
    }
    if (SAFEGUARDED("U1.no-hard-links", found && info.st_nlink > 1, false)) {
        return names->host->error_set(
            error, QUIPU_IO, 0, NULL,
            "\"%s\" was given a second name (hard link), and each name has "
            "lock "
            "files of its own; remove the other one, or make it a copy (cp)",
            database->path);
    }
    return QUIPU_OK;
}

/* Checks the names in the folder, unless its time of change shows that none was
 * changed since the last check. */
static int check_folder(struct file_names *names, quipu_error *error)
{
    struct timespec now;
    struct stat folder;

    (void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (stat(names->folder, &folder) != 0 ||
        !is_file(&folder, &names->folder_file)) {
        return set_elsewhere(names->host, names->of[0].path, error);
    }
    if (names->settled && folder.st_ctim.tv_sec == names->changed.tv_sec &&
        folder.st_ctim.tv_nsec == names->changed.tv_nsec) {
        return QUIPU_OK;
    }
    for (size_t i = 1; i < names->count; i++) {
        int status = quipu_common_file_names_require_file(
            names->host, names->of[i].path, &names->of[i].file, error);
        if (status != QUIPU_OK) {
            names->settled = false;
            return status;
        }
    }
    names->changed = folder.st_ctim;
    names->settled = folder.st_ctim.tv_sec < now.tv_sec ||
                     (folder.st_ctim.tv_sec == now.tv_sec &&
                      folder.st_ctim.tv_nsec < now.tv_nsec); /* INV1 */
    return QUIPU_OK;
}

int quipu_common_file_names_check(struct file_names *names, quipu_error *error)
{
    if (names->count == 0) {
        return QUIPU_OK;
    }
    int status = check_database(names, error);

    if (status == QUIPU_OK) {
        SAFEGUARD("V3.names-of-files-beside-it")
        status = check_folder(names, error);
    }
    return status;
}

bool quipu_common_file_names_are_ours(const struct file_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct file_name *name = &names->of[i];
        struct stat info;

        if (stat(name->path, &info) == 0 ? !is_file(&info, &name->file)
                                         : i == 0 || errno != ENOENT) {
            return false;
        }
    }
    return true;
}

void quipu_common_file_names_finish(struct file_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        names->host->release(names->of[i].path);
    }
    if (names->folder) {
        names->host->release(names->folder);
    }
    *names = (struct file_names){ .count = 0 };
}
