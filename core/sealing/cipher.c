/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-256-GCM with a synthetic nonce.  docs/sealing.md has the argument; the
 * construction is:
 *
 *     (KE, KN)   = HKDF-SHA-256(secret, no salt, info = LABEL || key id), 64
 *                  bytes: 32 for KE, 32 for KN
 *     B          = number of parts, then of each its size and its bytes; all
 *                  numbers in 8 bytes, big-endian; the size of an absent part
 *                  is 2^64 - 1
 *     nonce      = the first 12 bytes of HMAC-SHA-256(KN, B || plaintext)
 *     ciphertext = AES-256-GCM(KE, nonce, associated data B, plaintext), with
 *                  its tag of 16 bytes behind it
 *
 *   INV1  B ends where its own numbers say, so B || plaintext is an injective
 *         encoding: two calls have the same input of the HMAC only if they have
 *         the same parts and the same plaintext, and then the same ciphertext.
 *   INV2  No function of this file writes a key or a plaintext to anything but
 *         its result; copies on the stack are wiped.
 *
 * HMAC is RFC 2104 over the digest: a cipher keeps the two states of SHA-256
 * after the padded key, and each call copies them.  OpenSSL's own HMAC does the
 * same, but copies three states in three allocations for each call.
 */
#include "sealing/cipher.h"

#include <stdatomic.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "sealing/wipe.h"

#if QUIPU_HAS_OPENSSL

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#define LABEL "quipu sealing, suite 1"
#define DERIVED_KEY_SIZE 32
#define BLOCK_SIZE 64 /* of SHA-256 */
#define DIGEST_SIZE 32
#define NUMBER_SIZE 8
#define PLAIN_MAX ((size_t)1 << 30)
/* Bytes of B on the stack; a longer one is allocated. */
#define BOUND_SIZE 1024

struct quipu_cipher {
    atomic_size_t references;
    uint8_t key_id[QUIPU_KEY_ID_SIZE];
    uint8_t encryption_key[DERIVED_KEY_SIZE];
    EVP_CIPHER *gcm;
    EVP_MD *sha256;
    EVP_MD_CTX *inner; /* SHA-256 after the padded key of the nonces, as HMAC */
    EVP_MD_CTX *outer; /* uses it for the message and for the result */
};

bool quipu_cipher_is_available(void)
{
    return true;
}

/* INTERNAL, or NO_MEMORY, with OpenSSL's reason. */
static int refuse(const char *what, quipu_error *error)
{
    unsigned long code = ERR_peek_last_error();
    char reason[160] = "no reason given";

    if (code != 0) {
        ERR_error_string_n(code, reason, sizeof(reason));
    }
    ERR_clear_error();
    return ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE
               ? quipu_error_no_memory(error)
               : quipu_error_set(error, QUIPU_INTERNAL,
                                 "OpenSSL fails while %s: %s", what, reason);
}

/* --------------------------------------------------------------- creating */

/* Derives both keys from the secret. */
static bool derive(const quipu_key *key, uint8_t derived[2 * DERIVED_KEY_SIZE])
{
    char info[sizeof(LABEL) - 1 + QUIPU_KEY_ID_SIZE];
    quipu_key copy = *key; /* OpenSSL's parameters are not const */
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    char digest[] = "SHA256";

    memcpy(info, LABEL, sizeof(LABEL) - 1);
    memcpy(info + sizeof(LABEL) - 1, key->id, QUIPU_KEY_ID_SIZE);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, copy.secret,
                                          sizeof(copy.secret)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info,
                                          sizeof(info)),
        OSSL_PARAM_construct_end(),
    };
    bool done =
        context && EVP_KDF_derive(context, derived,
                                  2 * (size_t)DERIVED_KEY_SIZE, params) == 1;

    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    quipu_key_wipe(&copy);
    return done;
}

/* Creates a state of SHA-256 after the key, each of whose bytes was combined
 * with `pad`. */
static EVP_MD_CTX *begin_digest(const EVP_MD *sha256, const uint8_t *key,
                                uint8_t pad)
{
    uint8_t block[BLOCK_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    memset(block, pad, sizeof(block));
    for (size_t i = 0; i < DERIVED_KEY_SIZE; i++) {
        block[i] ^= key[i];
    }
    if (context && (EVP_DigestInit_ex2(context, sha256, NULL) != 1 ||
                    EVP_DigestUpdate(context, block, sizeof(block)) != 1)) {
        EVP_MD_CTX_free(context);
        context = NULL;
    }
    quipu_wipe(block, sizeof(block));
    return context;
}

static bool init(struct quipu_cipher *cipher, const quipu_key *key)
{
    uint8_t derived[2 * DERIVED_KEY_SIZE];

    if (!derive(key, derived)) {
        return false;
    }
    memcpy(cipher->key_id, key->id, sizeof(cipher->key_id));
    memcpy(cipher->encryption_key, derived, DERIVED_KEY_SIZE);
    cipher->gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    cipher->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (cipher->gcm && cipher->sha256) {
        cipher->inner =
            begin_digest(cipher->sha256, derived + DERIVED_KEY_SIZE, 0x36);
        cipher->outer =
            begin_digest(cipher->sha256, derived + DERIVED_KEY_SIZE, 0x5C);
    }
    quipu_wipe(derived, sizeof(derived));
    return cipher->inner && cipher->outer;
}

int quipu_cipher_create(const quipu_key *key, struct quipu_cipher **cipher,
                        quipu_error *error)
{
    struct quipu_cipher *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created) {
        return quipu_error_no_memory(error);
    }
    atomic_init(&created->references, 1);
    if (!init(created, key)) {
        quipu_cipher_release(created);
        return refuse("preparing a key", error);
    }
    *cipher = created;
    return QUIPU_OK;
}

