/* SPDX-License-Identifier: Apache-2.0 */
/* Setting up schemas. */
#include "change.h"
#include "operations.h"
#include "table.h"

#include "common/schema.h"

#include <string.h>

static int check_name(const struct change *change)
{
    PGresult *result = NULL;
    struct arguments *arguments = quipu_postgres_change_arguments(change);
    quipu_postgres_add_int4(arguments, change->datastore->space);
    quipu_postgres_add_text(arguments, change->schema->table);
    int status = quipu_postgres_change_ask(change, SQL_SIMILAR_NAME, &result);
    if (status == QUIPU_OK && PQntuples(result) > 0) {
        status = change->datastore->host->error_set(
            change->error, QUIPU_INVALID, 0, NULL,
            "schema \"%s\" differs from \"%s\" in case only; name it "
            "otherwise",
            change->schema->table, PQgetvalue(result, 0, 0));
    }
    PQclear(result);
    return status;
}

static int enter_schema(const struct change *change, const char *table)
{
    const quipu_schema *schema = change->schema;
    const char *parts[SCHEMA_PARTS];
    quipu_common_schema_parts(schema, parts);
    struct arguments *arguments = quipu_postgres_change_arguments(change);
    quipu_postgres_add_int4(arguments, change->datastore->space);
    quipu_postgres_add_int8(arguments, change->number);
    quipu_postgres_add_text(arguments, schema->table);
    quipu_postgres_add_text(arguments, table);
    for (size_t i = 0; i < SCHEMA_PARTS; i++) {
        quipu_postgres_add_text(arguments, parts[i]);
    }
    return quipu_postgres_change_run(change, SQL_SCHEMA_ADD);
}

static void put_text(struct arguments *arguments, const char *text)
{
    quipu_postgres_put_bytes(arguments, (quipu_bytes){ text, strlen(text) });
}

static int enter_columns(const struct change *change)
{
    const quipu_schema *schema = change->schema;
    struct arguments *arguments = quipu_postgres_change_arguments(change);
    quipu_postgres_add_int4(arguments, change->datastore->space);
    quipu_postgres_add_int8(arguments, change->number);
    quipu_postgres_array_begin(arguments, TYPE_TEXT, schema->column_count);
    for (size_t i = 0; i < schema->column_count; i++) {
        put_text(arguments, schema->columns[i].name);
    }
    quipu_postgres_array_end(arguments);
    quipu_postgres_array_begin(arguments, TYPE_TEXT, schema->column_count);
    for (size_t i = 0; i < schema->column_count; i++) {
        put_text(arguments,
                 quipu_common_schema_kind_name(schema->columns[i].kind));
    }
    quipu_postgres_array_end(arguments);
    return quipu_postgres_change_run(change, SQL_COLUMNS_ADD);
}

static int make(struct change *change)
{
    char other[QUIPU_NAME_MAX + 1];
    const char *table = NULL;
    const quipu_host *host = change->datastore->host;
    char *shape = quipu_postgres_table_shape(host, change->schema);
    if (!shape) {
        return quipu_postgres_no_memory(host, change->error);
    }
    quipu_postgres_table_other_name(change->datastore->space, change->number,
                                    change->schema->table, other);
    int status = check_name(change);
    if (status == QUIPU_OK) {
        status = quipu_postgres_relation_provide(change, shape, other, &table);
    }
    if (status == QUIPU_OK) {
        status = enter_schema(change, table);
    }
    if (status == QUIPU_OK) {
        status = enter_columns(change);
    }
    if (status == QUIPU_OK) {
        status = quipu_postgres_change_run_numbered(change, SQL_HEAD_ADD);
    }
    host->release(shape);
    return status;
}

/* Whether all is there: that needs no rights. */
static int is_there(quipu_driver_datastore *datastore,
                    const quipu_schema *schema, int64_t deadline,
                    quipu_error *error)
{
    struct connection *connection = NULL;
    int64_t number = 0;
    char *table = NULL;
    int status = quipu_postgres_borrow(datastore, deadline, &connection, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_postgres_schema_find(datastore, connection, schema, deadline,
                                        &number, &table, error);
    if (status == QUIPU_OK) {
        status = quipu_postgres_table_check(datastore, connection, schema,
                                            table, deadline, error);
    }
    quipu_postgres_return(datastore, connection);
    datastore->host->release(table);
    return status;
}

int quipu_postgres_setup(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, int64_t deadline,
                         quipu_error *error)
{
    quipu_error own = { 0 };
    int status = is_there(datastore, schema, deadline, &own);
    if (status != QUIPU_NOT_FOUND) {
        if (status != QUIPU_OK && error) {
            *error = own;
        }
        return status;
    }
    if (datastore->readonly) {
        return quipu_postgres_refuse_readonly(datastore, error);
    }
    return quipu_postgres_change(datastore, schema, deadline, QUIPU_NOT_FOUND,
                                 make, error);
}
