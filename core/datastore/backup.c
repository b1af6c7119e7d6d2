/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backup of an open datastore, and restore to a URI.
 *
 * The driver does all of the work, since only it knows which bytes on the disk
 * are the store.  A restore opens no datastore: nobody may have the store open
 * while it is replaced.  So its URI goes through the same steps as that of
 * quipu_datastore_open (open_options.h) and then to the driver's `restore`.
 */
#include <quipu/drivers.h>

#include "base/status.h"
#include "base/structs.h"
#include "datastore/datastore.h"
#include "datastore/driver_call.h"
#include "datastore/open_options.h"
#include "driver/host.h"

static int take_backup(quipu_backup *backup, const quipu_backup *given,
                       quipu_error *error)
{
    int status =
        quipu_struct_take(backup, sizeof(*backup), given, "backup", error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!backup->path || backup->path[0] == '\0') {
        return quipu_error_set(error, QUIPU_INVALID,
                               "backup: path is %s; name a file",
                               backup->path ? "empty" : "NULL");
    }
    if (backup->flags & ~(uint32_t)QUIPU_BACKUP_REPLACE) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "backup: flags has an unknown bit (0x%x)",
                               backup->flags);
    }
    return QUIPU_OK;
}

static int refuse_unsupported(const quipu_driver *driver, const char *operation,
                              const char *why, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_UNSUPPORTED,
                           "driver \"%s\" does not have the operation %s%s; "
                           "use the tools of its back end (pg_dump and "
                           "pg_restore for PostgreSQL), or quipu export and "
                           "import, or quipu copy",
                           driver->name, operation, why);
}

int quipu_backup_create(quipu_datastore *datastore, const quipu_backup *given,
                        quipu_error *error)
{
    quipu_backup backup;
    quipu_error cause;
    int status = quipu_datastore_enter(datastore, error);

    if (status == QUIPU_OK) {
        status = take_backup(&backup, given, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    const quipu_driver *driver = datastore->driver;

    if (!driver->backup) {
        return refuse_unsupported(driver, "backup", "", error);
    }
    if (!(datastore->opened.capabilities & QUIPU_CAN_BACKUP)) {
        return refuse_unsupported(driver, "backup", " for this store", error);
    }
    quipu_status_begin(&cause);
    status = driver->backup(datastore->handle, &backup,
                            quipu_datastore_deadline(datastore), &cause);
    return quipu_driver_call_end(driver, QUIPU_CALL_BACKUP, status, &cause,
                                 error);
}

static int restore_with(const struct quipu_open_options *options,
                        const quipu_backup *backup, quipu_error *error)
{
    const quipu_driver *driver;
    quipu_error cause;
    int status = quipu_drivers_find(options->how.scheme, &driver, error);

    if (status == QUIPU_OK) {
        status = quipu_open_options_check(options, driver, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (options->how.flags & QUIPU_OPEN_READONLY) {
        return quipu_error_set(error, QUIPU_DENIED,
                               "the URI says readonly=yes, and a restore "
                               "replaces the store");
    }
    if (!driver->restore) {
        return refuse_unsupported(driver, "restore", "", error);
    }
    quipu_status_begin(&cause);
    status = driver->restore(quipu_host_table(), &options->how, backup,
                             quipu_clock_deadline(options->timeout), &cause);
    return quipu_driver_call_end(driver, QUIPU_CALL_RESTORE, status, &cause,
                                 error);
}

int quipu_backup_restore(const char *uri, const quipu_settings *settings,
                         const quipu_backup *given, quipu_error *error)
{
    struct quipu_open_options options;
    quipu_backup backup;

    if (!uri) {
        return quipu_argument_missing("uri", error);
    }
    int status = take_backup(&backup, given, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_open_options_init(&options, uri, settings, error);
    if (status == QUIPU_OK) {
        status = restore_with(&options, &backup, error);
    }
    quipu_open_options_finish(&options);
    return status;
}
