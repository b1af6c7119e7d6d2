/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the text of the path to a member. */
#include "quipu_test.h"

#include "base/utf8.h"
#include "event/field.h"

static void path_names_members_and_elements(void **state)
{
    const quipu_field_path order = { .name = "order" };
    const quipu_field_path lines = {
        .up = &order, .name = "lines", .index = 3, .indexed = true
    };
    const quipu_field_path what = { .up = &lines, .name = "what" };
    char text[QUIPU_FIELD_PATH_SIZE];

    (void)state;
    assert_string_equal(quipu_field_path_format(&order, text), "order");
    assert_string_equal(quipu_field_path_format(&what, text),
                        "order.lines[3].what");
}

static void long_path_is_cut_between_characters(void **state)
{
    char name[251];
    const quipu_field_path first = { .name = name };
    const quipu_field_path second = { .up = &first, .name = name };
    const quipu_field_path third = { .up = &second, .name = name };
    char text[QUIPU_FIELD_PATH_SIZE];

    (void)state;
    for (size_t i = 0; i < 250; i += 2) {
        memcpy(name + i, "\xC3\xB6", 2);
    }
    name[250] = '\0';
    quipu_field_path_format(&third, text);
    assert_true(strlen(text) >= QUIPU_FIELD_PATH_SIZE - 2);
    assert_true(quipu_utf8_valid((quipu_bytes){ text, strlen(text) }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_names_members_and_elements),
        cmocka_unit_test(long_path_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
