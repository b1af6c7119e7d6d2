/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens vaults, and makes and finds keys.
 *
 * Two processes may make the first key of a subject at the same time.  Each
 * writes a ring that expects no entry (VA1): one gets CONFLICT, reads again,
 * and uses the key of the other.  An append whose outcome is unknown is read
 * again in the same way.
 */
#include "vault/vault.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/structs.h"
#include "datastore/datastore.h"
#include "records/append.h"
#include "sealing/cipher.h"

/* -------------------------------------------------------------------- keys */

static int check_subject(quipu_bytes subject, quipu_error *error)
{
    if (!subject.data || (subject.size > 0 && subject.size <= QUIPU_ID_MAX)) {
        return QUIPU_OK;
    }
    return quipu_error_set(error, QUIPU_INVALID,
                           "the vault: a subject has %zu bytes, and must have "
                           "1 to 255",
                           subject.size);
}

static int check_present(const quipu_vault *vault, quipu_bytes subject,
                         quipu_error *error)
{
    const quipu_bytes empty = { "", 0 };

    return vault ? check_subject(subject.data ? subject : empty, error)
                 : quipu_argument_missing("vault", error);
}

static int refuse_forgotten(int status, quipu_error *error)
{
    return quipu_error_set(error, status,
                           "the vault: the subject has been forgotten, and its "
                           "keys were destroyed");
}

/* Adds a key to what was read. */
static int add_key(const quipu_vault *vault,
                   const struct quipu_vault_found *found, quipu_key *key,
                   quipu_error *error)
{
    const size_t size = QUIPU_VAULT_RING_SIZE(found->record.count + 1);

    if (found->record.count >= QUIPU_VAULT_KEYS_MAX) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the vault: the subject has %d keys, which is "
                               "the most",
                               QUIPU_VAULT_KEYS_MAX);
    }
    uint8_t *value = quipu_allocate(size);

    if (!value) {
        return quipu_error_no_memory(error);
    }
    int status = quipu_vault_record_add_key(&vault->secrets, &found->name,
                                            &found->record, value, key, error);

    if (status == QUIPU_OK) {
        const quipu_entry_write write = {
            .key = quipu_bytes_of_text(found->key),
            .value = { value, size },
            .flags = QUIPU_ENTRY_EXPECT, /* VA1 */
            .revision = quipu_vault_revision(found->entry),
        };

        status = quipu_vault_entry_commit(vault->datastore, &write, 1, error);
    }
    quipu_release(value);
    return status;
}

/* Reads the entry of a subject, and adds a key if it has none or `is_new`. */
static int get_key(const quipu_vault *vault, struct quipu_vault_found *found,
                   bool is_new, quipu_key *key, quipu_error *error)
{
    int status = quipu_vault_entry_find(vault, found, error);

    if (status == QUIPU_OK && found->record.is_mark) {
        status = refuse_forgotten(QUIPU_DENIED, error);
    } else if (status == QUIPU_OK && found->record.count > 0 && !is_new) {
        status = quipu_vault_record_key(&vault->secrets, &found->name,
                                        &found->record, 0, key, error);
    } else if (status == QUIPU_OK) {
        status = add_key(vault, found, key, error);
    }
    quipu_vault_entry_finish(found);
    return status;
}

