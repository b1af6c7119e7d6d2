/* SPDX-License-Identifier: Apache-2.0 */
/* The name of a lock file: recognising the file that has it, and giving it to a
 * new one. The invariants are those of lock_file.c. */
#include "lock_name.h"

#include "byte_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOREPLACE 1u /* RENAME_NOREPLACE, which musl's headers lack */

int quipu_common_lock_name_recognise(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0) {
        return -1;
    }
    int code = quipu_common_lock_page_recognise(fd);
    (void)close(fd);
    return code == 0 ? 1 : code == EEXIST ? 0 : -1;
}

bool quipu_common_lock_name_leads_to(int fd, const char *path)
{
    struct stat opened;
    struct stat named;

    return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 &&
           opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/* The mode of the database without the right to read of those that may not
 * write (INV7). */
static mode_t mode_of_writers(mode_t mode)
{
    return (mode & 0666) & (0222 | (mode & 0222) << 1);
}

/* Gives a new lock file the owner and the group of the database, and the mode
 * of its writers. Where the system does not permit that, a later user may get
 * DENIED; no one gets a right that it lacks on the database. */
static void copy_access(int fd, const char *owner)
{
    struct stat info;
    struct stat own;

    if (stat(owner, &info) != 0 || fstat(fd, &own) != 0) {
        return;
    }
    mode_t mode = mode_of_writers(info.st_mode);
    if (own.st_uid != info.st_uid && geteuid() == 0 &&
        fchown(fd, info.st_uid, (gid_t)-1) != 0) {
        return;
    }
    if (own.st_gid != info.st_gid && fchown(fd, (uid_t)-1, info.st_gid) != 0) {
        mode &= ~(mode_t)070;
    }
    (void)fchmod(fd, mode | 0600);
}

/* Writes a new file and makes it durable. Returns 0 or an errno. */
static int complete_file(int fd, const struct lock_file_target *target)
{
    int code = quipu_common_lock_page_write(fd, target);

    copy_access(fd, target->owner);
    return code == 0 && fsync(fd) != 0 ? errno : code;
}

/* Creates the file as one without a name and then gives it its name. Returns 0
 * or an errno: EEXIST, or EOPNOTSUPP if that cannot be done. */
static int create_unnamed(const char *path,
                          const struct lock_file_target *target)
{
    char folder[PATH_MAX];
    char itself[32];
    size_t size =
        (size_t)(strrchr(path, '/') ? strrchr(path, '/') + 1 - path : 0);

    if (size + 2 > sizeof(folder)) {
        return EOPNOTSUPP;
    }
    memcpy(folder, path, size);
    memcpy(folder + size, ".", 2);
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno == EISDIR || errno == ENOENT || errno == EINVAL
                   ? EOPNOTSUPP
                   : errno;
    }
    int code = complete_file(fd, target);
    (void)snprintf(itself, sizeof(itself), "/proc/self/fd/%d", fd);
    if (code == 0 &&
        linkat(AT_FDCWD, itself, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0) {
        code = errno == EEXIST ? EEXIST : EOPNOTSUPP;
    }
    (void)close(fd);
    return code;
}

/* Returns true if the file system or the kernel has no F_OFD_SETLK. */
static bool lacks_locks(int code)
{
    return code == EINVAL || code == ENOLCK || code == EOPNOTSUPP;
}

static bool is_empty(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == 0;
}

/* Checks that a file with the temporary name is new, or was left by a process
 * that was killed, and that no other process completes it. Returns 0 or an
 * errno. */
static int acquire_temporary(int fd, const char *temporary)
{
    int code = byte_lock_set(fd, BYTE_OPEN, F_WRLCK);

    if (byte_lock_is_held(code) ||
        (code == 0 && !quipu_common_lock_name_leads_to(fd, temporary))) {
        return EAGAIN; /* it is getting its name, or has it */
    }
    if (code != 0 || is_empty(fd)) {
        return code;
    }
    code = quipu_common_lock_page_recognise(fd);
    return code == EEXIST ? ENOTUNIQ : code;
}

/* Renames the file unless the other name is taken. Only a file system that
 * cannot do both in one step gets two; there, each process that creates the
 * file holds the lock on its temporary name. */
static int rename_new(const char *temporary, const char *path)
{
    struct stat info;

    /* musl has no renameat2 before 1.2.6. */
    if (syscall(SYS_renameat2, AT_FDCWD, temporary, AT_FDCWD, path,
                NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return errno;
    }
    if (lstat(path, &info) == 0) {
        return EEXIST;
    }
    return rename(temporary, path) == 0 ? 0 : errno;
}

/* Creates the file under a temporary name and renames it when it is complete.
 * Returns 0 or an errno. */
static int create_renamed(const char *path,
                          const struct lock_file_target *target)
{
    char temporary[PATH_MAX];
    const int size = snprintf(temporary, sizeof(temporary), "%s%s", path,
                              LOCK_NAME_TEMPORARY);

    if (size < 0 || (size_t)size >= sizeof(temporary)) {
        return ENAMETOOLONG;
    }
    int fd = open(temporary,
                  O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0) {
        return errno == ELOOP || errno == EISDIR || errno == ENXIO ? ENOTUNIQ
                                                                   : errno;
    }
    int code = acquire_temporary(fd, temporary);
    if (lacks_locks(code) && is_empty(fd)) {
        (void)unlink(temporary); /* nobody can complete it */
    } else if (code == 0) {
        code = complete_file(fd, target);
        code = code == 0 ? rename_new(temporary, path) : code;
        if (code != 0) {
            (void)unlink(temporary);
        }
    }
    (void)close(fd);
    return code;
}

int quipu_common_lock_name_create(const char *path,
                                  const struct lock_file_target *target)
{
    int code = create_unnamed(path, target);

    return code == EOPNOTSUPP ? create_renamed(path, target) : code;
}
