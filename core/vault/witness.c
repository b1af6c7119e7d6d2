/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The witness: copies of the marks in another datastore, by which a vault that
 * was restored from an old backup is noticed, and forgets again.
 *
 * The marks of the witness are believed because each has the proof of the
 * vault's root key.  A witness that was restored itself, with the events, lacks
 * marks, and gets them from the vault.
 */
#include "vault/vault.h"

#include <string.h>

#include <quipu/id.h>

#include "base/error.h"

/* Bytes of the entry QUIPU_VAULT_WITNESS: id of the vault, sum of names. */
#define STATE_SIZE (QUIPU_KEY_ID_SIZE + sizeof(quipu_vault_name))

/* That entry. */
struct state {
    quipu_entry *entry; /* owned; NULL: there is none */
    quipu_vault_name sum;
};

static int read_state(const quipu_vault *vault, struct state *state,
                      quipu_error *error)
{
    *state = (struct state){ .entry = NULL };
    int status = quipu_vault_entry_read(vault->witness, QUIPU_VAULT_WITNESS,
                                        &state->entry, error);

    if (status != QUIPU_OK || !state->entry) {
        return status;
    }
    const uint8_t *at = state->entry->value.data;

    if (state->entry->value.size != STATE_SIZE) {
        return quipu_error_set(error, QUIPU_CORRUPT,
                               "the witness of the vault: the entry "
                               "\"" QUIPU_VAULT_WITNESS "\" was changed");
    }
    if (memcmp(at, quipu_cipher_key_id(vault->secrets.root),
               QUIPU_KEY_ID_SIZE) != 0) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "the witness belongs to another vault than the "
                               "one that is being opened");
    }
    memcpy(state->sum.bytes, at + QUIPU_KEY_ID_SIZE, sizeof(state->sum.bytes));
    return QUIPU_OK;
}

/* Writes that entry with another sum, and a mark in the same commit unless
 * `key` is NULL. */
static int write_state(const quipu_vault *vault, const struct state *state,
                       const quipu_vault_name *sum, const char *key,
                       quipu_bytes mark, quipu_error *error)
{
    uint8_t value[STATE_SIZE];

    memcpy(value, quipu_cipher_key_id(vault->secrets.root), QUIPU_KEY_ID_SIZE);
    memcpy(value + QUIPU_KEY_ID_SIZE, sum->bytes, sizeof(sum->bytes));
    const quipu_entry_write writes[] = {
        { .key = quipu_bytes_of_text(QUIPU_VAULT_WITNESS),
          .value = { value, sizeof(value) },
          .flags = QUIPU_ENTRY_EXPECT,
          .revision = quipu_vault_revision(state->entry) },
        { .key = quipu_bytes_of_text(key),
          .value = mark,
          .flags = QUIPU_ENTRY_EXPECT },
    };

    return quipu_vault_entry_commit(vault->witness, writes, key ? 2 : 1, error);
}

/* Whether the witness has an entry of that key. */
static int look_up(const quipu_vault *vault, const char *key, bool *has,
                   quipu_error *error)
{
    quipu_entry *entry = NULL;
    int status = quipu_vault_entry_read(vault->witness, key, &entry, error);

    *has = entry;
    quipu_entry_destroy(entry);
    return status;
}

int quipu_witness_add(const quipu_vault *vault, const quipu_vault_name *name,
                      quipu_bytes mark, quipu_error *error)
{
    char key[QUIPU_VAULT_KEY_TEXT_SIZE];
    int status = QUIPU_CONFLICT;

    quipu_vault_entry_name(QUIPU_VAULT_WITNESS_MARK, name, key);
    for (int i = 0; i < QUIPU_VAULT_ATTEMPTS && status == QUIPU_CONFLICT; i++) {
        struct state state;
        bool has = false;

        status = look_up(vault, key, &has, error);
        if (status != QUIPU_OK || has) {
            return status;
        }
        status = read_state(vault, &state, error);
        if (status != QUIPU_OK) {
            quipu_entry_destroy(state.entry);
            return status;
        }
        quipu_vault_name_mix(&state.sum, name);
        status = write_state(vault, &state, &state.sum, key, mark, error);
        quipu_entry_destroy(state.entry);
    }
    return status;
}

