/* SPDX-License-Identifier: Apache-2.0 */
/* Setting up, altering and tearing down schemas. */
#include "setup.h"

#include "catalogue.h"
#include "ddl_txn.h"
#include "distribution.h"

#include "net/errors.h"
#include "net/query.h"
#include "sql/table_ddl.h"

#include "common/error.h"
#include "common/safeguard.h"
#include "common/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* -------------------------------------------------------------- item tables */

static void add_table(struct text *text, const struct ddl_txn *txn,
                      const char *table)
{
    quipu_common_text_add_name(text, txn->lease.datastore->schema);
    quipu_common_text_add(text, ".");
    quipu_common_text_add_name(text, table);
}

/* CONFLICT if the database has a table of that name.  One that quipu created is
 * in quipu_tables and was found there. */
static int check_free(const struct ddl_txn *txn, const char *table)
{
    PGresult *result = NULL;
    struct arguments *arguments = quipu_postgres_ddl_txn_arguments(txn);
    quipu_postgres_binary_add_text(arguments, txn->lease.datastore->schema);
    quipu_postgres_binary_add_text(arguments, table);
    int status = quipu_postgres_ddl_txn_query(txn, SQL_TABLE_EXISTS, &result);
    if (status == QUIPU_OK && PQntuples(result) > 0) {
        status = txn->lease.datastore->host->error_set(
            txn->lease.error, QUIPU_CONFLICT, 0, NULL,
            "%s already has a table \"%s\" that quipu did not create; choose "
            "another name for the schema",
            txn->lease.datastore->name, table);
    }
    PQclear(result);
    return status;
}

static int create_table(const struct ddl_txn *txn, const char *table,
                        const char *shape)
{
    struct text text = { .host = txn->lease.datastore->host };
    int status = check_free(txn, table);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_common_text_add(&text, "CREATE TABLE ");
    add_table(&text, txn, table);
    quipu_common_text_add(&text, " (");
    quipu_common_text_add(&text, shape);
    quipu_common_text_add(&text, ")");
    status = quipu_postgres_ddl_txn_execute_text(txn, &text, "make a table");
    quipu_postgres_error_advise(
        txn->lease.error, "42501",
        "grant CREATE on the PostgreSQL schema, or connect as another role");
    if (status == QUIPU_OK) {
        /* The shape that older programs compare has the constraint. */
        status = quipu_postgres_catalogue_drop_not_null(&txn->lease,
                                                        txn->schema, table);
    }
    if (status == QUIPU_OK) {
        status = quipu_postgres_distribution_add(&txn->lease, table,
                                                 "quipu_namespace");
    }
    if (status == QUIPU_OK) {
        struct arguments *arguments = quipu_postgres_ddl_txn_arguments(txn);
        quipu_postgres_binary_add_text(arguments, table);
        quipu_postgres_binary_add_text(arguments, shape);
        status = quipu_postgres_ddl_txn_change(txn, SQL_TABLE_ADD,
                                               "quipu_tables", 1);
    }
    return status;
}

/* Adds to the number of schemas in a table; *count is the new one. */
static int count_schemas(const struct ddl_txn *txn, const char *table,
                         int64_t more, int64_t *count)
{
    PGresult *result = NULL;
    struct arguments *arguments = quipu_postgres_ddl_txn_arguments(txn);
    quipu_postgres_binary_add_text(arguments, table);
    quipu_postgres_binary_add_int8(arguments, more);
    int status = quipu_postgres_ddl_txn_query(txn, SQL_TABLE_COUNT, &result);
    *count = 0;
    if (status == QUIPU_OK && PQntuples(result) == 1) {
        *count = quipu_postgres_binary_get_int(result, 0, 0);
    }
    PQclear(result);
    return status;
}

/* Finds or creates the item table.  `other` is the name to use if the schema's
 * own is that of a table of another shape; *table gets one of the two. */
static int provide_table(const struct ddl_txn *txn, const char *shape,
                         const char *other, const char **table)
{
    PGresult *result = NULL;
    int64_t count = 0;
    *table = txn->schema->table;
    quipu_postgres_binary_add_text(quipu_postgres_ddl_txn_arguments(txn),
                                   *table);
    int status = quipu_postgres_ddl_txn_query(txn, SQL_TABLE_FIND, &result);
    if (status != QUIPU_OK) {
        return status;
    }
    bool exists = PQntuples(result) > 0;
    bool same = exists && strcmp(quipu_postgres_binary_get_text(result, 0, 0),
                                 shape) == 0;
    PQclear(result);
    if (same) {
        return count_schemas(txn, *table, 1, &count);
    }
    if (exists) {
        *table = other;
    }
    return create_table(txn, *table, shape);
}

/* A trigger or a rule may have kept items of the namespace from being
 * removed. */
