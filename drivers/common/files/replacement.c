/* SPDX-License-Identifier: Apache-2.0 */
/* Replacing a database file by a new one, beside other programs, and so that
 * the process may be killed, and the power cut, at any moment.
 *
 * METHOD
 *
 * The process opens the lock file of the path and must be its only user; it
 * keeps the open lock to the end, so that no other process of quipu opens the
 * path meanwhile. It writes the new file as <path>-quipu-new, syncs it, and
 * renames it to the path. A reader of the old file keeps the old one.
 *
 * That is enough for a database that is one file. The write-ahead log and the
 * rollback journal of SQLite are files of their own: beside a new database, an
 * old one of them would be taken for its own, and damage it. They cannot be
 * removed first, because the old database without them may be damaged, too. So
 * if there are such parts, the new file first becomes <path>-quipu-restored.
 * While a file of this name exists, the drivers refuse to open the path
 * (replacement_check). Then the old file is removed, then its parts, then the
 * new file gets the path.
 *
 * INVARIANTS
 *
 *   INV1  A file has the path only if it is complete and synced.
 *   INV2  No part of the old file exists while the new file has the path: the
 *         folder is synced between the removal of the parts and the renaming,
 *         as a power cut may keep the later of two changes and lose the
 *         earlier.
 *   INV3  No part of the old file is missing while the old file has the path
 *         and can be opened by quipu. The old file is removed before its parts,
 *         so that other programs do not find it without them either.
 *   INV4  Nothing is removed that this process has not made, except what the
 *         caller may replace.
 *   INV5  A new file has the owner, group and mode of the one that it is copied
 *         from, so that a backup cannot be read by users who cannot read the
 *         store; a restored store has those of the file that it replaces. Where
 *         the system does not permit the group, the group gets no rights. */
#include "common/files/replacement.h"

#include "common/error.h"
#include "common/file_names.h"
#include "common/safeguard.h"
#include "common/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char suffix_fresh[] = "-quipu-new";
static const char suffix_complete[] = "-quipu-restored";

static int fail(const struct replacement *replacement, int code,
                const char *what, quipu_error *error)
{
    return quipu_common_error_set_system(
        replacement->plan.host, replacement->plan.path, code, what, error);
}

static int no_memory(const quipu_host *host, quipu_error *error)
{
    (void)host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                          "no memory for the name of a file");
    return QUIPU_NO_MEMORY;
}

static bool exists(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0;
}

/* ------------------------------------------------------------------- path */

/* Resolves the folder of a file that does not exist. Returns 0 or an errno. */
static int resolve_folder(const char *path, char real[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char folder[PATH_MAX] = ".";
    const size_t size = (size_t)(name - path);

    if (size > 0) {
        memcpy(folder, path, size);
        folder[size] = '\0';
    }
    if (!realpath(folder, real)) {
        return errno;
    }
    const size_t used = strlen(real);
    const int more = snprintf(real + used, PATH_MAX - used, "%s%s",
                              real[used - 1] == '/' ? "" : "/", name);

    return more < 0 || (size_t)more >= PATH_MAX - used ? ENAMETOOLONG : 0;
}

int quipu_common_replacement_resolve(const quipu_host *host, const char *path,
                                     char **real, quipu_error *error)
{
    const size_t size = strlen(path);
    char buffer[PATH_MAX];
    int code = 0;

    if (size == 0 || size >= PATH_MAX || path[size - 1] == '/') {
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "\"%s\" is not the name of a file", path);
    }
    if (!realpath(path, buffer)) {
        code = errno == ENOENT ? resolve_folder(path, buffer) : errno;
    }
    if (code == ENOENT || code == ENOTDIR) {
        return host->error_set(error, QUIPU_NOT_FOUND, code, NULL,
                               "the folder of \"%s\" does not exist; create "
                               "it first",
                               path);
    }
    if (code != 0) {
        return quipu_common_error_set_system(host, path, code, "find", error);
    }
    *real = quipu_common_text_copy(host, buffer);
    return *real ? QUIPU_OK : no_memory(host, error);
}

