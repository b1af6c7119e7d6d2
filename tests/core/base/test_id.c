/* SPDX-License-Identifier: Apache-2.0 */
/* Tests ids as values. */
#include "quipu_test.h"

#include <quipu/id.h>

static void id_of_text_holds_its_bytes(void **state)
{
    char text[QUIPU_ID_MAX + 2];
    quipu_error err;
    quipu_id id;

    (void)state;
    assert_ok(quipu_id_of_text(&id, "a\xc3\xa9", &err), &err);
    assert_bytes(quipu_id_bytes(&id).data, quipu_id_bytes(&id).size,
                 "a\xc3\xa9", 3);
    memset(text, 'x', sizeof(text));
    text[QUIPU_ID_MAX] = '\0';
    assert_ok(quipu_id_of_text(&id, text, &err), &err);
    assert_int_equal(id.size, 255);
    text[QUIPU_ID_MAX] = 'x';
    text[QUIPU_ID_MAX + 1] = '\0';
    assert_refused(quipu_id_of_text(&id, text, &err), QUIPU_INVALID, &err,
                   "at most 255 bytes, not 256");
    assert_int_equal(id.size, 255);
    assert_refused(quipu_id_of_text(&id, "", &err), QUIPU_INVALID, &err,
                   "must not be empty");
    assert_refused(quipu_id_of_text(&id, NULL, &err), QUIPU_INVALID, &err,
                   "must not be empty");
    assert_refused(quipu_id_of_text(&id, "\xff", &err), QUIPU_INVALID, &err,
                   "must be UTF-8");
}

static void id_of_bytes_holds_any_bytes(void **state)
{
    quipu_error err;
    quipu_id id;

    (void)state;
    assert_ok(quipu_id_of_bytes(&id, (quipu_bytes){ "\0\xff", 2 }, &err), &err);
    assert_bytes(id.data, id.size, "\0\xff", 2);
    assert_refused(quipu_id_of_bytes(&id, (quipu_bytes){ NULL, 0 }, &err),
                   QUIPU_INVALID, &err, "must not be empty");
}

static void ids_are_equal_by_their_bytes(void **state)
{
    quipu_uuid uuid;
    quipu_id a, b;

    (void)state;
    quipu_uuid_random(&uuid);
    quipu_id_of_uuid(&a, &uuid);
    assert_bytes(a.data, a.size, uuid.bytes, 16);
    memset(&b, 0xFF, sizeof(b));
    quipu_id_of_uuid(&b, &uuid);
    assert_true(quipu_id_equal(&a, &b));
    b.size = 15;
    assert_false(quipu_id_equal(&a, &b));
    b.size = 16;
    b.data[15] ^= 1;
    assert_false(quipu_id_equal(&a, &b));
}

static void id_of_size_zero_is_absent(void **state)
{
    const quipu_id none = { .size = 0 };

    (void)state;
    assert_null(quipu_id_bytes(&none).data);
    assert_true(quipu_id_equal(&none, &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id_of_text_holds_its_bytes),
        cmocka_unit_test(id_of_bytes_holds_any_bytes),
        cmocka_unit_test(ids_are_equal_by_their_bytes),
        cmocka_unit_test(id_of_size_zero_is_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
