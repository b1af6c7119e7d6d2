/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the journal; without one, nothing. */
#ifndef QUIPU_FAULTS_WRITER_H
#define QUIPU_FAULTS_WRITER_H

#include "files.h"
#include "journal.h"

#include <sys/uio.h>

/* Appends to a file, which is made if need be. */
void writer_start(const char *path);

bool writer_writes(void);

/* What changes names is told in the order in which it happens: it is done, and
 * told, between these two. */
void writer_lock(void);
void writer_unlock(void);

/* Names may be NULL. */
void writer_tell(enum journal_kind kind, const struct file *file,
                 const char *name, const char *other);
/* The first `size` bytes of the pieces, at an offset. */
void writer_tell_data(enum journal_kind kind, const struct file *file,
                      const struct iovec *pieces, int count, size_t size,
                      int64_t offset);
/* A kind with a number in place of the offset. */
void writer_tell_number(enum journal_kind kind, const struct file *file,
                        int64_t number);

#endif
