/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing of a store.
 *
 * Opening a file, in this order:
 *
 *   1. Check the version of the SQLite library, resolve the path, and register
 *      the file in the process (file.c).
 *   2. Probe the file (probe.c). Nothing is changed before it is known to be a
 *      store, or to be allowed to become one.
 *   3. Open the lock file, unless read-only. The first process recovers the WAL
 *      (recovery.c) before it lets others in.
 *   4. Create the catalogue if the file is empty, still with a rollback
 *      journal, so that the database file alone shows what it is. Then change
 *      to WAL mode.
 *   5. Read the identity of the namespace, or create the namespace.
 *
 * Step 1 creates a missing file, empty. If the opening fails before it is a
 * store, the file is removed (file.c).
 *
 * Closing the last datastore of the last process runs a checkpoint and removes
 * the files beside the database.
 *
 * The mutex `opening` of struct file serialises steps 2 to 4 and the closing
 * within the process; between processes the open lock of the lock file does. */
#include "common/clock.h"
#include "common/error.h"
#include "common/files/replacement.h"
#include "common/safeguard.h"
#include "sqlite.h"

#include <string.h>

#define MEBI (UINT64_C(1) << 20)
/* How long closing waits for a process that is opening the file. */
#define CLOSE_PATIENCE CLOCK_SECOND

/* ----------------------------------------------------------------- writers */

/* Registers the datastore as a writer; the first one of the process opens the
 * lock file. */
static int open_lock_file(quipu_driver_datastore *datastore, int64_t deadline,
                          quipu_error *error)
{
    struct file *file = datastore->file;
    const struct lock_file_target target = { .host = datastore->host,
                                             .database = datastore->path,
                                             .owner = datastore->path,
                                             .identity = { file->device,
                                                           file->inode },
                                             .keeps_marks = true };
    bool alone = false;
    int status = QUIPU_OK;

    if (file->writers == 0) {
        status = quipu_common_lock_file_open(&file->lock_file, &target,
                                             deadline, &alone, error);
    }
    if (status == QUIPU_OK && alone) {
        status = quipu_sqlite_recovery_run(datastore, deadline, error);
        if (status == QUIPU_OK) {
            quipu_common_lock_file_unlock(&file->lock_file);
        } else {
            quipu_common_lock_file_close(&file->lock_file, datastore->host,
                                         true);
        }
    }
    if (status == QUIPU_OK) {
        file->writers++;
        datastore->is_writer = true;
        datastore->fair_lock = &file->lock_file.fair_lock;
        datastore->commit_counter = &file->lock_file.page->commit_counter;
    }
    return status;
}

/* Creates the catalogue in a file that has none. Another process may have
 * created it since the probe. */
