/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interposes the functions that open, close, remove and rename files.
 *
 * The call and its record are made under the journal's lock, so that the
 * journal has changes of names in the order in which they happened.
 */
/* libc declares its parameters with reserved names. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
#include "interpose.h"
#include "journal.h"
#include "plan.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void record_opened(int fd, const char *name, int flags, bool created)
{
    const bool nameless = (flags & O_TMPFILE) == O_TMPFILE;
    files_opened(fd, name, flags);
    struct file file = files_of(fd);
    if (nameless) {
        journal_write_names(JOURNAL_CREATE, &file, NULL, NULL);
        return;
    }
    if (file.kind != FILE_PLAIN) {
        return;
    }
    journal_write_names(created ? JOURNAL_CREATE : JOURNAL_OPEN, &file, name,
                        NULL);
    if (!created && (flags & O_TRUNC) != 0) {
        journal_write_number(JOURNAL_TRUNCATE, &file, 0);
    }
}

static int open_watched(int folder, const char *path, int flags, mode_t mode)
{
    char absolute[FILES_PATH];
    const char *name = NULL;
    if (quipu_fault_plan.active && (folder == AT_FDCWD || path[0] == '/')) {
        name = files_name(path, absolute);
    }
    if (!name) {
        return NEXT(LARGE(openat))(folder, path, flags, mode);
    }
    if (quipu_fault_plan_decide(CALL_OPEN) != FAULT_NONE) {
        return -1;
    }
    journal_lock();
    bool created = (flags & O_CREAT) != 0 && !exists(absolute);
    int fd = NEXT(LARGE(openat))(folder, path, flags, mode);
    if (fd >= 0) {
        record_opened(fd, name, flags, created);
    }
    journal_unlock();
    return fd;
}

static mode_t mode_of(int flags, va_list *arguments)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0
               ? (mode_t)va_arg(*arguments, unsigned)
               : 0;
}

#define OPEN(name, offset_type)                           \
    int name(const char *path, int flags, ...)            \
    {                                                     \
        va_list arguments;                                \
        va_start(arguments, flags);                       \
        mode_t mode = mode_of(flags, &arguments);         \
        va_end(arguments);                                \
        return open_watched(AT_FDCWD, path, flags, mode); \
    }
EACH_SIZE(OPEN, open)

/* Called by programs that are built with _FORTIFY_SOURCE. */
/* NOLINTBEGIN(readability-redundant-declaration) */
#ifdef __GLIBC__
int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
    return open_watched(AT_FDCWD, path, flags, 0);
}
int __open64_2(const char *path, int flags);
int __open64_2(const char *path, int flags)
{
    return open_watched(AT_FDCWD, path, flags, 0);
}
#endif
/* NOLINTEND(readability-redundant-declaration) */

#define OPENAT(name, offset_type)                          \
    int name(int folder, const char *path, int flags, ...) \
    {                                                      \
        va_list arguments;                                 \
        va_start(arguments, flags);                        \
        mode_t mode = mode_of(flags, &arguments);          \
        va_end(arguments);                                 \
        return open_watched(folder, path, flags, mode);    \
    }
EACH_SIZE(OPENAT, openat)

int close(int fd)
{
    if (quipu_fault_plan.active) {
        files_closed(fd);
    }
    return NEXT(close)(fd);
}

int unlink(const char *path)
{
    char absolute[FILES_PATH];
    const char *name =
        quipu_fault_plan.active ? files_name(path, absolute) : NULL;
    if (!name) {
        return NEXT(unlink)(path);
    }
    if (quipu_fault_plan_decide(CALL_REMOVE) != FAULT_NONE) {
        return -1;
    }
    journal_lock();
    int status = NEXT(unlink)(path);
    if (status == 0) {
        journal_write_names(JOURNAL_REMOVE, NULL, name, NULL);
    }
    journal_unlock();
    return status;
}

static int rename_watched(const char *from, const char *to, unsigned flags)
{
    char absolute[2][FILES_PATH];
    const char *name = NULL;
    const char *other = NULL;
    if (quipu_fault_plan.active) {
        name = files_name(from, absolute[0]);
        other = files_name(to, absolute[1]);
    }
    if (!name || !other) {
        return NEXT(renameat2)(AT_FDCWD, from, AT_FDCWD, to, flags);
    }
    if (quipu_fault_plan_decide(CALL_REMOVE) != FAULT_NONE) {
        return -1;
    }
    journal_lock();
    int status = NEXT(renameat2)(AT_FDCWD, from, AT_FDCWD, to, flags);
    if (status == 0) {
        journal_write_names(JOURNAL_RENAME, NULL, name, other);
    }
    journal_unlock();
    return status;
}

int rename(const char *from, const char *to)
{
    return rename_watched(from, to, 0);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to,
              unsigned flags)
{
    return from_folder == AT_FDCWD && to_folder == AT_FDCWD
               ? rename_watched(from, to, flags)
               : NEXT(renameat2)(from_folder, from, to_folder, to, flags);
}

/* Gives a file that was opened with O_TMPFILE its name. */
int linkat(int from_folder, const char *from, int to_folder, const char *to,
           int flags)
{
    static const char own[] = "/proc/self/fd/";
    char absolute[FILES_PATH];
    const char *name = NULL;
    if (quipu_fault_plan.active && strncmp(from, own, sizeof(own) - 1) == 0 &&
        (to_folder == AT_FDCWD || to[0] == '/')) {
        name = files_name(to, absolute);
    }
    if (!name) {
        return NEXT(linkat)(from_folder, from, to_folder, to, flags);
    }
    if (quipu_fault_plan_decide(CALL_REMOVE) != FAULT_NONE) {
        return -1;
    }
    struct file file = files_of((int)strtol(from + sizeof(own) - 1, NULL, 10));
    journal_lock();
    int status = NEXT(linkat)(from_folder, from, to_folder, to, flags);
    if (status == 0) {
        journal_write_names(JOURNAL_LINK, &file, name, NULL);
    }
    journal_unlock();
    return status;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