void quipu_cipher_hold(struct quipu_cipher *cipher)
{
    if (cipher) {
        atomic_fetch_add(&cipher->references, 1);
    }
}

void quipu_cipher_release(struct quipu_cipher *cipher)
{
    if (!cipher || atomic_fetch_sub(&cipher->references, 1) > 1) {
        return;
    }
    EVP_MD_CTX_free(cipher->inner); /* these wipe their states */
    EVP_MD_CTX_free(cipher->outer);
    EVP_CIPHER_free(cipher->gcm);
    EVP_MD_free(cipher->sha256);
    quipu_wipe(cipher, sizeof(*cipher));
    quipu_release(cipher);
}

const uint8_t *quipu_cipher_key_id(const struct quipu_cipher *cipher)
{
    return cipher->key_id;
}

/* ---------------------------------------------------------- bound parts: B */

/* The encoding B. */
struct encoded {
    uint8_t room[BOUND_SIZE];
    uint8_t *bytes; /* `room`, or allocated */
    size_t size;
};

static void put_number(uint8_t **at, uint64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8) {
        *(*at)++ = (uint8_t)(number >> shift);
    }
}

static int encode(struct encoded *encoded, struct quipu_bound bound,
                  quipu_error *error)
{
    size_t size = NUMBER_SIZE;

    for (size_t i = 0; i < bound.count; i++) {
        size += NUMBER_SIZE + bound.parts[i].size;
    }
    encoded->size = size;
    encoded->bytes =
        size <= sizeof(encoded->room) ? encoded->room : quipu_allocate(size);
    if (!encoded->bytes) {
        return quipu_error_no_memory(error);
    }
    uint8_t *at = encoded->bytes;

    put_number(&at, bound.count);
    for (size_t i = 0; i < bound.count; i++) {
        const quipu_bytes *part = &bound.parts[i];

        put_number(&at, part->data ? part->size : UINT64_MAX);
        if (part->data && part->size > 0) {
            memcpy(at, part->data, part->size);
            at += part->size;
        }
    }
    return QUIPU_OK;
}

static void finish(struct encoded *encoded)
{
    if (encoded->bytes != encoded->room) {
        quipu_release(encoded->bytes);
    }
}

/* ------------------------------------------------------- sealing, opening */

/* Computes the nonce. */
static bool compute_nonce(const struct quipu_cipher *cipher,
                          const struct encoded *bound, quipu_bytes plain,
                          uint8_t nonce[QUIPU_CIPHER_NONCE_SIZE])
{
    uint8_t digest[DIGEST_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context && EVP_MD_CTX_copy_ex(context, cipher->inner) == 1 &&
                EVP_DigestUpdate(context, bound->bytes, bound->size) == 1 &&
                EVP_DigestUpdate(context, plain.data, plain.size) == 1 &&
                EVP_DigestFinal_ex(context, digest, NULL) == 1 &&
                EVP_MD_CTX_copy_ex(context, cipher->outer) == 1 &&
                EVP_DigestUpdate(context, digest, sizeof(digest)) == 1 &&
                EVP_DigestFinal_ex(context, digest, NULL) == 1;

    EVP_MD_CTX_free(context);
    memcpy(nonce, digest, QUIPU_CIPHER_NONCE_SIZE);
    quipu_wipe(digest, sizeof(digest));
    return done;
}

static bool encrypt(const struct quipu_cipher *cipher,
                    const struct encoded *bound, quipu_bytes plain,
                    const uint8_t nonce[QUIPU_CIPHER_NONCE_SIZE],
                    uint8_t *sealed)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int size = 0;
    bool done =
        context &&
        EVP_EncryptInit_ex2(context, cipher->gcm, cipher->encryption_key, nonce,
                            NULL) == 1 &&
        EVP_EncryptUpdate(context, NULL, &size, bound->bytes,
                          (int)bound->size) == 1 &&
        (plain.size == 0 ||
         EVP_EncryptUpdate(context, sealed, &size, plain.data,
                           (int)plain.size) == 1) &&
        EVP_EncryptFinal_ex(context, sealed + plain.size, &size) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG,
                            QUIPU_CIPHER_TAG_SIZE, sealed + plain.size) == 1;

    EVP_CIPHER_CTX_free(context);
    return done;
}

