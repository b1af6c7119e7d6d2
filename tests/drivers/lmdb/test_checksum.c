/* SPDX-License-Identifier: Apache-2.0 */
/* The checksum of stored bytes: it is part of the file format, and detects
 * small changes. */
#include "quipu_test.h"

#include "format/checksum.h"

#include <string.h>

#define SIZE_MOST 4096

static unsigned char bytes[SIZE_MOST];

static int fill_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZE_MOST; i++) {
        bytes[i] = (unsigned char)(i * 7 + (i >> 8));
    }
    return 0;
}

/* Values that stores contain. */
static void checksum_stays_as_it_is_stored(void **state)
{
    static const struct {
        size_t size;
        uint64_t seed;
        uint32_t checksum;
    } stored[] = {
        { 0, 0, 0xdb204ea2u },     { 1, 3, 0xc4e0e53cu },
        { 24, 6, 0x0599b7fau },    { 63, 9, 0xd420c30au },
        { 64, 12, 0xa24d6033u },   { 65, 15, 0xc835b48du },
        { 128, 18, 0x6ab397f7u },  { 290, 21, 0xbb51f1aeu },
        { 4096, 24, 0x4dbc32deu },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(stored) / sizeof(stored[0]); i++) {
        assert_int_equal(
            quipu_lmdb_checksum(bytes, stored[i].size, stored[i].seed),
            stored[i].checksum);
    }
}

static void each_flipped_bit_is_detected(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 330; size += size < 80 ? 1 : 50) {
        const uint32_t checksum = quipu_lmdb_checksum(bytes, size, size);
        for (size_t bit = 0; bit < 8 * size; bit++) {
            bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
            assert_true(quipu_lmdb_checksum(bytes, size, size) != checksum);
            bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        }
    }
}

/* Sets a part to zeros, to ones, or to another part. */
static void each_lost_or_misplaced_part_is_detected(void **state)
{
    (void)state;
    const size_t size = SIZE_MOST;
    const uint32_t checksum = quipu_lmdb_checksum(bytes, size, 1);
    unsigned char changed[SIZE_MOST];
    for (size_t length = 1; length <= 1024; length *= 2) {
        for (size_t at = 0; at + 2 * length <= size; at += length) {
            memcpy(changed, bytes, size);
            memset(changed + at, 0, length);
            assert_true(memcmp(changed, bytes, size) == 0 ||
                        quipu_lmdb_checksum(changed, size, 1) != checksum);
            memset(changed + at, 0xff, length);
            assert_true(memcmp(changed, bytes, size) == 0 ||
                        quipu_lmdb_checksum(changed, size, 1) != checksum);
            memcpy(changed + at, bytes + at + length, length);
            memcpy(changed + at + length, bytes + at, length);
            assert_true(quipu_lmdb_checksum(changed, size, 1) != checksum);
        }
    }
}

static void copy_has_the_same_bytes_and_checksum(void **state)
{
    (void)state;
    unsigned char copy[SIZE_MOST];
    for (size_t size = 0; size <= 700; size++) {
        memset(copy, 0xee, sizeof(copy));
        assert_int_equal(quipu_lmdb_checksum_copy(copy, bytes, size, size),
                         quipu_lmdb_checksum(bytes, size, size));
        assert_memory_equal(copy, bytes, size);
        assert_int_equal(copy[size], 0xee);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksum_stays_as_it_is_stored),
        cmocka_unit_test(each_flipped_bit_is_detected),
        cmocka_unit_test(each_lost_or_misplaced_part_is_detected),
        cmocka_unit_test(copy_has_the_same_bytes_and_checksum),
    };
    return cmocka_run_group_tests(tests, fill_bytes, NULL) != 0;
}