static int create_store(quipu_driver_datastore *datastore, int64_t deadline,
                        quipu_error *error)
{
    enum store_kind kind = STORE_EMPTY;
    int status = quipu_sqlite_transaction_begin(datastore, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_sqlite_probe_connection(&datastore->writer, &kind, error);
    if (status == QUIPU_OK &&
        SAFEGUARDED("F4.second-look-when-making", kind != STORE_OURS, true)) {
        status = quipu_sqlite_catalogue_create(datastore, error);
    }
    if (status != QUIPU_OK) {
        quipu_sqlite_transaction_abandon(datastore);
        return status;
    }
    return quipu_sqlite_transaction_commit(datastore, error);
}

/* Runs a PRAGMA that returns the journal mode; *is_wal tells whether that is
 * "wal". */
static int run_mode(const struct connection *writer, const char *pragma,
                    bool *is_wal, quipu_error *error)
{
    sqlite3_stmt *mode = NULL;
    int status = QUIPU_OK;
    int code = quipu_sqlite_statement_prepare(writer, pragma, &mode);

    if (code == SQLITE_OK) {
        code = sqlite3_step(mode);
    }
    *is_wal = code == SQLITE_ROW &&
              strcmp((const char *)sqlite3_column_text(mode, 0), "wal") == 0;
    if (code != SQLITE_ROW) {
        status = quipu_sqlite_error_set(writer, code, "use a WAL", error);
    }
    (void)sqlite3_finalize(mode);
    return status;
}

/* Changes the database to WAL mode. A store that is in that mode already, as
 * usual, is opened without waiting for writers. */
static int use_wal(quipu_driver_datastore *datastore, int64_t deadline,
                   quipu_error *error)
{
    const struct connection *writer = &datastore->writer;
    bool is_wal = false;
    int status = run_mode(writer, "PRAGMA journal_mode", &is_wal, error);

    if (status != QUIPU_OK || is_wal) {
        return status;
    }
    status = quipu_sqlite_transaction_lock(datastore, deadline, error);
    if (status == QUIPU_OK) {
        status = run_mode(writer, "PRAGMA journal_mode = WAL", &is_wal, error);
        quipu_sqlite_transaction_unlock(datastore);
    }
    if (status == QUIPU_OK && !is_wal) {
        status = datastore->host->error_set(
            error, QUIPU_UNSUPPORTED, 0, NULL,
            "the file system of \"%s\" cannot share memory between processes, "
            "which a WAL needs; use a local file system",
            datastore->name);
    }
    return status;
}

/* Sets the durability of the writing connection, and lets it overwrite what it
 * deletes (erase.c, M1). */
static int set_durability(quipu_driver_datastore *datastore, quipu_error *error)
{
    quipu_sqlite_checkpoint_init(datastore);
    int status = quipu_sqlite_statement_execute(
        &datastore->writer,
        SAFEGUARDED("E8.deleted-is-overwritten", "PRAGMA secure_delete = ON",
                    "PRAGMA secure_delete = OFF"),
        "let deleted bytes be overwritten", error);

    if (status != QUIPU_OK) {
        return status;
    }
    return quipu_sqlite_statement_execute(&datastore->writer,
                                          datastore->relaxed
                                              ? "PRAGMA synchronous = NORMAL"
                                              : "PRAGMA synchronous = FULL",
                                          "set the durability", error);
}

static int open_writer(quipu_driver_datastore *datastore, enum store_kind kind,
                       int64_t deadline, quipu_error *error)
{
    int status = quipu_sqlite_connection_open(datastore, &datastore->writer,
                                              SQLITE_OPEN_READWRITE, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (sqlite3_db_readonly(datastore->writer.db, "main") == 1) {
        return datastore->host->error_set(
            error, QUIPU_DENIED, 0, NULL,
            "\"%s\" may not be written; check its permissions, or open it with "
            "readonly=yes",
            datastore->name);
    }
    datastore->writer.deadline = deadline;
    quipu_sqlite_authorizer_init(&datastore->writer);
    if (kind != STORE_OURS) {
        status = create_store(datastore, deadline, error);
        /* Readers of the probe have the schema of before. */
        quipu_sqlite_readers_close(datastore);
    }
    if (status == QUIPU_OK) {
        status = use_wal(datastore, deadline, error);
    }
    if (status == QUIPU_OK) { /* the first read opens the WAL */
        status = quipu_sqlite_statement_execute(
            &datastore->writer, "SELECT count(*) FROM sqlite_schema", "read",
            error);
    }
    if (status == QUIPU_OK) {
        status = quipu_sqlite_file_note_names(datastore->file, datastore->host,
                                              datastore->path, error);
    }
    return status == QUIPU_OK ? set_durability(datastore, error) : status;
}

/* ----------------------------------------------------------------- probing */

/* Checks that a file of that kind can be opened as requested. */
static int check_kind(quipu_driver_datastore *datastore, bool create,
                      enum store_kind kind, quipu_error *error)
{
    const quipu_host *host = datastore->host;

    if (kind == STORE_EMPTY && !create) {
        return host->error_set(error, QUIPU_NOT_FOUND, 0, NULL,
                               "\"%s\" is empty; create=yes makes it a store",
                               datastore->name);
    }
    if (kind == STORE_FOREIGN &&
        (!create || SAFEGUARDED("F4.foreign-database",
                                !datastore->options.adopt, false))) {
        return host->error_set(
            error, QUIPU_CORRUPT, 0, NULL,
            "\"%s\" is an SQLite database but no store of quipu; name another "
            "file, or let adopt=yes add quipu's tables to it",
            datastore->name);
    }
    return QUIPU_OK;
}

/* The file holds the unfinished transaction of another program. SQLite would
 * roll it back, but that is for the other program to decide (F4). */
static int refuse_unfinished(quipu_driver_datastore *datastore,
                             quipu_error *error)
{
    return datastore->host->error_set(
        error, QUIPU_CORRUPT, SQLITE_READONLY_ROLLBACK, NULL,
        "\"%s\" is an SQLite database that another program left half written, "
        "and does not seem to be a store of quipu; name another file, or open "
        "it once with that program",
        datastore->name);
}

/* Evaluates a probe that failed with `own`. If its cause can be removed, does
 * so and sets *again. */
static int handle_failed_probe(quipu_driver_datastore *datastore,
                               int64_t deadline, const quipu_error *own,
                               bool *again, quipu_error *error)
{
    /* A file beside the database can be neither created nor opened. */
    const bool denied =
        own->code == QUIPU_DENIED || (own->native & 0xff) == SQLITE_CANTOPEN;

    if (quipu_sqlite_probe_is_recoverable(datastore, own)) {
        int status = open_lock_file(datastore, deadline, error);
        *again = true;
        return status == QUIPU_OK
                   ? quipu_sqlite_recovery_rollback(datastore, deadline, error)
                   : status;
    }
    if (denied && datastore->readonly && !datastore->immutable &&
        quipu_sqlite_probe_is_read_only(datastore)) {
        /* No process can change the file: read it without locks. */
        datastore->immutable = true;
        quipu_sqlite_readers_close(datastore);
        *again = true;
        return QUIPU_OK;
    }
    if (denied && !datastore->readonly &&
        quipu_sqlite_probe_is_read_only(datastore)) {
        return datastore->host->error_set(error, QUIPU_DENIED, own->native,
                                          NULL,
                                          "\"%s\" is on a file system that is "
                                          "mounted read-only; open it with "
                                          "readonly=yes",
                                          datastore->name);
    }
    if (!datastore->readonly && own->native == SQLITE_READONLY_ROLLBACK) {
        return refuse_unfinished(datastore, error);
    }
    return quipu_common_error_pass(own->code, own, error);
}

static int probe(quipu_driver_datastore *datastore, int64_t deadline,
                 enum store_kind *kind, quipu_error *error)
{
    quipu_error own = { 0 };
    bool again = false;
    int status = quipu_sqlite_probe_file(datastore, deadline, kind, &own);

    if (status == QUIPU_OK) {
        return QUIPU_OK;
    }
    status = handle_failed_probe(datastore, deadline, &own, &again, error);
    return status == QUIPU_OK && again
               ? quipu_sqlite_probe_file(datastore, deadline, kind, error)
               : status;
}

/* ----------------------------------------------------------------- opening */

/* Steps 2 to 4; the caller holds the mutex `opening`. */
static int open_probed(quipu_driver_datastore *datastore, bool create,
                       int64_t deadline, quipu_error *error)
{
    enum store_kind kind = STORE_EMPTY;
    int status = probe(datastore, deadline, &kind, error);

    if (status == QUIPU_OK) {
        status = check_kind(datastore, create, kind, error);
    }
    if (status == QUIPU_OK && !datastore->readonly && !datastore->is_writer) {
        status = open_lock_file(datastore, deadline, error);
    }
    if (status == QUIPU_OK && !datastore->readonly) {
        /* A restore may have begun, and been killed, since the first look. */
        status = quipu_common_replacement_check(datastore->host,
                                                datastore->path, error);
    }
    if (status == QUIPU_OK && !datastore->readonly) {
        status = open_writer(datastore, kind, deadline, error);
    }
    return status;
}

/* Replaces the path of the URI by the canonical one. *exists: there is a file.
 */
static int resolve_path(quipu_driver_datastore *datastore, bool *exists,
                        quipu_error *error)
{
    const quipu_host *host = datastore->host;
    char *given = datastore->path;
    int status =
        quipu_sqlite_path_resolve(host, given, &datastore->path, exists, error);

    if (status != QUIPU_OK) {
        return status;
    }
    host->release(given);
    datastore->name = datastore->path;
    datastore->immutable = datastore->options.immutable && datastore->readonly;
    datastore->uri = quipu_sqlite_path_immutable_uri(host, datastore->path);
    return datastore->uri ? QUIPU_OK
                          : quipu_sqlite_error_no_memory(host, error);
}

static int open_file(quipu_driver_datastore *datastore, bool create,
                     int64_t deadline, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    bool exists = false;
    int status = resolve_path(datastore, &exists, error);

    if (status == QUIPU_OK && exists && !datastore->readonly) {
        quipu_common_replacement_finish_rename(host, datastore->path);
    }
    if (status == QUIPU_OK && exists && !datastore->immutable) {
        status =
            quipu_common_file_names_require_one(host, datastore->path, error);
    }
    if (status == QUIPU_OK && !datastore->immutable) {
        status = quipu_sqlite_neighbours_check(host, datastore->path, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_common_replacement_check(host, datastore->path, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_sqlite_file_acquire(host, datastore->path, create,
                                           &datastore->file, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    datastore->fair_lock = &datastore->file->own_fair_lock;
    datastore->commit_counter = &datastore->file->own_commit_counter;
    if (quipu_common_fair_lock_take_mutex(&datastore->file->opening,
                                          deadline) != 0) {
        return host->error_set(error, QUIPU_BUSY, 0, NULL,
                               "\"%s\" was being opened or closed by another "
                               "thread until the deadline; try again",
                               datastore->name);
    }
    status = open_probed(datastore, create, deadline, error);
    (void)pthread_mutex_unlock(&datastore->file->opening);
    return status;
}

static int open_memory(quipu_driver_datastore *datastore, bool create,
                       int64_t deadline, quipu_error *error)
{
    datastore->name = ":memory:";
    if (!create) {
        return datastore->host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "a store in memory is always a new one; it needs create=yes and "
            "readonly=no");
    }
    int status =
        quipu_sqlite_file_create(datastore->host, &datastore->file, error);
    if (status != QUIPU_OK) {
        return status;
    }
    datastore->fair_lock = &datastore->file->own_fair_lock;
    datastore->commit_counter = &datastore->file->own_commit_counter;
    status = quipu_sqlite_connection_open(datastore, &datastore->writer,
                                          SQLITE_OPEN_READWRITE, error);
    if (status == QUIPU_OK) {
        quipu_sqlite_authorizer_init(&datastore->writer);
        status = create_store(datastore, deadline, error);
    }
    return status;
}

static int open_store(quipu_driver_datastore *datastore, const quipu_open *how,
                      int64_t deadline, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    const bool create =
        (how->flags & QUIPU_OPEN_CREATE) != 0 &&
        SAFEGUARDED("F4.readonly-connection", !datastore->readonly, true);
    int status = quipu_sqlite_connection_check_library(host, error);

    if (status == QUIPU_OK && (!datastore->name_space || !datastore->idle)) {
        status = quipu_sqlite_error_no_memory(host, error);
    }
    if (status == QUIPU_OK) {
        status =
            quipu_sqlite_path_parse(host, how->body, &datastore->path, error);
    }
    if (status == QUIPU_OK) {
        status = datastore->path
                     ? open_file(datastore, create, deadline, error)
                     : open_memory(datastore, create, deadline, error);
    }
    return status == QUIPU_OK && (how->flags & QUIPU_OPEN_ALL_NAMESPACES) == 0
               ? quipu_sqlite_catalogue_identity(datastore, create, deadline,
                                                 error)
               : status;
}

static quipu_driver_datastore *create_datastore(const quipu_host *host,
                                                const quipu_open *how)
{
    quipu_driver_datastore *datastore = host->allocate(sizeof(*datastore));

    if (!datastore) {
        return NULL;
    }
    *datastore = (quipu_driver_datastore){
        .host = host,
        .name = how->body,
        .name_space = quipu_common_text_copy(host, how->name_space),
        .readonly = (how->flags & QUIPU_OPEN_READONLY) != 0,
        .relaxed = (how->flags & QUIPU_OPEN_RELAXED) != 0,
    };
    quipu_sqlite_options_read(host, how, &datastore->options);
    datastore->idle = host->allocate((size_t)datastore->options.readers *
                                     sizeof(*datastore->idle));
    (void)pthread_mutex_init(&datastore->lock, NULL);
    pthread_condattr_t monotonic; /* deadlines are of that clock */
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&datastore->returned, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    return datastore;
}

/* Passes the error of a failed opening on. A commit with an unknown outcome is
 * an I/O error here: the next opening finds what it created, or creates it. */
static int pass_error(const quipu_driver_datastore *datastore, int status,
                      const quipu_error *own, quipu_error *error)
{
    if (status != QUIPU_UNKNOWN_OUTCOME) {
        return quipu_common_error_pass(status, own, error);
    }
    return datastore->host->error_set(
        error, QUIPU_IO, own->native, NULL,
        "\"%s\" cannot be prepared for writing (%s); open it again",
        datastore->name, sqlite3_errstr(own->native));
}

int quipu_sqlite_open(const quipu_host *host, const quipu_open *how,
                      int64_t deadline, quipu_driver_datastore **datastore,
                      quipu_opened *opened, quipu_error *error)
{
    quipu_driver_datastore *made;
    quipu_error own = { .code = QUIPU_OK };
    int status = quipu_common_error_check_host(host, error);

    if (status != QUIPU_OK) {
        return status;
    }
    made = create_datastore(host, how);
    if (!made) {
        return quipu_sqlite_error_no_memory(host, error);
    }
    status = open_store(made, how, deadline, &own);
    status = pass_error(made, status, &own, error);
    if (status != QUIPU_OK) {
        if (status == QUIPU_BUSY && made->file) {
            made->file->made = false; /* another process uses it */
        }
        quipu_sqlite_close(made);
        return status;
    }
    opened->capabilities = QUIPU_CAN_LOG | QUIPU_CAN_TRACK |
                           QUIPU_CAN_TRANSACT | QUIPU_CAN_ENTRIES |
                           QUIPU_CAN_ERASE | QUIPU_CAN_SCRUB;
    if (made->path) {
        opened->capabilities |=
            QUIPU_CAN_SHARE | QUIPU_CAN_PERSIST | QUIPU_CAN_BACKUP;
    }
    opened->identity = made->identity;
    opened->limits = (quipu_limits){ .state_size = 64 * MEBI,
                                     .append_items = 100000,
                                     .append_size = 256 * MEBI };
    made->file->made = false;
    *datastore = made;
    return QUIPU_OK;
}

/* ----------------------------------------------------------------- closing */

/* Closes the writing connection. The last writer of all processes lets SQLite
 * run a checkpoint and remove the files beside the database, unless a sync has
 * failed: then nothing is copied that may not be on the disk. */
static void close_writer(quipu_driver_datastore *datastore)
{
    struct file *file = datastore->file;
    bool alone = false;

    (void)pthread_mutex_lock(&file->opening);
    if (--file->writers == 0) {
        alone = quipu_common_lock_file_try_exclusive(
                    &file->lock_file, clock_now() + CLOSE_PATIENCE) &&
                quipu_common_file_names_are_ours(&file->names);
    }
    /* A reader, which uses no lock file, may close after this. */
    if (alone && datastore->writer.db &&
        SAFEGUARDED("V3.no-checkpoint-after-a-failed-sync",
                    !atomic_load(&file->writer.poisoned), true) &&
        SAFEGUARDED("V3.file-is-complete-for-the-last-reader",
                    quipu_sqlite_checkpoint_finish(
                        datastore, clock_now() + CLOSE_PATIENCE),
                    true)) {
        (void)sqlite3_db_config(datastore->writer.db,
                                SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    }
    quipu_sqlite_connection_close(&datastore->writer);
    if (file->writers == 0 && !alone) {
        file->made = false; /* it is for the other writers now */
    }
    if (file->writers == 0) {
        quipu_common_lock_file_close(&file->lock_file, datastore->host, alone);
        quipu_common_file_names_finish(&file->names);
    }
    (void)pthread_mutex_unlock(&file->opening);
}

void quipu_sqlite_close(quipu_driver_datastore *datastore)
{
    const quipu_host *host = datastore->host;

    quipu_sqlite_readers_close(datastore);
    if (datastore->is_writer) {
        close_writer(datastore);
    } else {
        quipu_sqlite_connection_close(&datastore->writer);
    }
    quipu_sqlite_file_release(datastore->file, datastore->path);
    (void)pthread_cond_destroy(&datastore->returned);
    (void)pthread_mutex_destroy(&datastore->lock);
    host->release(datastore->idle);
    host->release(datastore->name_space);
    host->release(datastore->uri);
    host->release(datastore->path);
    host->release(datastore);
}
