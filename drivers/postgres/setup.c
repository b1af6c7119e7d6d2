/* SPDX-License-Identifier: Apache-2.0 */
/* Making and removing schemas. */
#include "table.h"

#include <stdio.h>
#include <string.h>

#define ATTEMPTS 20

/* What a set-up or a tear-down works with, inside a transaction. */
struct change {
    quipu_driver_datastore *datastore;
    struct connection *connection;
    const quipu_schema *schema;
    int64_t number;
    char *table; /* that the catalogue names, or NULL */
    int64_t deadline;
    quipu_error *error;
};

static struct arguments *begin_arguments(const struct change *change)
{
    quipu_postgres_arguments_begin(&change->connection->arguments);
    return &change->connection->arguments;
}

/* Asks with the arguments that were added; the answer's rows. */
static int ask(const struct change *change, enum common which,
               PGresult **result)
{
    return quipu_postgres_ask(change->datastore, change->connection,
                              &change->datastore->common[which],
                              change->deadline, "write the catalogue", result,
                              change->error);
}

static int run(const struct change *change, enum common which)
{
    PGresult *result = NULL;
    int status = ask(change, which, &result);
    PQclear(result);
    return status;
}

/* With the arguments (namespace, schema). */
static int run_numbered(const struct change *change, enum common which)
{
    struct arguments *arguments = begin_arguments(change);
    quipu_postgres_add_int4(arguments, change->datastore->space);
    quipu_postgres_add_int8(arguments, change->number);
    return run(change, which);
}

static int run_text(const struct change *change, struct text *text,
                    const char *what)
{
    PGresult *result = NULL;
    struct statement statement = { .text = text->data };
    bool prepares = change->connection->prepares;
    int status = QUIPU_NO_MEMORY;
    if (text->failed) {
        status = quipu_postgres_no_memory(text->host, change->error);
    } else {
        change->connection->prepares = false;
        (void)begin_arguments(change);
        status = quipu_postgres_ask(change->datastore, change->connection,
                                    &statement, change->deadline, what, &result,
                                    change->error);
        change->connection->prepares = prepares;
    }
    PQclear(result);
    quipu_shared_text_finish(text);
    return status;
}

static void add_table(struct text *text, const struct change *change,
                      const char *table)
{
    quipu_shared_text_add_name(text, change->datastore->schema);
    quipu_shared_text_add(text, ".");
    quipu_shared_text_add_name(text, table);
}

/* --------------------------------------------------------------- catalogue */

static int take_number(struct change *change)
{
    PGresult *result = NULL;
    quipu_postgres_add_int4(begin_arguments(change), change->datastore->space);
    int status = ask(change, SQL_NAMESPACE_COUNT, &result);
    if (status == QUIPU_OK && PQntuples(result) == 1) {
        change->number = quipu_postgres_get_int(result, 0, 0);
    } else if (status == QUIPU_OK) {
        status = change->datastore->host->error_set(
            change->error, QUIPU_CORRUPT, 0, NULL,
            "%s has lost its namespace \"%s\"; restore it from a backup",
            change->datastore->name, change->datastore->name_space);
    }
    PQclear(result);
    return status;
}

static int check_name(const struct change *change)
{
    PGresult *result = NULL;
    struct arguments *arguments = begin_arguments(change);
    quipu_postgres_add_int4(arguments, change->datastore->space);
    quipu_postgres_add_text(arguments, change->schema->table);
    int status = ask(change, SQL_SIMILAR_NAME, &result);
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
    const char *const texts[] = {
        schema->table,
        table,
        schema->flags & QUIPU_SCHEMA_TEXT_IDS ? "text" : "uuid",
        schema->flags & QUIPU_SCHEMA_SPARSE ? "sparse" : "contiguous",
        schema->notification_id,
        schema->sequence_id,
        schema->position,
        schema->topic,
        schema->state,
        schema->event_id,
        schema->metadata,
        schema->time,
    };
    struct arguments *arguments = begin_arguments(change);
    quipu_postgres_add_int4(arguments, change->datastore->space);
    quipu_postgres_add_int8(arguments, change->number);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        quipu_postgres_add_text(arguments, texts[i]);
    }
    return run(change, SQL_SCHEMA_ADD);
}

static void put_text(struct arguments *arguments, const char *text)
{
    quipu_postgres_put_bytes(arguments, (quipu_bytes){ text, strlen(text) });
}