/* ------------------------------------------------------------------ parts */

/* Calls `visit` with the name of each part of the old file. Returns 0, or the
 * first errno. */
static int for_each_part(const struct replacement *replacement,
                         int (*visit)(const char *path))
{
    const struct replacement_plan *plan = &replacement->plan;
    int code = 0;

    for (size_t i = 0; code == 0 && plan->parts && plan->parts[i]; i++) {
        char *name =
            quipu_common_text_join(plan->host, plan->path, plan->parts[i]);

        code = name ? visit(name) : ENOMEM;
        plan->host->release(name);
    }
    return code;
}

static int refuse_if_there(const char *path)
{
    return exists(path) ? EEXIST : 0;
}

static int remove_if_there(const char *path)
{
    return unlink(path) == 0 || errno == ENOENT ? 0 : errno;
}

/* -------------------------------------------------------------- beginning */

/* Looks at what has the path, and at what the new file is to resemble. */
static int look(struct replacement *replacement, quipu_error *error)
{
    const struct replacement_plan *plan = &replacement->plan;
    struct stat source;
    struct stat old;

    if (stat(plan->source, &source) != 0) {
        return quipu_common_error_set_system(plan->host, plan->source, errno,
                                             "look at", error);
    }
    replacement->like = source;
    replacement->exists = lstat(plan->path, &old) == 0;
    if (!replacement->exists) {
        return errno == ENOENT ? QUIPU_OK
                               : fail(replacement, errno, "look at", error);
    }
    if (!S_ISREG(old.st_mode)) {
        return plan->host->error_set(error, QUIPU_INVALID, 0, NULL,
                                     "\"%s\" is no regular file; name another",
                                     plan->path);
    }
    if (old.st_ino == source.st_ino && old.st_dev == source.st_dev) {
        return plan->host->error_set(error, QUIPU_INVALID, 0, NULL,
                                     "\"%s\" is the file that is to be copied; "
                                     "name another",
                                     plan->path);
    }
    if (plan->keep_access) {
        replacement->like = old;
    }
    return QUIPU_OK;
}

/* Refuses what may not be replaced (INV4). */
static int check_free(const struct replacement *replacement, quipu_error *error)
{
    const struct replacement_plan *plan = &replacement->plan;

    if (plan->replace) {
        return QUIPU_OK;
    }
    if (replacement->exists || exists(replacement->complete)) {
        return plan->host->error_set(error, QUIPU_CONFLICT, EEXIST, NULL,
                                     "\"%s\" exists; name another file, or "
                                     "demand that it be replaced (--force)",
                                     plan->path);
    }
    if (exists(replacement->fresh) ||
        for_each_part(replacement, refuse_if_there) != 0) {
        return plan->host->error_set(
            error, QUIPU_CONFLICT, EEXIST, NULL,
            "beside \"%s\" there are files of an earlier one, or of a backup "
            "or restore that did not end; remove them, or demand that they be "
            "replaced (--force)",
            plan->path);
    }
    return QUIPU_OK;
}

static int become_only_user(struct replacement *replacement, int64_t deadline,
                            quipu_error *error)
{
    const struct replacement_plan *plan = &replacement->plan;
    const struct lock_file_target target = { .host = plan->host,
                                             .database = plan->path,
                                             .owner = replacement->exists
                                                          ? plan->path
                                                          : plan->source };
    bool alone = false;
    int status = quipu_common_lock_file_open_locked(
        &replacement->lock_file, &target, deadline, &alone, error);

    if (status != QUIPU_OK) {
        return status;
    }
    replacement->locked = true;
    if (!alone) {
        quipu_common_lock_file_unlock(&replacement->lock_file);
        quipu_common_lock_file_close(&replacement->lock_file, plan->host,
                                     false);
        replacement->locked = false;
        return plan->host->error_set(error, QUIPU_BUSY, 0, NULL,
                                     "\"%s\" is open in this process or in "
                                     "another one; close it there first",
                                     plan->path);
    }
    return QUIPU_OK;
}

