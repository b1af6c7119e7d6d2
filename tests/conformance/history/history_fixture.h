/* SPDX-License-Identifier: Apache-2.0 */
/* Histories that tests write by hand: the lines of the sessions in, the
 * violations out. */
#ifndef HISTORY_FIXTURE_H
#define HISTORY_FIXTURE_H

#include "history/checker.h"

/* Creates the folder "history" with the sessions 1, 2 ...  Each string holds
 * the lines of a session without its first two; NULL ends the array. */
void history_write(const char *const sessions[]);
void history_remove(void);

/* Writes, loads, checks and removes a history. */
void history_check(const char *const sessions[],
                   struct quipu_violations *violations);
/* The report and the timeline of the last history that was checked. */
const char *history_report(void);
const char *history_timeline(void);

/* Fails the test unless the history has violations of this kind and of no
 * other, and the first one's sentence contains `part`. */
void assert_violates_of(const char *const sessions[], int kind,
                        const char *part, const char *file, int line);
void assert_legal_of(const char *const sessions[], const char *file, int line);

/* SESSIONS("10 1 append ...\n" "20 1 OK ...\n", "...") */
#define SESSIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define assert_violates(kind, part, ...)                                \
    assert_violates_of(SESSIONS(__VA_ARGS__), (kind), (part), __FILE__, \
                       __LINE__)
#define assert_legal(...) \
    assert_legal_of(SESSIONS(__VA_ARGS__), __FILE__, __LINE__)

#endif