int quipu_cipher_seal(const struct quipu_cipher *cipher,
                      struct quipu_bound bound, quipu_bytes plain,
                      uint8_t nonce[QUIPU_CIPHER_NONCE_SIZE], uint8_t *sealed,
                      quipu_error *error)
{
    struct encoded encoded;

    if (plain.size > PLAIN_MAX) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%zu bytes cannot be encrypted, the most are "
                               "1 GiB",
                               plain.size);
    }
    int status = encode(&encoded, bound, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!compute_nonce(cipher, &encoded, plain, nonce) ||
        !encrypt(cipher, &encoded, plain, nonce, sealed)) {
        status = refuse("encrypting", error);
    }
    finish(&encoded);
    return status;
}

/* Returns 1 if the tag is right, 0 if it is wrong, and -1 if OpenSSL fails. */
static int decrypt(const struct quipu_cipher *cipher,
                   const struct encoded *bound,
                   const uint8_t nonce[QUIPU_CIPHER_NONCE_SIZE],
                   quipu_bytes sealed, uint8_t *plain)
{
    size_t plain_size = sealed.size - QUIPU_CIPHER_TAG_SIZE;
    const uint8_t *data = sealed.data;
    uint8_t tag[QUIPU_CIPHER_TAG_SIZE];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int size = 0;

    memcpy(tag, data + plain_size, sizeof(tag));
    bool done =
        context &&
        EVP_DecryptInit_ex2(context, cipher->gcm, cipher->encryption_key, nonce,
                            NULL) == 1 &&
        EVP_DecryptUpdate(context, NULL, &size, bound->bytes,
                          (int)bound->size) == 1 &&
        (plain_size == 0 || EVP_DecryptUpdate(context, plain, &size, data,
                                              (int)plain_size) == 1) &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) ==
            1;
    int right =
        done ? EVP_DecryptFinal_ex(context, plain + plain_size, &size) == 1
             : -1;

    EVP_CIPHER_CTX_free(context);
    return right;
}

int quipu_cipher_open(const struct quipu_cipher *cipher,
                      struct quipu_bound bound,
                      const uint8_t nonce[QUIPU_CIPHER_NONCE_SIZE],
                      quipu_bytes sealed, uint8_t *plain, quipu_error *error)
{
    struct encoded encoded;

    if (sealed.size < QUIPU_CIPHER_TAG_SIZE || sealed.size > PLAIN_MAX) {
        return QUIPU_CORRUPT;
    }
    int status = encode(&encoded, bound, error);

    if (status != QUIPU_OK) {
        return status;
    }
    int right = decrypt(cipher, &encoded, nonce, sealed, plain);

    if (right < 0) {
        status = refuse("decrypting", error);
    } else if (!right) {
        ERR_clear_error();
        status = QUIPU_CORRUPT;
    }
    if (status != QUIPU_OK) {
        quipu_wipe(plain, sealed.size - QUIPU_CIPHER_TAG_SIZE);
    }
    finish(&encoded);
    return status;
}

#else

bool quipu_cipher_is_available(void)
{
    return false;
}

int quipu_cipher_create(const quipu_key *key, struct quipu_cipher **cipher,
                        quipu_error *error)
{
    (void)key;
    (void)cipher;
    return quipu_error_set(error, QUIPU_UNSUPPORTED,
                           "this build of quipu has no OpenSSL, and therefore "
                           "encrypts and decrypts nothing; install libssl-dev "
                           "and build quipu again");
}

/* No cipher exists, so the following are not called, but by release(NULL). */

void quipu_cipher_hold(struct quipu_cipher *cipher)
{
    (void)cipher;
}

void quipu_cipher_release(struct quipu_cipher *cipher)
{
    (void)cipher;
}

const uint8_t *quipu_cipher_key_id(const struct quipu_cipher *cipher)
{
    return (const uint8_t *)cipher;
}

int quipu_cipher_seal(const struct quipu_cipher *cipher,
                      struct quipu_bound bound, quipu_bytes plain,
                      uint8_t nonce[QUIPU_CIPHER_NONCE_SIZE], uint8_t *sealed,
                      quipu_error *error)
{
    (void)bound, (void)plain, (void)nonce, (void)sealed;
    return quipu_cipher_create((const quipu_key *)cipher, NULL, error);
}

int quipu_cipher_open(const struct quipu_cipher *cipher,
                      struct quipu_bound bound,
                      const uint8_t nonce[QUIPU_CIPHER_NONCE_SIZE],
                      quipu_bytes sealed, uint8_t *plain, quipu_error *error)
{
    (void)bound, (void)nonce, (void)sealed, (void)plain;
    return quipu_cipher_create((const quipu_key *)cipher, NULL, error);
}

#endif
