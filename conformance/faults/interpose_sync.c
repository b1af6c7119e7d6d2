/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interposes the functions that make files durable (fsync, fdatasync, msync),
 * and those that map files, because msync names a range of memory.
 */
/* libc declares its parameters with reserved names. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
#include "interpose.h"
#include "journal.h"
#include "plan.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* ------------------------------------------------------------------- syncs */

/* Called before the sync is made: an operation that happens during the sync
 * need not be made durable by it, and comes later in the journal. */
static void record_sync(const struct file *file)
{
    journal_write_names(file->kind == FILE_FOLDER ? JOURNAL_SYNC_FOLDER
                                                  : JOURNAL_SYNC,
                        file, file->name, NULL);
}

/* Gives other threads time to see what is not durable yet. */
static void delay(void)
{
    const struct timespec millisecond = { .tv_nsec = 1000000 };

    if (quipu_fault_plan.slow) {
        nanosleep(&millisecond, NULL);
    }
}

static int sync_watched(int fd, int (*sync)(int fd))
{
    struct file file = { .kind = FILE_NONE };
    if (quipu_fault_plan.active) {
        file = files_of(fd);
    }
    if (file.kind == FILE_NONE) {
        return sync(fd);
    }
    enum fault fault = quipu_fault_plan_decide(
        file.kind == FILE_FOLDER ? CALL_FOLDER : CALL_SYNC);
    if (fault != FAULT_NONE) {
        int number = errno;
        journal_write_number(JOURNAL_SYNC_FAILED, &file, 0);
        errno = number;
        return fault == FAULT_FAIL_SILENTLY ? 0 : -1;
    }
    if (quipu_fault_plan.lie) {
        return 0;
    }
    delay();
    record_sync(&file);
    return quipu_fault_plan.idle ? 0 : sync(fd);
}

int fsync(int fd)
{
    return sync_watched(fd, NEXT(fsync));
}

int fdatasync(int fd)
{
    return sync_watched(fd, NEXT(fdatasync));
}

/* -------------------------------------------------------------------- maps */

#define MAPS 64

static struct map {
    unsigned char *begin;
    size_t size;
    int64_t offset;
    struct file file;
} maps[MAPS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Replaces the entry of the mapping that begins at `old` (NULL: a free entry).
 * With more than MAPS mappings the surplus is not watched. */
static void exchange(const void *old, struct map new)
{
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < MAPS; i++) {
        if (maps[i].begin == old) {
            maps[i] = new;
            break;
        }
    }
    (void)pthread_mutex_unlock(&lock);
}

static struct map find(const unsigned char *at)
{
    struct map found = { .begin = NULL };
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < MAPS; i++) {
        if (maps[i].begin && at >= maps[i].begin &&
            at < maps[i].begin + maps[i].size) {
            found = maps[i];
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return found;
}

static void *map_watched(void *at, size_t size, int access, int flags, int fd,
                         int64_t offset)
{
    struct file file = files_of(fd);
    if (quipu_fault_plan_decide(CALL_MAP) != FAULT_NONE) {
        return MAP_FAILED;
    }
    void *begin = NEXT(LARGE(mmap))(at, size, access, flags, fd, offset);
    if (begin != MAP_FAILED && (access & PROT_WRITE) != 0 &&
        (flags & (MAP_SHARED | MAP_SHARED_VALIDATE)) != 0) {
        journal_write_number(JOURNAL_MAP, &file, offset);
        exchange(NULL, (struct map){ begin, size, offset, file });
    }
    return begin;
}

#define MMAP(name, offset_type)                                      \
    void *name(void *at, size_t size, int access, int flags, int fd, \
               offset_type offset)                                   \
    {                                                                \
        if (!quipu_fault_plan.active || fd < 0 ||                    \
            files_of(fd).kind != FILE_PLAIN) {                       \
            return NEXT(name)(at, size, access, flags, fd, offset);  \
        }                                                            \
        return map_watched(at, size, access, flags, fd, offset);     \
    }
EACH_SIZE(MMAP, mmap)

int munmap(void *at, size_t size)
{
    if (quipu_fault_plan.active && at) {
        exchange(at, (struct map){ .begin = NULL });
    }
    return NEXT(munmap)(at, size);
}

int msync(void *at, size_t size, int flags)
{
    struct map map = find(at);
    if (!map.begin || (flags & MS_SYNC) == 0) {
        return NEXT(msync)(at, size, flags);
    }
    enum fault fault = quipu_fault_plan_decide(CALL_SYNC);
    if (fault != FAULT_NONE || quipu_fault_plan.lie) {
        return fault == FAULT_FAIL ? -1 : 0;
    }
    struct iovec piece = { at, size };
    delay();
    journal_write_data(
        JOURNAL_STORE, &map.file,
        &(struct journal_data){
            &piece, 1, size, map.offset + ((unsigned char *)at - map.begin) });
    return NEXT(msync)(at, size, flags);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
