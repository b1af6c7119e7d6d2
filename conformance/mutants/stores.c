/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants whose stores have wrong properties: persistence, identity,
 * namespaces. */
#include "mutant.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* M11: tear-down deletes nothing, so that the items are there after the next
 * set-up. */
static int delete_nothing(quipu_driver_datastore *datastore,
                          const quipu_schema *schema, int64_t deadline,
                          quipu_error *error)
{
    (void)datastore;
    (void)schema;
    (void)deadline;
    (void)error;
    return QUIPU_OK;
}

/* M21: declares to be persistent, and is not. */
static int claim_persistence(const quipu_host *host, const quipu_open *how,
                             int64_t deadline,
                             quipu_driver_datastore **datastore,
                             quipu_opened *opened, quipu_error *error)
{
    int status = mutant_base_driver()->open(host, how, deadline, datastore,
                                            opened, error);

    if (status == QUIPU_OK) {
        opened->capabilities |= QUIPU_CAN_PERSIST;
    }
    return status;
}

/* M26: all namespaces are one. */
static int ignore_namespace(const quipu_host *host, const quipu_open *how,
                            int64_t deadline,
                            quipu_driver_datastore **datastore,
                            quipu_opened *opened, quipu_error *error)
{
    quipu_open changed = *how;

    changed.name_space = "";
    return mutant_base_driver()->open(host, &changed, deadline, datastore,
                                      opened, error);
}

/* M33: the identity changes each time the store is opened. */
static int change_identity(const quipu_host *host, const quipu_open *how,
                           int64_t deadline, quipu_driver_datastore **datastore,
                           quipu_opened *opened, quipu_error *error)
{
    static atomic_uint opens;
    int status = mutant_base_driver()->open(host, how, deadline, datastore,
                                            opened, error);

    if (status == QUIPU_OK) {
        opened->identity.bytes[0] ^= (uint8_t)atomic_fetch_add(&opens, 1);
    }
    return status;
}

/* --------------------------------------------------- of the SQLite driver */

#define STORE "sqlite:///{dir}/x.db"

/* M75: each process has an identity of the store. */
static int identify_process(const quipu_host *host, const quipu_open *how,
                            int64_t deadline,
                            quipu_driver_datastore **datastore,
                            quipu_opened *opened, quipu_error *error)
{
    int status = mutant_base_driver()->open(host, how, deadline, datastore,
                                            opened, error);

    if (status == QUIPU_OK) {
        opened->identity.bytes[0] ^= (uint8_t)getpid();
    }
    return status;
}

static int head_of_process(quipu_driver_datastore *datastore,
                           quipu_driver_schema *bound, int64_t deadline,
                           quipu_position *head, quipu_error *error)
{
    int status =
        mutant_base_driver()->log_head(datastore, bound, deadline, head, error);

    if (status == QUIPU_OK) {
        head->store.bytes[0] ^= (uint8_t)getpid();
    }
    return status;
}

/* M76: a reader leaves a file. */
static int leave_file(const quipu_host *host, const quipu_open *how,
                      int64_t deadline, quipu_driver_datastore **datastore,
                      quipu_opened *opened, quipu_error *error)
{
    char path[1024];
    FILE *file;

    if (how->flags & QUIPU_OPEN_READONLY && strncmp(how->body, "///", 3) == 0) {
        snprintf(path, sizeof(path), "%s-readers", how->body + 3);
        file = fopen(path, "we");
        if (file) {
            (void)fclose(file);
        }
    }
    return mutant_base_driver()->open(host, how, deadline, datastore, opened,
                                      error);
}

/* M77: runs the function for a repeat, too. */
static int work_again(quipu_driver_datastore *datastore,
                      const quipu_request *request, quipu_work work,
                      void *context, quipu_result *result, int64_t deadline,
                      quipu_error *error)
{
    int status = mutant_base_driver()->transact(
        datastore, request, work, context, result, deadline, error);

    if (status == QUIPU_OK && result->flags & QUIPU_RESULT_REPEATED) {
        status = work(datastore, context, error);
    }
    return status;
}

/* M90: a file that the name does not lead to any more is written all the same.
 */
static int succeed_elsewhere(struct append_call *a)
{
    int status = mutant_append_first(a);

    if (status == QUIPU_IO) {
        mutant_report_success(a, 0);
        status = QUIPU_OK;
    }
    return status;
}

/* M91: closing empties the WAL that has the name, once something was appended.
 */
static char wal[1024];
static atomic_bool appended;

static int remember_wal(const quipu_host *host, const quipu_open *how,
                        int64_t deadline, quipu_driver_datastore **datastore,
                        quipu_opened *opened, quipu_error *error)
{
    snprintf(wal, sizeof(wal), "%s-wal", how->body + 3); /* behind "///" */
    return mutant_base_driver()->open(host, how, deadline, datastore, opened,
                                      error);
}

static int note_append(struct append_call *a)
{
    atomic_store(&appended, true);
    return mutant_append_all(a);
}

static void empty_wal(quipu_driver_datastore *datastore)
{
    mutant_base_driver()->close(datastore);
    if (atomic_load(&appended)) {
        (void)!truncate(wal, 0);
    }
}

/* ---------------------------------------------------- the list of all logs */

