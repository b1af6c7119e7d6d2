/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing a store; nothing is changed before it is checked. */
#include "sqlite.h"

#include "common/clock.h"
#include "common/safeguard.h"
#include "path.h"
#include "probe.h"

#define MEBI (UINT64_C(1) << 20)
#define DEPARTURE_TIME CLOCK_SECOND /* to wait for others when closing */

/* ---------------------------------------------------------------- writers */

/* Goes through the gate; the first datastore of the process opens it. */
static int pass_gate(quipu_driver_datastore *datastore, int64_t deadline,
                     quipu_error *error)
{
    struct file *file = datastore->file;
    bool alone = false;
    int status = QUIPU_OK;
    if (file->writers == 0) {
        status = quipu_common_lock_file_open(&file->lock_file, datastore->host,
                                             datastore->path, datastore->path,
                                             deadline, &alone, error);
    }
    if (status == QUIPU_OK && alone) {
        status = quipu_sqlite_wal_settle(datastore, deadline, error);
        if (status == QUIPU_OK) {
            quipu_common_lock_file_unlock(&file->lock_file);
        } else {
            quipu_common_lock_file_close(&file->lock_file, datastore->host,
                                         true);
        }
    }
    if (status == QUIPU_OK) {
        file->writers++;
        datastore->gated = true;
        datastore->fair_lock = &file->lock_file.page->fair_lock;
        datastore->commit_counter = &file->lock_file.page->commit_counter;
    }
    return status;
}

/* Makes the catalogue in an empty file, before it becomes a WAL database, so
 * that the file alone tells what it is. */
