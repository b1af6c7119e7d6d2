/* SPDX-License-Identifier: Apache-2.0 */
/* Single statements: run on a given connection, or as a read that is repeated
 * on another connection if the first one is lost. */
#ifndef POSTGRES_QUERY_H
#define POSTGRES_QUERY_H

#include "connection.h"
#include "pipeline.h"

/* Sends one statement with the connection's arguments and receives its answer.
 * `what` is a verb phrase for the message: "read the catalogue".  The caller
 * clears *result. */
int quipu_postgres_query_run(const struct lease *lease,
                             const struct statement *statement,
                             const char *what, PGresult **result);
/* SQL text and the shape of its answer, a constant. */
struct sql_text {
    const char *text;
    const char *shape;
};

/* The same for SQL text with one text parameter, or none (NULL), which is not
 * prepared. */
int quipu_postgres_query_run_text(const struct lease *lease,
                                  const struct sql_text *sql,
                                  const char *parameter, const char *what,
                                  PGresult **result);

/* Runs `work` on a connection of the pool, and again on another one after a
 * transient error (retry.h). */
int quipu_postgres_query_repeat(quipu_driver_datastore *datastore,
                                int (*work)(const struct lease *lease,
                                            void *context),
                                void *context, int64_t deadline,
                                quipu_error *error);

/* A read: a statement, how its parameters are added, and words for messages. */
struct query {
    const struct statement *statement;
    bool settled; /* all that it can return is durable (flush.h, INV4) */
    bool flush;   /* it may return what is not, whichever the namespace is */
    void (*put)(struct arguments *arguments, const void *context);
    const void *context;
    const char *what;
};

/* Runs a read in this way.  The caller clears *result. */
int quipu_postgres_query_read(quipu_driver_datastore *datastore,
                              const struct query *query, int64_t deadline,
                              PGresult **result, quipu_error *error);

/* Runs `count` reads, at least one, in one round trip: each sees what was
 * committed when it began, and they begin in their order.  After a failure
 * there are no results. */
int quipu_postgres_query_read_many(quipu_driver_datastore *datastore,
                                   const struct query *queries, size_t count,
                                   int64_t deadline, PGresult **results,
                                   quipu_error *error);

/* Receives `count` answers of a pipeline, which have to be good, and drops
 * them; each has to arrive by `latest`. */
int quipu_postgres_query_skip(const struct lease *lease, unsigned count,
                              int64_t latest, const char *what);

#endif
