/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forgetting: replaces the keys of a subject by the mark of their destruction.
 *
 * The mark and the sum of the marked names are one commit (VA3).  The witness
 * gets its copy afterwards, so that it never has a mark that the vault lacks
 * unless the vault was restored; a forgetting that was interrupted in between
 * is completed by repeating it, or by the next opening.
 */
#include "vault/vault.h"

#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "datastore/datastore.h"

/* Reads the entry with the sum. */
static int read_sum(const quipu_vault *vault, quipu_entry **entry,
                    quipu_vault_name *sum, quipu_error *error)
{
    int status = quipu_vault_read_entry(vault->datastore, QUIPU_VAULT_FORGOTTEN,
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

int quipu_vault_sum_marks(const quipu_vault *vault, quipu_vault_name *sum,
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

        status = quipu_vault_commit(vault->datastore, writes, 2, error);
    }
    quipu_entry_destroy(entry);
    return status;
}

int quipu_vault_destroy(const quipu_vault *vault,
                        struct quipu_vault_found *found,
                        const uint8_t mark[QUIPU_VAULT_MARK_SIZE],
                        quipu_error *error)
{
    int status = QUIPU_CONFLICT;

    for (int i = 0; i < QUIPU_VAULT_ATTEMPTS && status == QUIPU_CONFLICT; i++) {
        quipu_vault_found_finish(found);
        status = quipu_vault_read(vault, found, error);
        if (status != QUIPU_OK || found->record.is_mark) {
            return status;
        }
        status = write_mark(vault, found, mark, error);
    }
    if (status == QUIPU_OK) {
        quipu_vault_found_finish(found);
        status = quipu_vault_read(vault, found, error);
    }
    return status;
}

/* ------------------------------------------------------------- the calls */

static int check_call(const quipu_vault *vault, quipu_bytes subject,
                      quipu_error *error)
{
    if (!vault) {
        return quipu_argument_missing("vault", error);
    }
    if (subject.data && subject.size > 0 && subject.size <= QUIPU_ID_MAX) {
        return QUIPU_OK;
    }
    return quipu_error_set(error, QUIPU_INVALID,
                           "the vault: a subject has %zu bytes, and must have "
                           "1 to 255",
                           subject.size);
}

int quipu_vault_forget(quipu_vault *vault, quipu_bytes subject,
                       quipu_error *error)
{
    struct quipu_vault_found found = { .entry = NULL };
    uint8_t mark[QUIPU_VAULT_MARK_SIZE];
    int status = check_call(vault, subject, error);

    if (status == QUIPU_OK) {
        status =
            quipu_vault_name_of(&vault->secrets, subject, &found.name, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_vault_mark_write(&vault->secrets, &found.name,
                                        quipu_time_now(), mark, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_vault_destroy(vault, &found, mark, error);
    }
    if (status == QUIPU_OK && vault->witness) {
        status =
            quipu_witness_add(vault, &found.name, found.entry->value, error);
    }
    quipu_vault_found_finish(&found);
    return status;
}

int quipu_vault_forgotten(quipu_vault *vault, quipu_bytes subject,
                          quipu_time *when, quipu_error *error)
{
    struct quipu_vault_found found = { .entry = NULL };
    int status = check_call(vault, subject, error);

    if (status == QUIPU_OK) {
        status =
            quipu_vault_name_of(&vault->secrets, subject, &found.name, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_vault_read(vault, &found, error);
    }
    if (status == QUIPU_OK && !found.record.is_mark) {
        status = quipu_error_set(error, QUIPU_NOT_FOUND,
                                 "the vault: the subject has not been "
                                 "forgotten");
    } else if (status == QUIPU_OK && when) {
        *when = found.record.when;
    }
    quipu_vault_found_finish(&found);
    return status;
}
