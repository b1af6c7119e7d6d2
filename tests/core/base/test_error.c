/* SPDX-License-Identifier: Apache-2.0 */
/* Tests filling errors. */
#include "quipu_test.h"

#include <errno.h>
#include <wchar.h>

#include "base/error.h"

static void set_fills_all_and_returns_the_status(void **state)
{
    quipu_error err;

    (void)state;
    memset(&err, 0x5A, sizeof(err));
    assert_status(
        quipu_error_set(&err, QUIPU_BUSY, "held by %s for %d s", "x", 3),
        QUIPU_BUSY);
    assert_int_equal(err.code, QUIPU_BUSY);
    assert_int_equal(err.native, 0);
    assert_bytes(err.sqlstate, sizeof(err.sqlstate), "\0\0\0\0\0\0\0\0", 8);
    assert_string_equal(err.message, "held by x for 3 s");
}

/* The name of a file can be any bytes. */
static void message_is_utf8(void **state)
{
    quipu_error err;
    char many[sizeof(err.message)];

    (void)state;
    quipu_error_set(&err, QUIPU_IO, "no \"%s\"", "caf\xE9/caf\xC3\xA9.db");
    assert_string_equal(err.message, "no \"caf\\xE9/caf\xC3\xA9.db\"");
    quipu_error_set(&err, QUIPU_IO, "%s", "\xC3(\xF0\x9F\x98\xFF");
    assert_string_equal(err.message, "\\xC3(\\xF0\\x9F\\x98\\xFF");
    memset(many, 0xFF, sizeof(many));
    many[sizeof(many) - 1] = '\0';
    quipu_error_set(&err, QUIPU_IO, "%s", many);
    assert_true(strlen(err.message) < sizeof(err.message));
    assert_true(strlen(err.message) > sizeof(err.message) - 5);
    assert_string_equal(err.message + strlen(err.message) - 4, "\\xFF");
}

static void set_native_keeps_the_back_ends_codes(void **state)
{
    quipu_error err;

    (void)state;
    memset(&err, 0x5A, sizeof(err));
    assert_status(
        quipu_error_set_native(&err, QUIPU_IO, -7, "40001XYZ", "%s", "no"),
        QUIPU_IO);
    assert_int_equal(err.native, -7);
    assert_bytes(err.sqlstate, sizeof(err.sqlstate), "40001\0\0\0", 8);
    quipu_error_set_native(&err, QUIPU_IO, 1, "40", "no");
    assert_string_equal(err.sqlstate, "40");
    quipu_error_set_native(&err, QUIPU_IO, 1, NULL, "no");
    assert_string_equal(err.sqlstate, "");
}

static void set_text_copies_the_text_unchanged(void **state)
{
    quipu_error err;

    (void)state;
    assert_status(quipu_error_set_text(&err, QUIPU_IO, "100%s"), QUIPU_IO);
    assert_string_equal(err.message, "100%s");
    assert_status(quipu_error_set_text(&err, QUIPU_IO, NULL), QUIPU_IO);
    assert_string_equal(err.message, "");
}

static void null_error_is_allowed(void **state)
{
    (void)state;
    assert_status(quipu_error_set(NULL, QUIPU_IO, "%d", 1), QUIPU_IO);
    assert_status(quipu_error_set_text(NULL, QUIPU_IO, "x"), QUIPU_IO);
    assert_status(quipu_error_no_memory(NULL), QUIPU_NO_MEMORY);
}

static void long_message_is_cut_between_characters(void **state)
{
    char text[sizeof(((quipu_error *)0)->message) + 10];
    size_t room = sizeof(((quipu_error *)0)->message) - 1;
    quipu_error err;

    (void)state;
    memset(text, 'a', sizeof(text));
    text[room] = '\0';
    quipu_error_set(&err, QUIPU_IO, "%s", text);
    assert_string_equal(err.message, text);

    /* A character of three bytes across the end. */
    memcpy(text + room - 2, "\xe2\x82\xac!", 5);
    quipu_error_set(&err, QUIPU_IO, "%s", text);
    assert_int_equal(strlen(err.message), room - 2);
    assert_memory_equal(err.message, text, room - 2);
    quipu_error_set_text(&err, QUIPU_IO, text);
    assert_int_equal(strlen(err.message), room - 2);

    /* Exactly up to the end. */
    memcpy(text + room - 3, "\xe2\x82\xac!", 5);
    quipu_error_set(&err, QUIPU_IO, "%s", text);
    assert_int_equal(strlen(err.message), room);

    /* Not UTF-8. */
    memset(text, 0x80, sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    quipu_error_set(&err, QUIPU_IO, "%s", text);
    assert_true(strlen(err.message) <= room);
    assert_true(strlen(err.message) > room - 4);
}

static void message_may_quote_itself(void **state)
{
    quipu_error err;

    (void)state;
    quipu_error_set(&err, QUIPU_IO, "disk");
    quipu_error_set(&err, QUIPU_BUSY, "opening: %s", err.message);
    assert_string_equal(err.message, "opening: disk");
    quipu_error_set_text(&err, QUIPU_BUSY, err.message + 9);
    assert_string_equal(err.message, "disk");
}

static void message_that_cannot_be_formatted_is_the_format(void **state)
{
    quipu_error err;

    (void)state;
    quipu_error_set(&err, QUIPU_IO, "%ls", (const wchar_t[]){ 0x7FFFFFFF, 0 });
    assert_string_equal(err.message, "%ls");
}

static void system_text_says_what_errno_means(void **state)
{
    char text[QUIPU_SYSTEM_TEXT_SIZE];

    (void)state;
    assert_string_equal(quipu_error_system_text(ENOENT, text),
                        "No such file or directory");
    assert_contains(quipu_error_system_text(99999, text), "99999");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_fills_all_and_returns_the_status),
        cmocka_unit_test(message_is_utf8),
        cmocka_unit_test(set_native_keeps_the_back_ends_codes),
        cmocka_unit_test(set_text_copies_the_text_unchanged),
        cmocka_unit_test(null_error_is_allowed),
        cmocka_unit_test(long_message_is_cut_between_characters),
        cmocka_unit_test(message_may_quote_itself),
        cmocka_unit_test(message_that_cannot_be_formatted_is_the_format),
        cmocka_unit_test(system_text_says_what_errno_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
