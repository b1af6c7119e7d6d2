/* SPDX-License-Identifier: Apache-2.0 */
/* What set-up and tear-down share: a change of the catalogue, in a transaction,
 * made again if others make the same. */
#ifndef POSTGRES_DRIVER_CHANGE_H
#define POSTGRES_DRIVER_CHANGE_H

#include "postgres.h"

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

/* Looks the schema up in a transaction and has `work` done if the answer is
 * `wanted`; another answer is the operation's. */
int quipu_postgres_change(quipu_driver_datastore *datastore,
                          const quipu_schema *schema, int64_t deadline,
                          int wanted, int (*work)(struct change *change),
                          quipu_error *error);
/* DENIED. */
int quipu_postgres_refuse_readonly(const quipu_driver_datastore *datastore,
                                   quipu_error *error);

/* The arguments of the next statement, empty. */
struct arguments *quipu_postgres_change_arguments(const struct change *change);
/* Asks with the arguments that were added; the answer's rows. */
int quipu_postgres_change_ask(const struct change *change, enum common which,
                              PGresult **result);
int quipu_postgres_change_run(const struct change *change, enum common which);
/* With the arguments (namespace, schema). */
int quipu_postgres_change_run_numbered(const struct change *change,
                                       enum common which);
/* SQL of no pattern, which is finished. */
int quipu_postgres_change_run_text(const struct change *change,
                                   struct text *text, const char *what);

/* Finds or makes the table for the schema: that of its name, if it has the
 * shape or is not there yet; `other` otherwise.  CONFLICT: a table of that name
 * is not quipu's. */
int quipu_postgres_relation_provide(const struct change *change,
                                    const char *shape, const char *other,
                                    const char **table);
/* Removes the namespace's items; the table, if nobody else has any in it. */
int quipu_postgres_relation_clear(struct change *change);

#endif