static int create_fresh(const struct replacement *replacement,
                        quipu_error *error)
{
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;

    if (replacement->plan.replace && remove_if_there(replacement->fresh) != 0) {
        return fail(replacement, errno, "make room for", error);
    }
    int fd = open(replacement->fresh, flags, 0600);

    if (fd < 0) {
        return fail(replacement, errno, "create", error);
    }
    (void)close(fd);
    return QUIPU_OK;
}

int quipu_common_replacement_begin(struct replacement *replacement,
                                   const struct replacement_plan *plan,
                                   int64_t deadline, quipu_error *error)
{
    char *fresh = quipu_common_text_join(plan->host, plan->path, suffix_fresh);
    char *complete =
        quipu_common_text_join(plan->host, plan->path, suffix_complete);

    *replacement = (struct replacement){
        .plan = *plan, .fresh = fresh, .complete = complete, .lock_fd = -1
    };
    int status = fresh && complete ? look(replacement, error)
                                   : no_memory(plan->host, error);
    if (status == QUIPU_OK) {
        status = check_free(replacement, error);
    }
    if (status == QUIPU_OK) {
        status = become_only_user(replacement, deadline, error);
    }
    if (status == QUIPU_OK) {
        status = look(replacement, error); /* it may have changed meanwhile */
    }
    if (status == QUIPU_OK) {
        status = check_free(replacement, error);
    }
    if (status == QUIPU_OK) {
        status = create_fresh(replacement, error);
    }
    if (status != QUIPU_OK) {
        /* A file `fresh` that is there is not ours (INV4). */
        plan->host->release(replacement->fresh);
        replacement->fresh = NULL;
        quipu_common_replacement_finish(replacement);
    }
    return status;
}

int quipu_common_replacement_lock(struct replacement *replacement,
                                  const char *path,
                                  const struct replacement_bytes *bytes,
                                  quipu_error *error)
{
    const quipu_host *host = replacement->plan.host;
    struct flock lock = { .l_type = F_WRLCK,
                          .l_whence = SEEK_SET,
                          .l_start = bytes->first,
                          .l_len = bytes->count };
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        return errno == ENOENT ? QUIPU_OK
                               : quipu_common_error_set_system(
                                     host, path, errno, "lock", error);
    }
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
        replacement->lock_fd = fd;
        return QUIPU_OK;
    }
    const int code = errno;

    /* Closing the descriptor would release the locks that another library of
     * this process has on the file: rather lose the descriptor. */
    if (fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_pid != getpid()) {
        (void)close(fd);
    }
    if (code != EAGAIN && code != EACCES) {
        return quipu_common_error_set_system(host, path, code, "lock", error);
    }
    return host->error_set(error, QUIPU_BUSY, 0, NULL,
                           "\"%s\" is open in another program; close it there "
                           "first",
                           replacement->plan.path);
}

/* ----------------------------------------------------------------- the end */

/* Sets owner, group and mode (INV5). Returns 0 or an errno. */
static int copy_access(const struct replacement *replacement, int fd)
{
    const struct stat *like = &replacement->like;
    mode_t mode = like->st_mode & 0777;
    const uid_t owner = geteuid() == 0 ? like->st_uid : (uid_t)-1;

    if (fchown(fd, owner, like->st_gid) != 0) {
        mode &= ~(mode_t)S_IRWXG;
    }
    return fchmod(fd, mode) == 0 ? 0 : errno;
}

static int seal(const struct replacement *replacement)
{
    int fd = open(replacement->fresh, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0) {
        return errno;
    }
    int code = copy_access(replacement, fd);

    if (code == 0 && SAFEGUARDED("V6.synced", fsync(fd) != 0, false)) {
        code = errno;
    }
    (void)close(fd);
    return code;
}

static int sync_folder(const struct replacement *replacement)
{
    const char *path = replacement->plan.path;
    char *folder = quipu_common_text_copy(replacement->plan.host, path);

    if (!folder) {
        return ENOMEM;
    }
    char *slash = strrchr(folder, '/'); /* the path is absolute */

    slash[slash == folder] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int code = fd < 0 || fsync(fd) != 0 ? errno : 0;

    if (fd >= 0) {
        (void)close(fd);
    }
    replacement->plan.host->release(folder);
    return code;
}