/* The cursor over logs that was opened last. */
static _Atomic(quipu_driver_cursor *) listing;

static int note_listing(quipu_driver_datastore *datastore, int64_t deadline,
                        quipu_driver_cursor **cursor, quipu_error *error)
{
    int status =
        mutant_base_driver()->list_logs(datastore, deadline, cursor, error);

    atomic_store(&listing, status == QUIPU_OK ? *cursor : NULL);
    return status;
}

/* M219: namespaces without schemas are left out. */
static int step_over_empty(quipu_driver_cursor *cursor, int64_t deadline,
                           const void **rows, size_t *count, quipu_error *error)
{
    int status;

    do {
        status =
            mutant_base_driver()->step(cursor, deadline, rows, count, error);
    } while (status == QUIPU_OK && *count > 0 &&
             cursor == atomic_load(&listing) &&
             !((const quipu_log *)*rows)->table);
    return status;
}

/* M220: the heads are those of some time ago. */
static int step_with_old_head(quipu_driver_cursor *cursor, int64_t deadline,
                              const void **rows, size_t *count,
                              quipu_error *error)
{
    static quipu_log old;
    int status =
        mutant_base_driver()->step(cursor, deadline, rows, count, error);

    if (status == QUIPU_OK && *count > 0 && cursor == atomic_load(&listing)) {
        old = *(const quipu_log *)*rows;
        old.head -= old.head > 1;
        *rows = &old;
    }
    return status;
}

static const struct mutant sqlite[] = {
    { "M75", "identity-is-of-the-process",
      "identities that are derived from the process or its time",
      "L5.identity-is-the-same-in-each-process",
      .replaced = { .open = identify_process, .log_head = head_of_process },
      .base = STORE },
    { "M76", "reader-leaves-a-file",
      "SQLite: a reader of a WAL database leaves -shm as its own",
      "options.readonly-leaves-no-file", .replaced = { .open = leave_file },
      .base = STORE },
    { "M77", "function-runs-again-for-a-repeat",
      "projections that are applied twice after a lost answer",
      "U3.transact-runs-no-function-for-a-repeat",
      .replaced = { .transact = work_again }, .base = STORE },
    { "M90", "moved-file-is-written",
      "SQLite: a database file that is renamed or unlinked while it is open "
      "(How To Corrupt An SQLite Database File, 2.5)",
      "V3.moved-under-a-writer", .append = succeed_elsewhere, .base = STORE },
    { "M91", "closing-empties-the-log-of-another-store",
      "SQLite: a program that closes an unlinked database deletes the WAL of "
      "the new one",
      "V3.replaced-under-a-writer", .append = note_append,
      .replaced = { .open = remember_wal, .close = empty_wal }, .base = STORE },
    { "M219", "namespaces-without-schemas-are-not-listed",
      "an inner join of the namespaces and their schemas",
      "F3.namespaces-are-listed-with-heads",
      .replaced = { .list_logs = note_listing, .step = step_over_empty },
      .base = STORE },
    { "M220", "heads-of-listed-logs-are-old",
      "statistics that are refreshed now and then",
      "F3.namespaces-are-listed-with-heads",
      .replaced = { .list_logs = note_listing, .step = step_with_old_head },
      .base = STORE },
};

/* M87, of the LMDB driver: removes logs that it takes for old ones of its own.
 */
static int remove_old_logs(const quipu_host *host, const quipu_open *how,
                           int64_t deadline, quipu_driver_datastore **datastore,
                           quipu_opened *opened, quipu_error *error)
{
    char path[1024];

    if (strncmp(how->body, "///", 3) == 0) {
        snprintf(path, sizeof(path), "%s/000001.log", how->body + 3);
        unlink(path);
    }
    return mutant_base_driver()->open(host, how, deadline, datastore, opened,
                                      error);
}

static const struct mutant lmdb[] = {
    { "M87", "files-of-others-are-removed",
      "RocksDB: obsolete files in its folder are deleted at opening",
      "F4.other-files-in-the-folder-stay",
      .replaced = { .open = remove_old_logs }, .base = "lmdb:///{dir}/x" },
};

const struct mutant_family mutant_family_lmdb_stores = {
    lmdb, sizeof(lmdb) / sizeof(*lmdb)
};

const struct mutant_family mutant_family_sqlite_stores = {
    sqlite, sizeof(sqlite) / sizeof(*sqlite)
};

static const struct mutant mutants[] = {
    { "M11", "deleted-schema-comes-back",
      "the Akka persistence TCK's deletions: numbers wrong after a delete",
      "F4.teardown-removes-all", .replaced = { .teardown = delete_nothing } },
    { "M21", "acknowledged-is-not-durable",
      "NATS 2.12.1 (Jepsen): acknowledged before it is synced",
      "V3.reopened-store-is-complete",
      .replaced = { .open = claim_persistence } },
    { "M26", "namespaces-are-one",
      "NEventStore#413, Eventuous#202: schemas and tenants confused",
      "F3.namespaces-are-separate", .replaced = { .open = ignore_namespace } },
    { "M33", "identity-changes",
      "Emmett: positions that mean nothing after dump and restore",
      "L5.identity-is-of-store-and-namespace",
      .replaced = { .open = change_identity } },
};
MUTANT_FAMILY(stores);
