/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cipher: authenticated encryption of bytes under one key, deterministic and
 * bound to other bytes.  docs/sealing.md has the construction with its security
 * argument; the functions here are all that encrypts in quipu.
 *
 * The bytes that a ciphertext is bound to are given as a list of parts.  The
 * cipher encodes their number and lengths, so two lists are the same only if
 * all their parts are; an absent part differs from an empty one.  The first
 * part names the purpose ("quipu state"), so that what is sealed for one
 * purpose opens for no other.
 *
 * A cipher does not change after it was created: any number of threads.
 */
#ifndef QUIPU_CORE_SEALING_CIPHER_H
#define QUIPU_CORE_SEALING_CIPHER_H

#include <quipu/sealing.h>

#define QUIPU_CIPHER_NONCE_SIZE 12
#define QUIPU_CIPHER_TAG_SIZE 16

/* An overhead of a ciphertext: it has that many bytes more than the plaintext.
 * The nonce is kept beside it. */
#define QUIPU_CIPHER_OVERHEAD QUIPU_CIPHER_TAG_SIZE

struct quipu_cipher;

/* The bytes that a ciphertext is bound to. */
struct quipu_bound {
    const quipu_bytes *parts;
    size_t count;
};

/* Returns whether this build can encrypt; otherwise creating a cipher is
 * UNSUPPORTED. */
bool quipu_cipher_is_available(void);

/* Creates the cipher of a key, with one reference.  UNSUPPORTED: this build has
 * no OpenSSL.  NO_MEMORY; INTERNAL: OpenSSL fails. */
int quipu_cipher_create(const quipu_key *key, struct quipu_cipher **cipher,
                        quipu_error *error);

/* Add and give up a reference; the last wipes and frees the cipher.  NULL is
 * allowed. */
void quipu_cipher_hold(struct quipu_cipher *cipher);
void quipu_cipher_release(struct quipu_cipher *cipher);

/* Returns the id of its key. */
const uint8_t *quipu_cipher_key_id(const struct quipu_cipher *cipher);

/*
 * Encrypts `plain` into the plain.size + QUIPU_CIPHER_OVERHEAD bytes at
 * `sealed`, which must not overlap it, and sets the nonce.  The same key, bound
 * parts and plaintext give the same bytes.  INVALID: `plain` is larger than
 * 1 GiB.  NO_MEMORY; INTERNAL: OpenSSL fails.
 */
int quipu_cipher_seal(const struct quipu_cipher *cipher,
                      struct quipu_bound bound, quipu_bytes plain,
                      uint8_t nonce[QUIPU_CIPHER_NONCE_SIZE], uint8_t *sealed,
                      quipu_error *error);

/*
 * Decrypts `sealed` into the sealed.size - QUIPU_CIPHER_OVERHEAD bytes at
 * `plain`, which must not overlap it.  CORRUPT: it was not sealed with this
 * key, nonce and bound parts, or is shorter than the overhead; `plain` is
 * zeroed, and *error is as before, since the caller knows what is corrupt.
 * NO_MEMORY, INTERNAL as above.
 */
int quipu_cipher_open(const struct quipu_cipher *cipher,
                      struct quipu_bound bound,
                      const uint8_t nonce[QUIPU_CIPHER_NONCE_SIZE],
                      quipu_bytes sealed, uint8_t *plain, quipu_error *error);

#endif
