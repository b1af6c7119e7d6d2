/* SPDX-License-Identifier: Apache-2.0 */
/* Erased items: the tables that name them, and what reads and appends find
 * there.
 *
 * TABLES
 *
 *     quipu_erased     a row for each item that is erased: the number of its
 *                      schema, and its notification id
 *     quipu_erasures   for each schema, the number of commits of erasures (E9)
 *
 * An erased item stays in its table, with an empty state and NULL in place of
 * the rest. An empty state is also what an application may have stored, so the
 * mark stands beside; it is looked for where a state is empty, nowhere else.
 *
 * A store gets both tables, and format 2, with the first item that is erased.
 * So one in which nothing was erased stays as earlier releases know it, and
 * these refuse any other at opening (probe.c), instead of taking an erased item
 * for an event without contents.
 *
 * INVARIANTS
 *
 *   INV1  An item is named in quipu_erased by the transaction that empties it,
 *         or that appends it as erased, and for ever: no such row is removed
 *         before the schema is torn down.
 *   INV2  Rows of a page may be read in an earlier transaction than its marks.
 *         An item that was erased in between had an empty state already; the
 *         rest of it is dropped from the page, so that it is erased as a whole
 *         (E1). In the other direction INV1 excludes an error.
 *   INV3  quipu drops neither table, as with those of entries (entries.c,
 *         INV2). So a connection that has seen both in a committed state need
 *         not look for them again, since it never reads an older state; nor
 *         need one that has seen neither, as long as the schema version of the
 *         file is the same, which each statement that changes the schema
 *         raises, in any process. Both is noted of a connection, not of the
 *         datastore: another connection may be reading an older state. */
#include "common/safeguard.h"
#include "read/item_page.h"
#include "sqlite.h"

#define LITERAL_(x) #x
#define LITERAL(x) LITERAL_(x)

static const char create_tables[] =
    "CREATE TABLE quipu_erased ("
    "schema INTEGER NOT NULL, "
    "notification_id INTEGER NOT NULL, "
    "PRIMARY KEY (schema, notification_id)"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE quipu_erasures ("
    "schema INTEGER PRIMARY KEY, "
    "commits INTEGER NOT NULL"
    ") STRICT;"

    "UPDATE quipu_store SET format = " LITERAL(STORE_FORMAT_ERASED) ";";

/* Steps a statement of one row, and resets it. */
static int read_number(struct connection *connection, enum statement which,
                       int64_t *number, quipu_error *error)
{
    sqlite3_stmt *row = NULL;
    int status =
        quipu_sqlite_statement_get(connection, NULL, which, &row, error);

    if (status != QUIPU_OK) {
        return status;
    }
    int code = sqlite3_step(row);
    if (code == SQLITE_ROW) {
        *number = sqlite3_column_int64(row, 0);
    } else {
        status = quipu_sqlite_error_set(connection, code, "read the catalogue",
                                        error);
    }
    (void)sqlite3_reset(row);
    return status;
}

/* Looks for the tables in the catalogue of SQLite. */
static int find_tables(struct connection *connection, bool *exist,
                       quipu_error *error)
{
    const quipu_driver_datastore *datastore = connection->datastore;
    int64_t tables = 0;
    int status = read_number(connection, SQL_ERASURE_TABLES, &tables, error);

    if (status == QUIPU_OK && tables == 1) {
        return datastore->host->error_set(
            error, QUIPU_CORRUPT, 0, NULL,
            "\"%s\" has only one of the tables quipu_erased and "
            "quipu_erasures, and quipu creates both; restore it from a backup",
            datastore->name);
    }
    *exist = tables == 2;
    return status;
}

int quipu_sqlite_erasure_exists(struct connection *connection, bool *exists,
                                quipu_error *error)
{
    const bool committed = sqlite3_get_autocommit(connection->db) != 0;
    int64_t version = 0;

    if (!committed) { /* a change may be rolled back */
        return find_tables(connection, exists, error);
    }
    *exists = connection->has_erased;
    if (*exists) {
        return QUIPU_OK;
    }
    int status = read_number(connection, SQL_SCHEMA_VERSION, &version, error);
    if (status != QUIPU_OK ||
        SAFEGUARDED("E9.tables-of-other-processes",
                    version == connection->unerased_version,
                    connection->unerased_version > 0)) {
        return status;
    }
    status = find_tables(connection, exists, error);
    if (status == QUIPU_OK) {
        connection->has_erased = *exists;
        connection->unerased_version = *exists ? 0 : version;
    }
    return status;
}

int quipu_sqlite_erasure_begin(struct connection *writer, quipu_error *error)
{
    bool exists = false;
    int status = quipu_sqlite_erasure_exists(writer, &exists, error);

    return status != QUIPU_OK || exists
               ? status
               : quipu_sqlite_statement_execute(
                     writer, create_tables, "create the tables of erased items",
                     error);
}

/* Gets a statement with the number of the schema as its first parameter. */
static int get(struct connection *connection, const quipu_driver_schema *bound,
               enum statement which, sqlite3_stmt **statement,
               quipu_error *error)
{
    int status =
        quipu_sqlite_statement_get(connection, NULL, which, statement, error);

    if (status == QUIPU_OK) {
        (void)sqlite3_bind_int64(*statement, 1, bound->number);
    }
    return status;
}

int quipu_sqlite_erasure_add(struct connection *writer,
                             const quipu_driver_schema *bound,
                             int64_t notification_id, quipu_error *error)
{
    sqlite3_stmt *add = NULL;
    int status = get(writer, bound, SQL_ERASED_ADD, &add, error);

    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(add, 2, notification_id);
    status = quipu_sqlite_statement_run(writer, NULL, SQL_ERASED_ADD, error);
    return status == QUIPU_OK ? quipu_sqlite_authorizer_check_change(
                                    writer, "quipu_erased", 1, error)
                              : status;
}

int quipu_sqlite_erasure_count(struct connection *writer,
                               const quipu_driver_schema *bound,
                               quipu_error *error)
{
    sqlite3_stmt *count = NULL;
    int status = get(writer, bound, SQL_ERASURES_ADD, &count, error);

    if (status == QUIPU_OK) {
        status =
            quipu_sqlite_statement_run(writer, NULL, SQL_ERASURES_ADD, error);
    }
    return status == QUIPU_OK ? quipu_sqlite_authorizer_check_change(
                                    writer, "quipu_erasures", 1, error)
                              : status;
}

int quipu_sqlite_erasure_remove(struct connection *writer, int64_t schema,
                                quipu_error *error)
{
    static const enum statement deletions[] = { SQL_ERASED_REMOVE,
                                                SQL_ERASURES_REMOVE };
    const quipu_driver_schema bound = { .number = schema };
    sqlite3_stmt *delete = NULL;
    bool exists = false;
    int status = quipu_sqlite_erasure_exists(writer, &exists, error);

    for (size_t i = 0; status == QUIPU_OK && exists && i < 2; i++) {
        status = get(writer, &bound, deletions[i], &delete, error);
        if (status == QUIPU_OK) {
            status =
                quipu_sqlite_statement_run(writer, NULL, deletions[i], error);
        }
    }
    return status;
}

/* Looks for the mark of an item. The tables exist. */
static int look_up(struct connection *connection,
                   const quipu_driver_schema *bound, int64_t notification_id,
                   bool *found, quipu_error *error)
{
    sqlite3_stmt *row = NULL;
    int status = get(connection, bound, SQL_ERASED, &row, error);

    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(row, 2, notification_id);
    int code = sqlite3_step(row);
    *found = code == SQLITE_ROW;
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        status = quipu_sqlite_error_set(connection, code,
                                        "look for an erased item", error);
    }
    (void)sqlite3_reset(row);
    return status;
}

