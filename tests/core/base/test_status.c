/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the names of the status codes, and how the status of a foreign function
 * reaches the caller. */
#include "quipu_test.h"

#include "base/status.h"

static void status_has_its_name(void **state)
{
    (void)state;
    assert_string_equal(quipu_status_name(QUIPU_OK), "OK");
    assert_string_equal(quipu_status_name(QUIPU_INTERNAL), "INTERNAL");
}

static void unknown_status_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(quipu_status_name(-1), "?");
    assert_string_equal(quipu_status_name(QUIPU_INTERNAL + 1), "?");
}

static void cause_reaches_the_caller_with_the_status(void **state)
{
    quipu_error cause, error;

    (void)state;
    quipu_status_begin(&cause);
    assert_false(quipu_status_explained(&cause));
    quipu_error_set(&cause, QUIPU_IO, "the disk is full");
    assert_true(quipu_status_explained(&cause));
    assert_int_equal(quipu_status_end(77, &cause, &error, "it"), 77);
    assert_int_equal(error.code, 77);
    assert_string_equal(error.message, "the disk is full");
    assert_int_equal(quipu_status_end(QUIPU_IO, &cause, NULL, "it"), QUIPU_IO);
}

static void status_without_cause_names_the_function(void **state)
{
    quipu_error cause, error;

    (void)state;
    quipu_status_begin(&cause);
    assert_refused(quipu_status_end(QUIPU_BUSY, &cause, &error, "the handler"),
                   QUIPU_BUSY, &error,
                   "the handler returned BUSY (4) without an error message");
}

static void success_leaves_the_error_unchanged(void **state)
{
    quipu_error cause, error = { .code = QUIPU_DENIED };

    (void)state;
    quipu_error_set(&cause, QUIPU_IO, "not relevant");
    assert_int_equal(quipu_status_end(QUIPU_OK, &cause, &error, "it"),
                     QUIPU_OK);
    assert_int_equal(error.code, QUIPU_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_has_its_name),
        cmocka_unit_test(unknown_status_has_a_name),
        cmocka_unit_test(cause_reaches_the_caller_with_the_status),
        cmocka_unit_test(status_without_cause_names_the_function),
        cmocka_unit_test(success_leaves_the_error_unchanged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
