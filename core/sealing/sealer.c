/* SPDX-License-Identifier: Apache-2.0 */
/* Creates sealers, and gets ciphers from the provider of keys. */
#include "sealing/sealer.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/structs.h"

/* Ciphers that are kept: more than a store has keys, and about 1 KiB each. */
#define CIPHERS_KEPT 64

static int refuse(const char *why, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INVALID, "sealing: %s", why);
}

static int check(const quipu_sealing *sealing, quipu_error *error)
{
    if (sealing->suite != QUIPU_SUITE_DEFAULT &&
        sealing->suite != QUIPU_SUITE_AES_256_GCM) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "sealing: this version of quipu has no suite %d",
                               (int)sealing->suite);
    }
    if (sealing->reserved[0] || sealing->reserved[1]) {
        return refuse("a reserved member is not 0", error);
    }
    if (sealing->whole && !sealing->keys) {
        return refuse("whole states are to be encrypted, and there are no keys",
                      error);
    }
    if (sealing->require_whole && !sealing->whole) {
        return refuse("require_whole needs whole", error);
    }
    if (sealing->dictionary_count > 0 && !sealing->dictionaries) {
        return refuse("dictionaries are counted, and their list is NULL",
                      error);
    }
    return QUIPU_OK;
}

static int take_keys(struct quipu_sealer *sealer, const quipu_keys *keys,
                     quipu_error *error)
{
    if (!keys) {
        return QUIPU_OK;
    }
    int status = quipu_struct_take(&sealer->keys, sizeof(sealer->keys), keys,
                                   "sealing: keys", error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!sealer->keys.current || !sealer->keys.find) {
        return refuse("the provider of keys lacks a function", error);
    }
    if (!quipu_cipher_is_available()) { /* with the message of the cipher */
        return quipu_cipher_create(NULL, NULL, error);
    }
    sealer->has_keys = true;
    return quipu_cipher_cache_create(CIPHERS_KEPT, &sealer->ciphers, error);
}

/* States may be compressed that this program does not compress, so there is a
 * codec if the build has one. */
static int take_codec(struct quipu_sealer *sealer, const quipu_sealing *sealing,
                      quipu_error *error)
{
    bool is_needed =
        sealing->compress_above > 0 || sealing->dictionary_count > 0;

    sealer->compress_above = sealing->compress_above;
    return is_needed || quipu_codec_is_available()
               ? quipu_codec_create(sealing, &sealer->codec, error)
               : QUIPU_OK;
}

int quipu_sealer_create(const quipu_sealing *sealing,
                        struct quipu_sealer **sealer, quipu_error *error)
{
    quipu_sealing own;
    int status =
        quipu_struct_take(&own, sizeof(own), sealing, "sealing", error);

    if (status == QUIPU_OK) {
        status = check(&own, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    struct quipu_sealer *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created) {
        return quipu_error_no_memory(error);
    }
    created->whole = own.whole;
    created->require_whole = own.require_whole;
    status = take_keys(created, own.keys, error);
    if (status == QUIPU_OK) {
        status = take_codec(created, &own, error);
    }
    if (status != QUIPU_OK) {
        quipu_sealer_destroy(created);
        return status;
    }
    *sealer = created;
    return QUIPU_OK;
}

void quipu_sealer_destroy(struct quipu_sealer *sealer)
{
    if (!sealer) {
        return;
    }
    quipu_cipher_cache_destroy(sealer->ciphers);
    quipu_codec_destroy(sealer->codec);
    quipu_release(sealer);
}

static int refuse_without_keys(quipu_error *error)
{
    if (!quipu_cipher_is_available()) { /* with the message of the cipher */
        return quipu_cipher_create(NULL, NULL, error);
    }
    return quipu_error_set(error, QUIPU_DENIED, "no keys are given");
}

int quipu_sealer_current(const struct quipu_sealer *sealer, quipu_bytes subject,
                         struct quipu_cipher **cipher, quipu_error *error)
{
    quipu_key key;

    if (!sealer->has_keys) {
        return refuse_without_keys(error);
    }
    int status =
        sealer->keys.current(sealer->keys.context, subject, &key, error);

    if (status == QUIPU_OK) {
        status = quipu_cipher_cache_get(sealer->ciphers, &key, cipher, error);
        quipu_key_wipe(&key);
    } else if (status == QUIPU_NOT_FOUND) {
        status = quipu_error_set(error, QUIPU_DENIED,
                                 "there is no key to encrypt with");
    }
    return status;
}

int quipu_sealer_find(const struct quipu_sealer *sealer, quipu_bytes subject,
                      const uint8_t id[QUIPU_KEY_ID_SIZE],
                      struct quipu_cipher **cipher, quipu_error *error)
{
    quipu_key key;

    if (!sealer->has_keys) {
        return refuse_without_keys(error);
    }
    int status =
        sealer->keys.find(sealer->keys.context, subject, id, &key, error);

    if (status == QUIPU_OK) {
        memcpy(key.id, id, sizeof(key.id));
        status = quipu_cipher_cache_get(sealer->ciphers, &key, cipher, error);
        quipu_key_wipe(&key);
    }
    return status;
}
