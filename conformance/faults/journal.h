/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the journal; without one, nothing. */
#ifndef QUIPU_FAULTS_JOURNAL_H
#define QUIPU_FAULTS_JOURNAL_H

#include "files.h"
#include "journal_format.h"

#include <sys/uio.h>

/* Appends to a file, which is made if need be. */
void journal_start(const char *path);

bool journal_is_open(void);

/* What changes names is told in the order in which it happens: it is done, and
 * told, between these two. */
void journal_lock(void);
void journal_unlock(void);

/* Names may be NULL. */
void journal_write_names(enum journal_kind kind, const struct file *file,
                         const char *name, const char *other);
/* The first `size` bytes of the pieces, at an offset. */
void journal_write_data(enum journal_kind kind, const struct file *file,
                        const struct iovec *pieces, int count, size_t size,
                        int64_t offset);
/* A kind with a number in place of the offset. */
void journal_write_number(enum journal_kind kind, const struct file *file,
                          int64_t number);

#endif
