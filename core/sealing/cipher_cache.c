/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache is an array of slots.  The id of a key, which is random, says which
 * slot its cipher has; a cipher with another id takes the place of the one that
 * is there.  The mutex protects the slots and is not held while a cipher is
 * created or used.
 */
#include "sealing/cipher_cache.h"

#include <pthread.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

struct quipu_cipher_cache {
    pthread_mutex_t mutex; /* protects the slots */
    size_t capacity;
    struct quipu_cipher *slots[]; /* held; or NULL */
};

int quipu_cipher_cache_create(size_t capacity,
                              struct quipu_cipher_cache **cache,
                              quipu_error *error)
{
    struct quipu_cipher_cache *created = quipu_allocate_zeroed(
        sizeof(*created) + capacity * sizeof(created->slots[0]));

    if (!created || pthread_mutex_init(&created->mutex, NULL) != 0) {
        quipu_release(created);
        return quipu_error_no_memory(error);
    }
    created->capacity = capacity;
    *cache = created;
    return QUIPU_OK;
}

void quipu_cipher_cache_destroy(struct quipu_cipher_cache *cache)
{
    if (!cache) {
        return;
    }
    for (size_t i = 0; i < cache->capacity; i++) {
        quipu_cipher_release(cache->slots[i]);
    }
    (void)pthread_mutex_destroy(&cache->mutex);
    quipu_release(cache);
}

static size_t slot_of(const struct quipu_cipher_cache *cache,
                      const quipu_key *key)
{
    uint64_t number;

    memcpy(&number, key->id, sizeof(number));
    return (size_t)(number % cache->capacity);
}

/* Returns the held cipher of a slot if it is the key's, or NULL. */
static struct quipu_cipher *look_up(struct quipu_cipher_cache *cache,
                                    size_t slot, const quipu_key *key)
{
    (void)pthread_mutex_lock(&cache->mutex);
    struct quipu_cipher *found = cache->slots[slot];

    if (found &&
        memcmp(quipu_cipher_key_id(found), key->id, sizeof(key->id)) == 0) {
        quipu_cipher_hold(found);
    } else {
        found = NULL;
    }
    (void)pthread_mutex_unlock(&cache->mutex);
    return found;
}

int quipu_cipher_cache_get(struct quipu_cipher_cache *cache,
                           const quipu_key *key, struct quipu_cipher **cipher,
                           quipu_error *error)
{
    size_t slot = slot_of(cache, key);

    *cipher = look_up(cache, slot, key);
    if (*cipher) {
        return QUIPU_OK;
    }
    int status = quipu_cipher_create(key, cipher, error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_cipher_hold(*cipher); /* for the slot */
    (void)pthread_mutex_lock(&cache->mutex);
    struct quipu_cipher *replaced = cache->slots[slot];

    cache->slots[slot] = *cipher;
    (void)pthread_mutex_unlock(&cache->mutex);
    quipu_cipher_release(replaced);
    return QUIPU_OK;
}
