/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cache of ciphers by the ids of their keys.
 *
 * Creating a cipher derives two keys, which takes longer than to encrypt an
 * event.  The cache does not replace the question to the provider of keys: only
 * a key that the provider has given is looked up.  An id stands for one secret
 * for ever, so a cipher is never outdated.
 *
 * Any number of threads.
 */
#ifndef QUIPU_CORE_SEALING_CIPHER_CACHE_H
#define QUIPU_CORE_SEALING_CIPHER_CACHE_H

#include "sealing/cipher.h"

struct quipu_cipher_cache;

/* Creates an empty cache with room for `capacity` ciphers, at least one.
 * NO_MEMORY. */
int quipu_cipher_cache_create(size_t capacity,
                              struct quipu_cipher_cache **cache,
                              quipu_error *error);

/* Frees a cache; ciphers that are held stay.  NULL is allowed. */
void quipu_cipher_cache_destroy(struct quipu_cipher_cache *cache);

/* Gets the cipher of a key, which the caller gives back by
 * quipu_cipher_release.  Codes of quipu_cipher_create. */
int quipu_cipher_cache_get(struct quipu_cipher_cache *cache,
                           const quipu_key *key, struct quipu_cipher **cipher,
                           quipu_error *error);

#endif
