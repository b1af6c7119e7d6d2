/* SPDX-License-Identifier: Apache-2.0 */
/* The lock file beside a database, for the SQLite and the LMDB driver.
 *
 * PURPOSE
 *
 * Both libraries have a lock for writers of their own. LMDB's has no deadline.
 * SQLite's is polled by a busy handler, which delays some writers for seconds
 * under load; besides, releases of SQLite before 3.51.3 can damage a WAL
 * database if a checkpoint of one connection coincides with the WAL reset of
 * another one. The drivers put a fair lock with a deadline before the library's
 * lock. It has to be in memory that all processes share: a mapped page of the
 * lock file.
 *
 * METHOD
 *
 * Two bytes of the file carry locks of open file descriptions (F_OFD_SETLK of
 * fcntl). The kernel releases them when the last descriptor of the description
 * is closed, however the process ends.
 *
 *   byte 0, open lock    Held exclusively while a process opens or closes the
 *                        database.
 *   byte 1, users lock   Held shared by each process that has the database
 *                        open. A process that obtains it exclusively is the
 *                        only user.
 *
 * Opening: acquire the open lock; try the users lock exclusively. If that
 * succeeds, initialise the page, do what only the first process may do
 * (recovery), and change the users lock to a shared one. Otherwise take it
 * shared and check that the page has the expected layout. Release the open
 * lock.
 *
 * Closing: acquire the open lock; try the users lock exclusively. If that
 * succeeds the process is the last one: it does what only the last process may
 * do and removes the file. Close the file.
 *
 * INVARIANTS
 *
 *   INV1  While a process holds the users lock exclusively, no other process
 *         has the page mapped for use, since it would hold the users lock
 *         shared.
 *   INV2  The first user initialises the page, and discards what a power cut
 *         or a killed process left in it. So nothing in the page needs to be
 *         durable.
 *   INV3  The users lock changes only while the open lock is held. So no two
 *         processes initialise the page, and none starts to use a page that is
 *         being removed.
 *   INV4  The last user removes the file while it holds both locks. A process
 *         that opened the file before, and waited for the open lock, then holds
 *         a lock on a file without a name; it notices that (is_removed) and
 *         starts again.
 *   INV5  Only a page with the same magic, format and struct size is used: the
 *         mutexes in it depend on the C library. Another program's page is left
 *         alone (EPROTO).
 *
 * The open lock is polled, since F_OFD_SETLKW has no deadline. Opening and
 * closing are short and rare, and their order does not matter.
 *
 * A process must not use the file across fork: the child shares the
 * description, and with it the locks. The drivers refuse that. */
#include "lock_file.h"

#include "clock.h"
#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_PAGE_SIZE 4096
#define LOCK_PAGE_FORMAT 1

enum { BYTE_OPEN = 0, BYTE_USERS = 1 };

static const char magic[8] = "quipu\n1";

_Static_assert(sizeof(struct lock_file_page) <= LOCK_PAGE_SIZE,
               "the struct fits the page");

/* ------------------------------------------------------------------- locks */

/* Locks a byte (F_RDLCK, F_WRLCK) or unlocks it (F_UNLCK), without waiting.
 * Returns 0 or an errno. */
static int lock_byte(int fd, int byte, short type)
{
    struct flock lock = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
    };

    return fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
}

static bool is_held(int code)
{
    return code == EAGAIN || code == EACCES;
}

static int acquire_open_lock(int fd, int64_t deadline)
{
    for (;;) {
        int code = lock_byte(fd, BYTE_OPEN, F_WRLCK);

        if (!is_held(code)) {
            return code;
        }
        if (clock_now() >= deadline) {
            return ETIMEDOUT;
        }
        clock_sleep_until(clock_after(CLOCK_MILLISECOND, deadline));
    }
}

/* -------------------------------------------------------------------- file */

/* Gives a new lock file the owner, group and mode of the database: a user that
 * may write the database may use the lock file. Where the system does not
 * permit that, a later user may get DENIED. */
