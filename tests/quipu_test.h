/* SPDX-License-Identifier: Apache-2.0 */
/* Every test includes this header first. It brings in cmocka with the headers
 * that cmocka needs before it, and assertions that print a status by name
 * together with the error's message. Assert in the main thread only: in another
 * thread cmocka ends the program without a report. */
#ifndef QUIPU_TEST_H
#define QUIPU_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <quipu/error.h>

/* A test leaves files in the current folder; ctest gives each an empty one. One
 * that is started by hand in the root of the sources would leave them there. */
__attribute__((constructor)) static void quipu_test_refuse_source_root(void)
{
    if (access("CMakePresets.json", F_OK) == 0 && access("core", F_OK) == 0) {
        (void)fprintf(stderr, "this test creates files in the current folder, "
                              "and that is the root of the sources; run it by "
                              "ctest, or in an empty folder\n");
        _exit(2);
    }
}

/* Tell the static analyzer that a failing assertion ends the test. */
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

/* assert_ok(quipu_datastore_open(uri, NULL, &ds, &err), &err): the call returns
 * QUIPU_OK. The error may be NULL. */
#define assert_ok(call, err) \
    quipu_test_status((call), QUIPU_OK, (err), #call, __FILE__, __LINE__)

/* assert_status(call, QUIPU_CONFLICT): the call returns this status. */
#define assert_status(call, code) \
    quipu_test_status((call), (code), NULL, #call, __FILE__, __LINE__)

/* assert_refused(call, QUIPU_CONFLICT, &err, "position 3"): the call returns
 * this status, with an error message that contains the text. */
#define assert_refused(call, code, err, text)                                \
    do {                                                                     \
        quipu_test_status((call), (code), (err), #call, __FILE__, __LINE__); \
        quipu_test_contains((err)->message, (text), __FILE__, __LINE__);     \
    } while (0)

/* Equal lengths and equal bytes. A pointer may be NULL if its size is 0. */
#define assert_bytes(data, size, expected, expected_size)                   \
    quipu_test_bytes((data), (size), (expected), (expected_size), __FILE__, \
                     __LINE__)

/* assert_contains(text, part): both are strings, and part occurs in text. */
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
