/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that the cache gives each key its own cipher, also if several keys have
 * one slot. */
#include "quipu_test.h"

#include "sealing/cipher_cache.h"

#define KEYS 8

static void keys_that_share_a_slot_get_their_own_ciphers(void **state)
{
    struct quipu_cipher_cache *cache = NULL;
    struct quipu_cipher *ciphers[KEYS];
    quipu_key keys[KEYS];
    quipu_error error;

    (void)state;
    assert_ok(quipu_cipher_cache_create(1, &cache, &error), &error);
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < KEYS; i++) {
            if (round == 0) {
                assert_ok(quipu_key_generate(&keys[i], &error), &error);
            }
            assert_ok(
                quipu_cipher_cache_get(cache, &keys[i], &ciphers[i], &error),
                &error);
        }
        for (size_t i = 0; i < KEYS; i++) {
            assert_memory_equal(quipu_cipher_key_id(ciphers[i]), keys[i].id,
                                QUIPU_KEY_ID_SIZE);
            quipu_cipher_release(ciphers[i]);
        }
    }
    quipu_cipher_cache_destroy(cache);
    quipu_cipher_cache_destroy(NULL);
}

static void a_cipher_is_kept(void **state)
{
    struct quipu_cipher_cache *cache = NULL;
    struct quipu_cipher *first = NULL;
    struct quipu_cipher *second = NULL;
    quipu_error error;
    quipu_key key;

    (void)state;
    assert_ok(quipu_key_generate(&key, &error), &error);
    assert_ok(quipu_cipher_cache_create(4, &cache, &error), &error);
    assert_ok(quipu_cipher_cache_get(cache, &key, &first, &error), &error);
    assert_ok(quipu_cipher_cache_get(cache, &key, &second, &error), &error);
    assert_ptr_equal(first, second);
    quipu_cipher_cache_destroy(cache); /* the ciphers are still held */
    assert_memory_equal(quipu_cipher_key_id(first), key.id, QUIPU_KEY_ID_SIZE);
    quipu_cipher_release(first);
    quipu_cipher_release(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_that_share_a_slot_get_their_own_ciphers),
        cmocka_unit_test(a_cipher_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
