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
 * lock (fair_lock.c).
 *
 * METHOD
 *
 * Four bytes of the file carry locks of open file descriptions (byte_lock.h):
 *
 *   open lock    Held exclusively while a process opens or closes the
 *                database.
 *   users lock   Held shared by each process that has the database open. A
 *                process that obtains it exclusively is the only user.
 *   next, writer The two steps of the fair lock.
 *
 * Opening: acquire the open lock; try the users lock exclusively. If that
 * succeeds, initialise the page, do what only the first process may do
 * (recovery), and change the users lock to a shared one. Otherwise take it
 * shared and check that the page is one that the process can use. Release the
 * open lock.
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
 *         durable but the magic, by which the file is recognised.
 *   INV3  The users lock changes only while the open lock is held. So no two
 *         processes initialise the page, and none starts to use a page that is
 *         being removed.
 *   INV4  The last user removes the file while it holds both locks. A process
 *         that opened the file before, and waited for the open lock, then holds
 *         a lock on a file without a name; it notices that (lock_name.h) and
 *         starts again.
 *   INV5  Only a page with the same magic, format and struct size is used.
 *         Another program's page is left alone (EPROTO).
 *   INV6  A file of that name is written or removed only if it is a lock file:
 *         a regular file with one name, of the size of the page, that begins
 *         with the magic or has no byte but 0, which earlier versions of quipu
 *         left at a power cut. Any other file is somebody's (EEXIST).
 *   INV7  The page is not trusted (fair_lock.c, INV5). The mode gives nobody
 *         the right to read that may not write: a reader could lock a byte and
 *         keep writers out.
 *   INV8  All users have the same database open: the first one notes its device
 *         and inode. A process for which the name leads to another file is
 *         refused (ESTALE), since both would share the files beside it.
 *   INV9  LMDB identifies readers by process numbers, which each PID namespace
 *         has of its own. If the driver asks for it, all users are of one
 *         namespace (EREMOTE).
 *   INV10 A child of fork would share the descriptions, and with them the
 *         locks, which then outlive the parent. So it closes its descriptors of
 *         all lock files and does not inherit the maps. Both change only with
 *         the mutex `register_lock` held, which fork acquires.
 *
 * The open lock is polled, since F_OFD_SETLKW has no deadline. Opening and
 * closing are short and rare, and their order does not matter. */
#include "lock_file.h"

#include "byte_lock.h"
#include "clock.h"
#include "error.h"
#include "lock_name.h"
#include "safeguard.h"

#include <string.h>
#include <sys/mman.h>

/* ---------------------------------------------------------------- register
 */

static pthread_mutex_t register_lock = PTHREAD_MUTEX_INITIALIZER;
static struct lock_file *lock_files;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
    (void)pthread_mutex_lock(&register_lock);
}

static void after_fork_in_parent(void)
{
    (void)pthread_mutex_unlock(&register_lock);
}

/* Leaves the locks to the parent (INV10). The handles of the parent are not
 * used in the child. */
static void after_fork_in_child(void)
{
    SAFEGUARD("V3.locks-stay-with-the-parent")
    for (struct lock_file *at = lock_files; at; at = at->next) {
        (void)close(at->fd);
        at->fd = -1;
    }
    lock_files = NULL;
    (void)pthread_mutex_unlock(&register_lock);
}

static void watch_forks(void)
{
    (void)pthread_atfork(before_fork, after_fork_in_parent,
                         after_fork_in_child);
}

/* Takes the lock file out of the register and closes its descriptor. */
static void close_file(struct lock_file *lock_file)
{
    (void)pthread_mutex_lock(&register_lock);
    for (struct lock_file **at = &lock_files; *at; at = &(*at)->next) {
        if (*at == lock_file) {
            *at = lock_file->next;
            break;
        }
    }
    if (lock_file->fd >= 0) {
        (void)close(lock_file->fd);
        lock_file->fd = -1;
    }
    (void)pthread_mutex_unlock(&register_lock);
}

