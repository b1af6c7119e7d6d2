/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backup of a store in use, and its restoration.  Prints:
 *
 *     backed up
 *     ann: 100 cents, version 1
 */
#include "howto.h"

#include <stdio.h>

/* Is called now and then, with the bytes that are copied; false gives up. */
static bool progress(void *context, uint64_t done, uint64_t all)
{
    (void)done;
    (void)all;
    return !*(const bool *)context;
}

static int back_up(quipu_datastore *datastore, const char *path,
                   quipu_error *error)
{
    bool cancelled = false; /* set by another thread */
    const quipu_backup backup = { .struct_size = sizeof(backup),
                                  .flags = QUIPU_BACKUP_REPLACE,
                                  .path = path,
                                  .progress = progress,
                                  .context = &cancelled };

    QUIPU_TRY(quipu_backup_create(datastore, &backup, error));
    printf("backed up\n");
    return QUIPU_OK;
}

/* Puts the backup in the place of a store that no process has open. */
static int restore(const char *path, const char *uri, quipu_error *error)
{
    const quipu_backup backup = { .struct_size = sizeof(backup), .path = path };

    return quipu_backup_restore(uri, NULL, &backup, error);
}

/* ------------------------------------------------------------- the program */

static int print_restored(struct bank *bank, const char *uri,
                          quipu_error *error)
{
    struct bank restored = { .uri = uri, .schema = bank->schema };

    QUIPU_TRY(quipu_datastore_open(uri, NULL, &restored.datastore, error));
    int status = quipu_store_open(restored.datastore, &restored.schema,
                                  &mapping_of_bank, &restored.store, error);

    if (status == QUIPU_OK) {
        status = quipu_repository_open(restored.store, NULL, &account_type,
                                       &restored.accounts, error);
    }
    if (status == QUIPU_OK) {
        status = account_print(&restored, "ann", error);
    }
    quipu_repository_close(restored.accounts);
    (void)quipu_store_close(restored.store, NULL);
    (void)quipu_datastore_close(restored.datastore, NULL);
    return status;
}

int backup_show(struct bank *bank, quipu_error *error)
{
    char uri[512];

    QUIPU_TRY(account_open(bank, "ann", 100, error));
    QUIPU_TRY(back_up(bank->datastore, "accounts.backup", error));
    (void)snprintf(uri, sizeof(uri), "%s-restored", bank->uri);
    QUIPU_TRY(restore("accounts.backup", uri, error));
    return print_restored(bank, uri, error);
}
