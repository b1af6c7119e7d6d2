/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the names of the status codes. */
#include "quipu_test.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_has_its_name),
        cmocka_unit_test(unknown_status_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
