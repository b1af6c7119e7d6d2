/* SPDX-License-Identifier: Apache-2.0 */
/* SQL that is not the driver's own, on the writing connection: triggers of the
 * application, and the function in the transaction.
 *
 * METHOD
 *
 * SQLite calls the authorizer while it prepares a statement, for each thing
 * that the statement and the triggers that it fires would do. A statement that
 * is refused there never runs, and a prepared one costs nothing more.
 *
 *   Triggers   A trigger may write to the application's own tables, not to
 *              quipu's: rows of items that it added, changed or removed would
 *              break the log. It may also suppress a row (RAISE(IGNORE)), which
 *              the authorizer does not see; so each row that the driver writes
 *              is counted by sqlite3_changes.
 *   Functions  A function in the transaction may neither begin nor end a
 *              transaction, nor change settings of the connection, which
 *              outlive it, nor quipu's own tables: entries that an append has
 *              checked stay as they are until the commit (K7). A statement
 *              that was prepared elsewhere, or a conflict clause OR ROLLBACK,
 *              can end the transaction all the same: the rollback hook notes
 *              that, and the commit hook turns each commit during the function
 *              into a rollback.
 *
 * So an append fails as a whole, and nothing of it is stored, also if the
 * function goes on after the error. */
#include "common/safeguard.h"
#include "common/writer.h"
#include "sqlite.h"

#include <stdio.h>
#include <string.h>

/* -------------------------------------------------------------- triggers */

/* A table that no trigger may change: one of the catalogue, or the one that
 * the driver's statement writes. */
static bool is_own(const struct authorizer *authorizer, const char *table)
{
    return sqlite3_strnicmp(table, "quipu_", 6) == 0 ||
           sqlite3_stricmp(table, authorizer->written) == 0;
}

/* A table of quipu's own, apart from those of items: the tables of a namespace
 * begin with "quipu_<number>_". */
static bool is_of_catalogue(const char *table)
{
    return sqlite3_strnicmp(table, "quipu_", 6) == 0 &&
           !(table[6] >= '0' && table[6] <= '9');
}

static int authorize_write(struct authorizer *authorizer, const char *table,
                           const char *trigger)
{
    if (!trigger && !authorizer->in_function) {
        (void)snprintf(authorizer->written, sizeof(authorizer->written), "%s",
                       table);
    }
    if (!trigger) {
        return SQLITE_OK;
    }
    if (SAFEGUARDED("L1.no-trigger-writes-items", !is_own(authorizer, table),
                    true)) {
        return SQLITE_OK;
    }
    (void)snprintf(authorizer->trigger, sizeof(authorizer->trigger), "%s",
                   trigger);
    (void)snprintf(authorizer->table, sizeof(authorizer->table), "%s", table);
    return SQLITE_DENY;
}

/* Returns the names of a table's triggers, to be freed by sqlite3_free; NULL
 * if it has none. */
static char *find_triggers(const struct connection *connection,
                           const char *table)
{
    sqlite3_stmt *row = NULL;
    char *names = NULL;

    if (quipu_sqlite_statement_prepare(
            connection,
            "SELECT group_concat('\"' || name || '\"', ', ') "
            "FROM sqlite_schema "
            "WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE",
            &row) == SQLITE_OK) {
        (void)sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
        if (sqlite3_step(row) == SQLITE_ROW &&
            sqlite3_column_type(row, 0) == SQLITE_TEXT) {
            names = sqlite3_mprintf("%s", sqlite3_column_text(row, 0));
        }
    }
    (void)sqlite3_finalize(row);
    return names;
}

int quipu_sqlite_authorizer_check_change(const struct connection *connection,
                                         const char *table, int rows,
                                         quipu_error *error)
{
    const quipu_driver_datastore *datastore = connection->datastore;

    if (SAFEGUARDED("U2.each-row-is-counted",
                    sqlite3_changes(connection->db) == rows, true)) {
        return QUIPU_OK;
    }
    char *names = find_triggers(connection, table);
    int status =
        names
            ? datastore->host->error_set(
                  error, QUIPU_DENIED, 0, NULL,
                  "cannot change a row of table \"%s\" of \"%s\": a trigger of "
                  "the table suppresses it (triggers: %s); change or drop it",
                  table, datastore->name, names)
            : datastore->host->error_set(
                  error, QUIPU_CORRUPT, 0, NULL,
                  "cannot change a row of table \"%s\" of \"%s\": its tables "
                  "are not as quipu created them; restore them, or a backup",
                  table, datastore->name);
    sqlite3_free(names);
    return status;
}

/* Codes that a sound table without triggers never causes. */
static bool is_of_trigger(int code)
{
    const int primary = code & 0xff;

    return primary == SQLITE_CONSTRAINT || primary == SQLITE_ERROR ||
           primary == SQLITE_TOOBIG || primary == SQLITE_MISMATCH;
}

