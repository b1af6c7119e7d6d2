/* SPDX-License-Identifier: Apache-2.0 */
/* Single statements and their answers. */
#include "query.h"

#include "datastore.h"
#include "errors.h"
#include "flush.h"
#include "retry.h"

#include "common/safeguard.h"

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

/* Receives an answer, and all up to the synchronization point if it is an
 * error. */
static int receive(const struct lease *lease, const char *what,
                   PGresult **result)
{
    int64_t latest = clock_grace(lease->deadline);
    enum answer answer =
        quipu_postgres_pipeline_receive(lease->connection, latest, result);
    if (answer == ANSWER_OK) {
        return QUIPU_OK;
    }
    int status = quipu_postgres_error_from_answer(lease, answer, result, what);
    if (answer == ANSWER_ERROR) {
        (void)quipu_postgres_pipeline_receive_sync(lease->connection, latest);
    }
    return status;
}

static int receive_sync(const struct lease *lease, const char *what)
{
    PGresult *none = NULL;
    enum answer answer = quipu_postgres_pipeline_receive_sync(
        lease->connection, clock_grace(lease->deadline));
    return answer == ANSWER_SYNC
               ? QUIPU_OK
               : quipu_postgres_error_from_answer(lease, answer, &none, what);
}

static void clear(PGresult **results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        PQclear(results[i]);
        results[i] = NULL;
    }
}

int quipu_postgres_query_run(const struct lease *lease,
                             const struct statement *statement,
                             const char *what, PGresult **result)
{
    quipu_postgres_pipeline_send(lease->connection, statement);
    quipu_postgres_pipeline_sync(lease->connection);
    int status = receive(lease, what, result);
    if (status == QUIPU_OK) {
        status = receive_sync(lease, what);
        clear(result, status == QUIPU_OK ? 0 : 1);
    }
    return status;
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
             quipu_postgres_retry_after(&retry, &own, deadline));
    if (status != QUIPU_OK && error) {
        *error = own;
    }
    return status;
}

struct reads {
    const struct query *queries;
    size_t count;
    PGresult **results;
};

/* Returns true if what the reads return may not be durable yet (flush.h). */
static bool needs_flush(const struct lease *lease, const struct reads *reads)
{
    const bool shared = lease->datastore->shared_flush;
    bool flush = false;
    for (size_t i = 0; i < reads->count; i++) {
        const struct query *query = &reads->queries[i];
        flush = flush || query->flush || (shared && !query->settled);
    }
    return SAFEGUARDED("V2.read-returns-what-is-durable", flush, false);
}

static int receive_flush(const struct lease *lease, const char *what)
{
    PGresult *result = NULL;
    enum answer answer = quipu_postgres_flush_receive(
        lease->connection, clock_grace(lease->deadline), &result);
    if (answer == ANSWER_SYNC) {
        PQclear(result);
        return QUIPU_OK;
    }
    return quipu_postgres_flush_fail(lease, answer, &result, what);
}

/* A flush behind the reads takes no further round trip. */
static int run_reads(const struct lease *lease, void *context)
{
    const struct reads *reads = context;
    const struct query *queries = reads->queries;
    const bool flush = needs_flush(lease, reads);
    size_t received = 0;
    int status = QUIPU_OK;
    for (size_t i = 0; i < reads->count; i++) {
        quipu_postgres_binary_begin(&lease->connection->arguments);
        queries[i].put(&lease->connection->arguments, queries[i].context);
        quipu_postgres_pipeline_send(lease->connection, queries[i].statement);
    }
    if (flush) {
        quipu_postgres_flush_send(lease);
    }
    quipu_postgres_pipeline_sync(lease->connection);
    while (status == QUIPU_OK && received < reads->count) {
        status =
            receive(lease, queries[received].what, &reads->results[received]);
        received += status == QUIPU_OK;
    }
    if (status == QUIPU_OK) {
        status = flush ? receive_flush(lease, queries[0].what)
                       : receive_sync(lease, queries[0].what);
    }
    clear(reads->results, status == QUIPU_OK ? 0 : received);
    return status;
}

int quipu_postgres_query_read_many(quipu_driver_datastore *datastore,
                                   const struct query *queries, size_t count,
                                   int64_t deadline, PGresult **results,
                                   quipu_error *error)
{
    struct reads reads = { queries, count, results };
    int status = quipu_postgres_query_repeat(datastore, run_reads, &reads,
                                             deadline, error);
    return status == QUIPU_OK ? status
                              : quipu_postgres_error_as_read(status, error);
}

int quipu_postgres_query_read(quipu_driver_datastore *datastore,
                              const struct query *query, int64_t deadline,
                              PGresult **result, quipu_error *error)
{
    return quipu_postgres_query_read_many(datastore, query, 1, deadline, result,
                                          error);
}
