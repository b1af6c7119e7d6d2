/* SPDX-License-Identifier: Apache-2.0 */
/* Tests UUIDs that are random, of a name, parsed and formatted. */
#include "quipu_test.h"

#include <quipu/id.h>

static void random_has_version_4(void **state)
{
    quipu_uuid a, b;

    (void)state;
    quipu_uuid_random(&a);
    quipu_uuid_random(&b);
    assert_int_equal(a.bytes[6] >> 4, 4);
    assert_int_equal(a.bytes[8] >> 6, 2);
    assert_memory_not_equal(a.bytes, b.bytes, 16);
}

/* Appendix A.4 of RFC 9562: www.example.com in the namespace of DNS. */
static void name_gives_the_uuid_of_the_rfc(void **state)
{
    quipu_uuid dns, uuid;
    char text[QUIPU_UUID_TEXT_SIZE];

    (void)state;
    assert_ok(
        quipu_uuid_parse(&dns, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", NULL),
        NULL);
    quipu_uuid_of_name(&uuid, &dns, "www.example.com", 15);
    quipu_uuid_format(&uuid, text);
    assert_string_equal(text, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    quipu_uuid_of_name(&uuid, &dns, NULL, 0);
    assert_int_equal(uuid.bytes[6] >> 4, 5);
}

static void text_in_either_case_is_parsed(void **state)
{
    static const uint8_t expected[16] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
                                          0xcd, 0xef, 0x01, 0x23, 0x45, 0x67,
                                          0x89, 0xab, 0xcd, 0xef };
    char text[QUIPU_UUID_TEXT_SIZE];
    quipu_uuid uuid;
    quipu_error err;

    (void)state;
    assert_ok(
        quipu_uuid_parse(&uuid, "01234567-89AB-cdef-0123-456789abCDEF", &err),
        &err);
    assert_memory_equal(uuid.bytes, expected, 16);
    quipu_uuid_format(&uuid, text);
    assert_string_equal(text, "01234567-89ab-cdef-0123-456789abcdef");
}

static void other_text_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "0123456789abcdef0123456789abcdef",
        "01234567-89ab-cdef-0123-456789abcde",
        "01234567-89ab-cdef-0123-456789abcdef0",
        "01234567-89ab-cdef-0123-456789abcdeg",
        "01234567-89ab-cdef-01234-56789abcdef",
        "{1234567-89ab-cdef-0123-456789abcde}",
        " 1234567-89ab-cdef-0123-456789abcdef",
    };
    quipu_uuid uuid = { { 1 } };
    quipu_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_refused(quipu_uuid_parse(&uuid, texts[i], &err), QUIPU_INVALID,
                       &err, "is not a UUID");
    }
    assert_refused(quipu_uuid_parse(&uuid, NULL, &err), QUIPU_INVALID, &err,
                   "is not a UUID");
    assert_int_equal(uuid.bytes[0], 1);
}

static void only_all_zero_is_nil(void **state)
{
    quipu_uuid uuid = { { 0 } };

    (void)state;
    assert_true(quipu_uuid_is_nil(&uuid));
    uuid.bytes[15] = 1;
    assert_false(quipu_uuid_is_nil(&uuid));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_has_version_4),
        cmocka_unit_test(name_gives_the_uuid_of_the_rfc),
        cmocka_unit_test(text_in_either_case_is_parsed),
        cmocka_unit_test(other_text_is_refused),
        cmocka_unit_test(only_all_zero_is_nil),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
