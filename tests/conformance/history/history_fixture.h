/* SPDX-License-Identifier: Apache-2.0 */
/* Histories written by hand: their sessions' lines in, violations out. */
#ifndef HISTORY_FIXTURE_H
#define HISTORY_FIXTURE_H

#include "history/checker.h"

/* Makes the folder "history" of sessions 1, 2 ...; their lines without the two
 * that are the head.  NULL ends them. */
void history_write(const char *const sessions[]);
void history_remove(void);

/* Loads, judges and explains it, and removes it. */
void history_judge(const char *const sessions[],
                   struct quipu_violations *violations);
/* The explanation of the last one, and its timeline. */
const char *history_explained(void);
const char *history_drawn(void);

/* The history has one violation, or several, of this kind and no other. */
void assert_violates_of(const char *const sessions[], int kind,
                        const char *part, const char *file, int line);
void assert_legal_of(const char *const sessions[], const char *file, int line);

/* SESSIONS("10 1 append ...\n" "20 1 OK ...\n", "...") */
#define SESSIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })
/* The sentence contains `part`. */
#define assert_violates(kind, part, ...)                                \
    assert_violates_of(SESSIONS(__VA_ARGS__), (kind), (part), __FILE__, \
                       __LINE__)
#define assert_legal(...) \
    assert_legal_of(SESSIONS(__VA_ARGS__), __FILE__, __LINE__)

#endif
