/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas: set up, altered and torn down, bound and unbound.
 *
 * Setting up creates the table of the items and enters the schema in the
 * catalogue, in one transaction. Whether the schema exists is looked up twice:
 * first by a reader, which is enough in the usual case that it does, then in
 * the transaction, since another process may have set it up meanwhile.
 *
 * A bound schema is a copy of the definition with its number and its SQL. It
 * outlives a teardown by others: statements on a missing table fail, and
 * quipu_sqlite_lookup_torn_down tells why. */
#include "common/schema.h"
#include "common/error.h"
#include "common/safeguard.h"
#include "sqlite.h"

/* --------------------------------------------------- entries of the catalogue
 */

/* A value that is bound to a parameter of a statement. */
struct argument {
    bool is_text;
    const char *text; /* NULL for SQL's NULL */
    int64_t number;
};

static struct argument number_argument(int64_t number)
{
    return (struct argument){ .number = number };
}

static struct argument text_argument(const char *text)
{
    return (struct argument){ .is_text = true, .text = text };
}

/* A statement that changes a table of the catalogue. */
struct change {
    const char *sql;
    const char *table;
    int rows; /* that it changes */
};

/* Runs the statement on the writing connection. */
static int execute(quipu_driver_datastore *datastore,
                   const struct change *change,
                   const struct argument *arguments, int count,
                   quipu_error *error)
{
    const struct connection *writer = &datastore->writer;
    sqlite3_stmt *statement = NULL;
    int code = quipu_sqlite_statement_prepare(writer, change->sql, &statement);

    for (int i = 0; code == SQLITE_OK && i < count; i++) {
        code = arguments[i].is_text
                   ? sqlite3_bind_text(statement, i + 1, arguments[i].text, -1,
                                       SQLITE_STATIC)
                   : sqlite3_bind_int64(statement, i + 1, arguments[i].number);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    (void)sqlite3_finalize(statement);
    return code == SQLITE_DONE
               ? quipu_sqlite_authorizer_check_change(writer, change->table,
                                                      change->rows, error)
               : quipu_sqlite_error_set(writer, code, "write the catalogue",
                                        error);
}

/* Enters the further columns from `first` on. */
static int enter_columns(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, int64_t number,
                         size_t first, quipu_error *error)
{
    static const struct change insertion = {
        "INSERT INTO quipu_columns VALUES (?1, ?2, ?3, ?4)", "quipu_columns", 1
    };
    int status = QUIPU_OK;

    for (size_t i = first; status == QUIPU_OK && i < schema->column_count;
         i++) {
        const quipu_column *column = &schema->columns[i];
        const struct argument arguments[] = {
            number_argument(number),
            number_argument((int64_t)i),
            text_argument(column->name),
            text_argument(quipu_common_schema_kind_name(column->kind)),
        };

        status = execute(datastore, &insertion, arguments, 4, error);
    }
    return status;
}

static int enter_schema(quipu_driver_datastore *datastore,
                        const quipu_schema *schema, quipu_error *error)
{
    static const struct change entry = {
        "INSERT INTO quipu_schemas (namespace, name, ids, positions, "
        "notification_id, sequence_id, position, topic, state, event_id, "
        "metadata, time) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        "quipu_schemas", 1
    };
    static const struct change first_head = {
        "INSERT INTO quipu_heads VALUES (?1, 0)", "quipu_heads", 1
    };
    const char *parts[SCHEMA_PARTS];
    struct argument arguments[2 + SCHEMA_PARTS] = {
        number_argument(datastore->name_space_number),
        text_argument(schema->table),
    };

    quipu_common_schema_parts(schema, parts);
    for (size_t i = 0; i < SCHEMA_PARTS; i++) {
        arguments[2 + i] = text_argument(parts[i]);
    }
    int status = execute(datastore, &entry, arguments, 2 + SCHEMA_PARTS, error);
    if (status != QUIPU_OK) {
        return status;
    }
    int64_t number = sqlite3_last_insert_rowid(datastore->writer.db);
    const struct argument head = number_argument(number);
    status = execute(datastore, &first_head, &head, 1, error);
    return status == QUIPU_OK
               ? enter_columns(datastore, schema, number, 0, error)
               : status;
}

/* ------------------------------------------------------------------ tables */

/* Checks that nothing in the database has the name of the new table: neither
 * the table of another schema, whose name differs in case only, nor one that
 * quipu did not create. SQLite compares names without regard to case. */
static int check_name(quipu_driver_datastore *datastore, const char *table,
                      const char *name, quipu_error *error)
{
    const struct connection *writer = &datastore->writer;
    const quipu_host *host = datastore->host;
    sqlite3_stmt *row = NULL;
    int status = QUIPU_OK;
    int code = quipu_sqlite_statement_prepare(
        writer,
        "SELECT (SELECT name FROM quipu_schemas "
        "WHERE namespace = ?2 AND name = ?3 COLLATE NOCASE) "
        "FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE",
        &row);

    if (code == SQLITE_OK) {
        (void)sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int64(row, 2, datastore->name_space_number);
        (void)sqlite3_bind_text(row, 3, name, -1, SQLITE_STATIC);
        code = sqlite3_step(row);
    }
    const char *other =
        code == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 0) : NULL;
    if (SAFEGUARDED("F2.case-of-names", true, false) && other) {
        status = host->error_set(
            error, QUIPU_INVALID, 0, NULL,
            "schema \"%s\" differs from \"%s\" in case only; choose another "
            "name",
            name, other);
    } else if (code == SQLITE_ROW) {
        status = host->error_set(error, QUIPU_CONFLICT, 0, NULL,
                                 "\"%s\" already has a table \"%s\" that quipu "
                                 "did not create; choose "
                                 "another name for the schema",
                                 datastore->name, table);
    } else if (code != SQLITE_DONE) {
        status =
            quipu_sqlite_error_set(writer, code, "look for a table", error);
    }
    (void)sqlite3_finalize(row);
    return status;
}

