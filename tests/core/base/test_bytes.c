/* SPDX-License-Identifier: Apache-2.0 */
/* Tests borrowed bytes as values. */
#include "quipu_test.h"

#include <quipu/id.h>

static void bytes_of_text_exclude_the_nul(void **state)
{
    (void)state;
    assert_int_equal(quipu_bytes_of_text("abc").size, 3);
    assert_int_equal(quipu_bytes_of_text("").size, 0);
    assert_non_null(quipu_bytes_of_text("").data);
    assert_null(quipu_bytes_of_text(NULL).data);
    assert_int_equal(quipu_bytes_of_text(NULL).size, 0);
}

static void absent_and_empty_bytes_differ(void **state)
{
    quipu_bytes absent = { NULL, 0 }, empty = { "x", 0 };
    quipu_bytes one = { "x", 1 }, other = { "y", 1 }, two = { "xx", 2 };

    (void)state;
    assert_true(quipu_bytes_equal(absent, absent));
    assert_true(quipu_bytes_equal(empty, empty));
    assert_false(quipu_bytes_equal(absent, empty));
    assert_false(quipu_bytes_equal(empty, absent));
    assert_false(quipu_bytes_equal(one, other));
    assert_false(quipu_bytes_equal(one, two));
    assert_true(quipu_bytes_equal(one, (quipu_bytes){ "xy", 1 }));
}

static void text_is_utf8_without_nul(void **state)
{
    (void)state;
    assert_true(quipu_bytes_is_text((quipu_bytes){ NULL, 0 }));
    assert_true(quipu_bytes_is_text(quipu_bytes_of_text("na\xc3\xafve")));
    assert_false(quipu_bytes_is_text((quipu_bytes){ "a\0b", 3 }));
    assert_false(quipu_bytes_is_text(quipu_bytes_of_text("na\xefve")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_text_exclude_the_nul),
        cmocka_unit_test(absent_and_empty_bytes_differ),
        cmocka_unit_test(text_is_utf8_without_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