static int check_removed(const struct ddl_txn *txn, const char *table,
                         const char *namespace_number)
{
    PGresult *result = NULL;
    struct text text = { .host = txn->lease.datastore->host };
    quipu_common_text_add(&text, "SELECT 1 FROM ");
    add_table(&text, txn, table);
    quipu_common_text_add(&text, " WHERE quipu_namespace = ");
    quipu_common_text_add(&text, namespace_number);
    quipu_common_text_add(&text, " LIMIT 1");
    const struct sql_text sql = { text.data, "opt int4" };
    int status =
        text.failed
            ? quipu_postgres_error_no_memory(text.host, txn->lease.error)
            : quipu_postgres_query_run_text(&txn->lease, &sql, NULL,
                                            "remove the items", &result);
    if (status == QUIPU_OK && PQntuples(result) > 0) {
        status = quipu_postgres_error_not_stored(
            txn->lease.datastore, "remove the items", table, txn->lease.error);
    }
    PQclear(result);
    quipu_common_text_finish(&text);
    return status;
}

/* Removes the namespace's items; drops the table if no other schema has items
 * in it. */
static int remove_table(const struct ddl_txn *txn)
{
    struct text text = { .host = txn->lease.datastore->host };
    const char *table = txn->entry.table;
    int64_t count = 0;
    int status = count_schemas(txn, table, -1, &count);
    if (status != QUIPU_OK) {
        return status;
    }
    if (count > 0) {
        char number[16];
        (void)snprintf(number, sizeof(number), "%" PRId32,
                       txn->lease.datastore->namespace_number);
        quipu_common_text_add(&text, "DELETE FROM ");
        add_table(&text, txn, table);
        quipu_common_text_add(&text, " WHERE quipu_namespace = ");
        quipu_common_text_add(&text, number);
        status =
            quipu_postgres_ddl_txn_execute_text(txn, &text, "remove the items");
        return status == QUIPU_OK ? check_removed(txn, table, number) : status;
    }
    quipu_common_text_add(&text, "DROP TABLE ");
    add_table(&text, txn, table);
    status = quipu_postgres_ddl_txn_execute_text(txn, &text, "drop a table");
    quipu_postgres_error_advise(txn->lease.error, "42501",
                                "connect as the owner of the table");
    if (status == QUIPU_OK) {
        quipu_postgres_binary_add_text(quipu_postgres_ddl_txn_arguments(txn),
                                       table);
        status = quipu_postgres_ddl_txn_change(txn, SQL_TABLE_REMOVE,
                                               "quipu_tables", 1);
    }
    return status;
}

/* ------------------------------------------------------------------- set-up */

/* INVALID if the namespace has a schema whose name differs in case only. */
static int check_name(const struct ddl_txn *txn)
{
    PGresult *result = NULL;
    struct arguments *arguments = quipu_postgres_ddl_txn_arguments(txn);
    quipu_postgres_binary_add_int4(arguments,
                                   txn->lease.datastore->namespace_number);
    quipu_postgres_binary_add_text(arguments, txn->schema->table);
    int status = quipu_postgres_ddl_txn_query(txn, SQL_SIMILAR_NAME, &result);
    if (status == QUIPU_OK && PQntuples(result) > 0) {
        status = txn->lease.datastore->host->error_set(
            txn->lease.error, QUIPU_INVALID, 0, NULL,
            "schema \"%s\" differs from \"%s\" in case only; choose another "
            "name",
            txn->schema->table, quipu_postgres_binary_get_text(result, 0, 0));
    }
    PQclear(result);
    return status;
}

static int add_schema(const struct ddl_txn *txn, const char *table)
{
    const quipu_schema *schema = txn->schema;
    const char *parts[SCHEMA_PARTS];
    quipu_common_schema_parts(schema, parts);
    struct arguments *arguments = quipu_postgres_ddl_txn_arguments(txn);
    quipu_postgres_binary_add_int4(arguments,
                                   txn->lease.datastore->namespace_number);
    quipu_postgres_binary_add_int8(arguments, txn->entry.number);
    quipu_postgres_binary_add_text(arguments, schema->table);
    quipu_postgres_binary_add_text(arguments, table);
    for (size_t i = 0; i < SCHEMA_PARTS; i++) {
        quipu_postgres_binary_add_text(arguments, parts[i]);
    }
    return quipu_postgres_ddl_txn_change(txn, SQL_SCHEMA_ADD, "quipu_schemas",
                                         1);
}

static void put_text(struct arguments *arguments, const char *text)
{
    quipu_postgres_binary_put_bytes(arguments,
                                    (quipu_bytes){ text, strlen(text) });
}