static int enter_columns(const struct change *change)
{
    const quipu_schema *schema = change->schema;
    struct arguments *arguments = begin_arguments(change);
    quipu_postgres_add_int4(arguments, change->datastore->space);
    quipu_postgres_add_int8(arguments, change->number);
    quipu_postgres_array_begin(arguments, TYPE_TEXT, schema->column_count);
    for (size_t i = 0; i < schema->column_count; i++) {
        put_text(arguments, schema->columns[i].name);
    }
    quipu_postgres_array_end(arguments);
    quipu_postgres_array_begin(arguments, TYPE_TEXT, schema->column_count);
    for (size_t i = 0; i < schema->column_count; i++) {
        put_text(arguments, quipu_shared_kind_name(schema->columns[i].kind));
    }
    quipu_postgres_array_end(arguments);
    return run(change, SQL_COLUMNS_ADD);
}

/* ------------------------------------------------------------------ tables */

static int create_table(const struct change *change, const char *table,
                        const char *shape)
{
    struct text text = { .host = change->datastore->host };
    quipu_shared_text_add(&text, "CREATE TABLE ");
    add_table(&text, change, table);
    quipu_shared_text_add(&text, " (");
    quipu_shared_text_add(&text, shape);
    quipu_shared_text_add(&text, ")");
    return run_text(change, &text, "make a table");
}

/* A table that quipu made is in quipu_tables. */
static int check_free(const struct change *change, const char *table)
{
    PGresult *result = NULL;
    struct arguments *arguments = begin_arguments(change);
    quipu_postgres_add_text(arguments, change->datastore->schema);
    quipu_postgres_add_text(arguments, table);
    int status = ask(change, SQL_TABLE_EXISTS, &result);
    if (status == QUIPU_OK && PQntuples(result) > 0) {
        status = change->datastore->host->error_set(
            change->error, QUIPU_CONFLICT, 0, NULL,
            "%s already has a table \"%s\" that quipu did not make; name the "
            "schema otherwise",
            change->datastore->name, table);
    }
    PQclear(result);
    return status;
}

static int make_table(const struct change *change, const char *table,
                      const char *shape)
{
    int status = check_free(change, table);
    if (status == QUIPU_OK) {
        status = create_table(change, table, shape);
    }
    if (status == QUIPU_OK) {
        struct arguments *arguments = begin_arguments(change);
        quipu_postgres_add_text(arguments, table);
        quipu_postgres_add_text(arguments, shape);
        status = run(change, SQL_TABLE_ADD);
    }
    return status;
}

static int count_table(const struct change *change, const char *table,
                       int64_t more, int64_t *count)
{
    PGresult *result = NULL;
    struct arguments *arguments = begin_arguments(change);
    quipu_postgres_add_text(arguments, table);
    quipu_postgres_add_int8(arguments, more);
    int status = ask(change, SQL_TABLE_COUNT, &result);
    *count = 0;
    if (status == QUIPU_OK && PQntuples(result) == 1) {
        *count = quipu_postgres_get_int(result, 0, 0);
    }
    PQclear(result);
    return status;
}

/* Finds or makes the table for a schema: that of its name, if it has the shape
 * or is not there yet; `other` otherwise. */
static int provide_table(const struct change *change, const char *shape,
                         const char *other, const char **table)
{
    PGresult *result = NULL;
    int64_t count = 0;
    *table = change->schema->table;
    quipu_postgres_add_text(begin_arguments(change), *table);
    int status = ask(change, SQL_TABLE_FIND, &result);
    if (status != QUIPU_OK) {
        return status;
    }
    bool there = PQntuples(result) > 0;
    const char *has = there ? PQgetvalue(result, 0, 0) : NULL;
    bool same = has != NULL && strcmp(has, shape) == 0;
    PQclear(result);
    if (same) {
        return count_table(change, *table, 1, &count);
    }
    if (there) {
        *table = other;
    }
    return make_table(change, *table, shape);
}

/* ------------------------------------------------------------------ set-up */

static int make(struct change *change)
{
    char other[QUIPU_NAME_MAX + 1];
    const char *table = NULL;
    const quipu_host *host = change->datastore->host;
    char *shape = quipu_postgres_table_shape(host, change->schema);
    if (shape == NULL) {
        return quipu_postgres_no_memory(host, change->error);
    }
    quipu_postgres_table_other_name(change->datastore->space, change->number,
                                    change->schema->table, other);
    int status = check_name(change);
    if (status == QUIPU_OK) {
        status = provide_table(change, shape, other, &table);
    }
    if (status == QUIPU_OK) {
        status = enter_schema(change, table);
    }
    if (status == QUIPU_OK) {
        status = enter_columns(change);
    }
    if (status == QUIPU_OK) {
        status = run_numbered(change, SQL_HEAD_ADD);
    }
    host->release(shape);
    return status;
}

/* --------------------------------------------------------------- tear-down */

