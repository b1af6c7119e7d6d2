/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the validation of UTF-8. */
#include "quipu_test.h"

#include "base/utf8.h"

/* Writes a code point as if all up to 21 bits were characters. */
static size_t encode(uint32_t point, size_t size, uint8_t *bytes)
{
    static const uint8_t marks[] = { 0, 0x00, 0xC0, 0xE0, 0xF0 };

    for (size_t i = size; i-- > 1;) {
        bytes[i] = (uint8_t)(0x80 | (point & 0x3F));
        point >>= 6;
    }
    bytes[0] = (uint8_t)(marks[size] | point);
    return size;
}

static size_t shortest(uint32_t point)
{
    return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

static bool is_character(uint32_t point)
{
    return point > 0 && point <= 0x10FFFF &&
           !(point >= 0xD800 && point <= 0xDFFF);
}

/* Every value in every length: only the shortest form of a character is. */
static void exactly_the_characters_of_unicode_are_valid(void **state)
{
    static const uint32_t ends[] = { 0, 0x80, 0x800, 0x10000, 0x200000 };

    (void)state;
    for (size_t size = 1; size <= 4; size++) {
        for (uint32_t point = 0; point < ends[size]; point++) {
            uint8_t bytes[4];
            bool good = is_character(point) && shortest(point) == size;

            encode(point, size, bytes);
            if (quipu_utf8_valid((quipu_bytes){ bytes, size }) != good) {
                fail_msg("U+%04X in %zu bytes", point, size);
            }
        }
    }
}

static void single_bytes_above_ascii_are_invalid(void **state)
{
    (void)state;
    for (int byte = 0x80; byte <= 0xFF; byte++) {
        uint8_t bytes[5] = { (uint8_t)byte, 'a', 'a', 'a', 'a' };

        assert_false(quipu_utf8_valid((quipu_bytes){ bytes, 1 }));
        assert_false(quipu_utf8_valid((quipu_bytes){ bytes, 5 }));
    }
}

static void text_is_validated_as_a_whole(void **state)
{
    static const struct row {
        const char *text;
        size_t size;
        bool valid;
    } rows[] = {
        { NULL, 0, true },
        { "", 0, true },
        { "abc", 3, true },
        { "a\0b", 3, false },
        { "na\xc3\xafve \xe2\x82\xac \xf0\x9f\xa6\x99", 15, true },
        { "\xe2\x82\xac", 2, false },
        { "\xf0\x9f\xa6\x99", 3, false },
        { "\xe2\x82z", 3, false },
        { "\xe2z\xac", 3, false },
        { "\xf0\x9f\xa6z", 4, false },
        { "\xc3\xaf\xaf", 3, false },
        { "\xf8\x88\x80\x80\x80", 5, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        quipu_bytes text = { rows[i].text, rows[i].size };

        assert_int_equal(quipu_utf8_valid(text), rows[i].valid);
    }
}

/* Words of ASCII and the rest behind them are taken at once: each byte counts,
 * wherever it stands. */
static void each_byte_of_a_long_text_is_validated(void **state)
{
    static const char character[] = "\xc3\xaf";
    char text[26];

    (void)state;
    for (size_t size = 1; size <= sizeof(text); size++) {
        for (size_t at = 0; at < size; at++) {
            memset(text, 'a', size);
            for (int byte = 0; byte <= 0xFF; byte++) {
                text[at] = (char)byte;
                assert_int_equal(quipu_utf8_valid((quipu_bytes){ text, size }),
                                 byte > 0 && byte < 0x80);
            }
            memcpy(text + at, character, at + 1 < size ? 2 : 1);
            assert_int_equal(quipu_utf8_valid((quipu_bytes){ text, size }),
                             at + 1 < size);
        }
    }
}

static void cut_splits_no_character(void **state)
{
    const char *text = "a\xc3\xaf\xe2\x82\xac\xf0\x9f\xa6\x99";
    const size_t cuts[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10 };

    (void)state;
    for (size_t room = 0; room <= 10; room++) {
        assert_int_equal(quipu_utf8_cut(text, 10, room), cuts[room]);
    }
    assert_int_equal(quipu_utf8_cut(text, 10, 100), 10);
    assert_int_equal(quipu_utf8_cut("\x80\x80\x80\x80\x80\x80", 6, 5), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_the_characters_of_unicode_are_valid),
        cmocka_unit_test(single_bytes_above_ascii_are_invalid),
        cmocka_unit_test(text_is_validated_as_a_whole),
        cmocka_unit_test(each_byte_of_a_long_text_is_validated),
        cmocka_unit_test(cut_splits_no_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
