/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of a subject in a vault: the value of one entry, which is either
 * the ring of its keys or the mark of their destruction.
 *
 *     ring    1  then for each key, the newest first:
 *                id (16)  wrapped secret (76)
 *     mark    2  time (8, microseconds of 1970)  proof (28)
 *
 *     wrapped secret:  id of the master key (16)  nonce (12)
 *                      ciphertext (32)  tag (16)
 *     proof, name:     nonce (12)  tag (16)
 *
 * A secret is wrapped by the cipher of the master key (sealing/cipher.h), bound
 * to the vault, the name of the entry and its own id, so that a ring of another
 * subject or vault is noticed.
 *
 * Sealing nothing gives a nonce and a tag that nobody without the key can
 * compute or recognise.  With the root key of the vault, these are the name of
 * a subject's entry, so that the entries do not say whose they are, and the
 * proof in a mark, bound to the name and the time: no damage, and nobody
 * without a master key, makes a mark (X4).
 */
#ifndef QUIPU_CORE_VAULT_RECORD_H
#define QUIPU_CORE_VAULT_RECORD_H

#include "sealing/cipher.h"

/* A nonce and the tag of nothing. */
#define QUIPU_VAULT_PROOF_SIZE (QUIPU_CIPHER_NONCE_SIZE + QUIPU_CIPHER_TAG_SIZE)
#define QUIPU_VAULT_WRAPPED_SIZE                                           \
    (QUIPU_KEY_ID_SIZE + QUIPU_CIPHER_NONCE_SIZE + QUIPU_KEY_SECRET_SIZE + \
     QUIPU_CIPHER_TAG_SIZE)
#define QUIPU_VAULT_MARK_SIZE (1 + 8 + QUIPU_VAULT_PROOF_SIZE)
#define QUIPU_VAULT_KEYS_MAX 1000 /* of a subject */

/* The secrets of a vault; constant after opening. */
typedef struct quipu_vault_secrets {
    struct quipu_cipher **masters; /* owned; the first one wraps */
    size_t master_count;
    struct quipu_cipher *root; /* its key's id is that of the vault */
} quipu_vault_secrets;

/* The name of a subject's entry. */
typedef struct quipu_vault_name {
    uint8_t bytes[QUIPU_VAULT_PROOF_SIZE];
} quipu_vault_name;

/* Adds a name to the sum of a set, or removes it: exclusive or.  Sets with the
 * same sum are the same, since names are as random numbers. */
static inline void quipu_vault_name_mix(quipu_vault_name *sum,
                                        const quipu_vault_name *name)
{
    for (size_t i = 0; i < sizeof(name->bytes); i++) {
        sum->bytes[i] ^= name->bytes[i];
    }
}

/* Computes the name of a subject, or of the store itself if it is absent. */
int quipu_vault_record_name(const quipu_vault_secrets *secrets,
                            quipu_bytes subject, quipu_vault_name *name,
                            quipu_error *error);

/* -------------------------------------------------------------- wrapping */

/* Wraps the secret of a key by the first master key.  `name` is that of the
 * subject's entry; NULL: the key is the root key. */
int quipu_vault_record_wrap(const quipu_vault_secrets *secrets,
                            const quipu_vault_name *name, const quipu_key *key,
                            uint8_t wrapped[QUIPU_VAULT_WRAPPED_SIZE],
                            quipu_error *error);

/* The opposite: sets the secret of a key whose id is set.  DENIED: it is
 * wrapped by a master key that is not known; CORRUPT. */
int quipu_vault_record_unwrap(const quipu_vault_secrets *secrets,
                              const quipu_vault_name *name,
                              const uint8_t wrapped[QUIPU_VAULT_WRAPPED_SIZE],
                              quipu_key *key, quipu_error *error);

/* Whether a secret is wrapped by the first master key. */
bool quipu_vault_record_is_new(const quipu_vault_secrets *secrets,
                               const uint8_t wrapped[QUIPU_VAULT_WRAPPED_SIZE]);

/* --------------------------------------------------------------- records */

/* A value that was read; it points into the entry. */
typedef struct quipu_vault_record {
    bool is_mark;
    quipu_time when;     /* of a mark */
    const uint8_t *keys; /* of a ring: QUIPU_VAULT_KEY_SIZE bytes each */
    size_t count;
} quipu_vault_record;

#define QUIPU_VAULT_KEY_SIZE (QUIPU_KEY_ID_SIZE + QUIPU_VAULT_WRAPPED_SIZE)

/* Returns the size of a ring of that many keys. */
#define QUIPU_VAULT_RING_SIZE(count) (1 + QUIPU_VAULT_KEY_SIZE * (count))

/* Reads a value.  CORRUPT; UNSUPPORTED: of a newer form. */
int quipu_vault_record_read(const quipu_vault_secrets *secrets,
                            const quipu_vault_name *name, quipu_bytes value,
                            quipu_vault_record *record, quipu_error *error);

/* Writes a ring of a new key, which *key is set to, and those of `earlier`
 * (NULL: none) behind it; `value` has room for them. */
int quipu_vault_record_add_key(const quipu_vault_secrets *secrets,
                               const quipu_vault_name *name,
                               const quipu_vault_record *earlier,
                               uint8_t *value, quipu_key *key,
                               quipu_error *error);

/* Unwraps the key with that number in the ring. */
int quipu_vault_record_key(const quipu_vault_secrets *secrets,
                           const quipu_vault_name *name,
                           const quipu_vault_record *ring, size_t number,
                           quipu_key *key, quipu_error *error);

/* Writes a ring with all keys wrapped by the first master key. */
int quipu_vault_record_rewrap(const quipu_vault_secrets *secrets,
                              const quipu_vault_name *name,
                              const quipu_vault_record *ring, uint8_t *value,
                              quipu_error *error);

/* Writes the mark of a destruction at that time. */
int quipu_vault_record_mark(const quipu_vault_secrets *secrets,
                            const quipu_vault_name *name, quipu_time when,
                            uint8_t value[QUIPU_VAULT_MARK_SIZE],
                            quipu_error *error);

/* --------------------------------------------------------------- the root */

#define QUIPU_VAULT_ROOT_SIZE (1 + QUIPU_VAULT_KEY_SIZE)

/* Writes the value of the root entry. */
int quipu_vault_record_write_root(const quipu_vault_secrets *secrets,
                                  const quipu_key *root,
                                  uint8_t value[QUIPU_VAULT_ROOT_SIZE],
                                  quipu_error *error);

/* Reads it.  DENIED, CORRUPT, UNSUPPORTED as for quipu_vault_open. */
int quipu_vault_record_read_root(const quipu_vault_secrets *secrets,
                                 quipu_bytes value, quipu_key *root,
                                 quipu_error *error);

#endif