static int remove_items(struct change *change)
{
    struct text text = { .host = change->datastore->host };
    int64_t count = 0;
    int status = count_table(change, change->table, -1, &count);
    if (status != QUIPU_OK) {
        return status;
    }
    if (count > 0) {
        char number[24];
        quipu_shared_text_add(&text, "DELETE FROM ");
        add_table(&text, change, change->table);
        (void)snprintf(number, sizeof number, "%ld",
                       (long)change->datastore->space);
        quipu_shared_text_add(&text, " WHERE quipu_namespace = ");
        quipu_shared_text_add(&text, number);
        return run_text(change, &text, "remove the items");
    }
    quipu_shared_text_add(&text, "DROP TABLE ");
    add_table(&text, change, change->table);
    status = run_text(change, &text, "drop a table");
    if (status == QUIPU_OK) {
        quipu_postgres_add_text(begin_arguments(change), change->table);
        status = run(change, SQL_TABLE_REMOVE);
    }
    return status;
}

/* The head first: appends under way hold it, and who waits for it finds it
 * gone. */
static int remove_schema(struct change *change)
{
    int status = run_numbered(change, SQL_HEAD_REMOVE);
    if (status == QUIPU_OK) {
        status = run_numbered(change, SQL_SCHEMA_REMOVE);
    }
    if (status == QUIPU_OK) {
        status = run_numbered(change, SQL_COLUMNS_REMOVE);
    }
    return status == QUIPU_OK ? remove_items(change) : status;
}

/* --------------------------------------------------------------- the whole */

static int look(struct change *change)
{
    return quipu_postgres_schema_find(
        change->datastore, change->connection, change->schema, change->deadline,
        &change->number, &change->table, change->error);
}

/* Looks up in a transaction, and goes on if the answer is `wanted`; another
 * answer is the operation's.  Set-ups and tear-downs of a namespace take turns
 * at its row. */
static int change_once(struct change *change, int wanted,
                       int (*work)(struct change *change))
{
    quipu_driver_datastore *datastore = change->datastore;
    int status = quipu_postgres_begin(datastore, change->connection,
                                      change->deadline, change->error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = take_number(change);
    int answer = status == QUIPU_OK ? look(change) : status;
    status = answer;
    if (status == wanted) {
        status = work(change);
    }
    datastore->host->release(change->table);
    change->table = NULL;
    if (answer != wanted || status != QUIPU_OK) {
        quipu_postgres_rollback(datastore, change->connection,
                                change->deadline);
        return status;
    }
    return quipu_postgres_commit(datastore, change->connection,
                                 change->deadline, change->error);
}

/* Others may make the same table just now: to the server that is an error. */
static int change_schema(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, int64_t deadline,
                         int wanted, int (*work)(struct change *change),
                         quipu_error *error)
{
    quipu_error own = { 0 };
    int status = QUIPU_OK;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        struct change change = { .datastore = datastore,
                                 .schema = schema,
                                 .deadline = deadline,
                                 .error = &own };
        own = (quipu_error){ 0 };
        status = quipu_postgres_borrow(datastore, deadline, &change.connection,
                                       &own);
        if (status != QUIPU_OK) {
            break;
        }
        status = change_once(&change, wanted, work);
        change.connection->lost =
            change.connection->lost ||
            quipu_postgres_is_unprepared(datastore, own.sqlstate);
        quipu_postgres_return(datastore, change.connection);
        if (status == QUIPU_OK || status == QUIPU_UNKNOWN_OUTCOME ||
            (!quipu_postgres_is_race(&own) &&
             !quipu_postgres_is_unprepared(datastore, own.sqlstate)) ||
            clock_now() > deadline) {
            break;
        }
    }
    return quipu_shared_error_pass(status, &own, error);
}

static int refuse_readonly(const quipu_driver_datastore *datastore,
                           quipu_error *error)
{
    return datastore->host->error_set(error, QUIPU_DENIED, 0, NULL,
                                      "%s is open with readonly=yes",
                                      datastore->name);
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
        if (status != QUIPU_OK && error != NULL) {
            *error = own;
        }
        return status;
    }
    if (datastore->readonly) {
        return refuse_readonly(datastore, error);
    }
    return change_schema(datastore, schema, deadline, QUIPU_NOT_FOUND, make,
                         error);
}

int quipu_postgres_teardown(quipu_driver_datastore *datastore,
                            const quipu_schema *schema, int64_t deadline,
                            quipu_error *error)
{
    if (datastore->readonly) {
        return refuse_readonly(datastore, error);
    }
    return change_schema(datastore, schema, deadline, QUIPU_OK, remove_schema,
                         error);
}
