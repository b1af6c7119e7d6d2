/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a vault, and what wraps and proves them. */
#include "vault/record.h"

#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "records/entry_value.h"

#define FORM_RING 1
#define FORM_MARK 2
#define FORM_ROOT 1 /* of the root entry */

/* The purposes of ciphertexts; the first bound part of each. */
#define PURPOSE_ROOT "quipu vault root"
#define PURPOSE_KEY "quipu vault key"
#define PURPOSE_SUBJECT "quipu vault subject"
#define PURPOSE_MARK "quipu vault mark"

/* Seals nothing, bound to the purpose and two other parts. */
static int prove(const quipu_vault_secrets *secrets, const char *purpose,
                 quipu_bytes first, quipu_bytes second,
                 uint8_t proof[QUIPU_VAULT_PROOF_SIZE], quipu_error *error)
{
    const quipu_bytes parts[] = { quipu_bytes_of_text(purpose), first, second };

    return quipu_cipher_seal(secrets->root, (struct quipu_bound){ parts, 3 },
                             (quipu_bytes){ NULL, 0 }, proof,
                             proof + QUIPU_CIPHER_NONCE_SIZE, error);
}

int quipu_vault_record_name(const quipu_vault_secrets *secrets,
                            quipu_bytes subject, quipu_vault_name *name,
                            quipu_error *error)
{
    return prove(secrets, PURPOSE_SUBJECT, subject, (quipu_bytes){ NULL, 0 },
                 name->bytes, error);
}

static quipu_bytes bytes_of(const quipu_vault_name *name)
{
    return (quipu_bytes){ name ? name->bytes : NULL,
                          name ? sizeof(name->bytes) : 0 };
}

/* -------------------------------------------------------------- wrapping */

/* The parts that a wrapped secret is bound to: the id of the vault, which the
 * root key has itself, the name and the id of the key. */
struct wrapping {
    quipu_bytes parts[4];
};

static struct quipu_bound bind(struct wrapping *wrapping,
                               const quipu_vault_secrets *secrets,
                               const quipu_vault_name *name, const uint8_t *id)
{
    *wrapping = (struct wrapping){ {
        quipu_bytes_of_text(name ? PURPOSE_KEY : PURPOSE_ROOT),
        { name ? quipu_cipher_key_id(secrets->root) : id, QUIPU_KEY_ID_SIZE },
        bytes_of(name),
        { id, QUIPU_KEY_ID_SIZE },
    } };
    return (struct quipu_bound){ wrapping->parts, 4 };
}

int quipu_vault_record_wrap(const quipu_vault_secrets *secrets,
                            const quipu_vault_name *name, const quipu_key *key,
                            uint8_t wrapped[QUIPU_VAULT_WRAPPED_SIZE],
                            quipu_error *error)
{
    const struct quipu_cipher *master = secrets->masters[0];
    uint8_t *nonce = wrapped + QUIPU_KEY_ID_SIZE;
    struct wrapping wrapping;

    memcpy(wrapped, quipu_cipher_key_id(master), QUIPU_KEY_ID_SIZE);
    return quipu_cipher_seal(master, bind(&wrapping, secrets, name, key->id),
                             (quipu_bytes){ key->secret, sizeof(key->secret) },
                             nonce, nonce + QUIPU_CIPHER_NONCE_SIZE, error);
}

static const struct quipu_cipher *find_master(
    const quipu_vault_secrets *secrets, const uint8_t *id)
{
    for (size_t i = 0; i < secrets->master_count; i++) {
        if (memcmp(quipu_cipher_key_id(secrets->masters[i]), id,
                   QUIPU_KEY_ID_SIZE) == 0) {
            return secrets->masters[i];
        }
    }
    return NULL;
}

static int refuse_master(const uint8_t *id, quipu_error *error)
{
    char text[QUIPU_UUID_TEXT_SIZE];
    quipu_uuid uuid;

    memcpy(uuid.bytes, id, sizeof(uuid.bytes));
    quipu_uuid_format(&uuid, text);
    return quipu_error_set(error, QUIPU_DENIED,
                           "the vault: a key is wrapped by the master key %s, "
                           "which is not among those given",
                           text);
}

