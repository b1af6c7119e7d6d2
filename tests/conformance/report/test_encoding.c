/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes become valid text of a format. */
#include "quipu_test.h"

#include "report/encoding.h"

#include <stdio.h>

/* The output of an encoding function; the caller frees it. */
static char *written(void (*write)(FILE *to, const char *text),
                     const char *text)
{
    char *result = NULL;
    size_t size;
    FILE *to = open_memstream(&result, &size);

    assert_non_null(to);
    write(to, text);
    (void)fclose(to);
    return result;
}

static void assert_written(void (*write)(FILE *to, const char *text),
                           const char *text, const char *expected)
{
    char *result = written(write, text);

    assert_string_equal(result, expected);
    free(result);
}

static void xml_contains_no_forbidden_character(void **state)
{
    (void)state;
    assert_written(quipu_encoding_xml, "a<b>&\"'\n\t",
                   "a&lt;b&gt;&amp;&quot;'&#10;\t");
    assert_written(quipu_encoding_xml, "\x01\x1b\x7f\r",
                   "\\x01\\x1b\\x7f\\x0d");
    assert_written(quipu_encoding_xml, "\xef\xbf\xbe", "\\xef\\xbf\\xbe");
    assert_written(quipu_encoding_xml, "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
    assert_written(quipu_encoding_xml_line, "one\ntwo", "one");
}

static void json_contains_no_forbidden_character(void **state)
{
    (void)state;
    assert_written(quipu_encoding_json, "a\"\\/\n\t\x1f\x7f",
                   "\"a\\\"\\\\/\\n\\u0009\\u001f\\u007f\"");
    assert_written(quipu_encoding_json, "\xe2\x82\xac", "\"\xe2\x82\xac\"");
}

static void bytes_outside_utf8_are_escaped(void **state)
{
    static const char *const wrong[] = {
        "\x80",     "\xff",         "\xc0\x80",         "\xe0\x80\x80",
        "\xc3",     "\xe2\x82",     "\xed\xa0\x80",     "\xf4\x90\x80\x80",
        "\xf5\x80", "\xf0\x9f\x98", "\xf0\x80\x80\x80",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        char xml[40] = "", json[60] = "\"";

        for (const char *c = wrong[i]; *c; c++) {
            sprintf(xml + strlen(xml), "\\x%02x", (unsigned char)*c);
            sprintf(json + strlen(json), "\\\\x%02x", (unsigned char)*c);
        }
        sprintf(json + strlen(json), "\"");
        assert_written(quipu_encoding_xml, wrong[i], xml);
        assert_written(quipu_encoding_json, wrong[i], json);
    }
}

static void numbers_do_not_depend_on_the_locale(void **state)
{
    char *result = NULL;
    size_t size;
    FILE *to = open_memstream(&result, &size);

    (void)state;
    assert_non_null(to);
    quipu_encoding_thousandths(to, 12);
    quipu_encoding_thousandths(to, 1234567);
    quipu_encoding_time(to, 0);
    (void)fclose(to);
    assert_string_equal(result, "0.0121234.5671970-01-01T00:00:00Z");
    free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xml_contains_no_forbidden_character),
        cmocka_unit_test(json_contains_no_forbidden_character),
        cmocka_unit_test(bytes_outside_utf8_are_escaped),
        cmocka_unit_test(numbers_do_not_depend_on_the_locale),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
