/* SPDX-License-Identifier: Apache-2.0 */
/* What can be asked; each answer comes from the store alone. */
#ifndef QUESTIONS_H
#define QUESTIONS_H

#include "ledger.h"

/* The most changed files. */
int ask_top(const struct ledger *ledger, size_t most, quipu_error *error);

/* All that happened to the files that were ever at a path.  NOT_FOUND. */
int ask_life(const struct ledger *ledger, const char *path, quipu_error *error);

/* The file that was last at a path, after the event of that version.
 * NOT_FOUND. */
int ask_at(const struct ledger *ledger, const char *path, int64_t version,
           quipu_error *error);

/* How much there is of what. */
int ask_summary(const struct ledger *ledger, quipu_error *error);

/* The ids of the files that were ever at a path (as path_to_text), in order of
 * their first event there; to be freed.  NOT_FOUND: none was. */
int find_files(const struct ledger *ledger, const char *path, quipu_id **ids,
               size_t *count, quipu_error *error);

#endif
