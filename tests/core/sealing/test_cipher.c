/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the cipher: against vectors that were computed without OpenSSL, that
 * equal inputs give equal bytes and others do not, and that nothing opens which
 * was changed. */
#include "quipu_test.h"

#include "sealing/cipher.h"
#include "vectors.h"

#include <openssl/sha.h>

#define SIZE_MAX_OF_TEST 2048

static const quipu_bytes absent = { NULL, 0 };
static const quipu_bytes empty = { "", 0 };
static const quipu_bytes purpose = { "quipu state", 11 };

/* The key of vectors.py. */
static struct quipu_cipher *create_cipher(void)
{
    struct quipu_cipher *cipher = NULL;
    quipu_error error;
    quipu_key key;

    for (size_t i = 0; i < sizeof(key.id); i++) {
        key.id[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < sizeof(key.secret); i++) {
        key.secret[i] = (uint8_t)(0x80 + i);
    }
    assert_ok(quipu_cipher_create(&key, &cipher, &error), &error);
    return cipher;
}

/* Seals; the nonce precedes the ciphertext in `sealed`.  Returns the size. */
static size_t seal(const struct quipu_cipher *cipher, const quipu_bytes *parts,
                   size_t count, quipu_bytes plain, uint8_t *sealed)
{
    const struct quipu_bound bound = { parts, count };
    quipu_error error;

    assert_ok(quipu_cipher_seal(cipher, bound, plain, sealed,
                                sealed + QUIPU_CIPHER_NONCE_SIZE, &error),
              &error);
    return QUIPU_CIPHER_NONCE_SIZE + plain.size + QUIPU_CIPHER_OVERHEAD;
}

static int open_sealed(const struct quipu_cipher *cipher,
                       const quipu_bytes *parts, size_t count,
                       const uint8_t *sealed, size_t size, uint8_t *plain)
{
    const struct quipu_bound bound = { parts, count };
    quipu_error error;

    return quipu_cipher_open(cipher, bound, sealed,
                             (quipu_bytes){ sealed + QUIPU_CIPHER_NONCE_SIZE,
                                            size - QUIPU_CIPHER_NONCE_SIZE },
                             plain, &error);
}

static void ciphertexts_are_those_of_the_vectors(void **state)
{
    uint8_t id[16];
    char many[1100];
    uint8_t numbers[1280];
    const struct {
        quipu_bytes parts[4];
        size_t count;
        quipu_bytes plain;
        const uint8_t *expected;
        size_t size;
    } cases[] = {
        { { purpose }, 1, { "", 0 }, vector_0, sizeof(vector_0) },
        { { purpose, absent, empty },
          3,
          { "x", 1 },
          vector_1,
          sizeof(vector_1) },
        { { purpose, empty, absent },
          3,
          { "x", 1 },
          vector_2,
          sizeof(vector_2) },
        { { purpose, { "sequence", 8 }, { "Topic", 5 }, { id, sizeof(id) } },
          4,
          { "0123456789", 10 },
          vector_3,
          sizeof(vector_3) },
        { { purpose, { many, sizeof(many) } },
          2,
          { numbers, sizeof(numbers) },
          vector_4,
          sizeof(vector_4) },
    };
    struct quipu_cipher *cipher = create_cipher();

    (void)state;
    for (size_t i = 0; i < sizeof(id); i++) {
        id[i] = (uint8_t)i;
    }
    memset(many, 'a', sizeof(many));
    for (size_t i = 0; i < sizeof(numbers); i++) {
        numbers[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t sealed[SIZE_MAX_OF_TEST];
        uint8_t plain[SIZE_MAX_OF_TEST];
        size_t size = seal(cipher, cases[i].parts, cases[i].count,
                           cases[i].plain, sealed);

        assert_ok(open_sealed(cipher, cases[i].parts, cases[i].count, sealed,
                              size, plain),
                  NULL);
        assert_bytes(plain, cases[i].plain.size, cases[i].plain.data,
                     cases[i].plain.size);
        if (cases[i].plain.size == sizeof(numbers)) {
            uint8_t digest[SHA256_DIGEST_LENGTH];

            SHA256(sealed + QUIPU_CIPHER_NONCE_SIZE,
                   size - QUIPU_CIPHER_NONCE_SIZE, digest);
            memcpy(sealed + QUIPU_CIPHER_NONCE_SIZE, digest, sizeof(digest));
            size = QUIPU_CIPHER_NONCE_SIZE + sizeof(digest);
        }
        assert_bytes(sealed, size, cases[i].expected, cases[i].size);
    }
    quipu_cipher_release(cipher);
}

/* Two inputs whose parts, put one after the other, are the same. */
static void borders_between_parts_count(void **state)
{
    static const quipu_bytes lists[][3] = {
        { { "quipu state", 11 }, { "ab", 2 }, { "c", 1 } },
        { { "quipu state", 11 }, { "a", 1 }, { "bc", 2 } },
        { { "quipu state", 11 }, { "abc", 3 }, { "", 0 } },
        { { "quipu state", 11 }, { "abc", 3 }, { NULL, 0 } },
        { { "quipu member", 12 }, { "ab", 2 }, { "c", 1 } },
    };
    const size_t count = sizeof(lists) / sizeof(lists[0]);
    uint8_t sealed[sizeof(lists) / sizeof(lists[0])][64];
    struct quipu_cipher *cipher = create_cipher();
    uint8_t plain[64];

    (void)state;
    for (size_t i = 0; i < count; i++) {
        size_t size =
            seal(cipher, lists[i], 3, (quipu_bytes){ "text", 4 }, sealed[i]);

        for (size_t j = 0; j < count; j++) {
            assert_status(
                open_sealed(cipher, lists[j], 3, sealed[i], size, plain),
                i == j ? QUIPU_OK : QUIPU_CORRUPT);
        }
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(sealed[i], sealed[j], 12);
        }
    }
    /* The end of the parts and the beginning of the plaintext. */
    assert_int_equal(
        seal(cipher, lists[0], 2, (quipu_bytes){ "c", 1 }, sealed[1]), 12 + 17);
    assert_memory_not_equal(sealed[0], sealed[1], 12);
    quipu_cipher_release(cipher);
}

static void a_change_of_any_bit_is_corrupt(void **state)
{
    const quipu_bytes parts[] = { purpose, { "sequence", 8 } };
    struct quipu_cipher *cipher = create_cipher();
    uint8_t sealed[64];
    uint8_t plain[64];
    size_t size =
        seal(cipher, parts, 2, (quipu_bytes){ "0123456789", 10 }, sealed);

    (void)state;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
        memset(plain, 'x', sizeof(plain));
        assert_status(open_sealed(cipher, parts, 2, sealed, size, plain),
                      QUIPU_CORRUPT);
        for (size_t i = 0; i < 10; i++) {
            assert_int_equal(plain[i], 0); /* nothing of it is left */
        }
        sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t shorter = QUIPU_CIPHER_NONCE_SIZE; shorter < size; shorter++) {
        assert_status(open_sealed(cipher, parts, 2, sealed, shorter, plain),
                      QUIPU_CORRUPT);
    }
    assert_ok(open_sealed(cipher, parts, 2, sealed, size, plain), NULL);
    quipu_cipher_release(cipher);
}

static void another_key_opens_nothing(void **state)
{
    const quipu_bytes parts[] = { purpose };
    struct quipu_cipher *cipher = create_cipher();
    struct quipu_cipher *other = NULL;
    uint8_t sealed[64];
    uint8_t again[64];
    uint8_t plain[64];
    size_t size = seal(cipher, parts, 1, (quipu_bytes){ "text", 4 }, sealed);
    quipu_key key = { .id = { 1 } }; /* the same secret, with another id */
    quipu_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(key.secret); i++) {
        key.secret[i] = (uint8_t)(0x80 + i);
    }
    assert_ok(quipu_cipher_create(&key, &other, &error), &error);
    assert_status(open_sealed(other, parts, 1, sealed, size, plain),
                  QUIPU_CORRUPT);
    (void)seal(other, parts, 1, (quipu_bytes){ "text", 4 }, again);
    assert_memory_not_equal(sealed, again, 12);
    quipu_cipher_release(other);
    quipu_cipher_release(cipher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ciphertexts_are_those_of_the_vectors),
        cmocka_unit_test(borders_between_parts_count),
        cmocka_unit_test(a_change_of_any_bit_is_corrupt),
        cmocka_unit_test(another_key_opens_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