static int add_columns(const struct ddl_txn *txn)
{
    const quipu_schema *schema = txn->schema;
    struct arguments *arguments = quipu_postgres_ddl_txn_arguments(txn);
    quipu_postgres_binary_add_int4(arguments,
                                   txn->lease.datastore->namespace_number);
    quipu_postgres_binary_add_int8(arguments, txn->entry.number);
    quipu_postgres_binary_array_begin(arguments, TYPE_TEXT,
                                      schema->column_count);
    for (size_t i = 0; i < schema->column_count; i++) {
        put_text(arguments, schema->columns[i].name);
    }
    quipu_postgres_binary_array_end(arguments);
    quipu_postgres_binary_array_begin(arguments, TYPE_TEXT,
                                      schema->column_count);
    for (size_t i = 0; i < schema->column_count; i++) {
        put_text(arguments,
                 quipu_common_schema_kind_name(schema->columns[i].kind));
    }
    quipu_postgres_binary_array_end(arguments);
    return quipu_postgres_ddl_txn_change(txn, SQL_COLUMNS_ADD, "quipu_columns",
                                         schema->column_count);
}

/* The set-up's changes. */
static int add_all(struct ddl_txn *txn)
{
    char other[QUIPU_NAME_MAX + 1];
    const char *table = NULL;
    const quipu_host *host = txn->lease.datastore->host;
    char *shape = quipu_postgres_table_ddl_shape(host, txn->schema);
    if (!shape) {
        return quipu_postgres_error_no_memory(host, txn->lease.error);
    }
    quipu_postgres_table_ddl_other_name(txn->lease.datastore->namespace_number,
                                        txn->entry.number, txn->schema->table,
                                        other);
    int status = check_name(txn);
    if (status == QUIPU_OK) {
        status = provide_table(txn, shape, other, &table);
    }
    if (status == QUIPU_OK) {
        status = add_schema(txn, table);
    }
    if (status == QUIPU_OK) {
        status = add_columns(txn);
    }
    if (status == QUIPU_OK) {
        status = quipu_postgres_ddl_txn_change_numbered(txn, SQL_HEAD_ADD,
                                                        "quipu_heads", 1);
    }
    host->release(shape);
    return status;
}

/* Looks first without a transaction: that needs no right to write. */
int quipu_postgres_setup(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, int64_t deadline,
                         quipu_error *error)
{
    struct ddl_txn txn = { .lease = { .datastore = datastore,
                                      .deadline = deadline,
                                      .error = error },
                           .schema = schema };
    quipu_error own = { 0 };
    struct schema_entry entry = { .table = NULL };
    int status =
        quipu_postgres_schema_check(datastore, schema, deadline, &entry, &own);
    datastore->host->release(entry.table);
    if (status != QUIPU_NOT_FOUND) {
        return quipu_common_error_pass(status, &own, error);
    }
    if (datastore->readonly) {
        return quipu_postgres_error_readonly(datastore, error);
    }
    return quipu_postgres_ddl_txn_run(&txn, QUIPU_NOT_FOUND, add_all);
}

/* --------------------------------------------------------------- alteration */

/* Runs a query about a column, with three texts; *found: it returns a row. */
static int look_up_column(const struct ddl_txn *txn, enum catalogue_sql which,
                          const char *first, const char *second,
                          const char *third, bool *found)
{
    PGresult *result = NULL;
    struct arguments *arguments = quipu_postgres_ddl_txn_arguments(txn);
    quipu_postgres_binary_add_text(arguments, first);
    quipu_postgres_binary_add_text(arguments, second);
    quipu_postgres_binary_add_text(arguments, third);
    int status = quipu_postgres_ddl_txn_query(txn, which, &result);
    *found = status == QUIPU_OK && PQntuples(result) > 0;
    PQclear(result);
    return status;
}

/* Whether the item table has the column already, for a schema of another
 * namespace.  Its rows of this one have NULL there, since no schema of this
 * namespace wrote to it.  CONFLICT: the column is not quipu's, or is of another
 * kind. */
static int find_column(const struct ddl_txn *txn, const quipu_column *column,
                       bool *found)
{
    const quipu_driver_datastore *datastore = txn->lease.datastore;
    const char *table = txn->entry.table;
    bool shared = false;
    int status = look_up_column(txn, SQL_TABLE_COLUMN, datastore->schema, table,
                                column->name, found);
    if (status != QUIPU_OK || !*found) {
        return status;
    }
    status =
        look_up_column(txn, SQL_COLUMN_SHARED, table, column->name,
                       quipu_common_schema_kind_name(column->kind), &shared);
    return status != QUIPU_OK || SAFEGUARDED("F5.foreign-column", shared, true)
               ? status
               : datastore->host->error_set(
                     txn->lease.error, QUIPU_CONFLICT, 0, NULL,
                     "table \"%s\" in %s already has a column \"%s\" that "
                     "quipu did not create for this kind of values; choose "
                     "another name for the column",
                     table, datastore->name, column->name);
}

