/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a lock file: its initial contents, and whether a process can use
 * the page of others. The invariants are those of lock_file.c. */
#include "lock_page.h"

#include "safeguard.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_PAGE_FORMAT 2 /* 1 had mutexes in the page */

static const char magic[8] = "quipu\n1";
static const char no_bytes[LOCK_PAGE_BYTES];

static struct file_identity own_pid_namespace(void)
{
    struct stat info;

    if (stat("/proc/self/ns/pid", &info) != 0) {
        return (struct file_identity){ 0 };
    }
    return (struct file_identity){ info.st_dev, info.st_ino };
}

static bool is_known(const struct file_identity *identity)
{
    return identity->device != 0 || identity->inode != 0;
}

static bool is_same(const struct file_identity *one,
                    const struct file_identity *other)
{
    return one->device == other->device && one->inode == other->inode;
}

int quipu_common_lock_page_read_marks(int fd,
                                      const struct file_identity *database,
                                      uint64_t marks[2])
{
    struct lock_page page;
    const ssize_t size = pread(fd, &page, sizeof(page), 0);
    const int code = size < 0 ? errno : 0;
    const bool is_ours = size == (ssize_t)sizeof(page) &&
                         memcmp(page.magic, magic, sizeof(magic)) == 0 &&
                         page.format == LOCK_PAGE_FORMAT &&
                         page.size == sizeof(page) &&
                         is_same(&page.database, database);

    for (int i = 0; i < 2; i++) {
        marks[i] = is_ours ? atomic_load(&page.marks[i]) : 0;
    }
    return code;
}

/* Writes the page, as the only user (INV2), in one piece. It is not only sized:
 * on a full disk the first access to a hole would raise SIGBUS. */
int quipu_common_lock_page_write(int fd, const struct lock_file_target *target)
{
    union {
        char bytes[LOCK_PAGE_BYTES];
        struct lock_page page;
    } fresh = { .bytes = { 0 } };

    memcpy(fresh.page.magic, magic, sizeof(magic));
    fresh.page.format = LOCK_PAGE_FORMAT;
    fresh.page.size = sizeof(fresh.page);
    fresh.page.database = target->identity;
    if (target->one_pid_namespace) {
        fresh.page.pid_namespace = own_pid_namespace();
    }
    if (target->keeps_marks) {
        uint64_t marks[2];

        int code =
            quipu_common_lock_page_read_marks(fd, &target->identity, marks);
        if (code != 0) {
            return code;
        }
        fresh.page.marks[0] = marks[0];
        fresh.page.marks[1] = marks[1];
    }
    ssize_t size = pwrite(fd, fresh.bytes, LOCK_PAGE_BYTES, 0);
    return size == LOCK_PAGE_BYTES ? 0 : size < 0 ? errno : ENOSPC;
}

/* Checks that the page of other users is one that this process can use. */
int quipu_common_lock_page_check(struct lock_page *page,
                                 const struct lock_file_target *target)
{
    const struct file_identity *database = &target->identity;

    if (memcmp(page->magic, magic, sizeof(magic)) != 0 ||
        page->format != LOCK_PAGE_FORMAT || page->size != sizeof(*page)) {
        return EPROTO; /* INV5 */
    }
    if (is_known(database) && !is_known(&page->database)) {
        page->database = *database; /* it has been created since */
    }
    if (is_known(database) &&
        SAFEGUARDED("U1.one-file-of-that-name",
                    !is_same(database, &page->database), false)) {
        return ESTALE; /* INV8 */
    }
    if (target->one_pid_namespace) {
        const struct file_identity own = own_pid_namespace();

        return SAFEGUARDED("V3.one-pid-namespace",
                           is_same(&own, &page->pid_namespace), true)
                   ? 0
                   : EREMOTE; /* INV9 */
    }
    return 0;
}

int quipu_common_lock_page_recognise(int fd)
{
    struct stat info;
    char bytes[LOCK_PAGE_BYTES];

    if (fstat(fd, &info) != 0) {
        return errno;
    }
    if (!S_ISREG(info.st_mode) || info.st_size != LOCK_PAGE_BYTES ||
        info.st_nlink > 1) { /* 0: removed since, as the caller notices */
        return EEXIST;
    }
    ssize_t size = pread(fd, bytes, sizeof(bytes), 0);
    if (size < 0) {
        return errno;
    }
    return size == LOCK_PAGE_BYTES &&
                   (memcmp(bytes, magic, sizeof(magic)) == 0 ||
                    memcmp(bytes, no_bytes, sizeof(bytes)) == 0)
               ? 0
               : EEXIST;
}