/* The same, until no other process has changed the entry meanwhile. */
static int make_key(const quipu_vault *vault, quipu_bytes subject, bool is_new,
                    quipu_key *key, quipu_error *error)
{
    struct quipu_vault_found found = { .entry = NULL };
    int status = check_subject(subject, error);

    if (status == QUIPU_OK) {
        status = quipu_vault_record_name(&vault->secrets, subject, &found.name,
                                         error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    status = QUIPU_CONFLICT;
    for (int i = 0; i < QUIPU_VAULT_ATTEMPTS &&
                    (status == QUIPU_CONFLICT ||
                     (status == QUIPU_UNKNOWN_OUTCOME && !is_new));
         i++) {
        status = get_key(vault, &found, is_new, key, error);
    }
    if (status != QUIPU_OK) {
        quipu_key_wipe(key);
    }
    return status;
}

static int current(void *context, quipu_bytes subject, quipu_key *key,
                   quipu_error *error)
{
    return make_key(context, subject, false, key, error);
}

/* Unwraps the key with that id. */
static int find_in_ring(const quipu_vault *vault,
                        const struct quipu_vault_found *found,
                        const uint8_t id[16], quipu_key *key,
                        quipu_error *error)
{
    for (size_t i = 0; i < found->record.count; i++) {
        if (memcmp(found->record.keys + i * QUIPU_VAULT_KEY_SIZE, id,
                   QUIPU_KEY_ID_SIZE) == 0) {
            return quipu_vault_record_key(&vault->secrets, &found->name,
                                          &found->record, i, key, error);
        }
    }
    char text[QUIPU_UUID_TEXT_SIZE];
    quipu_uuid uuid;

    memcpy(uuid.bytes, id, sizeof(uuid.bytes));
    quipu_uuid_format(&uuid, text);
    return quipu_error_set(error, QUIPU_CONFLICT,
                           "the vault has neither the key %s nor a mark that "
                           "it was destroyed: it is another vault, or an older "
                           "copy of it",
                           text);
}

static int find(void *context, quipu_bytes subject, const uint8_t id[16],
                quipu_key *key, quipu_error *error)
{
    const quipu_vault *vault = context;
    struct quipu_vault_found found = { .entry = NULL };
    int status = check_subject(subject, error);

    if (status == QUIPU_OK) {
        status = quipu_vault_record_name(&vault->secrets, subject, &found.name,
                                         error);
    }
    if (status == QUIPU_OK) {
        status = quipu_vault_entry_find(vault, &found, error);
    }
    if (status == QUIPU_OK) {
        status = found.record.is_mark
                     ? refuse_forgotten(QUIPU_NOT_FOUND, error)
                     : find_in_ring(vault, &found, id, key, error);
    }
    quipu_vault_entry_finish(&found);
    return status;
}

const quipu_keys *quipu_vault_keys(quipu_vault *vault)
{
    return vault ? &vault->keys : NULL;
}

int quipu_vault_rotate(quipu_vault *vault, quipu_bytes subject,
                       quipu_error *error)
{
    quipu_key key;

    if (!vault) {
        return quipu_argument_missing("vault", error);
    }
    int status = make_key(vault, subject, true, &key, error);

    quipu_key_wipe(&key);
    return status;
}

int quipu_vault_forgotten(quipu_vault *vault, quipu_bytes subject,
                          quipu_time *when, quipu_error *error)
{
    struct quipu_vault_found found = { .entry = NULL };
    int status = check_present(vault, subject, error);

    if (status == QUIPU_OK) {
        status = quipu_vault_record_name(&vault->secrets, subject, &found.name,
                                         error);
    }
    if (status == QUIPU_OK) {
        status = quipu_vault_entry_find(vault, &found, error);
    }
    if (status == QUIPU_OK && !found.record.is_mark) {
        status = quipu_error_set(error, QUIPU_NOT_FOUND,
                                 "the vault: the subject has not been "
                                 "forgotten");
    } else if (status == QUIPU_OK && when) {
        *when = found.record.when;
    }
    quipu_vault_entry_finish(&found);
    return status;
}

/* -------------------------------------------------------------- the root */

/* Makes a vault in the datastore; CONFLICT: another process has. */
static int create_root(const quipu_vault *vault, quipu_error *error)
{
    uint8_t value[QUIPU_VAULT_ROOT_SIZE];
    quipu_key root;
    int status = quipu_key_generate(&root, error);

    if (status == QUIPU_OK) {
        status =
            quipu_vault_record_write_root(&vault->secrets, &root, value, error);
    }
    if (status == QUIPU_OK) {
        const quipu_entry_write write = {
            .key = quipu_bytes_of_text(QUIPU_VAULT_ROOT),
            .value = { value, sizeof(value) },
            .flags = QUIPU_ENTRY_EXPECT,
        };

        status = quipu_vault_entry_commit(vault->datastore, &write, 1, error);
    }
    quipu_key_wipe(&root);
    return status;
}

/* Reads the root key.  NOT_FOUND: there is no vault. */
static int read_root(const quipu_vault *vault, quipu_key *root,
                     quipu_error *error)
{
    quipu_entry *entry = NULL;
    int status =
        quipu_entry_read(vault->datastore, QUIPU_VAULT_ROOT, &entry, error);

    if (status == QUIPU_OK) {
        status = quipu_vault_record_read_root(&vault->secrets, entry->value,
                                              root, error);
    }
    quipu_entry_destroy(entry);
    return status;
}

/* Reads the root key, of a new vault if there is none.  A root that another
 * process has made meanwhile, or a commit of unknown outcome, is read again. */
static int make_root(const quipu_vault *vault, quipu_key *root,
                     quipu_error *error)
{
    int status = read_root(vault, root, error);

    for (int i = 0; status == QUIPU_NOT_FOUND && i < QUIPU_VAULT_ATTEMPTS;
         i++) {
        status = vault->witness ? quipu_witness_check_new(vault->witness, error)
                                : QUIPU_OK;
        if (status != QUIPU_OK) {
            return status;
        }
        status = create_root(vault, error);
        if (status == QUIPU_OK || status == QUIPU_CONFLICT ||
            status == QUIPU_UNKNOWN_OUTCOME) {
            status = read_root(vault, root, error);
        }
    }
    return status;
}

static int open_root(quipu_vault *vault, quipu_error *error)
{
    quipu_key root;
    int status = make_root(vault, &root, error);

    if (status == QUIPU_OK) {
        status = quipu_cipher_create(&root, &vault->secrets.root, error);
    }
    quipu_key_wipe(&root);
    return status;
}

/* ------------------------------------------------------- opening, closing */

static int check_masters(const quipu_vault_options *options, quipu_error *error)
{
    const quipu_key *masters = options->masters;

    if (!masters || options->master_count == 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "opening a vault: there is no master key");
    }
    for (size_t i = 1; i < options->master_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (memcmp(masters[i].id, masters[j].id, sizeof(masters->id)) ==
                0) {
                return quipu_error_set(error, QUIPU_INVALID,
                                       "opening a vault: two master keys have "
                                       "the same id");
            }
        }
    }
    return QUIPU_OK;
}

