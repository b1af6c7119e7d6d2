/* SPDX-License-Identifier: Apache-2.0 */
/* Checks: the first that fails tells why and ends the case's process. */
#ifndef QUIPU_ASSERTION_H
#define QUIPU_ASSERTION_H

#include <quipu/types.h>

#define QUIPU_EXIT_FAILED 1
#define QUIPU_EXIT_SKIPPED 77

/* The error argument of all calls in cases; each thread has its own. */
extern _Thread_local quipu_error quipu_assertion_error;
#define ERR (&quipu_assertion_error)

/* CHECK(a == b, "a is %d", a): the message is required. */
#define CHECK(condition, ...) \
    ((condition) ? (void)0    \
                 : quipu_assertion_fail(__FILE__, __LINE__, __VA_ARGS__))

/* OK(quipu_datastore_open(uri, NULL, &ds, ERR)): the call must succeed. */
#define OK(call) \
    quipu_assertion_status(__FILE__, __LINE__, #call, QUIPU_OK, (call))

/* RETURNS(QUIPU_CONFLICT, call): the call must answer just that. */
#define RETURNS(code, call) \
    quipu_assertion_status(__FILE__, __LINE__, #call, (code), (call))

_Noreturn void quipu_assertion_fail(const char *file, int line,
                                    const char *format, ...) QUIPU_PRINTF(3, 4);
void quipu_assertion_status(const char *file, int line, const char *call,
                            int expected, int status);

/* Ends the case: it has nothing to say of this store, and why. */
_Noreturn void quipu_assertion_skip(const char *format, ...) QUIPU_PRINTF(1, 2);

#endif
