/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants of the SQLite driver whose backups and restores are those that people
 * write: with cp. */
#include "mutant.h"

#include <quipu/error.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STORE "sqlite:///{dir}/x.db"
#define CHUNK 256 /* bytes; small, so that kills fall between two writes */

/* Copies a file by many writes, as cp does. */
static bool copy_file(const char *from, const char *to)
{
    char bytes[CHUNK];
    ssize_t size = 0;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out =
        in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool copied = out >= 0;

    while (copied && (size = read(in, bytes, sizeof(bytes))) > 0) {
        copied = write(out, bytes, (size_t)size) == size;
    }
    if (in >= 0) {
        (void)close(in);
    }
    if (out >= 0) {
        (void)close(out);
    }
    return copied && size == 0;
}

static int status_of(bool copied, quipu_error *error)
{
    return copied ? QUIPU_OK
                  : quipu_error_set(error, QUIPU_IO, "the file is not copied");
}

/* ------------------------------------------------------------------ backup */

static char opened_path[512]; /* of the store that was opened first */

static int note_path(const quipu_host *host, const quipu_open *how,
                     int64_t deadline, quipu_driver_datastore **datastore,
                     quipu_opened *opened, quipu_error *error)
{
    if (opened_path[0] == '\0' && strncmp(how->body, "///", 3) == 0) {
        (void)snprintf(opened_path, sizeof(opened_path), "%s", how->body + 3);
    }
    return mutant_base_driver()->open(host, how, deadline, datastore, opened,
                                      error);
}

/* B01: copies the database file without its write-ahead log. */
static int copy_database_only(quipu_driver_datastore *datastore,
                              const quipu_backup *backup, int64_t deadline,
                              quipu_error *error)
{
    (void)datastore;
    (void)deadline;
    return status_of(copy_file(opened_path, backup->path), error);
}

/* B02: replaces whatever has the name. */
static int back_up_over(quipu_driver_datastore *datastore,
                        const quipu_backup *backup, int64_t deadline,
                        quipu_error *error)
{
    quipu_backup changed = *backup;

    changed.flags |= QUIPU_BACKUP_REPLACE;
    return mutant_base_driver()->backup(datastore, &changed, deadline, error);
}

/* B03: writes the file under its own name. */
static int back_up_in_place(quipu_driver_datastore *datastore,
                            const quipu_backup *backup, int64_t deadline,
                            quipu_error *error)
{
    char path[600];
    quipu_backup changed = *backup;

    (void)snprintf(path, sizeof(path), "%s.tmp", backup->path);
    changed.path = path;
    int status =
        mutant_base_driver()->backup(datastore, &changed, deadline, error);

    if (status == QUIPU_OK) {
        status = status_of(copy_file(path, backup->path), error);
        (void)unlink(path);
    }
    return status;
}

/* ----------------------------------------------------------------- restore */

/* B04: replaces a store that is open. */
static int restore_over_open(const quipu_host *host, const quipu_open *target,
                             const quipu_backup *backup, int64_t deadline,
                             quipu_error *error)
{
    int status =
        mutant_base_driver()->restore(host, target, backup, deadline, error);

    return status == QUIPU_BUSY
               ? status_of(copy_file(backup->path, target->body + 3), error)
               : status;
}

/* B05: restores what is damaged. */
static int restore_damaged(const quipu_host *host, const quipu_open *target,
                           const quipu_backup *backup, int64_t deadline,
                           quipu_error *error)
{
    int status =
        mutant_base_driver()->restore(host, target, backup, deadline, error);

    return status == QUIPU_CORRUPT
               ? status_of(copy_file(backup->path, target->body + 3), error)
               : status;
}

/* B06: the identity is that of the path. */
static int identity_of_path(const quipu_host *host, const quipu_open *how,
                            int64_t deadline,
                            quipu_driver_datastore **datastore,
                            quipu_opened *opened, quipu_error *error)
{
    int status = mutant_base_driver()->open(host, how, deadline, datastore,
                                            opened, error);

    for (const char *at = how->body; status == QUIPU_OK && *at != '\0'; at++) {
        opened->identity.bytes[*at % 16] ^= (uint8_t)*at;
    }
    return status;
}

static const struct mutant mutants[] = {
    { "B01", "backup-without-the-wal",
      "cp of an SQLite file that is in use: the write-ahead log is missing",
      "V6.backup-during-appends-is-a-prefix",
      .replaced = { .open = note_path, .backup = copy_database_only },
      .base = STORE },
    { "B02", "backup-replaces-unasked",
      "scripts that write each backup over the last good one",
      "V6.nothing-is-replaced-unasked", .replaced = { .backup = back_up_over },
      .base = STORE },
    { "B03", "backup-is-written-in-place",
      "scripts that are killed, and leave half a file that looks like a backup",
      "V6.killed-backup-or-restore", .replaced = { .backup = back_up_in_place },
      .base = STORE },
    { "B04", "restore-over-open-store",
      "cp of a backup over an SQLite file that is in use",
      "V6.open-store-is-not-replaced",
      .replaced = { .restore = restore_over_open }, .base = STORE },
    { "B05", "restore-of-damaged-backup",
      "backups that nobody tried to restore before they were needed",
      "V6.damaged-backup-is-not-restored",
      .replaced = { .restore = restore_damaged }, .base = STORE },
    { "B06", "identity-of-the-path",
      "stores that take a restored copy for another store",
      "V6.restored-store-is-the-store",
      .replaced = { .open = identity_of_path }, .base = STORE },
};
MUTANT_FAMILY(backups);
