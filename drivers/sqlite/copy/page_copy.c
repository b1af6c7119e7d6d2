/* SPDX-License-Identifier: Apache-2.0 */
/* Copying a database, page by page, for backups and restores.
 *
 * METHOD
 *
 * The pages of one SQLite database are copied to another with sqlite3_backup,
 * from one connection with an open read transaction: in WAL mode that is a
 * snapshot, which blocks no writer. Only the WAL cannot be restarted until the
 * copy is complete. Between two steps of sqlite3_backup the transaction stays
 * open; otherwise each commit of another process would start the copy again.
 *
 * VACUUM INTO would give a smaller file, but it numbers the rows of a table
 * without an INTEGER PRIMARY KEY again. quipu has no such tables, but with
 * adopt=yes the database may have tables of other programs.
 *
 * The copy needs neither a journal nor SQLite's syncs: it is thrown away unless
 * it becomes complete. It is then checked (PRAGMA integrity_check, and the
 * probe of a store), synced and given its name (files/replacement.c). A
 * damaged store thus gives no backup, and a damaged backup is not restored.
 *
 * A copy is a database in WAL mode without a WAL, so it opens as any store. */
#include "copy/page_copy.h"

#include "common/error.h"
#include "common/safeguard.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define STEP_PAGES 256     /* copied between two calls of `progress` */
#define PROGRESS_OPS 20000 /* of SQLite's machine, while a copy is checked */

/* --------------------------------------------------------------- progress */

static bool report(struct page_copy *copy, uint64_t done)
{
    const quipu_backup *backup = copy->backup;

    copy->stopped =
        copy->stopped || (backup->progress &&
                          !backup->progress(backup->context, done, copy->all));
    return !copy->stopped;
}

static int stopped(const quipu_host *host, const struct page_copy *copy,
                   quipu_error *error)
{
    return host->error_set(error, QUIPU_TIMEOUT, 0, NULL,
                           "the copying of \"%s\" was stopped; nothing has "
                           "changed",
                           copy->name);
}

static int damaged(const quipu_host *host, const struct page_copy *copy,
                   const char *how, quipu_error *error)
{
    return host->error_set(error, QUIPU_CORRUPT, 0, NULL,
                           "\"%s\" is damaged: %s; %s", copy->name, how,
                           copy->remedy);
}

/* ------------------------------------------------------------ one database */

int quipu_sqlite_page_copy_make_bare(const quipu_host *host, char *path,
                                     quipu_driver_datastore *bare,
                                     quipu_error *error)
{
    *bare = (quipu_driver_datastore){ .host = host,
                                      .path = path,
                                      .name = path,
                                      .readonly = true,
                                      .immutable = true };
    bare->uri = quipu_sqlite_path_immutable_uri(host, path);
    return bare->uri ? QUIPU_OK : quipu_sqlite_error_no_memory(host, error);
}

static int on_check_progress(void *context)
{
    struct page_copy *copy = context;

    return report(copy, copy->all) ? 0 : 1;
}

/* Reads a whole database. */
static int check_integrity(struct connection *connection,
                           struct page_copy *copy, quipu_error *error)
{
    const quipu_host *host = connection->datastore->host;
    sqlite3_stmt *statement = NULL;
    int code = quipu_sqlite_statement_prepare(
        connection, "PRAGMA integrity_check(1)", &statement);
    int status = QUIPU_OK;

    sqlite3_progress_handler(connection->db, PROGRESS_OPS, on_check_progress,
                             copy);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    if (copy->stopped) {
        status = stopped(host, copy, error);
    } else if (code != SQLITE_ROW) {
        status =
            quipu_sqlite_error_set(connection, code, "check the copy", error);
    } else {
        const char *found = (const char *)sqlite3_column_text(statement, 0);

        if (!found || strcmp(found, "ok") != 0) {
            status = damaged(host, copy, found ? found : "unreadable", error);
        }
    }
    (void)sqlite3_finalize(statement);
    return status;
}