int quipu_vault_record_unwrap(const quipu_vault_secrets *secrets,
                              const quipu_vault_name *name,
                              const uint8_t wrapped[QUIPU_VAULT_WRAPPED_SIZE],
                              quipu_key *key, quipu_error *error)
{
    const struct quipu_cipher *master = find_master(secrets, wrapped);
    const uint8_t *nonce = wrapped + QUIPU_KEY_ID_SIZE;
    struct wrapping wrapping;

    if (!master) {
        return refuse_master(wrapped, error);
    }
    int status = quipu_cipher_open(
        master, bind(&wrapping, secrets, name, key->id), nonce,
        (quipu_bytes){ nonce + QUIPU_CIPHER_NONCE_SIZE,
                       QUIPU_KEY_SECRET_SIZE + QUIPU_CIPHER_TAG_SIZE },
        key->secret, error);

    return status != QUIPU_CORRUPT
               ? status
               : quipu_error_set(error, QUIPU_CORRUPT,
                                 "the vault: a wrapped key was changed, or the "
                                 "secret of the master key is another one");
}

bool quipu_vault_record_is_new(const quipu_vault_secrets *secrets,
                               const uint8_t wrapped[QUIPU_VAULT_WRAPPED_SIZE])
{
    return memcmp(quipu_cipher_key_id(secrets->masters[0]), wrapped,
                  QUIPU_KEY_ID_SIZE) == 0;
}

/* -------------------------------------------------------------- the root */

int quipu_vault_record_write_root(const quipu_vault_secrets *secrets,
                                  const quipu_key *root,
                                  uint8_t value[QUIPU_VAULT_ROOT_SIZE],
                                  quipu_error *error)
{
    value[0] = FORM_ROOT;
    memcpy(value + 1, root->id, sizeof(root->id));
    return quipu_vault_record_wrap(secrets, NULL, root,
                                   value + 1 + sizeof(root->id), error);
}

int quipu_vault_record_read_root(const quipu_vault_secrets *secrets,
                                 quipu_bytes value, quipu_key *root,
                                 quipu_error *error)
{
    const uint8_t *bytes = value.data;

    if (value.size > 0 && *bytes > FORM_ROOT) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "the vault has format %u, which this version of "
                               "quipu does not know",
                               (unsigned)*bytes);
    }
    if (value.size != QUIPU_VAULT_ROOT_SIZE || *bytes != FORM_ROOT) {
        return quipu_error_set(
            error, QUIPU_CORRUPT,
            "the vault: the entry \"quipu/vault/root\" was changed");
    }
    memcpy(root->id, bytes + 1, sizeof(root->id));
    return quipu_vault_record_unwrap(secrets, NULL,
                                     bytes + 1 + sizeof(root->id), root, error);
}

/* ----------------------------------------------------------------- marks */

int quipu_vault_record_mark(const quipu_vault_secrets *secrets,
                            const quipu_vault_name *name, quipu_time when,
                            uint8_t value[QUIPU_VAULT_MARK_SIZE],
                            quipu_error *error)
{
    uint8_t *at = value;

    *at++ = FORM_MARK;
    quipu_value_put_number(&at, (uint64_t)when.microseconds, 8);
    return prove(secrets, PURPOSE_MARK, bytes_of(name),
                 (quipu_bytes){ value + 1, 8 }, at, error);
}

static int read_mark(const quipu_vault_secrets *secrets,
                     const quipu_vault_name *name, quipu_bytes value,
                     quipu_vault_record *record, quipu_error *error)
{
    uint8_t right[QUIPU_VAULT_MARK_SIZE];
    const uint8_t *at = (const uint8_t *)value.data + 1;

    if (value.size != sizeof(right)) {
        return QUIPU_CORRUPT;
    }
    record->is_mark = true;
    record->when.microseconds = (int64_t)quipu_value_take_number(&at, 8);
    int status =
        quipu_vault_record_mark(secrets, name, record->when, right, error);

    return status == QUIPU_OK && memcmp(right, value.data, sizeof(right)) != 0
               ? QUIPU_CORRUPT
               : status;
}

