/* SPDX-License-Identifier: Apache-2.0 */
/* What every test includes first: cmocka with what it needs before it, and
 * assertions that show a status by name together with its message.
 * Assert in the main thread only: elsewhere cmocka ends the program mutely. */
#ifndef QUIPU_TEST_H
#define QUIPU_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <quipu/error.h>

/* The analyzer is told that a failing assertion ends the test. */
#ifdef __clang_analyzer__
#define quipu_test_assume(condition) ((condition) ? (void)0 : abort())
#undef assert_true
#define assert_true(condition) quipu_test_assume(condition)
#undef assert_false
#define assert_false(condition) quipu_test_assume(!(condition))
#undef assert_null
#define assert_null(pointer) quipu_test_assume(!(pointer))
#undef assert_non_null
#define assert_non_null(pointer) quipu_test_assume((pointer) != NULL)
#define quipu_test_fail(file, line) (_fail((file), (line)), abort())
#else
#define quipu_test_fail(file, line) _fail((file), (line))
#endif

/* assert_ok(quipu_datastore_open(uri, NULL, &ds, &err), &err): the call must
 * answer QUIPU_OK. The error may be NULL. */
#define assert_ok(call, err) \
    quipu_test_status((call), QUIPU_OK, (err), #call, __FILE__, __LINE__)

/* assert_status(call, QUIPU_CONFLICT): the call must answer just that. */
#define assert_status(call, code) \
    quipu_test_status((call), (code), NULL, #call, __FILE__, __LINE__)

/* assert_refused(call, QUIPU_CONFLICT, &err, "position 3"): the code, and a
 * message that contains the text. */
#define assert_refused(call, code, err, text)                                \
    do {                                                                     \
        quipu_test_status((call), (code), (err), #call, __FILE__, __LINE__); \
        quipu_test_contains((err)->message, (text), __FILE__, __LINE__);     \
    } while (0)

/* Equal lengths and equal bytes; no bytes may be NULL on either side. */
#define assert_bytes(data, size, expected, expected_size)                   \
    quipu_test_bytes((data), (size), (expected), (expected_size), __FILE__, \
                     __LINE__)

/* The text contains the part. */
#define assert_contains(text, part) \
    quipu_test_contains((text), (part), __FILE__, __LINE__)

static inline void quipu_test_status(int status, int expected,
                                     const quipu_error *err, const char *call,
                                     const char *file, int line)
{
    if (status != expected) {
        print_error("%s\n  answered %s, not %s%s%s\n", call,
                    quipu_status_name(status), quipu_status_name(expected),
                    err ? ": " : "", err ? err->message : "");
        quipu_test_fail(file, line);
    }
}

static inline void quipu_test_contains(const char *text, const char *part,
                                       const char *file, int line)
{
    if (!strstr(text, part)) {
        print_error("\"%s\"\n  does not contain \"%s\"\n", text, part);
        quipu_test_fail(file, line);
    }
}

static inline void quipu_test_bytes(const void *data, size_t size,
                                    const void *expected, size_t expected_size,
                                    const char *file, int line)
{
    if (size != expected_size) {
        print_error("%zu bytes, not %zu\n", size, expected_size);
        quipu_test_fail(file, line);
    }
    if (size > 0) {
        _assert_memory_equal(data, expected, size, file, line);
    }
}

#endif