static int create_table(quipu_driver_datastore *datastore,
                        const quipu_schema *schema, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    char *table = quipu_sqlite_catalogue_table_name(datastore, schema->table);
    char *create =
        table ? quipu_sqlite_statements_create_table(host, schema, table)
              : NULL;
    int status = create ? QUIPU_OK : quipu_sqlite_error_no_memory(host, error);

    if (status == QUIPU_OK) {
        SAFEGUARD("F4.foreign-table")
        status = check_name(datastore, table, schema->table, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_sqlite_statement_execute(&datastore->writer, create,
                                                "create a table", error);
    }
    host->release(create);
    host->release(table);
    return status;
}

static int drop_table(quipu_driver_datastore *datastore,
                      const quipu_schema *schema, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    struct text drop = { .host = host };
    char *table = quipu_sqlite_catalogue_table_name(datastore, schema->table);

    quipu_common_text_add(&drop, "DROP TABLE ");
    if (table) {
        quipu_common_text_add_name(&drop, table);
    }
    int status =
        !table || drop.failed
            ? quipu_sqlite_error_no_memory(host, error)
            : quipu_sqlite_statement_execute(&datastore->writer, drop.data,
                                             "drop a table", error);
    quipu_common_text_finish(&drop);
    host->release(table);
    return status;
}

/* ----------------------------------------------------------------- changes */

/* A change of the catalogue in its transaction. */
typedef int change_function(quipu_driver_datastore *datastore,
                            const quipu_schema *schema, int64_t number,
                            quipu_error *error);

static int add_schema(quipu_driver_datastore *datastore,
                      const quipu_schema *schema, int64_t number,
                      quipu_error *error)
{
    int status = create_table(datastore, schema, error);

    (void)number;
    return status == QUIPU_OK ? enter_schema(datastore, schema, error) : status;
}

static int remove_schema(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, int64_t number,
                         quipu_error *error)
{
    const struct change deletions[] = {
        { "DELETE FROM quipu_schemas WHERE number = ?1", "quipu_schemas", 1 },
        { "DELETE FROM quipu_columns WHERE schema = ?1", "quipu_columns",
          (int)schema->column_count },
        { "DELETE FROM quipu_heads WHERE schema = ?1", "quipu_heads", 1 },
    };
    const struct argument argument = number_argument(number);
    int status = drop_table(datastore, schema, error);

    for (size_t i = 0;
         status == QUIPU_OK && i < sizeof(deletions) / sizeof(deletions[0]);
         i++) {
        status = execute(datastore, &deletions[i], &argument, 1, error);
    }
    return status == QUIPU_OK
               ? quipu_sqlite_erasure_remove(&datastore->writer, number, error)
               : status;
}

/* Begins a transaction and looks the schema up. If the status of that look-up
 * is `expected`, runs the change and commits; otherwise that status is the
 * result. */
static int change_catalogue(quipu_driver_datastore *datastore,
                            const quipu_schema *schema, int64_t deadline,
                            change_function *change, quipu_error *error)
{
    const int expected = change == add_schema ? QUIPU_NOT_FOUND : QUIPU_OK;
    quipu_error own = { 0 };
    int64_t number = 0;
    int status = quipu_sqlite_transaction_begin(datastore, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    int found = quipu_sqlite_catalogue_find(&datastore->writer, schema, &number,
                                            NULL, &own);
    bool proceed =
        SAFEGUARDED("F4.second-look-when-setting-up", found == expected, true);
    status = proceed ? change(datastore, schema, number, error)
                     : quipu_common_error_pass(found, &own, error);
    if (!proceed || status != QUIPU_OK) {
        quipu_sqlite_transaction_abandon(datastore);
        return status;
    }
    return quipu_sqlite_transaction_commit(datastore, error);
}

/* Looks a schema up with a reader, and checks its table. */
static int find_schema(quipu_driver_datastore *datastore,
                       const quipu_schema *schema, int64_t deadline,
                       int64_t *number, quipu_error *error)
{
    struct reader_use use = { .datastore = datastore, .deadline = deadline };
    int status;

    do {
        status = quipu_sqlite_reader_borrow(&use, error);
        if (status == QUIPU_OK) {
            status = quipu_sqlite_catalogue_find(use.reader, schema, number,
                                                 NULL, error);
        }
        if (status == QUIPU_OK) {
            SAFEGUARD("F4.lost-columns")
            status =
                quipu_sqlite_catalogue_check_table(use.reader, schema, error);
        }
    } while (quipu_sqlite_reader_return(&use, &status, error));
    return status;
}

static int refuse_readonly(quipu_driver_datastore *datastore,
                           quipu_error *error)
{
    return datastore->host->error_set(error, QUIPU_DENIED, 0, NULL,
                                      "\"%s\" is open with readonly=yes",
                                      datastore->path);
}

int quipu_sqlite_schema_setup(quipu_driver_datastore *datastore,
                              const quipu_schema *schema, int64_t deadline,
                              quipu_error *error)
{
    quipu_error own = { 0 };
    int64_t number = 0;
    int status = find_schema(datastore, schema, deadline, &number, &own);

    if (status != QUIPU_NOT_FOUND) {
        return quipu_common_error_pass(status, &own, error);
    }
    if (datastore->readonly) {
        return refuse_readonly(datastore, error);
    }
    return change_catalogue(datastore, schema, deadline, add_schema, error);
}

int quipu_sqlite_schema_teardown(quipu_driver_datastore *datastore,
                                 const quipu_schema *schema, int64_t deadline,
                                 quipu_error *error)
{
    if (datastore->readonly) {
        return refuse_readonly(datastore, error);
    }
    return change_catalogue(datastore, schema, deadline, remove_schema, error);
}

/* -------------------------------------------------------------- alteration */

/* CONFLICT: the table has a column of that name, which quipu did not create. */
static int check_free(quipu_driver_datastore *datastore, const char *table,
                      const char *column, quipu_error *error)
{
    bool found = false;
    int status = quipu_sqlite_catalogue_has_column(&datastore->writer, table,
                                                   column, &found, error);

    return !found ? status
                  : datastore->host->error_set(
                        error, QUIPU_CONFLICT, 0, NULL,
                        "table \"%s\" in \"%s\" already has a column \"%s\" "
                        "that quipu did not create; choose another name for "
                        "the column",
                        table, datastore->name, column);
}

static int add_column(quipu_driver_datastore *datastore, const char *table,
                      const quipu_column *column, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    char *sql = quipu_sqlite_statements_add_column(host, table, column);
    int status = sql ? QUIPU_OK : quipu_sqlite_error_no_memory(host, error);

    SAFEGUARD("F5.foreign-column")
    if (status == QUIPU_OK) {
        status = check_free(datastore, table, column->name, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_sqlite_statement_execute(&datastore->writer, sql,
                                                "add a column", error);
    }
    host->release(sql);
    return status;
}

/* Adds the further columns from `first` on to the table and the catalogue. The
 * statements of bound schemas name their columns, and SQLite compiles them
 * again: those of the former definition insert NULL. */
static int add_columns(quipu_driver_datastore *datastore,
                       const quipu_schema *schema, int64_t number, size_t first,
                       quipu_error *error)
{
    const quipu_host *host = datastore->host;
    char *table = quipu_sqlite_catalogue_table_name(datastore, schema->table);
    int status = table ? QUIPU_OK : quipu_sqlite_error_no_memory(host, error);

    for (size_t i = first; status == QUIPU_OK && i < schema->column_count;
         i++) {
        status = add_column(datastore, table, &schema->columns[i], error);
    }
    host->release(table);
    return status == QUIPU_OK
               ? enter_columns(datastore, schema, number, first, error)
               : status;
}

static int alter(quipu_driver_datastore *datastore, const quipu_schema *schema,
                 int64_t deadline, quipu_error *error)
{
    int64_t number = 0;
    size_t present = 0;
    int status = quipu_sqlite_transaction_begin(datastore, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_sqlite_catalogue_find(&datastore->writer, schema, &number,
                                         &present, error);
    if (status == QUIPU_OK && present < schema->column_count) {
        status = add_columns(datastore, schema, number, present, error);
    }
    if (status != QUIPU_OK || present == schema->column_count) {
        quipu_sqlite_transaction_abandon(datastore);
        return status;
    }
    return quipu_sqlite_transaction_commit(datastore, error);
}

int quipu_sqlite_schema_alter(quipu_driver_datastore *datastore,
                              const quipu_schema *schema, int64_t deadline,
                              quipu_error *error)
{
    quipu_error own = { 0 };
    int64_t number = 0;

    if (datastore->readonly) {
        return refuse_readonly(datastore, error);
    }
    int status = find_schema(datastore, schema, deadline, &number, &own);
    return status == QUIPU_CONFLICT
               ? alter(datastore, schema, deadline, error)
               : quipu_common_error_pass(status, &own, error);
}

/* ----------------------------------------------------------------- binding */

int quipu_sqlite_schema_bind(quipu_driver_datastore *datastore,
                             const quipu_schema *schema, int64_t deadline,
                             quipu_driver_schema **bound, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    int64_t number = 0;
    int status = find_schema(datastore, schema, deadline, &number, error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_driver_schema *made = host->allocate(sizeof(*made));
    if (!made) {
        return quipu_sqlite_error_no_memory(host, error);
    }
    *made = (quipu_driver_schema){ .number = number };
    made->names = quipu_common_schema_copy(host, schema, &made->schema);
    made->table = quipu_sqlite_catalogue_table_name(datastore, schema->table);
    status =
        made->names && made->table
            ? quipu_sqlite_statements_expand(made, host, made->table, error)
            : quipu_sqlite_error_no_memory(host, error);
    if (status != QUIPU_OK) {
        quipu_sqlite_schema_unbind(datastore, made);
        return status;
    }
    (void)pthread_mutex_lock(&datastore->lock);
    made->serial = ++datastore->serials;
    (void)pthread_mutex_unlock(&datastore->lock);
    *bound = made;
    return QUIPU_OK;
}

void quipu_sqlite_schema_unbind(quipu_driver_datastore *datastore,
                                quipu_driver_schema *bound)
{
    quipu_sqlite_statements_release(bound, datastore->host);
    datastore->host->release(bound->table);
    datastore->host->release(bound->names);
    datastore->host->release(bound);
}