int quipu_sqlite_erasure_mark(struct connection *connection,
                              const quipu_driver_schema *bound,
                              quipu_item *items, quipu_value *values,
                              size_t count, quipu_error *error)
{
    const size_t columns = bound->schema.column_count;
    bool exists = false;
    bool is_known = false;
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
        bool found = false;

        if (items[i].state.size > 0) {
            continue;
        }
        if (!is_known) {
            status = quipu_sqlite_erasure_exists(connection, &exists, error);
            is_known = true;
        }
        if (status == QUIPU_OK && exists) {
            status = look_up(connection, bound, items[i].notification_id,
                             &found, error);
        }
        if (!found) {
            continue;
        }
        items[i].flags |= QUIPU_ITEM_ERASED;
        items[i].metadata = (quipu_bytes){ NULL, 0 }; /* INV2 */
        for (size_t j = 0; values && j < columns; j++) {
            values[i * columns + j] = (quipu_value){ .kind = QUIPU_VALUE_NULL };
        }
    }
    return status;
}

/* -------------------------------------------------------------- operations */

int quipu_sqlite_erasure_commits(struct connection *connection,
                                 const quipu_driver_schema *bound,
                                 int64_t *commits, quipu_error *error)
{
    sqlite3_stmt *row = NULL;
    bool exists = false;
    int status = quipu_sqlite_erasure_exists(connection, &exists, error);

    *commits = 0;
    if (status == QUIPU_OK && exists) {
        status = get(connection, bound, SQL_ERASURES, &row, error);
    }
    if (row) {
        int code = sqlite3_step(row);

        if (code == SQLITE_ROW) {
            *commits = sqlite3_column_int64(row, 0);
        } else if (code != SQLITE_DONE) {
            status = quipu_sqlite_error_set(connection, code,
                                            "count the erasures", error);
        }
        (void)sqlite3_reset(row);
    }
    return status;
}

int quipu_sqlite_erasures(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, int64_t deadline,
                          int64_t *commits, quipu_error *error)
{
    struct reader_use use = { .datastore = datastore, .deadline = deadline };
    int64_t head = 0;
    int status;

    do {
        status = quipu_sqlite_reader_borrow(&use, error);
        if (status == QUIPU_OK) {
            status =
                quipu_sqlite_erasure_commits(use.reader, bound, commits, error);
        }
        if (status == QUIPU_OK) {
            status = quipu_sqlite_lookup_head(use.reader, bound, &head, error);
        }
    } while (quipu_sqlite_reader_return(&use, &status, error));
    return status;
}
