/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assertions of cases.  The first that fails writes the reason to standard
 * error and ends the process, in whichever thread it is; the runner takes what
 * the process wrote as the text of the failure.  Child processes of a case fail
 * the same way, and their parent passes that on (quipu_assertion_child).
 */
#ifndef QUIPU_ASSERTION_H
#define QUIPU_ASSERTION_H

#include "completion.h"

#include <quipu/types.h>

/* The error argument of all calls in cases: one for each thread. */
extern _Thread_local quipu_error quipu_assertion_error;
#define ERR (&quipu_assertion_error)

/* CHECK(a == b, "a is %d", a): fails with the message unless the condition
 * holds. */
#define CHECK(condition, ...) \
    ((condition) ? (void)0    \
                 : quipu_assertion_fail(__FILE__, __LINE__, __VA_ARGS__))

/* OK(quipu_datastore_open(uri, NULL, &ds, ERR)): the call must return QUIPU_OK.
 */
#define OK(call) \
    quipu_assertion_status(__FILE__, __LINE__, #call, QUIPU_OK, (call))

/* RETURNS(QUIPU_CONFLICT, call): the call must return that status. */
#define RETURNS(code, call) \
    quipu_assertion_status(__FILE__, __LINE__, #call, (code), (call))

/* CHECK_CHILD(process, status, "writer %u", i): a child process that has ended
 * with this status, as of waitpid, must have done its work.  If it failed or
 * was skipped, the process ends the same way, since the child has written the
 * reason; if it died, the message is "writer 3 died of signal 6 (Aborted)". */
#define CHECK_CHILD(process, status, ...) \
    quipu_assertion_child(__FILE__, __LINE__, (process), (status), __VA_ARGS__)

/* Fails with "file:line: message". */
_Noreturn void quipu_assertion_fail(const char *file, int line,
                                    const char *format, ...) QUIPU_PRINTF(3, 4);
void quipu_assertion_status(const char *file, int line, const char *call,
                            int expected, int status);

void quipu_assertion_child(const char *file, int line, pid_t process,
                           int status, const char *format, ...)
    QUIPU_PRINTF(5, 6);

/* Ends the case as skipped, with the reason: it cannot run here, so that the
 * guarantee is not tested; */
_Noreturn void quipu_assertion_skip(const char *format, ...) QUIPU_PRINTF(1, 2);
/* or it does not apply to a store like this one. */
_Noreturn void quipu_assertion_inapplicable(const char *reason);

#endif
