/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the parser of connection URIs. */
#include "quipu_test.h"
#include "quipu_test_memory.h"

#include <stdio.h>
#include <stdlib.h>

#include <quipu/memory.h>

#include "base/uri.h"

static void assert_options(const quipu_uri *uri, const char *const *expected)
{
    size_t i = 0;

    for (; expected && expected[2 * i]; i++) {
        assert_true(i < uri->option_count);
        assert_string_equal(uri->options[i].name, expected[2 * i]);
        assert_string_equal(uri->options[i].value, expected[2 * i + 1]);
        assert_int_equal(uri->options[i].reserved[0], 0);
        assert_int_equal(uri->options[i].reserved[1], 0);
    }
    assert_int_equal(uri->option_count, i);
}

static void uris_are_split(void **state)
{
    static const struct row {
        const char *text, *scheme, *body, *rest;
        const char *options[9];
    } rows[] = {
        { "sqlite:", "sqlite", "", "", { NULL } },
        { "sqlite:?", "sqlite", "", "", { NULL } },
        { "sqlite:///:memory:",
          "sqlite",
          "///:memory:",
          "///:memory:",
          { NULL } },
        { "sqlite:///a?", "sqlite", "///a", "///a", { NULL } },
        { "sqlite:////var/a%20b.db?create=no",
          "sqlite",
          "////var/a%20b.db",
          "////var/a%20b.db?create=no",
          { "create", "no" } },
        { "x:?a=", "x", "", "?a=", { "a", "" } },
        { "x:?a=b=c", "x", "", "?a=b=c", { "a", "b=c" } },
        { "x:?a=?/:@", "x", "", "?a=?/:@", { "a", "?/:@" } },
        { "x:y z?a=b+c%2B%26%3D",
          "x",
          "y z",
          "y z?a=b+c%2B%26%3D",
          { "a", "b+c+&=" } },
        { "x:?%61=1&A=2&a.b-c_0=3",
          "x",
          "",
          "?%61=1&A=2&a.b-c_0=3",
          { "a", "1", "A", "2", "a.b-c_0", "3" } },
        { "postgresql://u:p%40x@h1:5432,h2/db?host=/tmp&options=-c%20x",
          "postgresql",
          "//u:p%40x@h1:5432,h2/db",
          "//u:p%40x@h1:5432,h2/db?host=/tmp&options=-c%20x",
          { "host", "/tmp", "options", "-c x" } },
        { "x:na\xc3\xafve?a=%c3%AF",
          "x",
          "na\xc3\xafve",
          "na\xc3\xafve?a=%c3%AF",
          { "a", "\xc3\xaf" } },
        { "a234567890-234567890-234567890-:b",
          "a234567890-234567890-234567890-",
          "b",
          "b",
          { NULL } },
    };
    quipu_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        quipu_uri uri;

        assert_ok(quipu_uri_parse(&uri, rows[i].text, &err), &err);
        assert_string_equal(uri.scheme, rows[i].scheme);
        assert_string_equal(uri.body, rows[i].body);
        assert_string_equal(uri.rest, rows[i].rest);
        assert_options(&uri, rows[i].options);
        quipu_uri_finish(&uri);
    }
}

