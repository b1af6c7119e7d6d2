/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the journal.
 *
 * A record is written by one writev to a descriptor with O_APPEND, which Linux
 * does atomically, so records of several processes are not mixed.  The order of
 * records is the order of the operations where that matters: a sync is recorded
 * before it is made, a write after it, and changes of names under a lock.
 */
#include "journal.h"

#include "interpose.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int journal_fd = -1;

/* Ends the process with a status of its own, so that a failure of the journal
 * cannot be taken for one of the driver. */
static _Noreturn void give_up(const char *what)
{
    (void)fprintf(stderr, "quipu-faults: %s: %s\n", what, strerror(errno));
    _exit(98);
}

void journal_start(const char *path)
{
    journal_fd =
        NEXT(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal_fd < 0) {
        give_up(path);
    }
}

bool journal_is_open(void)
{
    return journal_fd >= 0;
}

static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;

/* Locks the journal against other processes; the mutex is for threads. */
static void lock_journal(short type)
{
    struct flock lock = { .l_type = type, .l_whence = SEEK_SET };
    int before = errno;
    if (journal_fd >= 0 && fcntl(journal_fd, F_OFD_SETLKW, &lock) != 0) {
        give_up("locking the journal");
    }
    errno = before;
}

void journal_lock(void)
{
    (void)pthread_mutex_lock(&names_lock);
    lock_journal(F_WRLCK);
}

void journal_unlock(void)
{
    lock_journal(F_UNLCK);
    (void)pthread_mutex_unlock(&names_lock);
}

static void put(const struct iovec *pieces, int count)
{
    int before = errno;
    ssize_t size = 0;
    for (int i = 0; i < count; i++) {
        size += (ssize_t)pieces[i].iov_len;
    }
    if (NEXT(writev)(journal_fd, pieces, count) != size) {
        give_up("writing the journal");
    }
    errno = before;
}

static struct iovec piece_of(void *data, size_t size)
{
    return (struct iovec){ .iov_base = data, .iov_len = size };
}

void journal_write_names(enum journal_kind kind, const struct file *file,
                         const char *name, const char *other)
{
    struct journal_record record = { .kind = kind };
    struct iovec pieces[3] = { piece_of(&record, sizeof(record)) };
    const char *names[2] = { name, other };
    if (journal_fd < 0) {
        return;
    }
    if (file) {
        record.device = file->device;
        record.inode = file->inode;
    }
    for (int i = 0; i < 2; i++) {
        size_t size = names[i] ? strlen(names[i]) + 1 : 0;
        pieces[i + 1] = piece_of((void *)names[i], size);
        record.names_size += (uint32_t)size;
    }
    put(pieces, 3);
}

void journal_write_data(enum journal_kind kind, const struct file *file,
                        const struct journal_data *data)
{
    size_t size = data->size;
    struct journal_record record = { .kind = kind,
                                     .device = file->device,
                                     .inode = file->inode,
                                     .offset = data->offset,
                                     .data_size = size };
    struct iovec *all;
    if (journal_fd < 0 || size == 0) {
        return;
    }
    all = calloc((size_t)data->count + 1, sizeof(*all));
    if (!all) {
        give_up("writing the journal");
    }
    all[0] = piece_of(&record, sizeof(record));
    for (int i = 0; i < data->count; i++) {
        all[i + 1] = data->pieces[i];
        if (all[i + 1].iov_len > size) {
            all[i + 1].iov_len = size;
        }
        size -= all[i + 1].iov_len;
    }
    put(all, data->count + 1);
    free(all);
}

void journal_write_number(enum journal_kind kind, const struct file *file,
                          int64_t number)
{
    struct journal_record record = { .kind = kind,
                                     .device = file->device,
                                     .inode = file->inode,
                                     .offset = number };
    struct iovec piece = piece_of(&record, sizeof(record));
    if (journal_fd >= 0) {
        put(&piece, 1);
    }
}

/* Called by the suite: see quipu_subprocess_mark. */
void quipu_fault_journal_mark(unsigned writer, int64_t count);
void quipu_fault_journal_mark(unsigned writer, int64_t count)
{
    struct file file = { .device = writer };
    journal_write_number(JOURNAL_MARK, &file, count);
}