static void copy_access(int fd, const char *owner)
{
    struct stat info;

    if (stat(owner, &info) != 0 ||
        (geteuid() == 0 && fchown(fd, info.st_uid, info.st_gid) != 0)) {
        return;
    }
    (void)fchmod(fd, info.st_mode & 0777);
}

/* Opens the file, or creates it. Returns a descriptor, or -1 with errno. */
static int open_file(const char *path, const char *owner)
{
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    int fd = open(path, flags);

    if (fd >= 0 || errno != ENOENT) {
        return fd;
    }
    fd = open(path, flags | O_CREAT | O_EXCL, 0600);
    if (fd >= 0) {
        copy_access(fd, owner);
    } else if (errno == EEXIST) {
        fd = open(path, flags);
    }
    return fd;
}

/* Returns true if the last user removed the file after it was opened (INV4). */
static bool is_removed(int fd, const char *path)
{
    struct stat opened;
    struct stat named;

    return fstat(fd, &opened) != 0 || stat(path, &named) != 0 ||
           opened.st_ino != named.st_ino || opened.st_dev != named.st_dev;
}

/* Opens the file and acquires the open lock. Returns 0 or an errno. */
static int open_and_lock(struct lock_file *lock_file, const char *owner,
                         int64_t deadline)
{
    for (;;) {
        lock_file->fd = open_file(lock_file->path, owner);
        if (lock_file->fd < 0) {
            if (errno == ENOENT && clock_now() < deadline) {
                continue; /* removed between two calls of open() */
            }
            return errno;
        }
        int code = acquire_open_lock(lock_file->fd, deadline);
        if (code != 0 || !is_removed(lock_file->fd, lock_file->path)) {
            return code;
        }
        (void)close(lock_file->fd);
    }
}

/* -------------------------------------------------------------------- page */

static int map_page(struct lock_file *lock_file)
{
    void *page = mmap(NULL, LOCK_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                      lock_file->fd, 0);

    if (page == MAP_FAILED) {
        return errno;
    }
    lock_file->page = page;
    return 0;
}

/* Initialises the page, as the only user (INV2). The page is written, not only
 * sized: on a full disk the first access to a hole would raise SIGBUS. */
static int init_page(struct lock_file *lock_file)
{
    static const char zeros[LOCK_PAGE_SIZE];
    ssize_t size = pwrite(lock_file->fd, zeros, LOCK_PAGE_SIZE, 0);
    int code = size == LOCK_PAGE_SIZE ? 0 : size < 0 ? errno : ENOSPC;

    if (code == 0) {
        code = map_page(lock_file);
    }
    if (code == 0) {
        code = quipu_common_fair_lock_init(&lock_file->page->fair_lock);
    }
    if (code == 0) {
        lock_file->page->format = LOCK_PAGE_FORMAT;
        lock_file->page->size = sizeof(*lock_file->page);
        memcpy(lock_file->page->magic, magic, sizeof(magic));
    }
    return code;
}

/* Maps the page that another user has initialised; EPROTO: it has another
 * layout (INV5). */
static int join_page(struct lock_file *lock_file)
{
    struct stat info;

    if (fstat(lock_file->fd, &info) != 0) {
        return errno;
    }
    if (info.st_size != LOCK_PAGE_SIZE) {
        return EPROTO;
    }
    int code = map_page(lock_file);
    if (code != 0) {
        return code;
    }
    const struct lock_file_page *page = lock_file->page;
    return memcmp(page->magic, magic, sizeof(magic)) == 0 &&
                   page->format == LOCK_PAGE_FORMAT &&
                   page->size == sizeof(*page)
               ? 0
               : EPROTO;
}

/* Acquires the users lock, exclusively (*alone) or shared, and gets the page;
 * the open lock is held (INV3). */
