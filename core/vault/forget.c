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
        status = quipu_vault_record_name(&vault->secrets, subject, &found.name,
                                         error);
    }
    if (status == QUIPU_OK) {
        status = quipu_vault_record_mark(&vault->secrets, &found.name,
                                         quipu_time_now(), mark, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_vault_entry_destroy(vault, &found, mark, error);
    }
    if (status == QUIPU_OK && vault->witness) {
        status =
            quipu_witness_add(vault, &found.name, found.entry->value, error);
    }
    quipu_vault_entry_finish(&found);
    return status;
}
