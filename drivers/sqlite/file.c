/* SPDX-License-Identifier: Apache-2.0 */
/* What the handles of this process on one database file share. */
#include "sqlite.h"

#include <sys/stat.h>
#include <time.h>

static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;

int64_t quipu_sqlite_clock_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct file *find(const struct stat *info)
{
    for (struct file *file = files; file != NULL; file = file->next) {
        if (file->device == info->st_dev && file->inode == info->st_ino) {
            return file;
        }
    }
    return NULL;
}

static struct file *create(const quipu_host *host)
{
    pthread_condattr_t attributes;
    struct file *file = host->allocate(sizeof *file);
    if (file == NULL) {
        return NULL;
    }
    *file = (struct file){ .holders = 1 };
    (void)pthread_mutex_init(&file->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&file->grown, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return file;
}

struct file *quipu_sqlite_file_hold(const quipu_host *host, const char *path)
{
    struct stat info;
    if (path == NULL || stat(path, &info) != 0) {
        return create(host);
    }
    (void)pthread_mutex_lock(&files_lock);
    struct file *file = find(&info);
    if (file != NULL) {
        file->holders++;
    } else if ((file = create(host)) != NULL) {
        file->device = info.st_dev;
        file->inode = info.st_ino;
        file->next = files;
        files = file;
    }
    (void)pthread_mutex_unlock(&files_lock);
    return file;
}

void quipu_sqlite_file_release(const quipu_host *host, struct file *file)
{
    bool last = false;
    (void)pthread_mutex_lock(&files_lock);
    if (--file->holders == 0) {
        last = true;
        for (struct file **at = &files; *at != NULL; at = &(*at)->next) {
            if (*at == file) {
                *at = file->next;
                break;
            }
        }
    }
    (void)pthread_mutex_unlock(&files_lock);
    if (last) {
        (void)pthread_cond_destroy(&file->grown);
        (void)pthread_mutex_destroy(&file->lock);
        host->release(file);
    }
}

bool quipu_sqlite_file_is_poisoned(struct file *file)
{
    (void)pthread_mutex_lock(&file->lock);
    bool poisoned = file->poisoned;
    (void)pthread_mutex_unlock(&file->lock);
    return poisoned;
}

void quipu_sqlite_file_poison(struct file *file)
{
    (void)pthread_mutex_lock(&file->lock);
    file->poisoned = true;
    (void)pthread_mutex_unlock(&file->lock);
}

void quipu_sqlite_file_grew(struct file *file)
{
    (void)pthread_mutex_lock(&file->lock);
    file->commits++;
    (void)pthread_cond_broadcast(&file->grown);
    (void)pthread_mutex_unlock(&file->lock);
}

uint64_t quipu_sqlite_file_commits(struct file *file)
{
    (void)pthread_mutex_lock(&file->lock);
    uint64_t commits = file->commits;
    (void)pthread_mutex_unlock(&file->lock);
    return commits;
}

void quipu_sqlite_file_wait(struct file *file, uint64_t seen, int64_t until)
{
    struct timespec time = { .tv_sec = (time_t)(until / 1000000000),
                             .tv_nsec = (long)(until % 1000000000) };
    (void)pthread_mutex_lock(&file->lock);
    while (file->commits == seen &&
           pthread_cond_timedwait(&file->grown, &file->lock, &time) == 0) {
    }
    (void)pthread_mutex_unlock(&file->lock);
}
