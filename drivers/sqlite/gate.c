/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate: where the writers of all processes queue, blocking, with a
 * deadline, and in turn.
 *
 * SQLite's own lock is polled by its busy handler, which starves some writers
 * for seconds; and releases before 3.51.3 can damage a WAL database when one
 * connection's checkpoint races another's reset of the WAL.  Whoever commits or
 * checkpoints holds the gate, so neither can happen.
 *
 * Method: two robust mutexes in a file beside the database, shared by mapping.
 * A writer takes `next`, then `writer`, then lets `next` go: who leaves cannot
 * overtake the one that waits.  The kernel hands the mutex of a process that
 * died to the next one.  Everybody who has the file open holds a shared lock on
 * it (fcntl, F_OFD_SETLK); whoever gets it exclusively is alone, and makes the
 * mutexes anew, so that what a crash of the machine left does no harm.
 */
#include "sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX "-quipu"

struct gate_shared {
    char magic[8];
    uint32_t format;
    uint32_t mutex_size; /* programs of another C library keep out */
    pthread_mutex_t next;
    pthread_mutex_t writer;
};

static const char magic[8] = "quipu\n1";

static void init_mutex(pthread_mutex_t *mutex, bool between_processes)
{
    pthread_mutexattr_t attributes;
    (void)pthread_mutexattr_init(&attributes);
    if (between_processes) {
        (void)pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        (void)pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    }
    (void)pthread_mutex_init(mutex, &attributes);
    (void)pthread_mutexattr_destroy(&attributes);
}

static void init_shared(struct gate_shared *shared, bool between_processes)
{
    memset(shared, 0, sizeof *shared);
    init_mutex(&shared->next, between_processes);
    init_mutex(&shared->writer, between_processes);
    shared->format = 1;
    shared->mutex_size = sizeof(pthread_mutex_t);
    memcpy(shared->magic, magic, sizeof magic);
}

static int lock_file(int fd, short type, bool wait)
{
    struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_len = 1 };
    int status;
    do {
        status = fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
    } while (status != 0 && errno == EINTR);
    return status;
}

static struct gate_shared *map(int fd)
{
    void *shared = mmap(NULL, sizeof(struct gate_shared),
                        PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    /* cppcheck-suppress memleak ; it is returned */
    return shared != MAP_FAILED ? shared : NULL;
}

/* Opens the lock file with the rights of the database. */
static int open_file(const char *database)
{
    char path[PATH_MAX];
    struct stat info;
    size_t length = strlen(database);
    if (length + sizeof SUFFIX > sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(path, database, length);
    memcpy(path + length, SUFFIX, sizeof SUFFIX);
    mode_t mode = stat(database, &info) == 0 ? info.st_mode & 0666 : 0644;
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC, mode);
}

static bool is_ours(const struct gate_shared *shared)
{
    return memcmp(shared->magic, magic, sizeof magic) == 0 &&
           shared->format == 1 && shared->mutex_size == sizeof(pthread_mutex_t);
}

/* Gets the shared lock, after setting up if nobody else has it. */
static int join_others(struct gate *gate, const char *path,
                       void (*when_alone)(const char *path, void *context),
                       void *context)
{
    bool alone = lock_file(gate->fd, F_WRLCK, false) == 0;
    if (!alone && lock_file(gate->fd, F_RDLCK, true) != 0) {
        return -1;
    }
    if (alone && ftruncate(gate->fd, sizeof *gate->shared) != 0) {
        return -1;
    }
    gate->shared = map(gate->fd);
    if (gate->shared == NULL) {
        return -1;
    }
    if (alone) {
        init_shared(gate->shared, true);
        when_alone(path, context);
        return lock_file(gate->fd, F_RDLCK, false);
    }
    return 0;
}

static int open_private(struct gate *gate, const quipu_host *host,
                        quipu_error *error)
{
    gate->shared = host->allocate(sizeof *gate->shared);
    if (gate->shared == NULL) {
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                               "no memory for a lock");
    }
    init_shared(gate->shared, false);
    return QUIPU_OK;
}

int quipu_sqlite_gate_open(struct gate *gate, const quipu_host *host,
                           const char *path,
                           void (*when_alone)(const char *path, void *context),
                           void *context, quipu_error *error)
{
    gate->fd = -1;
    gate->shared = NULL;
    if (path == NULL) {
        return open_private(gate, host, error);
    }
    gate->fd = open_file(path);
    if (gate->fd < 0 || join_others(gate, path, when_alone, context) != 0) {
        int status = errno == EACCES || errno == EPERM || errno == EROFS
                         ? QUIPU_DENIED
                         : QUIPU_IO;
        (void)host->error_set(error, status, errno, NULL,
                              "cannot use the lock file \"%s" SUFFIX
                              "\" (%s); open with readonly=yes to read "
                              "without it",
                              path, strerror(errno));
        quipu_sqlite_gate_close(gate, host);
        return status;
    }
    if (!is_ours(gate->shared)) {
        (void)host->error_set(error, QUIPU_UNSUPPORTED, 0, NULL,
                              "\"%s" SUFFIX "\" is in use by a program with "
                              "another kind of lock; close that one first",
                              path);
        quipu_sqlite_gate_close(gate, host);
        return QUIPU_UNSUPPORTED;
    }
    return QUIPU_OK;
}

void quipu_sqlite_gate_close(struct gate *gate, const quipu_host *host)
{
    if (gate->fd >= 0) {
        if (gate->shared != NULL) {
            (void)munmap(gate->shared, sizeof *gate->shared);
        }
        (void)close(gate->fd);
    } else {
        host->release(gate->shared);
    }
    gate->fd = -1;
    gate->shared = NULL;
}

/* A holder that died leaves the mutex to the next, who declares it sound: what
 * it guards is SQLite's, which recovers by itself. */
static bool take(pthread_mutex_t *mutex, int64_t deadline)
{
    int code;
    if (deadline == INT64_MAX) {
        code = pthread_mutex_lock(mutex);
    } else {
        struct timespec until = { .tv_sec = (time_t)(deadline / 1000000000),
                                  .tv_nsec = (long)(deadline % 1000000000) };
        code = pthread_mutex_trylock(mutex);
        if (code == EBUSY) {
            code = pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &until);
        }
    }
    if (code == EOWNERDEAD) {
        code = pthread_mutex_consistent(mutex);
    }
    return code == 0;
}

bool quipu_sqlite_gate_enter(struct gate *gate, int64_t deadline)
{
    if (!take(&gate->shared->next, deadline)) {
        return false;
    }
    bool entered = take(&gate->shared->writer, deadline);
    (void)pthread_mutex_unlock(&gate->shared->next);
    return entered;
}

void quipu_sqlite_gate_leave(struct gate *gate)
{
    (void)pthread_mutex_unlock(&gate->shared->writer);
}
