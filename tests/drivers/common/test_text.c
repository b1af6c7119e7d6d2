/* SPDX-License-Identifier: Apache-2.0 */
#include "quipu_test.h"

#include "common/text.h"
#include "driver/host.h"

static void names_are_quoted(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *quoted;
    } names[] = {
        { "id", "\"id\"" },
        { "select", "\"select\"" },
        { "\"quoted\"", "\"\"\"quoted\"\"\"" },
        { "na\xc3\xafve; DROP TABLE x; --",
          "\"na\xc3\xafve; DROP TABLE x; --\"" },
        { "'", "\"'\"" },
        { "", "\"\"" },
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct text text = { .host = quipu_host_table() };
        quipu_common_text_add_name(&text, names[i].name);
        assert_string_equal(text.data, names[i].quoted);
        quipu_common_text_finish(&text);
    }
}

static void text_grows(void **state)
{
    (void)state;
    struct text text = { .host = quipu_host_table() };
    for (size_t i = 0; i < 1000; i++) {
        quipu_common_text_add(&text, "abc");
        assert_int_equal(text.size, (i + 1) * 3);
    }
    assert_int_equal(strlen(text.data), 3000);
    assert_false(text.failed);
    quipu_common_text_finish(&text);
    assert_null(text.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_quoted),
        cmocka_unit_test(text_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