static int add_column(const struct ddl_txn *txn, const quipu_column *column)
{
    struct text text = { .host = txn->lease.datastore->host };
    bool found = false;
    int status = find_column(txn, column, &found);
    if (status != QUIPU_OK || found) {
        return status;
    }
    quipu_common_text_add(&text, "ALTER TABLE ");
    add_table(&text, txn, txn->entry.table);
    quipu_common_text_add(&text, " ADD COLUMN ");
    quipu_postgres_table_ddl_add_column(&text, column);
    status = quipu_postgres_ddl_txn_execute_text(txn, &text, "add a column");
    quipu_postgres_error_advise(txn->lease.error, "42501",
                                "connect as the owner of the table");
    return status;
}

/* Stores the shape of the new definition.  The row's lock makes alterations of
 * a shared table follow one another. */
static int set_shape(const struct ddl_txn *txn)
{
    const quipu_host *host = txn->lease.datastore->host;
    char *shape = quipu_postgres_table_ddl_shape(host, txn->schema);
    if (!shape) {
        return quipu_postgres_error_no_memory(host, txn->lease.error);
    }
    struct arguments *arguments = quipu_postgres_ddl_txn_arguments(txn);
    quipu_postgres_binary_add_text(arguments, txn->entry.table);
    quipu_postgres_binary_add_text(arguments, shape);
    int status =
        quipu_postgres_ddl_txn_change(txn, SQL_TABLE_SHAPE, "quipu_tables", 1);
    host->release(shape);
    return status;
}

/* The alteration's changes.  Statements name their columns, so that those of
 * bindings of the former definition stay valid, and insert NULL. */
static int alter_all(struct ddl_txn *txn)
{
    const quipu_schema *schema = txn->schema;
    const size_t first = txn->entry.columns;
    int status = QUIPU_OK;
    if (first == schema->column_count) {
        return QUIPU_OK;
    }
    status = set_shape(txn);
    for (size_t i = first; status == QUIPU_OK && i < schema->column_count;
         i++) {
        status = add_column(txn, &schema->columns[i]);
    }
    if (status == QUIPU_OK) {
        status = quipu_postgres_ddl_txn_change_numbered(txn, SQL_COLUMNS_REMOVE,
                                                        "quipu_columns", first);
    }
    return status == QUIPU_OK ? add_columns(txn) : status;
}

/* Looks first without a transaction: if there is nothing to add, that needs no
 * right to write. */
int quipu_postgres_setup_alter(quipu_driver_datastore *datastore,
                               const quipu_schema *schema, int64_t deadline,
                               quipu_error *error)
{
    struct ddl_txn txn = { .lease = { .datastore = datastore,
                                      .deadline = deadline,
                                      .error = error },
                           .schema = schema,
                           .entry = { .former = true } };
    quipu_error own = { 0 };
    struct schema_entry entry = { .table = NULL };
    if (datastore->readonly) {
        return quipu_postgres_error_readonly(datastore, error);
    }
    int status =
        quipu_postgres_schema_check(datastore, schema, deadline, &entry, &own);
    datastore->host->release(entry.table);
    return status == QUIPU_CONFLICT
               ? quipu_postgres_ddl_txn_run(&txn, QUIPU_OK, alter_all)
               : quipu_common_error_pass(status, &own, error);
}

/* ---------------------------------------------------------------- tear-down */

/* The head first: it waits for the appends that hold it, and later ones find it
 * gone. */
static int remove_all(struct ddl_txn *txn)
{
    int status = quipu_postgres_ddl_txn_change_numbered(txn, SQL_HEAD_REMOVE,
                                                        "quipu_heads", 1);
    if (status == QUIPU_OK) {
        status = quipu_postgres_ddl_txn_change_numbered(txn, SQL_SCHEMA_REMOVE,
                                                        "quipu_schemas", 1);
    }
    if (status == QUIPU_OK) {
        status = quipu_postgres_ddl_txn_change_numbered(
            txn, SQL_COLUMNS_REMOVE, "quipu_columns",
            txn->schema->column_count);
    }
    return status == QUIPU_OK ? remove_table(txn) : status;
}

int quipu_postgres_setup_undo(quipu_driver_datastore *datastore,
                              const quipu_schema *schema, int64_t deadline,
                              quipu_error *error)
{
    struct ddl_txn txn = { .lease = { .datastore = datastore,
                                      .deadline = deadline,
                                      .error = error },
                           .schema = schema };
    if (datastore->readonly) {
        return quipu_postgres_error_readonly(datastore, error);
    }
    return quipu_postgres_ddl_txn_run(&txn, QUIPU_OK, remove_all);
}
