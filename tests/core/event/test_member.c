/* SPDX-License-Identifier: Apache-2.0 */
/* Tests storing integers in members of each size. */
#include "quipu_test.h"

#include "event/member.h"

static void signed_integers_are_stored_up_to_their_bounds(void **state)
{
    static const size_t sizes[] = { 1, 2, 4, 8 };
    unsigned char member[9];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        int64_t largest = INT64_MAX >> (64 - 8 * sizes[i]);

        memset(member, 0xAA, sizeof(member));
        assert_true(quipu_member_store_int(member, sizes[i], largest));
        assert_true(quipu_member_load_int(member, sizes[i]) == largest);
        assert_true(quipu_member_store_int(member, sizes[i], -largest - 1));
        assert_true(quipu_member_load_int(member, sizes[i]) == -largest - 1);
        assert_true(quipu_member_store_int(member, sizes[i], -1));
        assert_true(quipu_member_load_int(member, sizes[i]) == -1);
        if (largest < INT64_MAX) {
            assert_false(quipu_member_store_int(member, sizes[i], largest + 1));
            assert_false(
                quipu_member_store_int(member, sizes[i], -largest - 2));
            assert_true(quipu_member_load_int(member, sizes[i]) == -1);
        }
        assert_int_equal(member[sizes[i]], 0xAA);
    }
}

static void unsigned_integers_are_stored_up_to_their_bounds(void **state)
{
    static const size_t sizes[] = { 1, 2, 4, 8 };
    unsigned char member[9];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        uint64_t largest = UINT64_MAX >> (64 - 8 * sizes[i]);

        memset(member, 0xAA, sizeof(member));
        assert_true(quipu_member_store_uint(member, sizes[i], largest));
        assert_true(quipu_member_load_uint(member, sizes[i]) == largest);
        assert_true(quipu_member_store_uint(member, sizes[i], 0));
        assert_true(quipu_member_load_uint(member, sizes[i]) == 0);
        if (largest < UINT64_MAX) {
            assert_false(
                quipu_member_store_uint(member, sizes[i], largest + 1));
        }
        assert_int_equal(member[sizes[i]], 0xAA);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signed_integers_are_stored_up_to_their_bounds),
        cmocka_unit_test(unsigned_integers_are_stored_up_to_their_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