static int acquire_users_lock(struct lock_file *lock_file, bool *alone)
{
    int code = lock_byte(lock_file->fd, BYTE_USERS, F_WRLCK);

    *alone = code == 0;
    if (is_held(code)) {
        code = lock_byte(lock_file->fd, BYTE_USERS, F_RDLCK);
    }
    if (code != 0) {
        return code;
    }
    return *alone ? init_page(lock_file) : join_page(lock_file);
}

/* ------------------------------------------------------- opening and closing
 */

static int set_error(const struct lock_file_target *target, int code,
                     quipu_error *error)
{
    const quipu_host *host = target->host;
    const char *database = target->database;

    switch (code) {
    case ETIMEDOUT:
        return host->error_set(error, QUIPU_BUSY, 0, NULL,
                               "\"%s\" was being opened or closed by another "
                               "program until the deadline; try again",
                               database);
    case EPROTO:
        return host->error_set(
            error, QUIPU_UNSUPPORTED, 0, NULL,
            "\"%s\" is in use by a program whose quipu or C library is too "
            "different from this one's; close it there first",
            database);
    case ENOLCK:
    case EOPNOTSUPP:
        return host->error_set(error, QUIPU_UNSUPPORTED, code, NULL,
                               "the file system of \"%s\" has no locks; use a "
                               "local file system",
                               database);
    default:
        return quipu_common_error_set_system(
            host, database, code, "use the lock file (-quipu) beside", error);
    }
}

/* Returns the name of the lock file, allocated with the host. */
static char *name_of(const struct lock_file_target *target)
{
    static const char suffix[] = "-quipu";
    const size_t size = strlen(target->database);
    char *path = target->host->allocate(size + sizeof(suffix));

    if (path) {
        memcpy(path, target->database, size);
        memcpy(path + size, suffix, sizeof(suffix));
    }
    return path;
}

int quipu_common_lock_file_open_locked(struct lock_file *lock_file,
                                       const struct lock_file_target *target,
                                       int64_t deadline, bool *alone,
                                       quipu_error *error)
{
    *lock_file = (struct lock_file){ .fd = -1, .path = name_of(target) };
    if (!lock_file->path) {
        return target->host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                                       "no memory for the name of a lock file");
    }
    int code = open_and_lock(lock_file, target->owner, deadline);
    if (code == 0) {
        code = acquire_users_lock(lock_file, alone);
    }
    if (code != 0) {
        quipu_common_lock_file_close(lock_file, target->host, false);
        return set_error(target, code, error);
    }
    return QUIPU_OK;
}

int quipu_common_lock_file_open(struct lock_file *lock_file,
                                const struct lock_file_target *target,
                                int64_t deadline, bool *alone,
                                quipu_error *error)
{
    int status = quipu_common_lock_file_open_locked(lock_file, target, deadline,
                                                    alone, error);

    if (status == QUIPU_OK && !*alone) {
        quipu_common_lock_file_unlock(lock_file);
    }
    return status;
}

void quipu_common_lock_file_unlock(struct lock_file *lock_file)
{
    (void)lock_byte(lock_file->fd, BYTE_USERS, F_RDLCK);
    (void)lock_byte(lock_file->fd, BYTE_OPEN, F_UNLCK);
}

bool quipu_common_lock_file_try_exclusive(struct lock_file *lock_file,
                                          int64_t deadline)
{
    return acquire_open_lock(lock_file->fd, deadline) == 0 &&
           !is_removed(lock_file->fd, lock_file->path) &&
           lock_byte(lock_file->fd, BYTE_USERS, F_WRLCK) == 0;
}

void quipu_common_lock_file_close(struct lock_file *lock_file,
                                  const quipu_host *host, bool remove)
{
    if (remove) {
        (void)unlink(lock_file->path);
    }
    if (lock_file->page) {
        (void)munmap(lock_file->page, LOCK_PAGE_SIZE);
    }
    if (lock_file->fd >= 0) {
        (void)close(lock_file->fd);
    }
    host->release(lock_file->path);
    *lock_file = (struct lock_file){ .fd = -1 };
}