int quipu_witness_check_new(quipu_datastore *witness, quipu_error *error)
{
    quipu_entry *entry = NULL;
    int status =
        quipu_vault_entry_read(witness, QUIPU_VAULT_WITNESS, &entry, error);

    if (status == QUIPU_OK && entry) {
        status = quipu_error_set(error, QUIPU_CONFLICT,
                                 "the datastore has no vault, but the witness "
                                 "belongs to one: restore it, or name the "
                                 "datastore that it is in");
    }
    quipu_entry_destroy(entry);
    return status;
}

/* ---------------------------------------------------------------- settling */

/* One mark that is to be copied. */
typedef int (*visit)(const quipu_vault *vault, const quipu_vault_name *name,
                     quipu_bytes value, quipu_error *error);

/* Copies the value of an entry of the vault, if it is a mark. */
static int copy_to_witness(const quipu_vault *vault,
                           const quipu_vault_name *name, quipu_bytes value,
                           quipu_error *error)
{
    quipu_vault_record record;
    int status =
        quipu_vault_record_read(&vault->secrets, name, value, &record, error);

    return status == QUIPU_OK && record.is_mark
               ? quipu_witness_add(vault, name, value, error)
               : status;
}

/* Destroys keys that the vault has in spite of a mark of the witness. */
static int destroy_again(const quipu_vault *vault, const quipu_vault_name *name,
                         quipu_bytes value, quipu_error *error)
{
    struct quipu_vault_found found = { .name = *name };
    quipu_vault_record record;
    int status =
        quipu_vault_record_read(&vault->secrets, name, value, &record, error);

    if (status == QUIPU_OK && !record.is_mark) {
        return quipu_error_set(error, QUIPU_CORRUPT,
                               "the witness of the vault: a mark was changed");
    }
    if (status == QUIPU_OK) {
        status = quipu_vault_entry_destroy(vault, &found, value.data, error);
    }
    quipu_vault_entry_finish(&found);
    return status;
}

static int visit_all(const quipu_vault *vault, quipu_datastore *datastore,
                     const char *prefix, visit function, quipu_error *error)
{
    const quipu_entry *entry = NULL;
    quipu_entries *entries;
    quipu_vault_name name;
    int status = quipu_entries_open(datastore, quipu_bytes_of_text(prefix),
                                    &entries, error);

    if (status != QUIPU_OK) {
        return status;
    }
    do {
        status = quipu_entries_next(entries, &entry, error);
        if (status == QUIPU_OK && entry) {
            status = quipu_vault_entry_parse(prefix, entry->key, &name, error);
        }
        if (status == QUIPU_OK && entry) {
            status = function(vault, &name, entry->value, error);
        }
    } while (status == QUIPU_OK && entry);
    quipu_entries_close(entries);
    return status;
}

/* Makes sure that the witness names the vault, and tells whether it has the
 * same marks. */
static int compare(const quipu_vault *vault, bool *is_equal, quipu_error *error)
{
    struct state state;
    quipu_vault_name sum = { { 0 } };
    int status = read_state(vault, &state, error);

    if (status == QUIPU_OK && !state.entry) {
        status = write_state(vault, &state, &state.sum, NULL,
                             (quipu_bytes){ NULL, 0 }, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_vault_entry_sum(vault, &sum, error);
    }
    *is_equal = memcmp(&sum, &state.sum, sizeof(sum)) == 0;
    quipu_entry_destroy(state.entry);
    return status;
}

int quipu_witness_settle(const quipu_vault *vault, quipu_error *error)
{
    bool is_equal = false;
    int status = QUIPU_CONFLICT;

    /* Another process may write the entry for the first time, too.  If the
     * witness is that of another vault, the second attempt says so again. */
    for (int i = 0; i < 2 && status == QUIPU_CONFLICT; i++) {
        status = compare(vault, &is_equal, error);
    }
    if (status != QUIPU_OK || is_equal) {
        return status;
    }
    status = visit_all(vault, vault->witness, QUIPU_VAULT_WITNESS_MARK,
                       destroy_again, error);
    if (status == QUIPU_OK) {
        status = visit_all(vault, vault->datastore, QUIPU_VAULT_SUBJECT,
                           copy_to_witness, error);
    }
    return status;
}