static int acquire_open_lock(int fd, int64_t deadline)
{
    for (;;) {
        int code = byte_lock_set(fd, BYTE_OPEN, F_WRLCK);

        if (!byte_lock_is_held(code)) {
            return code;
        }
        if (clock_now() >= deadline) {
            return ETIMEDOUT;
        }
        clock_sleep_until(clock_after(CLOCK_MILLISECOND, deadline));
    }
}

/* -------------------------------------------------------------------- locks
 */

/* The map refers to the description as a descriptor does, so a child does not
 * inherit it (INV10). */
static int map_page(struct lock_file *lock_file)
{
    int code = 0;

    (void)pthread_mutex_lock(&register_lock);
    void *page = mmap(NULL, LOCK_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
                      lock_file->fd, 0);
    if (page == MAP_FAILED) {
        code = errno;
    } else {
        lock_file->page = page;
        SAFEGUARD("V3.locks-stay-with-the-parent")
        (void)madvise(page, LOCK_PAGE_BYTES, MADV_DONTFORK);
    }
    (void)pthread_mutex_unlock(&register_lock);
    return code;
}

/* Acquires the users lock, exclusively (*alone) or shared, and gets the page;
 * the open lock is held (INV3). */
static int acquire_users_lock(struct lock_file *lock_file,
                              const struct lock_file_target *target,
                              bool *alone)
{
    int code = byte_lock_set(lock_file->fd, BYTE_USERS, F_WRLCK);

    *alone = code == 0;
    if (byte_lock_is_held(code)) {
        code = byte_lock_set(lock_file->fd, BYTE_USERS, F_RDLCK);
    }
    if (code == 0 && *alone) {
        code = quipu_common_lock_page_write(lock_file->fd, target);
    }
    if (code == 0) {
        code = map_page(lock_file);
    }
    if (code == 0 && !*alone) {
        code = quipu_common_lock_page_check(lock_file->page, target);
    }
    if (code == 0) {
        quipu_common_fair_lock_share(&lock_file->fair_lock, lock_file->fd,
                                     &lock_file->page->fair_lock);
    }
    return code;
}

/* Opens the file, or creates it, and enters it into the register. Returns 0 or
 * an errno. */
static int open_file(struct lock_file *lock_file,
                     const struct lock_file_target *target)
{
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    int code = 0;

    (void)pthread_mutex_lock(&register_lock);
    lock_file->fd = open(lock_file->path, flags);
    if (lock_file->fd < 0 && errno == ENOENT) {
        code = quipu_common_lock_name_create(lock_file->path, target);
        if (code == 0 || code == EEXIST) {
            lock_file->fd = open(lock_file->path, flags);
            code = lock_file->fd < 0 && errno == ENOENT ? EAGAIN : 0;
        }
    }
    if (lock_file->fd < 0 && code == 0) {
        code = errno == ELOOP || errno == EISDIR ? EEXIST : errno;
    }
    if (lock_file->fd >= 0) {
        lock_file->next = lock_files;
        lock_files = lock_file;
    }
    (void)pthread_mutex_unlock(&register_lock);
    return code;
}

/* Opens the file and acquires the open lock. Returns 0 or an errno. */
static int open_and_lock(struct lock_file *lock_file,
                         const struct lock_file_target *target,
                         int64_t deadline)
{
    for (;;) {
        int code = open_file(lock_file, target);
        if (code == EAGAIN && clock_now() < deadline) {
            /* Removed between two calls of open(), or not complete yet. */
            clock_sleep_until(clock_after(CLOCK_MILLISECOND, deadline));
            continue;
        }
        if (code == 0) {
            code = acquire_open_lock(lock_file->fd, deadline);
        }
        if (code != 0) {
            return code;
        }
        if (quipu_common_lock_name_leads_to(lock_file->fd, lock_file->path)) {
            return SAFEGUARDED("F4.another-file-of-that-name",
                               quipu_common_lock_page_recognise(lock_file->fd),
                               0);
        }
        close_file(lock_file);
    }
}

/* ------------------------------------------------------- opening and closing
 */