/* ----------------------------------------------------------------- rings */

static int read_ring(quipu_bytes value, quipu_vault_record *record)
{
    const size_t size = value.size - 1;

    record->keys = (const uint8_t *)value.data + 1;
    record->count = size / QUIPU_VAULT_KEY_SIZE;
    return record->count > 0 && size % QUIPU_VAULT_KEY_SIZE == 0
               ? QUIPU_OK
               : QUIPU_CORRUPT;
}

int quipu_vault_record_read(const quipu_vault_secrets *secrets,
                            const quipu_vault_name *name, quipu_bytes value,
                            quipu_vault_record *record, quipu_error *error)
{
    const uint8_t form = value.size > 0 ? *(const uint8_t *)value.data : 0;
    int status = QUIPU_CORRUPT;

    *record = (quipu_vault_record){ .count = 0 };
    if (form == FORM_RING) {
        status = read_ring(value, record);
    } else if (form == FORM_MARK) {
        status = read_mark(secrets, name, value, record, error);
    } else if (form > FORM_MARK) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "the vault: an entry has form %u, which this "
                               "version of quipu does not know",
                               (unsigned)form);
    }
    return status != QUIPU_CORRUPT
               ? status
               : quipu_error_set(error, QUIPU_CORRUPT,
                                 "the vault: the entry of a subject was "
                                 "changed, or belongs to another vault");
}

/* Writes one key of a ring. */
static int write_key(const quipu_vault_secrets *secrets,
                     const quipu_vault_name *name, const quipu_key *key,
                     uint8_t *at, quipu_error *error)
{
    memcpy(at, key->id, sizeof(key->id));
    return quipu_vault_record_wrap(secrets, name, key, at + sizeof(key->id),
                                   error);
}

int quipu_vault_record_add_key(const quipu_vault_secrets *secrets,
                               const quipu_vault_name *name,
                               const quipu_vault_record *earlier,
                               uint8_t *value, quipu_key *key,
                               quipu_error *error)
{
    int status = quipu_key_generate(key, error);

    *value = FORM_RING;
    if (status == QUIPU_OK) {
        status = write_key(secrets, name, key, value + 1, error);
    }
    if (earlier->count > 0) {
        memcpy(value + 1 + QUIPU_VAULT_KEY_SIZE, earlier->keys,
               earlier->count * QUIPU_VAULT_KEY_SIZE);
    }
    return status;
}

int quipu_vault_record_key(const quipu_vault_secrets *secrets,
                           const quipu_vault_name *name,
                           const quipu_vault_record *ring, size_t number,
                           quipu_key *key, quipu_error *error)
{
    const uint8_t *at = ring->keys + number * QUIPU_VAULT_KEY_SIZE;

    memcpy(key->id, at, sizeof(key->id));
    return quipu_vault_record_unwrap(secrets, name, at + sizeof(key->id), key,
                                     error);
}

int quipu_vault_record_rewrap(const quipu_vault_secrets *secrets,
                              const quipu_vault_name *name,
                              const quipu_vault_record *ring, uint8_t *value,
                              quipu_error *error)
{
    uint8_t *at = value;
    quipu_key key;
    int status = QUIPU_OK;

    *at++ = FORM_RING;
    for (size_t i = 0; i < ring->count && status == QUIPU_OK; i++) {
        status = quipu_vault_record_key(secrets, name, ring, i, &key, error);
        if (status == QUIPU_OK) {
            status = write_key(secrets, name, &key, at, error);
        }
        at += QUIPU_VAULT_KEY_SIZE;
    }
    quipu_key_wipe(&key);
    return status;
}