/* Checks that a datastore keeps entries; *info is set. */
static int check_datastore(const quipu_datastore *datastore, const char *name,
                           quipu_datastore_info *info, quipu_error *error)
{
    *info = (quipu_datastore_info){ .struct_size = sizeof(*info) };
    int status = quipu_datastore_describe(datastore, info, error);

    if (status == QUIPU_OK && !(info->capabilities & QUIPU_CAN_ENTRIES)) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "opening a vault: driver \"%s\" of the %s keeps "
                               "no key-value entries",
                               info->driver, name);
    }
    return status;
}

static int check_datastores(const quipu_vault_options *options,
                            quipu_error *error)
{
    quipu_datastore_info keys, witness;
    int status = check_datastore(options->datastore, "keys", &keys, error);

    if (status == QUIPU_OK && keys.relaxed) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "opening a vault: its datastore was opened with "
                               "durability=relaxed, so that a power cut could "
                               "lose keys of stored events");
    }
    if (status != QUIPU_OK || !options->witness) {
        return status;
    }
    status = check_datastore(options->witness, "witness", &witness, error);
    if (status == QUIPU_OK &&
        memcmp(&keys.identity, &witness.identity, sizeof(keys.identity)) == 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "opening a vault: the witness is the datastore "
                               "of the keys, with which it would be restored");
    }
    return status;
}

static int copy_masters(quipu_vault *vault, const quipu_vault_options *options,
                        quipu_error *error)
{
    quipu_vault_secrets *secrets = &vault->secrets;
    int status = QUIPU_OK;

    secrets->masters = quipu_allocate_array(options->master_count,
                                            sizeof(secrets->masters[0]));
    if (!secrets->masters) {
        return quipu_error_no_memory(error);
    }
    for (size_t i = 0; i < options->master_count && status == QUIPU_OK; i++) {
        status = quipu_cipher_create(&options->masters[i], &secrets->masters[i],
                                     error);
        secrets->master_count += status == QUIPU_OK;
    }
    return status;
}

static void hold(quipu_datastore *datastore, int by)
{
    if (datastore) {
        atomic_fetch_add(&datastore->children, by);
    }
}

static int init(quipu_vault *vault, const quipu_vault_options *options,
                quipu_error *error)
{
    vault->datastore = options->datastore;
    vault->witness = options->witness;
    vault->keys = (quipu_keys){ .struct_size = sizeof(vault->keys),
                                .current = current,
                                .find = find,
                                .context = vault };
    hold(vault->datastore, 1);
    hold(vault->witness, 1);
    int status = copy_masters(vault, options, error);

    if (status == QUIPU_OK) {
        status = open_root(vault, error);
    }
    return status == QUIPU_OK && vault->witness
               ? quipu_witness_settle(vault, error)
               : status;
}

int quipu_vault_open(const quipu_vault_options *options, quipu_vault **vault,
                     quipu_error *error)
{
    quipu_vault_options own;
    int status =
        quipu_struct_take(&own, sizeof(own), options, "options", error);

    if (status == QUIPU_OK && (!own.datastore || !vault)) {
        status = quipu_argument_missing(vault ? "options.datastore" : "vault",
                                        error);
    }
    if (status == QUIPU_OK) {
        status = check_masters(&own, error);
    }
    if (status == QUIPU_OK) {
        status = check_datastores(&own, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_vault *opened = quipu_allocate_zeroed(sizeof(*opened));

    if (!opened) {
        return quipu_error_no_memory(error);
    }
    status = init(opened, &own, error);
    if (status != QUIPU_OK) {
        quipu_vault_close(opened);
        return status;
    }
    *vault = opened;
    return QUIPU_OK;
}

void quipu_vault_close(quipu_vault *vault)
{
    if (!vault) {
        return;
    }
    for (size_t i = 0; i < vault->secrets.master_count; i++) {
        quipu_cipher_release(vault->secrets.masters[i]);
    }
    quipu_cipher_release(vault->secrets.root);
    quipu_release(vault->secrets.masters);
    hold(vault->datastore, -1);
    hold(vault->witness, -1);
    quipu_release(vault);
}
