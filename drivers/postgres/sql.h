/* SPDX-License-Identifier: Apache-2.0 */
/* Statements from patterns, in which an "@" and a letter stand for names. */
#ifndef POSTGRES_DRIVER_SQL_H
#define POSTGRES_DRIVER_SQL_H

#include "exchange.h"

struct quipu_driver_datastore;

/* The types are letters: n int4, i int8, t text, u uuid, b bool, s a sequence's
 * id; upper case: arrays of them, and B of bytea; + those of the topics,
 * states and further columns of items. */
struct pattern {
    const char *types;
    const char *text;
};

/* Makes a statement; without a schema, of quipu's own tables alone.
 * NO_MEMORY; what is made is finished by the caller all the same. */
int quipu_postgres_statement_make(
    const struct quipu_driver_datastore *datastore, const quipu_schema *schema,
    const char *table, const struct pattern *pattern,
    struct statement *statement, quipu_error *error);
void quipu_postgres_statement_finish(struct statement *statement,
                                     const quipu_host *host);

#endif