/* Sets the error of a file of that name that is not this database's. */
static int set_conflict(const struct lock_file_target *target, int code,
                        quipu_error *error)
{
    const quipu_host *host = target->host;
    const char *database = target->database;

    switch (code) {
    case EEXIST:
        return host->error_set(
            error, QUIPU_INVALID, 0, NULL,
            "\"%s-quipu\" is not a lock file of quipu, and \"%s\" needs that "
            "name for one; rename one of the two, or remove it if it is empty "
            "and no program uses it",
            database, database);
    case ENOTUNIQ:
        return host->error_set(
            error, QUIPU_INVALID, 0, NULL,
            "\"%s-quipu" LOCK_NAME_TEMPORARY "\" is not a lock file of quipu, "
            "and \"%s\" needs that name for a moment; rename or remove it",
            database, database);
    case ESTALE:
        return host->error_set(
            error, QUIPU_INVALID, 0, NULL,
            "another process has a file open that was called \"%s\" before it "
            "was moved or replaced; close it there first",
            database);
    case EREMOTE:
        return host->error_set(
            error, QUIPU_UNSUPPORTED, 0, NULL,
            "\"%s\" is open in another container (PID namespace), and LMDB "
            "would confuse its process numbers with those of this one; run "
            "both in one PID namespace (docker run --pid=container:NAME) with "
            "/proc mounted, or use an SQLite or PostgreSQL store",
            database);
    default:
        return host->error_set(
            error, QUIPU_UNSUPPORTED, 0, NULL,
            "\"%s\" is in use by a program with another version of quipu; "
            "close it there first",
            database);
    }
}

static int set_error(const struct lock_file_target *target, int code,
                     quipu_error *error)
{
    const quipu_host *host = target->host;
    const char *database = target->database;

    switch (code) {
    case EAGAIN:
    case ETIMEDOUT:
        return host->error_set(error, QUIPU_BUSY, 0, NULL,
                               "\"%s\" was being opened or closed by another "
                               "program until the deadline; try again",
                               database);
    case EEXIST:
    case ENOTUNIQ:
    case ESTALE:
    case EREMOTE:
    case EPROTO:
        return set_conflict(target, code, error);
    case EINVAL: /* a kernel without F_OFD_SETLK */
    case ENOLCK:
    case EOPNOTSUPP:
        return host->error_set(error, QUIPU_UNSUPPORTED, code, NULL,
                               "the file system of \"%s\" has no locks of open "
                               "files (F_OFD_SETLK); use a local file system, "
                               "and Linux 3.15 or later",
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
    (void)pthread_once(&once, watch_forks);
    if (!lock_file->path ||
        quipu_common_fair_lock_init(&lock_file->fair_lock) != 0) {
        target->host->release(lock_file->path);
        *lock_file = (struct lock_file){ .fd = -1 };
        return target->host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                                       "no memory for a lock file");
    }
    int code = open_and_lock(lock_file, target, deadline);
    if (code == 0) {
        code = acquire_users_lock(lock_file, target, alone);
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
    (void)byte_lock_set(lock_file->fd, BYTE_USERS, F_RDLCK);
    (void)byte_lock_set(lock_file->fd, BYTE_OPEN, F_UNLCK);
}

bool quipu_common_lock_file_try_exclusive(struct lock_file *lock_file,
                                          int64_t deadline)
{
    return acquire_open_lock(lock_file->fd, deadline) == 0 &&
           quipu_common_lock_name_leads_to(lock_file->fd, lock_file->path) &&
           byte_lock_set(lock_file->fd, BYTE_USERS, F_WRLCK) == 0;
}

void quipu_common_lock_file_close(struct lock_file *lock_file,
                                  const quipu_host *host, bool remove)
{
    if (!lock_file->path) {
        return;
    }
    /* INV6, once more: the name may have been given to another file. */
    if (remove &&
        quipu_common_lock_name_leads_to(lock_file->fd, lock_file->path)) {
        (void)unlink(lock_file->path);
    }
    if (lock_file->page) {
        (void)munmap(lock_file->page, LOCK_PAGE_BYTES);
    }
    close_file(lock_file);
    quipu_common_fair_lock_finish(&lock_file->fair_lock);
    host->release(lock_file->path);
    *lock_file = (struct lock_file){ .fd = -1 };
}
