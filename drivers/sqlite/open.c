/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing a store; nothing is changed before it is checked. */
#include "sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEBI (UINT64_C(1) << 20)

static int64_t option_number(const quipu_open *how, const char *name,
                             int64_t fallback)
{
    for (size_t i = 0; i < how->option_count; i++) {
        if (strcmp(how->options[i].name, name) == 0) {
            return strtoll(how->options[i].value, NULL, 10);
        }
    }
    return fallback;
}

/* Counts the pages of the WAL; registered instead of SQLite's own checkpoints,
 * which would not wait for the gate. */
static int on_commit(void *context, sqlite3 *db, const char *name, int pages)
{
    quipu_driver_datastore *datastore = context;
    (void)db;
    (void)name;
    datastore->wal_pages = pages;
    return SQLITE_OK;
}

/* The first to open a file after a crash syncs what it finds, so that nobody
 * reads what a power cut could still take back (V2). */
static void sync_wal(const char *path, void *context)
{
    char wal[4096];
    bool *failed = context;
    (void)snprintf(wal, sizeof wal, "%s-wal", path);
    int fd = open(wal, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        *failed = fdatasync(fd) != 0;
        (void)close(fd);
    }
}

static quipu_driver_datastore *create(const quipu_host *host,
                                      const quipu_open *how)
{
    quipu_driver_datastore *datastore = host->allocate(sizeof *datastore);
    pthread_condattr_t attributes;
    if (datastore == NULL) {
        return NULL;
    }
    *datastore = (quipu_driver_datastore){
        .host = host,
        .readonly = (how->flags & QUIPU_OPEN_READONLY) != 0,
        .relaxed = (how->flags & QUIPU_OPEN_RELAXED) != 0,
        .checkpoint = option_number(how, "checkpoint", 1000),
        .gate = { .fd = -1 },
    };
    (void)pthread_mutex_init(&datastore->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&datastore->returned, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return datastore;
}

/* Whether the WAL must not be touched when this connection closes: it was not
 * found in order, or other writers could be in it. */
static void leave_wal_alone(quipu_driver_datastore *datastore, int alone)
{
    (void)sqlite3_db_config(datastore->writer.db,
                            SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, alone, NULL);
}

void quipu_sqlite_close(quipu_driver_datastore *datastore)
{
    const quipu_host *host = datastore->host;
    while (datastore->idle_count > 0) {
        struct connection *reader = datastore->idle[--datastore->idle_count];
        quipu_sqlite_connection_close(reader);
        host->release(reader);
    }
    if (datastore->writer.db != NULL) {
        /* The last connection to close checkpoints: not beside a commit. */
        bool entered =
            datastore->gate.shared != NULL &&
            quipu_sqlite_gate_enter(&datastore->gate, quipu_sqlite_clock_now());
        if (entered && quipu_sqlite_file_is_poisoned(datastore->file)) {
            leave_wal_alone(datastore, 1);
        } else if (entered) {
            leave_wal_alone(datastore, 0);
        }
        quipu_sqlite_connection_close(&datastore->writer);
        if (entered) {
            quipu_sqlite_gate_leave(&datastore->gate);
        }
    }
    if (datastore->gate.shared != NULL) {
        quipu_sqlite_gate_close(&datastore->gate, host);
    }
    if (datastore->file != NULL) {
        quipu_sqlite_file_release(host, datastore->file);
    }
    (void)pthread_cond_destroy(&datastore->returned);
    (void)pthread_mutex_destroy(&datastore->lock);
    host->release(datastore->name_space);
    host->release(datastore->path);
    host->release(datastore);
}

/* -------------------------------------------------------------- the steps */

static int check_there(quipu_driver_datastore *datastore, const quipu_open *how,
                       quipu_error *error)
{
    struct stat info;
    if (datastore->path == NULL || stat(datastore->path, &info) == 0 ||
        errno != ENOENT) {
        return QUIPU_OK;
    }
    if ((how->flags & QUIPU_OPEN_CREATE) != 0 && !datastore->readonly) {
        return QUIPU_OK;
    }
    return datastore->host->error_set(
        error, QUIPU_NOT_FOUND, 0, NULL,
        "\"%s\" is not there; open with create=yes to make it",
        datastore->path);
}

/* A file is looked at before anything beside it is made. */
static int open_writer(quipu_driver_datastore *datastore, const quipu_open *how,
                       quipu_error *error)
{
    int flags =
        datastore->readonly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (datastore->path == NULL || (how->flags & QUIPU_OPEN_CREATE) != 0) {
        flags |= datastore->readonly ? 0 : SQLITE_OPEN_CREATE;
    }
    int status = quipu_sqlite_connection_open(datastore, &datastore->writer,
                                              flags, error);
    if (status == QUIPU_OK) {
        leave_wal_alone(datastore, 1);
    }
    return status;
}

static int open_gate(quipu_driver_datastore *datastore, quipu_error *error)
{
    bool failed = false;
    int status =
        datastore->readonly && datastore->path != NULL
            ? QUIPU_OK
            : quipu_sqlite_gate_open(&datastore->gate, datastore->host,
                                     datastore->path, sync_wal, &failed, error);
    if (status == QUIPU_OK && failed) {
        return datastore->host->error_set(
            error, QUIPU_IO, errno, NULL,
            "cannot sync \"%s-wal\": %s; the disk or its file system fails",
            datastore->path, strerror(errno));
    }
    return status;
}

static int configure(quipu_driver_datastore *datastore, quipu_error *error)
{
    if (datastore->readonly || datastore->path == NULL) {
        return QUIPU_OK;
    }
    int status = quipu_sqlite_catalogue_exec(datastore,
                                             datastore->relaxed
                                                 ? "PRAGMA journal_mode = WAL;"
                                                   "PRAGMA synchronous = NORMAL"
                                                 : "PRAGMA journal_mode = WAL;"
                                                   "PRAGMA synchronous = FULL",
                                             "set it up", error);
    (void)sqlite3_wal_hook(datastore->writer.db, on_commit, datastore);
    return status;
}

/* Makes the catalogue in an empty file, before it becomes a WAL database, so
 * that the file alone tells what it is. */
static int initialise(quipu_driver_datastore *datastore, int64_t deadline,
                      quipu_error *error)
{
    bool empty = false;
    int status = quipu_sqlite_writing_begin(datastore, deadline, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_sqlite_catalogue_check(datastore, &datastore->writer, &empty,
                                          error);
    if (status == QUIPU_OK && empty) {
        status = quipu_sqlite_catalogue_create(datastore, error);
    }
    if (status != QUIPU_OK) {
        quipu_sqlite_writing_abandon(datastore);
        return status;
    }
    return quipu_sqlite_writing_commit(datastore, error);
}

static int open_store(quipu_driver_datastore *datastore, const quipu_open *how,
                      int64_t deadline, quipu_error *error)
{
    bool empty = false;
    bool create =
        (how->flags & QUIPU_OPEN_CREATE) != 0 || datastore->path == NULL;
    int status = check_there(datastore, how, error);
    if (status == QUIPU_OK) {
        status = open_writer(datastore, how, error);
    }
    if (status == QUIPU_OK) {
        datastore->writer.deadline = deadline;
        status = quipu_sqlite_catalogue_check(datastore, &datastore->writer,
                                              &empty, error);
    }
    if (status == QUIPU_OK && empty && (!create || datastore->readonly)) {
        status = datastore->host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "\"%s\" is empty; open with create=yes to make a store of it",
            datastore->path);
    }
    if (status == QUIPU_OK) {
        status = open_gate(datastore, error);
    }
    if (status == QUIPU_OK) {
        datastore->file =
            quipu_sqlite_file_hold(datastore->host, datastore->path);
        status = datastore->file != NULL
                     ? QUIPU_OK
                     : datastore->host->error_set(error, QUIPU_NO_MEMORY, 0,
                                                  NULL, "no memory");
    }
    if (status == QUIPU_OK && empty) {
        status = initialise(datastore, deadline, error);
    }
    if (status == QUIPU_OK) {
        status = configure(datastore, error);
    }
    return status != QUIPU_OK
               ? status
               : quipu_sqlite_catalogue_identity(datastore,
                                                 create && !datastore->readonly,
                                                 deadline, error);
}

static void describe(const quipu_driver_datastore *datastore,
                     quipu_opened *opened)
{
    opened->capabilities = QUIPU_CAN_LOG | QUIPU_CAN_TRACK | QUIPU_CAN_TRANSACT;
    if (datastore->path != NULL) {
        opened->capabilities |= QUIPU_CAN_SHARE | QUIPU_CAN_PERSIST;
    }
    opened->identity = datastore->identity;
    opened->limits = (quipu_limits){ .state_size = 512 * MEBI,
                                     .append_items = 1000000,
                                     .append_size = 1024 * MEBI };
}

int quipu_sqlite_open(const quipu_host *host, const quipu_open *how,
                      int64_t deadline, quipu_driver_datastore **datastore,
                      quipu_opened *opened, quipu_error *error)
{
    quipu_driver_datastore *made = create(host, how);
    if (made == NULL) {
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                               "no memory for a datastore");
    }
    made->name_space = quipu_sqlite_text_copy(host, how->name_space);
    int status =
        made->name_space != NULL
            ? quipu_sqlite_path_of_body(host, how->body, &made->path, error)
            : host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                              "no memory for a name");
    if (status == QUIPU_OK) {
        status = open_store(made, how, deadline, error);
    }
    if (status != QUIPU_OK) {
        quipu_sqlite_close(made);
        return status;
    }
    describe(made, opened);
    *datastore = made;
    return QUIPU_OK;
}