/* Gives the file `from` the path. Returns 0 or an errno. */
static int take_path(const struct replacement *replacement, const char *from)
{
    const char *path = replacement->plan.path;

    if (!replacement->plan.replace) {
#ifdef RENAME_NOREPLACE
        if (renameat2(AT_FDCWD, from, AT_FDCWD, path, RENAME_NOREPLACE) == 0) {
            return 0;
        }
        if (errno != EINVAL && errno != ENOSYS) {
            return errno;
        }
#endif
        if (exists(path)) {
            return EEXIST;
        }
    }
    return rename(from, path) == 0 ? 0 : errno;
}

/* The way for an old file with parts: see the head of this file. Returns 0 or
 * an errno. */
static int take_path_from_parts(const struct replacement *replacement)
{
    int code =
        rename(replacement->fresh, replacement->complete) == 0 ? 0 : errno;

    if (code == 0) {
        code = sync_folder(replacement);
        if (code != 0) {
            (void)unlink(replacement->complete);
        }
    }
    if (code == 0) {
        code = remove_if_there(replacement->plan.path);
    }
    if (code == 0) {
        SAFEGUARD("V6.no-part-of-the-old-store")
        code = for_each_part(replacement, remove_if_there);
    }
    if (code == 0) {
        code = sync_folder(replacement); /* INV2 */
    }
    return code == 0 ? take_path(replacement, replacement->complete) : code;
}

int quipu_common_replacement_commit(struct replacement *replacement,
                                    quipu_error *error)
{
    const struct replacement_plan *plan = &replacement->plan;
    const bool parts = for_each_part(replacement, refuse_if_there) != 0 ||
                       exists(replacement->complete);
    int code = seal(replacement);

    if (code != 0) {
        return fail(replacement, code, "write", error);
    }
    code = parts ? take_path_from_parts(replacement)
                 : take_path(replacement, replacement->fresh);
    if (code == EEXIST) {
        return plan->host->error_set(error, QUIPU_CONFLICT, code, NULL,
                                     "\"%s\" was created meanwhile; name "
                                     "another file",
                                     plan->path);
    }
    if (code == 0) {
        code = sync_folder(replacement);
        if (code != 0 && !plan->replace) {
            (void)unlink(plan->path); /* it may not survive a power cut */
        }
    }
    return code == 0 ? QUIPU_OK
                     : fail(replacement, code, "put the new file at", error);
}

void quipu_common_replacement_finish(struct replacement *replacement)
{
    const quipu_host *host = replacement->plan.host;

    if (replacement->fresh) {
        (void)unlink(replacement->fresh);
    }
    if (replacement->lock_fd >= 0) {
        (void)close(replacement->lock_fd);
        replacement->lock_fd = -1;
    }
    if (replacement->locked) {
        quipu_common_lock_file_close(&replacement->lock_file, host, true);
        replacement->locked = false;
    }
    host->release(replacement->fresh);
    host->release(replacement->complete);
    replacement->fresh = NULL;
    replacement->complete = NULL;
}

void quipu_common_replacement_finish_rename(const quipu_host *host,
                                            const char *path)
{
    quipu_common_file_names_finish_rename(host, path, suffix_fresh);
    /* By INV2 there is no part of the old file any more. */
    quipu_common_file_names_finish_rename(host, path, suffix_complete);
}

int quipu_common_replacement_check(const quipu_host *host, const char *path,
                                   quipu_error *error)
{
    char *complete = quipu_common_text_join(host, path, suffix_complete);

    if (!complete) {
        return no_memory(host, error);
    }
    const bool unfinished =
        SAFEGUARDED("V6.unfinished-restore", exists(complete), false);

    host->release(complete);
    if (!unfinished) {
        return QUIPU_OK;
    }
    return host->error_set(error, QUIPU_CORRUPT, 0, NULL,
                           "a restore of \"%s\" was interrupted; repeat it: "
                           "quipu restore --force",
                           path);
}
