/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of the catalogue, each in a transaction of its own. */
#include "change.h"

#include <string.h>

#define ATTEMPTS 20

struct arguments *quipu_postgres_change_arguments(const struct change *change)
{
    quipu_postgres_arguments_begin(&change->connection->arguments);
    return &change->connection->arguments;
}

/* Asks with the arguments that were added; the answer's rows. */
int quipu_postgres_change_ask(const struct change *change, enum common which,
                              PGresult **result)
{
    return quipu_postgres_ask(change->datastore, change->connection,
                              &change->datastore->common[which],
                              change->deadline, "write the catalogue", result,
                              change->error);
}

int quipu_postgres_change_run(const struct change *change, enum common which)
{
    PGresult *result = NULL;
    int status = quipu_postgres_change_ask(change, which, &result);
    PQclear(result);
    return status;
}

/* With the arguments (namespace, schema). */
int quipu_postgres_change_run_numbered(const struct change *change,
                                       enum common which)
{
    struct arguments *arguments = quipu_postgres_change_arguments(change);
    quipu_postgres_add_int4(arguments, change->datastore->space);
    quipu_postgres_add_int8(arguments, change->number);
    return quipu_postgres_change_run(change, which);
}

int quipu_postgres_change_run_text(const struct change *change,
                                   struct text *text, const char *what)
{
    PGresult *result = NULL;
    struct statement statement = { .text = text->data };
    bool prepares = change->connection->prepares;
    int status = QUIPU_NO_MEMORY;
    if (text->failed) {
        status = quipu_postgres_no_memory(text->host, change->error);
    } else {
        change->connection->prepares = false;
        (void)quipu_postgres_change_arguments(change);
        status = quipu_postgres_ask(change->datastore, change->connection,
                                    &statement, change->deadline, what, &result,
                                    change->error);
        change->connection->prepares = prepares;
    }
    PQclear(result);
    quipu_common_text_finish(text);
    return status;
}

static int take_number(struct change *change)
{
    PGresult *result = NULL;
    quipu_postgres_add_int4(quipu_postgres_change_arguments(change),
                            change->datastore->space);
    int status =
        quipu_postgres_change_ask(change, SQL_NAMESPACE_COUNT, &result);
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
int quipu_postgres_change(quipu_driver_datastore *datastore,
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
    return quipu_common_error_pass(status, &own, error);
}

int quipu_postgres_refuse_readonly(const quipu_driver_datastore *datastore,
                                   quipu_error *error)
{
    return datastore->host->error_set(error, QUIPU_DENIED, 0, NULL,
                                      "%s is open with readonly=yes",
                                      datastore->name);
}
