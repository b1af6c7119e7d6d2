/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the journal that quipu-faults.so writes (faults/journal_format.h).  The
 * records are numbered from 0; "the power is cut at record N" means that
 * records 0 .. N - 1 happened.
 */
#ifndef QUIPU_JOURNAL_H
#define QUIPU_JOURNAL_H

#include "context/context.h"

#include "faults/journal_format.h"

struct quipu_journal {
    const unsigned char **records; /* each an aligned struct journal_record */
    size_t count;
};

/* Reads a whole journal into memory of the case, which lives until the end of
 * the case.  Ends the case if the file cannot be read or is truncated. */
struct quipu_journal quipu_journal_read(struct quipu_context *ctx,
                                        const char *path);

const struct journal_record *quipu_journal_at(
    const struct quipu_journal *journal, size_t i);
/* The record's names, each NUL-terminated, and its data. */
const char *quipu_journal_names(const struct journal_record *record);
const unsigned char *quipu_journal_data(const struct journal_record *record);

/* Returns the last mark that writer `writer` has set before record `end` (see
 * quipu_subprocess_mark), or 0 if it has set none. */
int64_t quipu_journal_mark(const struct quipu_journal *journal, size_t end,
                           unsigned writer);

#endif
