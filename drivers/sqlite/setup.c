/* SPDX-License-Identifier: Apache-2.0 */
/* Making and removing a schema's table. */
#include "sqlite.h"

#include "common/safeguard.h"
#include "common/schema.h"

/* --------------------------------------------------------------- catalogue */

static const char insert_schema[] =
    "INSERT INTO quipu_schemas (namespace, name, ids, positions,"
    " notification_id, sequence_id, position, topic, state, event_id,"
    " metadata, time) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
    " ?12)";

/* What is bound to a statement. */
struct argument {
    int64_t number;
    const char *text; /* or NULL: the number */
    bool is_text;
};

static int execute(quipu_driver_datastore *datastore, const char *sql,
                   const struct argument *arguments, int count,
                   quipu_error *error)
{
    sqlite3 *db = datastore->writer.db;
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
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
               ? QUIPU_OK
               : quipu_sqlite_fail(datastore, db, code, "write the catalogue",
                                   error);
}

#define NUMBER(n)     \
    {                 \
        .number = (n) \
    }
#define TEXT(t)                      \
    {                                \
        .text = (t), .is_text = true \
    }

static int enter_columns(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, int64_t number,
                         quipu_error *error)
{
    int status = QUIPU_OK;
    for (size_t i = 0; status == QUIPU_OK && i < schema->column_count; i++) {
        const struct argument arguments[] = {
            NUMBER(number), NUMBER((int64_t)i), TEXT(schema->columns[i].name),
            TEXT(quipu_common_schema_kind_name(schema->columns[i].kind))
        };
        status = execute(datastore,
                         "INSERT INTO quipu_columns VALUES (?1, ?2, ?3, ?4)",
                         arguments, 4, error);
    }
    return status;
}

static int enter_schema(quipu_driver_datastore *datastore,
                        const quipu_schema *schema, quipu_error *error)
{
    const char *parts[SCHEMA_PARTS];
    struct argument arguments[2 + SCHEMA_PARTS] = { NUMBER(datastore->space),
                                                    TEXT(schema->table) };
    quipu_common_schema_parts(schema, parts);
    for (size_t i = 0; i < SCHEMA_PARTS; i++) {
        arguments[2 + i] = (struct argument)TEXT(parts[i]);
    }
    int status =
        execute(datastore, insert_schema, arguments, 2 + SCHEMA_PARTS, error);
    if (status != QUIPU_OK) {
        return status;
    }
    int64_t number = sqlite3_last_insert_rowid(datastore->writer.db);
    const struct argument head[] = { NUMBER(number) };
    status = execute(datastore, "INSERT INTO quipu_heads VALUES (?1, 0)", head,
                     1, error);
    return status != QUIPU_OK ? status
                              : enter_columns(datastore, schema, number, error);
}

/* ------------------------------------------------------------------ tables */

/* Whether the database has something of that name, which then is another
 * schema's table or not quipu's.  To SQLite names differ by more than case. */
static int check_free(quipu_driver_datastore *datastore, const char *table,
                      const char *name, quipu_error *error)
{
    sqlite3 *db = datastore->writer.db;
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(
        db,
        "SELECT (SELECT name FROM quipu_schemas WHERE namespace = ?2"
        " AND name = ?3 COLLATE NOCASE)"
        " FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE",
        -1, &row, NULL);
    int status = QUIPU_OK;
    if (code == SQLITE_OK) {
        (void)sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int64(row, 2, datastore->space);
        (void)sqlite3_bind_text(row, 3, name, -1, SQLITE_STATIC);
        code = sqlite3_step(row);
    }
    const char *other =
        code == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 0) : NULL;
    if (SAFEGUARDED("F2.case-of-names", true, false) && other) {
        status = datastore->host->error_set(
            error, QUIPU_INVALID, 0, NULL,
            "schema \"%s\" differs from \"%s\" in case only; name it "
            "otherwise",
            name, other);
    } else if (code == SQLITE_ROW) {
        status = datastore->host->error_set(
            error, QUIPU_CONFLICT, 0, NULL,
            "\"%s\" already has a table \"%s\" that quipu did not make; name "
            "the schema otherwise",
            datastore->name, table);
    } else if (code != SQLITE_DONE) {
        status =
            quipu_sqlite_fail(datastore, db, code, "look for a table", error);
    }
    (void)sqlite3_finalize(row);
    return status;
}

