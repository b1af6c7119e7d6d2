/* SPDX-License-Identifier: Apache-2.0 */
/* Single statements and their answers. */
#include "query.h"

#include "datastore.h"
#include "errors.h"
#include "retry.h"

#define READ_TRIES 3

int quipu_postgres_query_skip(const struct lease *lease, unsigned count,
                              int64_t latest, const char *what)
{
    for (unsigned i = 0; i < count; i++) {
        PGresult *result = NULL;
        enum answer answer =
            quipu_postgres_pipeline_receive(lease->connection, latest, &result);
        if (answer != ANSWER_OK && answer != ANSWER_SYNC) {
            return quipu_postgres_error_from_answer(lease, answer, &result,
                                                    what);
        }
        PQclear(result);
    }
    return QUIPU_OK;
}

int quipu_postgres_query_run(const struct lease *lease,
                             const struct statement *statement,
                             const char *what, PGresult **result)
{
    struct connection *connection = lease->connection;
    int64_t latest = clock_grace(lease->deadline);
    PGresult *none = NULL;
    quipu_postgres_pipeline_send(connection, statement);
    quipu_postgres_pipeline_sync(connection);
    enum answer answer =
        quipu_postgres_pipeline_receive(connection, latest, result);
    if (answer != ANSWER_OK) {
        int status =
            quipu_postgres_error_from_answer(lease, answer, result, what);
        if (answer == ANSWER_ERROR) {
            (void)quipu_postgres_pipeline_receive_sync(connection, latest);
        }
        return status;
    }
    answer = quipu_postgres_pipeline_receive_sync(connection, latest);
    if (answer != ANSWER_SYNC) {
        PQclear(*result);
        *result = NULL;
        return quipu_postgres_error_from_answer(lease, answer, &none, what);
    }
    return QUIPU_OK;
}

int quipu_postgres_query_run_text(const struct lease *lease,
                                  const struct sql_text *sql,
                                  const char *parameter, const char *what,
                                  PGresult **result)
{
    Oid types[] = { TYPE_TEXT };
    struct statement statement = { .text = sql->text,
                                   .types = types,
                                   .count = parameter ? 1 : 0,
                                   .shape = sql->shape };
    struct connection *connection = lease->connection;
    bool prepares = connection->prepares;
    connection->prepares = false;
    quipu_postgres_binary_begin(&connection->arguments);
    if (parameter) {
        quipu_postgres_binary_add_text(&connection->arguments, parameter);
    }
    int status = quipu_postgres_query_run(lease, &statement, what, result);
    connection->prepares = prepares;
    return status;
}

/* Each try has the grace period of a deadline, so the deadline does not end the
 * tries: a connection that turns out to have been lost while it was idle is
 * replaced even for a call that must not wait. */
int quipu_postgres_query_repeat(quipu_driver_datastore *datastore,
                                int (*work)(const struct lease *lease,
                                            void *context),
                                void *context, int64_t deadline,
                                quipu_error *error)
{
    struct retry retry = quipu_postgres_retry_begin(INT64_MAX, READ_TRIES);
    quipu_error own = { 0 };
    int status = QUIPU_OK;
    enum retry_class class = RETRY_NEVER;
    do {
        struct lease lease = { .datastore = datastore,
                               .deadline = deadline,
                               .error = &own };
        own = (quipu_error){ 0 };
        status = quipu_postgres_pool_borrow(datastore, deadline,
                                            &lease.connection, &own);
        if (status != QUIPU_OK) {
            break;
        }
        status = work(&lease, context);
        if (status != QUIPU_OK) {
            class = quipu_postgres_retry_classify(&lease);
        }
        quipu_postgres_pool_return(datastore, lease.connection);
    } while (status != QUIPU_OK && class != RETRY_NEVER &&
             quipu_postgres_retry_again(&retry, 0));
    if (status != QUIPU_OK && error) {
        *error = own;
    }
    return status;
}

struct reading_query {
    const struct query *query;
    PGresult **result;
};

static int run_reading(const struct lease *lease, void *context)
{
    const struct reading_query *reading = context;
    const struct query *query = reading->query;
    quipu_postgres_binary_begin(&lease->connection->arguments);
    query->put(&lease->connection->arguments, query->context);
    return quipu_postgres_query_run(lease, query->statement, query->what,
                                    reading->result);
}

int quipu_postgres_query_read(quipu_driver_datastore *datastore,
                              const struct query *query, int64_t deadline,
                              PGresult **result, quipu_error *error)
{
    struct reading_query reading = { query, result };
    int status = quipu_postgres_query_repeat(datastore, run_reading, &reading,
                                             deadline, error);
    return status == QUIPU_OK ? status
                              : quipu_postgres_error_as_read(status, error);
}
