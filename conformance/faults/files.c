/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of watched descriptors, indexed by the descriptor and protected by
 * one mutex.  Descriptors from FDS on are not watched.
 */
#include "files.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FDS 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char watched[PATH_MAX];
static struct file files[FDS];

void files_watch(const char *folder)
{
    (void)snprintf(watched, sizeof(watched), "%s", folder);
}

const char *files_name(const char *path, char absolute[FILES_PATH])
{
    size_t length = 0;
    if (path[0] != '/' && getcwd(absolute, PATH_MAX)) {
        length = strlen(absolute);
        absolute[length++] = '/';
    }
    (void)snprintf(absolute + length, FILES_PATH - length, "%s", path);
    length = strlen(watched);
    if (strncmp(absolute, watched, length) != 0 ||
        (absolute[length] != '/' && absolute[length] != '\0')) {
        return NULL;
    }
    while (absolute[length] == '/') {
        length++;
    }
    return absolute + length;
}

static struct file describe(int fd, const char *name, int flags)
{
    struct file file = { .kind = FILE_NONE };
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return file;
    }
    file.device = info.st_dev;
    file.inode = info.st_ino;
    file.is_synchronous = (flags & O_DSYNC) != 0;
    if (S_ISREG(info.st_mode)) {
        file.kind = FILE_PLAIN;
    } else if (S_ISDIR(info.st_mode)) {
        file.kind = FILE_FOLDER;
        file.name = strdup(name);
    }
    return file;
}

void files_opened(int fd, const char *name, int flags)
{
    if (fd >= 0 && fd < FDS) {
        struct file file = describe(fd, name, flags);
        (void)pthread_mutex_lock(&lock);
        files[fd] = file;
        (void)pthread_mutex_unlock(&lock);
    }
}

void files_closed(int fd)
{
    if (fd >= 0 && fd < FDS) {
        (void)pthread_mutex_lock(&lock);
        char *name = files[fd].name;
        files[fd] = (struct file){ .kind = FILE_NONE };
        (void)pthread_mutex_unlock(&lock);
        free(name);
    }
}

struct file files_of(int fd)
{
    struct file file = { .kind = FILE_NONE };
    if (fd >= 0 && fd < FDS) {
        (void)pthread_mutex_lock(&lock);
        file = files[fd];
        (void)pthread_mutex_unlock(&lock);
    }
    return file;
}
