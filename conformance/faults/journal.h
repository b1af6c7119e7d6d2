/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the journal (journal_format.h).  Without a journal the functions do
 * nothing.  They end the process if the journal cannot be written, and leave
 * errno unchanged.
 */
#ifndef QUIPU_FAULTS_JOURNAL_H
#define QUIPU_FAULTS_JOURNAL_H

#include "files.h"
#include "journal_format.h"

#include <sys/uio.h>

/* Opens the file, which several processes may append to, or creates it. */
void journal_start(const char *path);

bool journal_is_open(void);

/* Calls that change names are made and recorded between these two, so that the
 * journal has them in the order in which they happened, in all processes. */
void journal_lock(void);
void journal_unlock(void);

/* Writes a record with names.  `file`, `name` and `other` may be NULL. */
void journal_write_names(enum journal_kind kind, const struct file *file,
                         const char *name, const char *other);

/* Data of a record: the first `size` bytes of the pieces, written at
 * `offset`. */
struct journal_data {
    const struct iovec *pieces;
    int count;
    size_t size;
    int64_t offset;
};
void journal_write_data(enum journal_kind kind, const struct file *file,
                        const struct journal_data *data);

/* Writes a record whose offset is `number`. */
void journal_write_number(enum journal_kind kind, const struct file *file,
                          int64_t number);

#endif
