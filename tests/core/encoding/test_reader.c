/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the MessagePack reader against msgpack-c. */
#include "quipu_test.h"

#include <msgpack.h>

#include "encoding/reader.h"

/* Reads one complete value; *used is its size. */
static int read_value(const uint8_t *data, size_t size, size_t *used)
{
    quipu_reader reader = { data, data + size };
    quipu_token token;
    int read = quipu_reader_next(&reader, &token);

    if (read == QUIPU_READ_OK) {
        read = quipu_reader_skip(&reader, &token);
    }
    *used = (size_t)(reader.at - data);
    return read;
}

static void assert_agreement(const uint8_t *data, size_t size)
{
    msgpack_unpacked unpacked;
    size_t expected = 0;
    size_t used = 0;
    bool valid;
    int read = read_value(data, size, &used);

    msgpack_unpacked_init(&unpacked);
    valid = msgpack_unpack_next(&unpacked, (const char *)data, size,
                                &expected) == MSGPACK_UNPACK_SUCCESS;
    msgpack_unpacked_destroy(&unpacked);
    assert_int_equal(read == QUIPU_READ_OK, valid);
    if (valid) {
        assert_int_equal(used, expected);
    }
}

/* Heads of arrays and maps with a count of 32 bits, for which msgpack-c would
 * allocate as much as they claim. */
static bool is_boundless(uint8_t head)
{
    return head == 0xDD || head == 0xDF;
}

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Short, so that no input nests deeper than the 32 levels of msgpack-c, and
 * often with small counts, so that many are valid. */
static void random_bytes_are_read_as_msgpack_c_does(void **state)
{
    uint32_t seed = 20170525;
    uint8_t data[30];

    (void)state;
    for (int round = 0; round < 100000; round++) {
        size_t size = next_random(&seed) % sizeof(data);

        for (size_t i = 0; i < size; i++) {
            uint32_t random = next_random(&seed);

            data[i] = (uint8_t)(random & 0x300 ? random % 8 + i * 33 : random);
            if (is_boundless(data[i])) {
                data[i] = 0xDC;
            }
        }
        assert_agreement(data, size);
    }
}

static void each_head_is_read_as_msgpack_c_does(void **state)
{
    uint8_t data[40];

    (void)state;
    for (int head = 0; head < 256; head++) {
        for (size_t size = 1; size < sizeof(data); size++) {
            memset(data, 0, sizeof(data));
            data[0] = (uint8_t)head;
            assert_agreement(data, size);
            if (is_boundless(data[0])) {
                continue;
            }
            data[1] = 1; /* a length of one, of 256, of 65536 ... */
            assert_agreement(data, size);
        }
    }
}

static void assert_number(int64_t number)
{
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    quipu_reader reader;
    quipu_token token;

    msgpack_sbuffer_init(&buffer);
    msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
    msgpack_pack_int64(&packer, number);
    reader.at = (const uint8_t *)buffer.data;
    reader.end = reader.at + buffer.size;
    assert_int_equal(quipu_reader_next(&reader, &token), QUIPU_READ_OK);
    if (number < 0) {
        assert_int_equal(token.kind, QUIPU_TOKEN_INT);
        assert_true(token.as.integer == number);
    } else {
        assert_int_equal(token.kind, QUIPU_TOKEN_UINT);
        assert_true(token.as.natural == (uint64_t)number);
    }
    assert_ptr_equal(reader.at, reader.end);
    msgpack_sbuffer_destroy(&buffer);
}

static void integers_round_trip_through_msgpack_c(void **state)
{
    (void)state;
    for (int bit = 0; bit < 63; bit++) {
        int64_t power = INT64_C(1) << bit;

        for (int64_t number = power - 2; number <= power + 2; number++) {
            assert_number(number);
            assert_number(-number);
        }
    }
    assert_number(INT64_MAX);
    assert_number(INT64_MIN);
}

static void values_have_their_kinds_and_contents(void **state)
{
    static const uint8_t data[] = {
        0xCA, 0x3F, 0x80, 0,    0,                   /* 1.0 as a float */
        0xCB, 0xC0, 0x00, 0,    0,    0,    0, 0, 0, /* -2.0 */
        0xC3, 0xC7, 0x02, 0x80, 'a',  'b',           /* ext -128 */
        0xD4, 0x7F, 'c',                             /* ext 127 */
        0xDC, 0x00, 0x01, 0xDE, 0x00, 0x00,          /* [{}] */
    };
    quipu_reader reader = { data, data + sizeof(data) };
    quipu_token token;

    (void)state;
    assert_int_equal(quipu_reader_next(&reader, &token), QUIPU_READ_OK);
    assert_true(token.as.single_real == 1.0F);
    assert_int_equal(quipu_reader_next(&reader, &token), QUIPU_READ_OK);
    assert_true(token.as.real == -2.0);
    assert_int_equal(quipu_reader_next(&reader, &token), QUIPU_READ_OK);
    assert_true(token.as.boolean);
    assert_int_equal(quipu_reader_next(&reader, &token), QUIPU_READ_OK);
    assert_int_equal(token.ext_type, -128);
    assert_bytes(token.bytes.data, token.bytes.size, "ab", 2);
    assert_int_equal(quipu_reader_next(&reader, &token), QUIPU_READ_OK);
    assert_int_equal(token.ext_type, 127);
    assert_int_equal(quipu_reader_next(&reader, &token), QUIPU_READ_OK);
    assert_string_equal(quipu_reader_token_name(&token), "an array");
    assert_int_equal(token.count, 1);
    assert_int_equal(quipu_reader_skip(&reader, &token), QUIPU_READ_OK);
    assert_int_equal(quipu_reader_next(&reader, &token), QUIPU_READ_CUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_bytes_are_read_as_msgpack_c_does),
        cmocka_unit_test(each_head_is_read_as_msgpack_c_does),
        cmocka_unit_test(integers_round_trip_through_msgpack_c),
        cmocka_unit_test(values_have_their_kinds_and_contents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
