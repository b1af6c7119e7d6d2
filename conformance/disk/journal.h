/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the journal that quipu-faults.so writes. */
#ifndef QUIPU_JOURNAL_H
#define QUIPU_JOURNAL_H

#include "trial/trial.h"

#include "faults/journal.h"

struct quipu_journal {
    const unsigned char **records; /* each a struct journal_record */
    size_t count;
};

/* Reads a journal for the rest of the case. */
struct quipu_journal quipu_journal_read(struct quipu_trial *t,
                                        const char *path);

const struct journal_record *quipu_journal_at(
    const struct quipu_journal *journal, size_t i);
/* The names after a record, and its data. */
const char *quipu_journal_names(const struct journal_record *record);
const unsigned char *quipu_journal_data(const struct journal_record *record);

/* The last mark that number `who` has set before record `end`, or 0. */
int64_t quipu_journal_mark(const struct quipu_journal *journal, size_t end,
                           unsigned who);

#endif