int quipu_sqlite_authorizer_set_error(const struct connection *connection,
                                      const char *table, int code,
                                      quipu_error *error)
{
    static const char what[] = "store an item";
    const quipu_driver_datastore *datastore = connection->datastore;
    char message[300];

    (void)snprintf(message, sizeof(message), "%s",
                   sqlite3_errmsg(connection->db));
    int status = quipu_sqlite_error_set(connection, code, what, error);
    char *names = is_of_trigger(code) ? find_triggers(connection, table) : NULL;
    if (names) {
        status = datastore->host->error_set(
            error, QUIPU_DENIED, code, NULL,
            "cannot %s in table \"%s\" of \"%s\": %s; a trigger of the table "
            "refuses or fails (triggers: %s): change or drop it",
            what, table, datastore->name, message, names);
    }
    sqlite3_free(names);
    return status;
}

/* -------------------------------------------- functions in the transaction */

/* Settings of a connection or a file that outlive the function. */
static bool is_lasting_setting(const char *pragma)
{
    static const char *const names[] = {
        "application_id",     "busy_timeout",    "journal_mode", "locking_mode",
        "query_only",         "secure_delete",   "synchronous",  "temp_store",
        "wal_autocheckpoint", "writable_schema",
    };
    bool found = false;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        found = found || sqlite3_stricmp(pragma, names[i]) == 0;
    }
    return found;
}

static int refuse(struct authorizer *authorizer, const char *statement,
                  const char *name)
{
    (void)snprintf(authorizer->refused, sizeof(authorizer->refused), "%s%s%s",
                   statement, name ? " " : "", name ? name : "");
    return SQLITE_DENY;
}

static int authorize_function(struct authorizer *authorizer, int action,
                              const char *first, const char *second)
{
    switch (action) {
    case SQLITE_TRANSACTION:
        return refuse(authorizer, first, NULL);
    case SQLITE_ATTACH:
        return refuse(authorizer, "ATTACH", NULL);
    case SQLITE_DETACH:
        return refuse(authorizer, "DETACH", NULL);
    case SQLITE_ALTER_TABLE:
        return is_of_catalogue(second) ? refuse(authorizer, "ALTER", second)
                                       : SQLITE_OK;
    case SQLITE_PRAGMA:
        return second && is_lasting_setting(first)
                   ? refuse(authorizer, "PRAGMA", first)
                   : SQLITE_OK;
    default:
        return SQLITE_OK;
    }
}

static int on_commit(void *context)
{
    const struct connection *connection = context;

    return SAFEGUARDED("U2.no-commit-inside",
                       connection->authorizer.in_function, false);
}

static void on_rollback(void *context)
{
    struct connection *connection = context;

    connection->authorizer.rolled_back = true;
}

int quipu_sqlite_authorizer_run_function(struct connection *connection,
                                         const char *table, quipu_work work,
                                         void *context, quipu_error *error)
{
    const quipu_host *host = connection->datastore->host;
    struct authorizer *authorizer = &connection->authorizer;

    (void)snprintf(authorizer->written, sizeof(authorizer->written), "%s",
                   table);
    authorizer->refused[0] = '\0';
    authorizer->rolled_back = false;
    authorizer->in_function = true;
    int status =
        quipu_common_writer_run(host, work, connection->db, context, error);
    authorizer->in_function = false;
    if (authorizer->refused[0] != '\0') {
        return quipu_common_writer_refuse_function(host, authorizer->refused,
                                                   error);
    }
    if (status == QUIPU_OK &&
        SAFEGUARDED("U2.function-left-the-transaction-open",
                    authorizer->rolled_back ||
                        sqlite3_get_autocommit(connection->db) != 0,
                    false)) {
        return quipu_common_writer_refuse_function(
            host, "a statement that ended the transaction", error);
    }
    return status;
}

/* --------------------------------------------------------------- set-up */

static int on_authorize(void *context, int action, const char *first,
                        const char *second, const char *database,
                        const char *trigger)
{
    struct connection *connection = context;
    struct authorizer *authorizer = &connection->authorizer;

    (void)database;
    if (action == SQLITE_INSERT || action == SQLITE_UPDATE ||
        action == SQLITE_DELETE) {
        return SAFEGUARDED("K7.function-writes-no-entries",
                           !trigger && authorizer->in_function &&
                               is_of_catalogue(first),
                           false)
                   ? refuse(authorizer, "a statement that changes", first)
                   : authorize_write(authorizer, first, trigger);
    }
    return authorizer->in_function
               ? authorize_function(authorizer, action, first, second)
               : SQLITE_OK;
}

void quipu_sqlite_authorizer_init(struct connection *connection)
{
    (void)sqlite3_set_authorizer(connection->db, on_authorize, connection);
    (void)sqlite3_commit_hook(connection->db, on_commit, connection);
    (void)sqlite3_rollback_hook(connection->db, on_rollback, connection);
}