static void malformed_uris_are_refused(void **state)
{
    static const struct row {
        const char *text, *message;
    } rows[] = {
        { NULL, "a URI begins with a scheme and a colon" },
        { "", "a URI begins with a scheme and a colon" },
        { "hunter2", "a URI begins with a scheme and a colon" },
        { ":hunter2", "the text before the colon is not a scheme" },
        { "Mem:hunter2", "\"Mem\" is not a scheme: that is a lower-case" },
        { "1a:hunter2", "\"1a\" is not a scheme" },
        { "-a:hunter2", "\"-a\" is not a scheme" },
        { "a_b:hunter2", "the text before the colon is not a scheme" },
        { "a+b.c:hunter2", "\"a+b.c\" is not a scheme" },
        { "m\xc3\xa9m:hunter2", "the text before the colon" },
        { "../../evil:x", "the text before the colon is not a scheme" },
        { "/tmp/x.so:", "the text before the colon is not a scheme" },
        { "host=h password=hunter2:x", "the text before the colon" },
        { "a234567890-234567890-234567890-2:b", "is not a scheme" },
        { "x:\xff", "the x URI contains bytes that are not UTF-8" },
        { "x:a\tb", "the x URI contains a control character" },
        { "x:a\x7f", "the x URI contains a control character" },
        { "x:a#hunter2", "(write %23 for '#')" },
        { "x:?a=1#hunter2", "(write %23 for '#')" },
        { "x:?hunter2", "the x URI has no '=' in its option 1" },
        { "x:?a=1&hunter2&b=1", "no '=' in its option 2" },
        { "x:?hunter2&b=1", "no '=' in its option 1" },
        { "x:?a=1&&b=2", "no '=' in its option 2" },
        { "x:?&", "no '=' in its option 1" },
        { "x:?a=1&", "ends with '&'" },
        { "x:?=hunter2", "bad name for its option 1" },
        { "x:?hunter%202=1", "bad name for its option 1" },
        { "x:?a=hunter2%", "'%' without two hexadecimal digits" },
        { "x:?a=hunter2%4", "'%' without two hexadecimal digits" },
        { "x:?a=hunter2%4&b=1", "in its option 1, a '%' without" },
        { "x:?a=hunter2%4g", "'%' without two hexadecimal digits" },
        { "x:?a=hunter2%g4", "'%' without two hexadecimal digits" },
        { "x:?hunter2%:4=1", "'%' without two hexadecimal digits" },
        { "x:?a=hunter2%00", "contains, in its option 1, %00" },
        { "x:?a=hunter2%ff", "in its option 1, bytes that are not UTF-8" },
        { "x:?a=hunter2%ed%a0%80", "bytes that are not UTF-8" },
        { "x:?hunter2=1&b=2&hunter2=3", "twice, as numbers 1 and 3" },
        { "x:?hunter2=1&h%75nter2=3", "twice, as numbers 1 and 2" },
        { "x://u:pa?ss=hun%zzter2@h", "the x URI contains, in its option 1" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        quipu_error err = { 0 };
        quipu_uri uri;

        assert_refused(quipu_uri_parse(&uri, rows[i].text, &err), QUIPU_INVALID,
                       &err, rows[i].message);
        assert_null(strstr(err.message, "hunter2"));
        assert_int_equal(err.code, QUIPU_INVALID);
        quipu_uri_finish(&uri);
        assert_status(quipu_uri_parse(&uri, rows[i].text, NULL), QUIPU_INVALID);
    }
}

/* Writes "x:?o0=0&o1=1..." */
static void write_options(char *text, int count)
{
    text += sprintf(text, "x:");
    for (int i = 0; i < count; i++) {
        text += sprintf(text, "%co%d=%d", i ? '&' : '?', i, i);
    }
}

static void too_many_options_are_refused(void **state)
{
    char text[8192];
    quipu_error err;
    quipu_uri uri;

    (void)state;
    write_options(text, QUIPU_URI_OPTIONS_MAX);
    assert_ok(quipu_uri_parse(&uri, text, &err), &err);
    assert_int_equal(uri.option_count, QUIPU_URI_OPTIONS_MAX);
    quipu_uri_finish(&uri);
    write_options(text, QUIPU_URI_OPTIONS_MAX + 1);
    assert_refused(quipu_uri_parse(&uri, text, &err), QUIPU_INVALID, &err,
                   "has 257 options; at most 256");
}

static void take_removes_an_option_from_the_rest(void **state)
{
    quipu_error err;
    quipu_uri uri;

    (void)state;
    assert_ok(quipu_uri_parse(&uri, "x:y?a=%41&b=2&c=%33&d=4", &err), &err);
    assert_null(quipu_uri_take(&uri, "e"));
    assert_string_equal(quipu_uri_take(&uri, "b"), "2");
    assert_string_equal(uri.rest, "y?a=%41&c=%33&d=4");
    assert_null(quipu_uri_take(&uri, "b"));
    assert_string_equal(quipu_uri_take(&uri, "d"), "4");
    assert_string_equal(uri.rest, "y?a=%41&c=%33");
    assert_options(&uri, (const char *const[]){ "a", "A", "c", "3", NULL });
    assert_string_equal(quipu_uri_take(&uri, "a"), "A");
    assert_string_equal(uri.rest, "y?c=%33");
    assert_string_equal(quipu_uri_take(&uri, "c"), "3");
    assert_string_equal(uri.rest, "y");
    assert_string_equal(uri.body, "y");
    assert_options(&uri, NULL);
    assert_null(quipu_uri_take(&uri, "c"));
    quipu_uri_finish(&uri);
}

static void decode_returns_text_or_names_the_fault(void **state)
{
    quipu_error err;
    char *text = NULL;

    (void)state;
    assert_ok(quipu_uri_decode("/a%20b%2fcXXX", 10, "the path", &text, &err),
              &err);
    assert_string_equal(text, "/a b/c");
    quipu_release(text);
    assert_ok(quipu_uri_decode(NULL, 0, "the path", &text, &err), &err);
    assert_string_equal(text, "");
    quipu_release(text);
    text = NULL;
    assert_refused(quipu_uri_decode("%00", 3, "the path", &text, &err),
                   QUIPU_INVALID, &err, "the path contains %00");
    assert_refused(quipu_uri_decode("%2", 2, "the path", &text, &err),
                   QUIPU_INVALID, &err, "the path contains a '%' without");
    assert_null(text);
}

static int parse_once(void *context, quipu_error *err)
{
    quipu_uri uri;
    int status = quipu_uri_parse(&uri, context, err);

    quipu_uri_finish(&uri);
    return status;
}

static int decode_once(void *context, quipu_error *err)
{
    char *text = NULL;
    int status = quipu_uri_decode(context, strlen(context), "it", &text, err);

    quipu_release(text);
    return status;
}

static void each_lack_of_memory_is_reported(void **state)
{
    char text[] = "x:y?a=%41&b=2";

    (void)state;
    quipu_test_memory_sweep(parse_once, text);
    quipu_test_memory_sweep(decode_once, text);
}

/* Any bytes are parsed or refused.  All options of a parsed URI can be taken in
 * any order, and parsing it again gives the same. */
static void random_text_is_parsed_or_refused(void **state)
{
    static const char alphabet[] = "aab:/?&=%%%0041cCfF#@+ \xc3\xaf";
    unsigned seed = 1;
    int parsed = 0;

    (void)state;
    for (int round = 0; round < 100000; round++) {
        char text[40] = "x:";
        size_t size = 2 + (size_t)rand_r(&seed) % 36;
        quipu_error err = { 0 };
        quipu_uri uri;
        char *shown;

        for (size_t i = 2; i < size; i++) {
            size_t pick = (size_t)rand_r(&seed) % (sizeof(alphabet) - 1);

            text[i] = alphabet[pick];
        }
        text[size] = '\0';
        shown = quipu_uri_redact(text);
        assert_non_null(shown);
        quipu_release(shown);
        if (quipu_uri_parse(&uri, text, &err) != QUIPU_OK) {
            assert_int_equal(err.code, QUIPU_INVALID);
            continue;
        }
        parsed++;
        while (uri.option_count > 0) {
            size_t pick = (size_t)rand_r(&seed) % uri.option_count;

            assert_non_null(quipu_uri_take(&uri, uri.options[pick].name));
        }
        assert_string_equal(uri.rest, uri.body);
        quipu_uri_finish(&uri);
    }
    assert_true(parsed > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uris_are_split),
        cmocka_unit_test(malformed_uris_are_refused),
        cmocka_unit_test(too_many_options_are_refused),
        cmocka_unit_test(take_removes_an_option_from_the_rest),
        cmocka_unit_test(decode_returns_text_or_names_the_fault),
        cmocka_unit_test(each_lack_of_memory_is_reported),
        cmocka_unit_test(random_text_is_parsed_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
