/* SPDX-License-Identifier: Apache-2.0 */
/* Key-value entries: their tables, and the writes of an append.
 *
 * TABLES
 *
 *     quipu_entries     a row for each entry of each namespace
 *     quipu_revisions   the revision floor of a namespace: the largest revision
 *                       of any entry that was deleted there
 *
 * A store gets both tables with the first append that writes an entry, so one
 * without entries stays as earlier releases know it. The format of the store is
 * not raised either: an older quipu opens a store with entries, appends to it,
 * copies and restores it as a whole, and never changes these two tables. It
 * neither writes entries nor checks them, so no guarantee about them can break.
 *
 * INVARIANTS
 *
 *   INV1  A write raises the revision of an entry that exists by 1. A new key
 *         gets the revision floor plus 1, and a deletion raises the floor to
 *         the revision of the entry. So no revision of a key comes twice (K3),
 *         though a deleted entry leaves nothing behind.
 *   INV2  quipu drops neither table. So a datastore whose reader has seen both,
 *         in a committed state, need not look for them again. A transaction
 *         looks for them each time: those that an earlier one created may have
 *         been rolled back. That look also lets SQLite notice a changed schema,
 *         such as a trigger that was dropped, before a statement that the
 *         trigger had spoiled is prepared again. */
#include "common/preconditions.h"
#include "common/safeguard.h"
#include "sqlite.h"

