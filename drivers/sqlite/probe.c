/* SPDX-License-Identifier: Apache-2.0 */
/* The first look at a file. */
#include "probe.h"

#include "common/safeguard.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define BESIDE_MAX 600 /* a path, which is at most 500 bytes, and a suffix */

static void name_beside(const quipu_driver_datastore *datastore,
                        const char *suffix, char name[BESIDE_MAX])
{
    (void)snprintf(name, BESIDE_MAX, "%s%s", datastore->path, suffix);
}

/* ------------------------------------------------------- a WAL that rests */

struct state {
    struct stat info;
    bool rests; /* there is no WAL, or nothing in it: nobody writes */
};

static void look_from_outside(const quipu_driver_datastore *datastore,
                              struct state *state)
{
    char wal[BESIDE_MAX];
    struct stat info;
    name_beside(datastore, "-wal", wal);
    memset(state, 0, sizeof(*state));
    state->rests = stat(datastore->path, &state->info) == 0 &&
                   (stat(wal, &info) != 0 || info.st_size == 0);
}

static bool is_same(const struct state *a, const struct state *b)
{
    return a->rests && b->rests && a->info.st_ino == b->info.st_ino &&
           a->info.st_size == b->info.st_size &&
           a->info.st_mtim.tv_sec == b->info.st_mtim.tv_sec &&
           a->info.st_mtim.tv_nsec == b->info.st_mtim.tv_nsec;
}

/* Whether the file's header asks for a WAL (its "read version" is 2). */
static bool wants_wal(const struct connection *connection)
{
    unsigned char header[20];
    sqlite3_file *file = NULL;
    (void)sqlite3_file_control(connection->db, "main",
                               SQLITE_FCNTL_FILE_POINTER, &file);
    return file && file->pMethods &&
           file->pMethods->xRead(file, header, sizeof(header), 0) ==
               SQLITE_OK &&
           memcmp(header, "SQLite format 3", 16) == 0 && header[19] == 2;
}

/*
 * Even to read a WAL database SQLite makes files beside it.  While its WAL
 * rests it can be read without; *settled: what that found is a refusal, and
 * nothing changed meanwhile.  Everything else is left to the usual look.
 */
static int look_at_rest(quipu_driver_datastore *datastore,
                        enum store_kind *kind, bool *settled,
                        quipu_error *error)
{
    struct connection connection = { .db = NULL };
    struct state before;
    struct state after;
    *settled = false;
    look_from_outside(datastore, &before);
    if (!before.rests) {
        return QUIPU_OK;
    }
    int status = quipu_sqlite_connection_open(
        datastore, &connection, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, error);
    if (status != QUIPU_OK) {
        return QUIPU_OK;
    }
    if (wants_wal(&connection)) {
        status =
            quipu_sqlite_catalogue_check(datastore, &connection, kind, error);
        look_from_outside(datastore, &after);
        SAFEGUARD("F4.look-before-touching")
        *settled = (status != QUIPU_OK || *kind != STORE_OURS) &&
                   is_same(&before, &after);
    }
    quipu_sqlite_connection_close(&connection);
    return *settled ? status : QUIPU_OK;
}

int quipu_sqlite_probe(quipu_driver_datastore *datastore, int64_t deadline,
                       enum store_kind *kind, quipu_error *error)
{
    struct connection *reader = NULL;
    quipu_error own = { 0 };
    bool settled = false;
    int status = look_at_rest(datastore, kind, &settled, &own);
    if (settled) {
        return quipu_common_error_pass(status, &own, error);
    }
    status = quipu_sqlite_reader_borrow(datastore, deadline, &reader, error);
    if (status == QUIPU_OK) {
        status = quipu_sqlite_catalogue_check(datastore, reader, kind, error);
        quipu_sqlite_reader_return(datastore, reader);
    }
    return status;
}

/* ------------------------------------------------- a killed beginning */

/* Whether the database was empty when the transaction of its rollback journal
 * began: a number of pages, big-endian, at offset 16. */
static bool began_empty(const quipu_driver_datastore *datastore)
{
    static const unsigned char none[4];
    unsigned char header[20];
    char journal[BESIDE_MAX];
    name_beside(datastore, "-journal", journal);
    int fd = open(journal, O_RDONLY | O_CLOEXEC);
    bool empty = fd >= 0 &&
                 read(fd, header, sizeof(header)) == sizeof(header) &&
                 memcmp(header + 16, none, sizeof(none)) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return empty;
}

/* Whether the file says, the journal notwithstanding, that it is ours. */
static bool is_marked(quipu_driver_datastore *datastore)
{
    struct connection connection = { .db = NULL };
    sqlite3_stmt *row = NULL;
    bool marked = false;
    if (quipu_sqlite_connection_open(datastore, &connection,
                                     SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
                                     NULL) != QUIPU_OK) {
        return false;
    }
    if (sqlite3_prepare_v2(connection.db, "PRAGMA application_id", -1, &row,
                           NULL) == SQLITE_OK) {
        marked = sqlite3_step(row) == SQLITE_ROW &&
                 sqlite3_column_int(row, 0) == STORE_APPLICATION_ID;
    }
    (void)sqlite3_finalize(row);
    quipu_sqlite_connection_close(&connection);
    return marked;
}

bool quipu_sqlite_probe_is_unfinished(quipu_driver_datastore *datastore,
                                      const quipu_error *error)
{
    if (datastore->readonly) {
        return false;
    }
    switch (error->native) {
    case SQLITE_READONLY_RECOVERY: /* of a WAL: the file is left as it is */
    case SQLITE_READONLY_CANTINIT:
        return true;
    case SQLITE_READONLY_ROLLBACK:
        return SAFEGUARDED("F4.unfinished-work-of-others",
                           datastore->options.adopt || began_empty(datastore) ||
                               is_marked(datastore),
                           true);
    default:
        return false;
    }
}

bool quipu_sqlite_probe_is_frozen(const quipu_driver_datastore *datastore)
{
    struct statvfs info;
    return statvfs(datastore->path, &info) == 0 &&
           (info.f_flag & ST_RDONLY) != 0;
}