static int create_table(quipu_driver_datastore *datastore,
                        const quipu_schema *schema, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    char *table = quipu_sqlite_schema_table(datastore, schema->table);
    char *ddl =
        table ? quipu_sqlite_schema_ddl(datastore, schema, table) : NULL;
    int status = ddl ? QUIPU_OK : quipu_sqlite_no_memory(host, error);

    if (status == QUIPU_OK) {
        SAFEGUARD("F4.foreign-table")
        status = check_free(datastore, table, schema->table, error);
    }
    if (status == QUIPU_OK) {
        status =
            quipu_sqlite_catalogue_exec(datastore, ddl, "make a table", error);
    }
    host->release(ddl);
    host->release(table);
    return status != QUIPU_OK ? status : enter_schema(datastore, schema, error);
}

static int refuse_readonly(quipu_driver_datastore *datastore,
                           quipu_error *error)
{
    return datastore->host->error_set(error, QUIPU_DENIED, 0, NULL,
                                      "\"%s\" is open with readonly=yes",
                                      datastore->path);
}

/* Begins writing, looks up, and goes on with `change` if the answer is
 * `wanted`; another answer is the operation's. */
static int change_schema(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, int64_t deadline,
                         int wanted,
                         int (*change)(quipu_driver_datastore *datastore,
                                       const quipu_schema *schema,
                                       int64_t number, quipu_error *error),
                         quipu_error *error)
{
    int64_t number = 0;
    int status = quipu_sqlite_writing_begin(datastore, deadline, error);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_error own = { 0 };
    int answer = quipu_sqlite_catalogue_find(datastore, &datastore->writer,
                                             schema, &number, &own);
    bool proceed =
        SAFEGUARDED("F4.second-look-when-setting-up", answer == wanted, true);
    status = proceed ? change(datastore, schema, number, error)
                     : quipu_common_error_pass(answer, &own, error);
    if (!proceed || status != QUIPU_OK) {
        quipu_sqlite_writing_abandon(datastore);
        return status;
    }
    return quipu_sqlite_writing_commit(datastore, error);
}

static int make(quipu_driver_datastore *datastore, const quipu_schema *schema,
                int64_t number, quipu_error *error)
{
    (void)number;
    return create_table(datastore, schema, error);
}

int quipu_sqlite_setup(quipu_driver_datastore *datastore,
                       const quipu_schema *schema, int64_t deadline,
                       quipu_error *error)
{
    int64_t number = 0;
    quipu_error own = { 0 };
    int status =
        quipu_sqlite_schema_find(datastore, schema, deadline, &number, &own);
    if (status != QUIPU_NOT_FOUND) {
        return quipu_common_error_pass(status, &own, error);
    }
    if (datastore->readonly) {
        return refuse_readonly(datastore, error);
    }
    return change_schema(datastore, schema, deadline, QUIPU_NOT_FOUND, make,
                         error);
}

static int remove_schema(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, int64_t number,
                         quipu_error *error)
{
    static const char *const deletions[] = {
        "DELETE FROM quipu_schemas WHERE number = ?1",
        "DELETE FROM quipu_columns WHERE schema = ?1",
        "DELETE FROM quipu_heads WHERE schema = ?1"
    };
    const struct argument arguments[] = { NUMBER(number) };
    struct text drop = { .host = datastore->host };
    char *table = quipu_sqlite_schema_table(datastore, schema->table);
    int status = QUIPU_OK;
    quipu_common_text_add(&drop, "DROP TABLE ");
    if (table) {
        quipu_common_text_add_name(&drop, table);
    }
    if (!table || drop.failed) {
        status = datastore->host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                                            "no memory for the SQL");
    } else {
        status = quipu_sqlite_catalogue_exec(datastore, drop.data,
                                             "drop a table", error);
    }
    for (size_t i = 0; status == QUIPU_OK && i < 3; i++) {
        status = execute(datastore, deletions[i], arguments, 1, error);
    }
    quipu_common_text_finish(&drop);
    datastore->host->release(table);
    return status;
}

int quipu_sqlite_teardown(quipu_driver_datastore *datastore,
                          const quipu_schema *schema, int64_t deadline,
                          quipu_error *error)
{
    if (datastore->readonly) {
        return refuse_readonly(datastore, error);
    }
    return change_schema(datastore, schema, deadline, QUIPU_OK, remove_schema,
                         error);
}
