/* SPDX-License-Identifier: Apache-2.0 */
/* Single statements: run on a given connection, or as a read that is repeated
 * on another connection if the first one is lost. */
#ifndef POSTGRES_QUERY_H
#define POSTGRES_QUERY_H

#include "connection.h"
#include "pipeline.h"

/* Sends one statement with connection->arguments and receives its answer.
 * `what` is a verb phrase for the message: "read the catalogue".  The caller
 * clears *result. */
int quipu_postgres_query_run(quipu_driver_datastore *datastore,
                             struct connection *connection,
                             const struct statement *statement,
                             int64_t deadline, const char *what,
                             PGresult **result, quipu_error *error);
/* The same for SQL text without parameters or with text parameters alone, which
 * is not prepared; `parameter` may be NULL. */
int quipu_postgres_query_run_text(quipu_driver_datastore *datastore,
                                  struct connection *connection,
                                  const char *text, const char *parameter,
                                  int64_t deadline, const char *what,
                                  PGresult **result, quipu_error *error);

/* A read: a statement, how its parameters are added, and words for messages. */
struct query {
    const struct statement *statement;
    void (*put)(struct arguments *arguments, const void *context);
    const void *context;
    const char *what;
};

/* Runs a read on a connection of the pool, and again on another one after a
 * transient error (retry.h).  The caller clears *result. */
int quipu_postgres_query_read(quipu_driver_datastore *datastore,
                              const struct query *query, int64_t deadline,
                              PGresult **result, quipu_error *error);

/* Receives `count` answers of a pipeline, which have to be good, and drops
 * them. */
int quipu_postgres_query_skip(quipu_driver_datastore *datastore,
                              struct connection *connection, unsigned count,
                              int64_t deadline, const char *what,
                              quipu_error *error);

#endif