int quipu_sqlite_page_copy_check(const quipu_host *host, char *path,
                                 struct page_copy *copy, bool whole,
                                 quipu_error *error)
{
    struct connection connection = { .db = NULL };
    quipu_driver_datastore bare;
    enum store_kind kind = STORE_EMPTY;
    int status = quipu_sqlite_page_copy_make_bare(host, path, &bare, error);

    if (status != QUIPU_OK) {
        return status;
    }
    bare.name = copy->name;
    status = quipu_sqlite_connection_open(
        &bare, &connection, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, error);
    if (status == QUIPU_OK) {
        status = quipu_sqlite_wal_mark_check(&connection, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_sqlite_probe_connection(&connection, &kind, error);
    }
    if (status == QUIPU_OK && kind != STORE_OURS) {
        status = host->error_set(error, QUIPU_CORRUPT, 0, NULL,
                                 "\"%s\" is no store of quipu; name another "
                                 "file",
                                 copy->name);
    }
    if (status == QUIPU_OK && whole) {
        SAFEGUARD("V6.copy-is-checked")
        status = check_integrity(&connection, copy, error);
    }
    quipu_sqlite_connection_close(&connection);
    host->release(bare.uri);
    return status;
}

/* ------------------------------------------------------------ the copying */

static int step_pages(sqlite3_backup *pages, struct page_copy *copy,
                      int page_size)
{
    int code = SQLITE_OK;

    while (code == SQLITE_OK) {
        code = sqlite3_backup_step(pages, STEP_PAGES);
        const uint64_t all = (uint64_t)sqlite3_backup_pagecount(pages);
        const uint64_t left = (uint64_t)sqlite3_backup_remaining(pages);

        copy->all = all * (uint64_t)page_size;
        if (!report(copy, (all - left) * (uint64_t)page_size)) {
            return SQLITE_INTERRUPT;
        }
    }
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Begins the read transaction that the copy sees. */
static int begin_snapshot(const struct connection *from, int *page_size)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_exec(from->db, "BEGIN", NULL, NULL, NULL);

    if (code == SQLITE_OK) {
        code = sqlite3_exec(from->db, "SELECT count(*) FROM sqlite_schema",
                            NULL, NULL, NULL);
    }
    if (code == SQLITE_OK) {
        code = quipu_sqlite_statement_prepare(from, "PRAGMA page_size",
                                              &statement);
    }
    if (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
        *page_size = sqlite3_column_int(statement, 0);
    }
    (void)sqlite3_finalize(statement);
    return code;
}

static int copy_pages(const struct connection *from,
                      const struct connection *to, struct page_copy *copy,
                      quipu_error *error)
{
    int page_size = 0;
    int code = begin_snapshot(from, &page_size);

    if (code != SQLITE_OK) {
        code = quipu_sqlite_error_set(from, code, "read the pages", error);
        (void)sqlite3_exec(from->db, "ROLLBACK", NULL, NULL, NULL);
        return code;
    }
    sqlite3_backup *pages =
        sqlite3_backup_init(to->db, "main", from->db, "main");
    if (pages) {
        code = step_pages(pages, copy, page_size);
    }
    const int finished =
        pages ? sqlite3_backup_finish(pages) : sqlite3_extended_errcode(to->db);
    (void)sqlite3_exec(from->db, "ROLLBACK", NULL, NULL, NULL);
    if (copy->stopped) {
        return stopped(from->datastore->host, copy, error);
    }
    if (code == SQLITE_OK) {
        code = finished;
    }
    return code == SQLITE_OK
               ? QUIPU_OK
               : quipu_sqlite_error_set(to, code, "write the copy", error);
}

/* Removes what an earlier attempt has copied.  Over a database in WAL mode
 * SQLite would copy the pages into a WAL, and leave that behind. */
static int empty(const quipu_host *host, const struct replacement *replacement,
                 quipu_error *error)
{
    return truncate(replacement->fresh, 0) == 0
               ? QUIPU_OK
               : quipu_common_error_set_system(host, replacement->fresh, errno,
                                               "empty", error);
}

int quipu_sqlite_page_copy_to(const struct connection *from,
                              const struct replacement *replacement,
                              struct page_copy *copy, quipu_error *error)
{
    const quipu_host *host = replacement->plan.host;
    struct connection to = { .db = NULL };
    quipu_driver_datastore bare;
    int status = quipu_sqlite_page_copy_make_bare(host, replacement->fresh,
                                                  &bare, error);

    if (status != QUIPU_OK) {
        return status;
    }
    bare.name = replacement->plan.path;
    status = empty(host, replacement, error);
    if (status == QUIPU_OK) {
        status = quipu_sqlite_connection_open(&bare, &to, SQLITE_OPEN_READWRITE,
                                              error);
    }
    if (status == QUIPU_OK) {
        status = quipu_sqlite_statement_execute(
            &to,
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; "
            "PRAGMA synchronous = OFF",
            "prepare the copy", error);
    }
    if (status == QUIPU_OK) {
        status = copy_pages(from, &to, copy, error);
    }
    quipu_sqlite_connection_close(&to);
    host->release(bare.uri);
    return status == QUIPU_OK ? quipu_sqlite_page_copy_check(
                                    host, replacement->fresh, copy, true, error)
                              : status;
}
