/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a journal of quipu-faults.so. */
#include "journal.h"

#include "context/assertion.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const struct journal_record *quipu_journal_at(
    const struct quipu_journal *journal, size_t i)
{
    return (const struct journal_record *)(const void *)journal->records[i];
}

const char *quipu_journal_names(const struct journal_record *record)
{
    return (const char *)(record + 1);
}

const unsigned char *quipu_journal_data(const struct journal_record *record)
{
    return (const unsigned char *)(record + 1) + record->names_size;
}

/* Returns an aligned copy of the record at `at`: in the file records follow
 * each other without padding. */
static const unsigned char *copy_record(struct quipu_context *ctx,
                                        const unsigned char *at, size_t left,
                                        size_t *size)
{
    struct journal_record record;
    unsigned char *copy;

    CHECK(left >= sizeof(record), "the journal is truncated");
    memcpy(&record, at, sizeof(record));
    *size = sizeof(record) + record.names_size + (size_t)record.data_size;
    CHECK(*size <= left, "the journal is truncated");
    copy = quipu_context_allocate(ctx, *size);
    memcpy(copy, at, *size);
    return copy;
}

struct quipu_journal quipu_journal_read(struct quipu_context *ctx,
                                        const char *path)
{
    struct quipu_journal journal = { .count = 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    unsigned char *all;
    size_t size, at = 0;

    CHECK(fd >= 0 && fstat(fd, &info) == 0, "cannot open the journal %s: %s",
          path, strerror(errno));
    size = (size_t)info.st_size;
    all = mmap(NULL, size + 1, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(all != MAP_FAILED, "cannot read the journal %s: %s", path,
          strerror(errno));
    close(fd);
    journal.records = quipu_context_allocate(
        ctx, (size / sizeof(struct journal_record) + 1) * sizeof(void *));
    while (at < size) {
        size_t step;

        journal.records[journal.count++] =
            copy_record(ctx, all + at, size - at, &step);
        at += step;
    }
    munmap(all, size + 1);
    return journal;
}

int64_t quipu_journal_mark(const struct quipu_journal *journal, size_t end,
                           unsigned writer)
{
    for (size_t i = end; i-- > 0;) {
        const struct journal_record *record = quipu_journal_at(journal, i);

        if (record->kind == JOURNAL_MARK && record->device == writer) {
            return record->offset;
        }
    }
    return 0;
}
