/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that the checksum is the same for ever, and differs by one bit. */
#include "quipu_test.h"

#include "base/checksum.h"

static void checksum_stays_the_same(void **state)
{
    (void)state;
    assert_true(quipu_checksum(0, "", 0) == 0);
    assert_true(quipu_checksum(1, "quipu", 5) == UINT64_C(0xd6dcbb72846509c8));
    assert_true(quipu_checksum(0, "0123456789abcdef", 16) ==
                UINT64_C(0xd2114e012a760241));
}

static void every_bit_and_size_matters(void **state)
{
    unsigned char bytes[40] = { 0 };
    (void)state;

    for (size_t size = 0; size <= sizeof(bytes); size++) {
        uint64_t sum = quipu_checksum(7, bytes, size);

        assert_true(size == 0 || sum != quipu_checksum(7, bytes, size - 1));
        assert_true(sum != quipu_checksum(8, bytes, size));
        for (size_t bit = 0; bit < size * 8; bit++) {
            bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
            assert_true(sum != quipu_checksum(7, bytes, size));
            bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        }
    }
}

static void absent_bytes_are_not_empty(void **state)
{
    (void)state;
    assert_true(quipu_checksum_bytes(1, (quipu_bytes){ NULL, 0 }) !=
                quipu_checksum_bytes(1, (quipu_bytes){ "", 0 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksum_stays_the_same),
        cmocka_unit_test(every_bit_and_size_matters),
        cmocka_unit_test(absent_bytes_are_not_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
