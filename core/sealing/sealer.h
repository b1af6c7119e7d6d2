/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sealer seals and opens states for a mapper, as the program's quipu_sealing
 * says.
 *
 * It asks the provider for keys, keeps the ciphers of those that were used
 * last, and has the codec.  It does not change after it was created, so any
 * number of threads use it.
 */
#ifndef QUIPU_CORE_SEALING_SEALER_H
#define QUIPU_CORE_SEALING_SEALER_H

#include "sealing/cipher_cache.h"
#include "sealing/codec.h"

/* Constant after creation. */
struct quipu_sealer {
    quipu_keys keys;
    bool has_keys;
    bool whole; /* as the members of quipu_sealing */
    bool require_whole;
    uint64_t compress_above;            /* 0: nothing is compressed */
    struct quipu_codec *codec;          /* NULL: this build has none */
    struct quipu_cipher_cache *ciphers; /* NULL without keys */
};

/*
 * Creates a sealer.  INVALID: struct_size, the suite, the level, a dictionary
 * or a reserved member is wrong, the provider lacks a function, or `whole` is
 * set without keys, or `require_whole` without `whole`.  UNSUPPORTED: this
 * build lacks OpenSSL or zstd, which the sealing needs.  NO_MEMORY.
 */
int quipu_sealer_create(const quipu_sealing *sealing,
                        struct quipu_sealer **sealer, quipu_error *error);

/* NULL is allowed. */
void quipu_sealer_destroy(struct quipu_sealer *sealer);

/*
 * Get the cipher of the current key, or of the key with that id, of the store
 * or of a subject.  The caller gives it back by quipu_cipher_release.
 *
 * Codes and messages of the provider, of quipu_cipher_create; DENIED: the
 * sealer has no provider; UNSUPPORTED: this build has no OpenSSL.  Only
 * quipu_sealer_find returns NOT_FOUND: the provider says that there is no such
 * key.
 */
int quipu_sealer_current(const struct quipu_sealer *sealer, quipu_bytes subject,
                         struct quipu_cipher **cipher, quipu_error *error);
int quipu_sealer_find(const struct quipu_sealer *sealer, quipu_bytes subject,
                      const uint8_t id[QUIPU_KEY_ID_SIZE],
                      struct quipu_cipher **cipher, quipu_error *error);

#endif
