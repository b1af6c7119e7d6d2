/* SPDX-License-Identifier: Apache-2.0 */
#include "vault_fixture.h"

#include "vault/vault.h"

const quipu_key master = { .id = "first master key", .secret = "its secret" };
const quipu_key other_master = { .id = "other master key",
                                 .secret = "another secret" };

static char keys_name[96];
static char witness_name[96];

void vault_prepare(const struct model *model)
{
    model->prepare("keys", "", keys_name);
    model->prepare("witness", "", witness_name);
}

static quipu_datastore *open_store(const char *name)
{
    quipu_datastore *datastore = NULL;
    quipu_error error;
    char uri[128];

    (void)snprintf(uri, sizeof(uri), "interposed:///%s", name);
    assert_ok(quipu_datastore_open(uri, NULL, &datastore, &error), &error);
    return datastore;
}

void vault_open_stores(struct opened_vault *opened)
{
    memset(&interposed, 0, sizeof(interposed));
    *opened = (struct opened_vault){ .keys = open_store(keys_name),
                                     .witness = open_store(witness_name) };
}

int vault_open_with(struct opened_vault *opened, const quipu_key *masters,
                    size_t count, quipu_error *error)
{
    const quipu_vault_options options = {
        .struct_size = sizeof(options),
        .datastore = opened->keys,
        .witness = opened->witness,
        .masters = masters,
        .master_count = count,
    };

    return quipu_vault_open(&options, &opened->vault, error);
}

void vault_open(struct opened_vault *opened)
{
    quipu_error error;

    vault_open_stores(opened);
    assert_ok(vault_open_with(opened, &master, 1, &error), &error);
}

void vault_close(struct opened_vault *opened)
{
    quipu_error error;

    quipu_vault_close(opened->vault);
    assert_ok(quipu_datastore_close(opened->witness, &error), &error);
    assert_ok(quipu_datastore_close(opened->keys, &error), &error);
}

/* ------------------------------------------------------------------- keys */

quipu_key current_key(const struct opened_vault *opened, const char *subject)
{
    const quipu_keys *keys = quipu_vault_keys(opened->vault);
    quipu_error error;
    quipu_key key;

    assert_ok(keys->current(keys->context, quipu_bytes_of_text(subject), &key,
                            &error),
              &error);
    return key;
}

int current_code(const struct opened_vault *opened, const char *subject)
{
    const quipu_keys *keys = quipu_vault_keys(opened->vault);
    quipu_error error;
    quipu_key key;

    return keys->current(keys->context, quipu_bytes_of_text(subject), &key,
                         &error);
}

int find_code(const struct opened_vault *opened, const char *subject,
              const quipu_key *key)
{
    const quipu_keys *keys = quipu_vault_keys(opened->vault);
    quipu_error error;
    quipu_key found;
    int status = keys->find(keys->context, quipu_bytes_of_text(subject),
                            key->id, &found, &error);

    if (status == QUIPU_OK) {
        assert_memory_equal(&found, key, sizeof(found));
    } else {
        assert_int_equal(error.code, status);
    }
    return status;
}

void assert_key(const struct opened_vault *opened, const char *subject,
                const quipu_key *key)
{
    assert_status(find_code(opened, subject, key), QUIPU_OK);
}

void forget(const struct opened_vault *opened, const char *subject)
{
    quipu_error error;

    assert_ok(
        quipu_vault_forget(opened->vault, quipu_bytes_of_text(subject), &error),
        &error);
}

void assert_forgotten(const struct opened_vault *opened, const char *subject,
                      const quipu_key *key)
{
    quipu_error error;
    quipu_time when = { 0 };

    assert_status(find_code(opened, subject, key), QUIPU_NOT_FOUND);
    assert_status(current_code(opened, subject), QUIPU_DENIED);
    assert_refused(
        quipu_vault_rotate(opened->vault, quipu_bytes_of_text(subject), &error),
        QUIPU_DENIED, &error, "has been forgotten");
    assert_ok(quipu_vault_forgotten(opened->vault, quipu_bytes_of_text(subject),
                                    &when, &error),
              &error);
    assert_true(when.microseconds > 0);
}

/* ---------------------------------------------------------------- entries */

size_t save_entries(quipu_datastore *datastore, struct saved *saved)
{
    const quipu_entry *entry = NULL;
    quipu_entries *entries = NULL;
    quipu_error error;
    size_t count = 0;

    assert_ok(quipu_entries_open(datastore, quipu_bytes_of_text("quipu/vault"),
                                 &entries, &error),
              &error);
    do {
        assert_ok(quipu_entries_next(entries, &entry, &error), &error);
        if (entry) {
            struct saved *copy = &saved[count++];

            assert_true(count < SAVED_MAX);
            assert_true(entry->key.size < sizeof(copy->key));
            assert_true(entry->value.size <= sizeof(copy->value));
            memset(copy, 0, sizeof(*copy));
            memcpy(copy->key, entry->key.data, entry->key.size);
            memcpy(copy->value, entry->value.data, entry->value.size);
            copy->size = entry->value.size;
        }
    } while (entry);
    quipu_entries_close(entries);
    return count;
}

void write_entry(quipu_datastore *datastore, const char *key, const void *value,
                 size_t size)
{
    const quipu_entry_write write = {
        .key = quipu_bytes_of_text(key),
        .value = { size > 0 ? value : NULL, size },
        .flags = size > 0 ? 0 : QUIPU_ENTRY_DELETE,
    };
    quipu_error error;

    assert_ok(quipu_vault_entry_commit(datastore, &write, 1, &error), &error);
}

void restore_entries(quipu_datastore *datastore, const struct saved *saved,
                     size_t count)
{
    struct saved present[SAVED_MAX];
    size_t present_count = save_entries(datastore, present);

    for (size_t i = 0; i < present_count; i++) {
        write_entry(datastore, present[i].key, NULL, 0);
    }
    for (size_t i = 0; i < count; i++) {
        write_entry(datastore, saved[i].key, saved[i].value, saved[i].size);
    }
}