static int initialise(quipu_driver_datastore *datastore, int64_t deadline,
                      quipu_error *error)
{
    enum store_kind kind = STORE_EMPTY;
    int status = quipu_sqlite_writing_begin(datastore, deadline, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_sqlite_catalogue_check(datastore, &datastore->writer, &kind,
                                          error);
    if (status == QUIPU_OK &&
        SAFEGUARDED("F4.second-look-when-making", kind != STORE_OURS, true)) {
        status = quipu_sqlite_catalogue_create(datastore, error);
    }
    if (status != QUIPU_OK) {
        quipu_sqlite_writing_abandon(datastore);
        return status;
    }
    return quipu_sqlite_writing_commit(datastore, error);
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
    if (kind != STORE_OURS) {
        status = initialise(datastore, deadline, error);
        quipu_sqlite_readers_close(datastore); /* they know no tables */
    }
    if (status == QUIPU_OK) {
        status = quipu_sqlite_turnstile_take(datastore, deadline, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_sqlite_wal_use(datastore, error);
        quipu_sqlite_turnstile_give(datastore);
    }
    return status;
}

/* ---------------------------------------------------------------- checking */

/* Whether what the file was found to be can be opened in this way. */
static int check_wanted(quipu_driver_datastore *datastore, bool create,
                        enum store_kind kind, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    if (kind == STORE_EMPTY && !create) {
        return host->error_set(error, QUIPU_NOT_FOUND, 0, NULL,
                               "\"%s\" is empty; create=yes makes a store of "
                               "it",
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

/* Lets SQLite undo what was left half done, as whoever opens it would. */
static int undo_unfinished(quipu_driver_datastore *datastore, int64_t deadline,
                           quipu_error *error)
{
    struct connection connection = { .db = NULL };
    int status = pass_gate(datastore, deadline, error);
    if (status == QUIPU_OK) {
        status = quipu_sqlite_connection_open(datastore, &connection,
                                              SQLITE_OPEN_READWRITE, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    connection.deadline = deadline;
    int code = sqlite3_exec(connection.db, "SELECT count(*) FROM sqlite_schema",
                            NULL, NULL, NULL);
    if (code != SQLITE_OK) {
        status = quipu_sqlite_fail(datastore, connection.db, code,
                                   "undo what a killed process began", error);
    }
    quipu_sqlite_connection_close(&connection);
    return status;
}

/* Another program died in the middle of a transaction; to undo it is its own
 * affair (F4). */
static int refuse_unfinished(quipu_driver_datastore *datastore,
                             quipu_error *error)
{
    return datastore->host->error_set(
        error, QUIPU_CORRUPT, SQLITE_READONLY_ROLLBACK, NULL,
        "\"%s\" is an SQLite database that another program left half written, "
        "and no store of quipu as far as can be seen; name another file, or "
        "open it once with that program",
        datastore->name);
}

/* Looks once more where the first look failed for want of a right. */
static int look(quipu_driver_datastore *datastore, int64_t deadline,
                enum store_kind *kind, quipu_error *error)
{
    quipu_error own = { 0 };
    int status = quipu_sqlite_probe(datastore, deadline, kind, &own);
    if (status == QUIPU_OK) {
        return QUIPU_OK;
    }
    /* A file that should stand beside it can neither be made nor opened. */
    bool cannot =
        status == QUIPU_DENIED || (own.native & 0xff) == SQLITE_CANTOPEN;
    if (quipu_sqlite_probe_is_unfinished(datastore, &own)) {
        status = undo_unfinished(datastore, deadline, error);
    } else if (cannot && datastore->readonly && !datastore->immutable &&
               quipu_sqlite_probe_is_frozen(datastore)) {
        datastore->immutable = true;
        quipu_sqlite_readers_close(datastore);
        status = QUIPU_OK;
    } else if (cannot && !datastore->readonly &&
               quipu_sqlite_probe_is_frozen(datastore)) {
        return datastore->host->error_set(
            error, QUIPU_DENIED, own.native, NULL,
            "\"%s\" is on a file system that may only be read; open it with "
            "readonly=yes",
            datastore->name);
    } else if (!datastore->readonly && own.native == SQLITE_READONLY_ROLLBACK) {
        return refuse_unfinished(datastore, error);
    } else {
        return quipu_common_error_pass(status, &own, error);
    }
    return status == QUIPU_OK
               ? quipu_sqlite_probe(datastore, deadline, kind, error)
               : status;
}

/* With the file's `opening` held. */
static int open_checked(quipu_driver_datastore *datastore, bool create,
                        int64_t deadline, quipu_error *error)
{
    enum store_kind kind = STORE_EMPTY;
    int status = look(datastore, deadline, &kind, error);
    if (status == QUIPU_OK) {
        status = check_wanted(datastore, create, kind, error);
    }
    if (status == QUIPU_OK && !datastore->readonly && !datastore->gated) {
        status = pass_gate(datastore, deadline, error);
    }
    if (status == QUIPU_OK && !datastore->readonly) {
        status = open_writer(datastore, kind, deadline, error);
    }
    return status;
}

static int open_file(quipu_driver_datastore *datastore, bool create,
                     int64_t deadline, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    char *given = datastore->path;
    bool exists = false;
    int status = quipu_sqlite_path_resolve(host, given, &datastore->path,
                                           &exists, error);
    if (status != QUIPU_OK) {
        return status;
    }
    host->release(given);
    datastore->name = datastore->path;
    datastore->immutable = datastore->options.immutable && datastore->readonly;
    datastore->uri = quipu_sqlite_path_immutable(host, datastore->path);
    if (!datastore->uri) {
        return quipu_sqlite_no_memory(host, error);
    }
    status = quipu_sqlite_file_hold(host, datastore->path, create,
                                    &datastore->file, error);
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
    status = open_checked(datastore, create, deadline, error);
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
        quipu_sqlite_file_private(datastore->host, &datastore->file, error);
    if (status != QUIPU_OK) {
        return status;
    }
    datastore->fair_lock = &datastore->file->own_fair_lock;
    datastore->commit_counter = &datastore->file->own_commit_counter;
    status = quipu_sqlite_connection_open(datastore, &datastore->writer,
                                          SQLITE_OPEN_READWRITE, error);
    return status == QUIPU_OK ? initialise(datastore, deadline, error) : status;
}

/* -------------------------------------------------------------- the whole */

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
    quipu_sqlite_options_read(how, &datastore->options);
    (void)pthread_mutex_init(&datastore->lock, NULL);
    (void)pthread_cond_init(&datastore->returned, NULL);
    return datastore;
}

/* Closes the writing connection.  Who is alone copies the WAL into the database
 * and removes what stands beside it; the others leave it as it is. */
static void close_writer(quipu_driver_datastore *datastore)
{
    struct file *file = datastore->file;
    bool alone = false;
    (void)pthread_mutex_lock(&file->opening);
    if (--file->writers == 0) {
        alone = quipu_common_lock_file_try_exclusive(
            &file->lock_file, clock_now() + DEPARTURE_TIME);
    }
    if (alone &&
        SAFEGUARDED("V3.no-checkpoint-after-a-failed-sync",
                    !atomic_load(&file->poisoned), true) &&
        datastore->writer.db) {
        (void)sqlite3_db_config(datastore->writer.db,
                                SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    }
    quipu_sqlite_connection_close(&datastore->writer);
    if (file->writers == 0) {
        quipu_common_lock_file_close(&file->lock_file, datastore->host, alone);
    }
    (void)pthread_mutex_unlock(&file->opening);
}

void quipu_sqlite_close(quipu_driver_datastore *datastore)
{
    const quipu_host *host = datastore->host;
    quipu_sqlite_readers_close(datastore);
    if (datastore->gated) {
        close_writer(datastore);
    } else {
        quipu_sqlite_connection_close(&datastore->writer);
    }
    quipu_sqlite_file_release(datastore->file);
    (void)pthread_cond_destroy(&datastore->returned);
    (void)pthread_mutex_destroy(&datastore->lock);
    host->release(datastore->name_space);
    host->release(datastore->uri);
    host->release(datastore->path);
    host->release(datastore);
}

static int open_store(quipu_driver_datastore *datastore, const quipu_open *how,
                      int64_t deadline, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    bool create =
        (how->flags & QUIPU_OPEN_CREATE) != 0 &&
        SAFEGUARDED("F4.readonly-connection", !datastore->readonly, true);
    if (!datastore->name_space) {
        return quipu_sqlite_no_memory(host, error);
    }
    if (sqlite3_threadsafe() == 0) {
        return host->error_set(error, QUIPU_UNSUPPORTED, 0, NULL,
                               "this SQLite was built without threads; link "
                               "another");
    }
    int status =
        quipu_sqlite_path_of_body(host, how->body, &datastore->path, error);
    if (status == QUIPU_OK) {
        status = datastore->path
                     ? open_file(datastore, create, deadline, error)
                     : open_memory(datastore, create, deadline, error);
    }
    if (status == QUIPU_OK) {
        status =
            quipu_sqlite_catalogue_identity(datastore, create, deadline, error);
    }
    return status;
}

/* Of what opening alone commits nobody needs to know the outcome: the next
 * attempt finds it, or makes it. */
static int settle(const quipu_host *host, const char *name, int status,
                  const quipu_error *own, quipu_error *error)
{
    if (status != QUIPU_UNKNOWN_OUTCOME) {
        return quipu_common_error_pass(status, own, error);
    }
    return host->error_set(error, QUIPU_IO, own->native, NULL,
                           "\"%s\" cannot be made ready to be written (%s); "
                           "open it again",
                           name, sqlite3_errstr(own->native));
}

int quipu_sqlite_open(const quipu_host *host, const quipu_open *how,
                      int64_t deadline, quipu_driver_datastore **datastore,
                      quipu_opened *opened, quipu_error *error)
{
    quipu_driver_datastore *made = create_datastore(host, how);
    if (!made) {
        return quipu_sqlite_no_memory(host, error);
    }
    quipu_error own = { .code = QUIPU_OK };
    int status = open_store(made, how, deadline, &own);
    status = settle(host, made->name, status, &own, error);
    if (status != QUIPU_OK) {
        quipu_sqlite_close(made);
        return status;
    }
    opened->capabilities = QUIPU_CAN_LOG | QUIPU_CAN_TRACK | QUIPU_CAN_TRANSACT;
    if (made->path) {
        opened->capabilities |= QUIPU_CAN_SHARE | QUIPU_CAN_PERSIST;
    }
    opened->identity = made->identity;
    opened->limits = (quipu_limits){ .state_size = 64 * MEBI,
                                     .append_items = 100000,
                                     .append_size = 256 * MEBI };
    *datastore = made;
    return QUIPU_OK;
}