static const char create_tables[] =
    "CREATE TABLE quipu_entries ("
    "namespace INTEGER NOT NULL, "
    "key TEXT NOT NULL, "
    "revision INTEGER NOT NULL CHECK (revision > 0), "
    "value BLOB NOT NULL, "
    "PRIMARY KEY (namespace, key)"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE quipu_revisions ("
    "namespace INTEGER PRIMARY KEY, "
    "floor INTEGER NOT NULL CHECK (floor > 0)"
    ") STRICT;";

static int set_corrupt(const struct connection *connection, const char *fault,
                       quipu_error *error)
{
    const quipu_driver_datastore *datastore = connection->datastore;

    return datastore->host->error_set(
        error, QUIPU_CORRUPT, 0, NULL,
        "\"%s\" has %s, which quipu never writes; restore it from a backup",
        datastore->name, fault);
}

/* ------------------------------------------------------------------ tables */

int quipu_sqlite_entries_exist(struct connection *connection, bool *exist,
                               quipu_error *error)
{
    quipu_driver_datastore *datastore = connection->datastore;
    const bool committed = sqlite3_get_autocommit(connection->db) != 0;
    sqlite3_stmt *row = NULL;
    int tables = 0;

    *exist = true;
    if (committed && atomic_load(&datastore->has_entries)) { /* INV2 */
        return QUIPU_OK;
    }
    int status = quipu_sqlite_statement_get(connection, NULL, SQL_ENTRY_TABLES,
                                            &row, error);
    if (status != QUIPU_OK) {
        return status;
    }
    int code = sqlite3_step(row);
    if (code == SQLITE_ROW) {
        tables = sqlite3_column_int(row, 0);
    } else {
        status = quipu_sqlite_error_set(connection, code, "read the catalogue",
                                        error);
    }
    (void)sqlite3_reset(row);
    if (status == QUIPU_OK && tables == 1) {
        return set_corrupt(connection,
                           "only one of the tables quipu_entries and "
                           "quipu_revisions",
                           error);
    }
    *exist = tables == 2;
    if (committed && *exist) {
        atomic_store(&datastore->has_entries, true);
    }
    return status;
}

/* How the requests of an append use entries. The deletion of an entry needs no
 * table. */
struct entry_use {
    bool mentions;
    bool writes;
};

static struct entry_use find_use(const quipu_request *requests, size_t count)
{
    const uint32_t other = QUIPU_ENTRY_CHECK | QUIPU_ENTRY_DELETE;
    struct entry_use use = { .mentions = false };

    for (size_t i = 0; i < count; i++) {
        const quipu_conditions *conditions =
            preconditions_conditions(&requests[i]);

        for (size_t j = 0; conditions && j < conditions->entry_count; j++) {
            use.mentions = true;
            use.writes =
                use.writes || (conditions->entries[j].flags & other) == 0;
        }
    }
    return use;
}

/* The tables are created before the savepoint of a request, whose rollback
 * would remove them again. */
int quipu_sqlite_entries_begin(struct connection *writer,
                               const quipu_request *requests, size_t count,
                               bool *exist, quipu_error *error)
{
    const struct entry_use use = find_use(requests, count);

    *exist = false;
    if (!use.mentions) {
        return QUIPU_OK;
    }
    int status = quipu_sqlite_entries_exist(writer, exist, error);
    if (status == QUIPU_OK && !*exist && use.writes) {
        status = quipu_sqlite_statement_execute(
            writer, create_tables, "create the tables of entries", error);
        *exist = status == QUIPU_OK;
    }
    return status;
}

/* ---------------------------------------------------------------- look-up */

static void bind_key(sqlite3_stmt *statement,
                     const quipu_driver_datastore *datastore, quipu_bytes key)
{
    (void)sqlite3_bind_int64(statement, 1, datastore->name_space_number);
    (void)sqlite3_bind_text64(statement, 2, key.data, key.size, SQLITE_STATIC,
                              SQLITE_UTF8);
}

int quipu_sqlite_entries_look_up(struct connection *connection, quipu_bytes key,
                                 bool *found, int64_t *revision,
                                 quipu_error *error)
{
    sqlite3_stmt *row = NULL;
    int status = quipu_sqlite_statement_get(connection, NULL,
                                            SQL_ENTRY_REVISION, &row, error);

    *found = false;
    if (status != QUIPU_OK) {
        return status;
    }
    bind_key(row, connection->datastore, key);
    int code = sqlite3_step(row);
    if (code == SQLITE_ROW) {
        *found = true;
        *revision = sqlite3_column_int64(row, 0);
        if (sqlite3_column_type(row, 0) != SQLITE_INTEGER || *revision < 1) {
            status =
                set_corrupt(connection, "an entry without a revision", error);
        }
    } else if (code != SQLITE_DONE) {
        status = quipu_sqlite_error_set(connection, code,
                                        "read the revision of an entry", error);
    }
    (void)sqlite3_reset(row);
    return status;
}

/* ----------------------------------------------------------------- writes */

/* Runs a statement whose parameters are bound, which changes one row. */
static int change_row(struct connection *writer, enum statement which,
                      const char *table, quipu_error *error)
{
    int status = quipu_sqlite_statement_run(writer, NULL, which, error);

    return status == QUIPU_OK
               ? quipu_sqlite_authorizer_check_change(writer, table, 1, error)
               : status;
}

static int put_entry(struct connection *writer, const quipu_entry_write *write,
                     quipu_error *error)
{
    sqlite3_stmt *put = NULL;
    int status =
        quipu_sqlite_statement_get(writer, NULL, SQL_ENTRY_WRITE, &put, error);

    if (status != QUIPU_OK) {
        return status;
    }
    bind_key(put, writer->datastore, write->key);
    (void)sqlite3_bind_blob64(put, 3, write->value.data, write->value.size,
                              SQLITE_STATIC);
    return change_row(writer, SQL_ENTRY_WRITE, "quipu_entries", error);
}

static int raise_floor(struct connection *writer, int64_t revision,
                       quipu_error *error)
{
    sqlite3_stmt *raise = NULL;
    int status = quipu_sqlite_statement_get(writer, NULL, SQL_REVISION_RAISE,
                                            &raise, error);

    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(raise, 1, writer->datastore->name_space_number);
    (void)sqlite3_bind_int64(raise, 2, revision);
    return change_row(writer, SQL_REVISION_RAISE, "quipu_revisions", error);
}

static int delete_entry(struct connection *writer,
                        const quipu_entry_write *write, quipu_error *error)
{
    sqlite3_stmt *delete = NULL;
    int64_t revision = 0;
    bool found = false;
    int status = quipu_sqlite_entries_look_up(writer, write->key, &found,
                                              &revision, error);

    if (status != QUIPU_OK || !found) {
        return status;
    }
    SAFEGUARD("K3.floor-of-a-deleted-entry") /* INV1 */
    status = raise_floor(writer, revision, error);
    if (status == QUIPU_OK) {
        status = quipu_sqlite_statement_get(writer, NULL, SQL_ENTRY_DELETE,
                                            &delete, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    bind_key(delete, writer->datastore, write->key);
    return change_row(writer, SQL_ENTRY_DELETE, "quipu_entries", error);
}

int quipu_sqlite_entries_write(struct connection *writer,
                               const quipu_conditions *conditions,
                               quipu_error *error)
{
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < conditions->entry_count; i++) {
        const quipu_entry_write *write = &conditions->entries[i];

        if ((write->flags & QUIPU_ENTRY_DELETE) != 0) {
            status = delete_entry(writer, write, error);
        } else if ((write->flags & QUIPU_ENTRY_CHECK) == 0) {
            status = put_entry(writer, write, error);
        }
    }
    return status;
}
