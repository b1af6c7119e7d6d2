/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the entries of a vault; vault.h lists them. */
#include <stdio.h>
#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "datastore/datastore.h"
#include "records/append.h"
#include "vault/vault.h"

/* ---------------------------------------------------------------- entries */

void quipu_vault_entry_name(const char *prefix, const quipu_vault_name *name,
                            char key[QUIPU_VAULT_KEY_TEXT_SIZE])
{
    int size = snprintf(key, QUIPU_VAULT_KEY_TEXT_SIZE, "%s", prefix);

    for (size_t i = 0; i < sizeof(name->bytes); i++) {
        (void)snprintf(key + size + 2 * i, 3, "%02x", name->bytes[i]);
    }
}

static int digit_of(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = digit ? strchr(digits, digit) : NULL;

    return found ? (int)(found - digits) : -1;
}

int quipu_vault_entry_parse(const char *prefix, quipu_bytes key,
                            quipu_vault_name *name, quipu_error *error)
{
    const size_t size = strlen(prefix);
    const char *digits = (const char *)key.data + size;
    bool sound = key.size == size + 2 * sizeof(name->bytes);

    for (size_t i = 0; sound && i < sizeof(name->bytes); i++) {
        int high = digit_of(digits[2 * i]);
        int low = digit_of(digits[2 * i + 1]);

        sound = high >= 0 && low >= 0;
        name->bytes[i] = (uint8_t)(high * 16 + low);
    }
    return sound ? QUIPU_OK
                 : quipu_error_set(error, QUIPU_CORRUPT,
                                   "the vault: \"%.*s\" is not the key of one "
                                   "of its entries",
                                   (int)key.size, (const char *)key.data);
}

int quipu_vault_entry_read(quipu_datastore *datastore, const char *key,
                           quipu_entry **entry, quipu_error *error)
{
    *entry = NULL;
    int status = quipu_entry_read(datastore, key, entry, error);

    return status == QUIPU_NOT_FOUND ? QUIPU_OK : status;
}

int quipu_vault_entry_find(const quipu_vault *vault,
                           struct quipu_vault_found *found, quipu_error *error)
{
    quipu_vault_entry_name(QUIPU_VAULT_SUBJECT, &found->name, found->key);
    found->record = (quipu_vault_record){ .count = 0 };
    int status = quipu_vault_entry_read(vault->datastore, found->key,
                                        &found->entry, error);

    if (status == QUIPU_OK && found->entry) {
        status =
            quipu_vault_record_read(&vault->secrets, &found->name,
                                    found->entry->value, &found->record, error);
    }
    return status;
}

void quipu_vault_entry_finish(struct quipu_vault_found *found)
{
    quipu_entry_destroy(found->entry);
    found->entry = NULL;
}

int quipu_vault_entry_commit(quipu_datastore *datastore,
                             const quipu_entry_write *writes, size_t count,
                             quipu_error *error)
{
    struct quipu_append_work none = { .function = NULL };
    const struct quipu_append_call call = { .datastore = datastore,
                                            .is_internal = true,
                                            .work = &none };
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = writes,
                                          .entry_count = count };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };

    return quipu_append_execute(&call, &append, NULL, error);
}

/* ------------------------------------------------------------------ marks */

/* Reads the entry with the sum. */
static int read_sum(const quipu_vault *vault, quipu_entry **entry,
                    quipu_vault_name *sum, quipu_error *error)
{
    int status = quipu_vault_entry_read(vault->datastore, QUIPU_VAULT_FORGOTTEN,
                                        entry, error);

    *sum = (quipu_vault_name){ { 0 } };
    if (status != QUIPU_OK || !*entry) {
        return status;
    }
    if ((*entry)->value.size != sizeof(sum->bytes)) {
        return quipu_error_set(error, QUIPU_CORRUPT,
                               "the vault: the entry \"" QUIPU_VAULT_FORGOTTEN
                               "\" was changed");
    }
    memcpy(sum->bytes, (*entry)->value.data, sizeof(sum->bytes));
    return QUIPU_OK;
}

int quipu_vault_entry_sum(const quipu_vault *vault, quipu_vault_name *sum,
                          quipu_error *error)
{
    quipu_entry *entry = NULL;
    int status = read_sum(vault, &entry, sum, error);

    quipu_entry_destroy(entry);
    return status;
}

/* Writes the mark, at the revision that was read. */
static int write_mark(const quipu_vault *vault,
                      const struct quipu_vault_found *found,
                      const uint8_t mark[QUIPU_VAULT_MARK_SIZE],
                      quipu_error *error)
{
    quipu_entry *entry = NULL;
    quipu_vault_name sum;
    int status = read_sum(vault, &entry, &sum, error);

    if (status == QUIPU_OK) {
        quipu_vault_name_mix(&sum, &found->name);
        const quipu_entry_write writes[] = {
            { .key = quipu_bytes_of_text(found->key),
              .value = { mark, QUIPU_VAULT_MARK_SIZE },
              .flags = QUIPU_ENTRY_EXPECT,
              .revision = quipu_vault_revision(found->entry) },
            { .key = quipu_bytes_of_text(QUIPU_VAULT_FORGOTTEN),
              .value = { sum.bytes, sizeof(sum.bytes) },
              .flags = QUIPU_ENTRY_EXPECT,
              .revision = quipu_vault_revision(entry) },
        };

        status = quipu_vault_entry_commit(vault->datastore, writes, 2, error);
    }
    quipu_entry_destroy(entry);
    return status;
}

int quipu_vault_entry_destroy(const quipu_vault *vault,
                              struct quipu_vault_found *found,
                              const uint8_t mark[QUIPU_VAULT_MARK_SIZE],
                              quipu_error *error)
{
    int status = QUIPU_CONFLICT;

    for (int i = 0; i < QUIPU_VAULT_ATTEMPTS && status == QUIPU_CONFLICT; i++) {
        quipu_vault_entry_finish(found);
        status = quipu_vault_entry_find(vault, found, error);
        if (status != QUIPU_OK || found->record.is_mark) {
            return status;
        }
        status = write_mark(vault, found, mark, error);
    }
    if (status == QUIPU_OK) {
        quipu_vault_entry_finish(found);
        status = quipu_vault_entry_find(vault, found, error);
    }
    return status;
}
