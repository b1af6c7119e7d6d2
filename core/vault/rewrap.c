/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rewrapping: wraps by the first master key what another one has wrapped.
 *
 * A pass lists the subjects and rewrites those that need it, several in a
 * commit.  A commit that finds an entry changed leaves all of its entries to
 * the next pass; the last pass is one that has nothing to do.  So what was
 * interrupted is continued by the next call.
 */
#include "vault/vault.h"

#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "datastore/datastore.h"

/* Entries of a commit. */
#define BATCH_SIZE 64

/* A commit that is being made. */
struct batch {
    const quipu_vault *vault;
    quipu_entry_write writes[BATCH_SIZE];
    char keys[BATCH_SIZE][QUIPU_VAULT_KEY_TEXT_SIZE];
    size_t count;
    int64_t changed; /* entries, by all commits */
    bool is_again;   /* a commit has found an entry changed */
};

static bool needs_rewrapping(const quipu_vault_secrets *secrets,
                             const quipu_vault_record *ring)
{
    for (size_t i = 0; i < ring->count; i++) {
        if (!quipu_vault_record_is_new(secrets, ring->keys +
                                                    i * QUIPU_VAULT_KEY_SIZE +
                                                    QUIPU_KEY_ID_SIZE)) {
            return true;
        }
    }
    return false;
}

/* Commits the batch, and empties it. */
static int flush(struct batch *batch, quipu_error *error)
{
    int status =
        batch->count > 0
            ? quipu_vault_entry_commit(batch->vault->datastore, batch->writes,
                                       batch->count, error)
            : QUIPU_OK;

    if (status == QUIPU_CONFLICT) {
        batch->is_again = true;
        status = QUIPU_OK;
    } else if (status == QUIPU_OK) {
        batch->changed += (int64_t)batch->count;
    }
    for (size_t i = 0; i < batch->count; i++) {
        quipu_release((void *)batch->writes[i].value.data);
    }
    batch->count = 0;
    return status;
}

/* Adds an entry with another value, which the batch owns then. */
static int add(struct batch *batch, const quipu_entry *entry, uint8_t *value,
               quipu_error *error)
{
    const size_t number = batch->count++;

    memcpy(batch->keys[number], entry->key.data, entry->key.size);
    batch->writes[number] = (quipu_entry_write){
        .key = { batch->keys[number], entry->key.size },
        .value = { value, entry->value.size },
        .flags = QUIPU_ENTRY_EXPECT, /* VA1 */
        .revision = entry->revision,
    };
    return batch->count == BATCH_SIZE ? flush(batch, error) : QUIPU_OK;
}

static int rewrap_subject(struct batch *batch, const quipu_entry *entry,
                          quipu_error *error)
{
    const quipu_vault_secrets *secrets = &batch->vault->secrets;
    quipu_vault_record record;
    quipu_vault_name name;
    int status =
        quipu_vault_entry_parse(QUIPU_VAULT_SUBJECT, entry->key, &name, error);

    if (status == QUIPU_OK) {
        status = quipu_vault_record_read(secrets, &name, entry->value, &record,
                                         error);
    }
    if (status != QUIPU_OK || !needs_rewrapping(secrets, &record)) {
        return status;
    }
    uint8_t *value = quipu_allocate(entry->value.size);

    if (!value) {
        return quipu_error_no_memory(error);
    }
    status = quipu_vault_record_rewrap(secrets, &name, &record, value, error);
    if (status != QUIPU_OK) {
        quipu_release(value);
        return status;
    }
    return add(batch, entry, value, error);
}

static int rewrap_root(struct batch *batch, quipu_error *error)
{
    const quipu_vault *vault = batch->vault;
    quipu_entry *entry = NULL;
    quipu_key root = { .id = { 0 } };
    int status =
        quipu_entry_read(vault->datastore, QUIPU_VAULT_ROOT, &entry, error);

    if (status == QUIPU_OK) {
        status = quipu_vault_record_read_root(&vault->secrets, entry->value,
                                              &root, error);
    }
    if (status == QUIPU_OK &&
        !quipu_vault_record_is_new(&vault->secrets,
                                   (const uint8_t *)entry->value.data + 1 +
                                       QUIPU_KEY_ID_SIZE)) {
        uint8_t *value = quipu_allocate(QUIPU_VAULT_ROOT_SIZE);

        status = value ? quipu_vault_record_write_root(&vault->secrets, &root,
                                                       value, error)
                       : quipu_error_no_memory(error);
        if (status == QUIPU_OK) {
            status = add(batch, entry, value, error);
        } else {
            quipu_release(value);
        }
    }
    quipu_key_wipe(&root);
    quipu_entry_destroy(entry);
    return status;
}

/* Goes through all entries once. */
static int run_pass(struct batch *batch, quipu_error *error)
{
    const quipu_entry *entry = NULL;
    quipu_entries *entries;
    int status = rewrap_root(batch, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_entries_open(batch->vault->datastore,
                                quipu_bytes_of_text(QUIPU_VAULT_SUBJECT),
                                &entries, error);
    if (status != QUIPU_OK) {
        return status;
    }
    do {
        status = quipu_entries_next(entries, &entry, error);
        if (status == QUIPU_OK && entry) {
            status = rewrap_subject(batch, entry, error);
        }
    } while (status == QUIPU_OK && entry);
    quipu_entries_close(entries);
    return status == QUIPU_OK ? flush(batch, error) : status;
}

int quipu_vault_rewrap(quipu_vault *vault, int64_t *count, quipu_error *error)
{
    int64_t before = -1;
    int status = QUIPU_OK;

    if (!vault) {
        return quipu_argument_missing("vault", error);
    }
    struct batch *batch = quipu_allocate_zeroed(sizeof(*batch));

    if (!batch) {
        return quipu_error_no_memory(error);
    }
    batch->vault = vault;
    while (status == QUIPU_OK &&
           (batch->is_again || batch->changed != before)) {
        before = batch->changed;
        batch->is_again = false;
        status = run_pass(batch, error);
    }
    for (size_t i = 0; i < batch->count; i++) {
        quipu_release((void *)batch->writes[i].value.data);
    }
    if (status == QUIPU_OK && count) {
        *count = batch->changed;
    }
    quipu_release(batch);
    return status;
}
