/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transaction that changes the catalogue: a set-up or a tear-down.
 *
 * It locks the namespace's row, looks the schema up, and runs a function if the
 * answer is the one that the change starts from.  It is tried again after a
 * transient error, and when another process has made the same table, which to
 * the server is an error.
 */
#ifndef POSTGRES_DDL_TXN_H
#define POSTGRES_DDL_TXN_H

#include "schema.h"

#include "common/text.h"

struct ddl_txn {
    struct lease lease;
    const quipu_schema *schema;
    struct schema_entry entry; /* `number`: a new one, or the schema's; `table`:
                                * the schema's, or NULL */
};

/* Runs `work` in a transaction if the schema's look-up returns `wanted`; any
 * other status is the operation's.  The caller sets the schema and the lease
 * without a connection. */
int quipu_postgres_ddl_txn_run(struct ddl_txn *txn, int wanted,
                               int (*work)(struct ddl_txn *txn));

/* For `work`: empties the arguments of the next statement. */
struct arguments *quipu_postgres_ddl_txn_arguments(const struct ddl_txn *txn);
/* Runs a statement with the arguments added.  The caller clears *result. */
int quipu_postgres_ddl_txn_query(const struct ddl_txn *txn,
                                 enum catalogue_sql which, PGresult **result);
/* Runs a statement that changes `rows` rows of one of quipu's own tables.
 * CORRUPT: it changed another number of them, as triggers and rules can do. */
int quipu_postgres_ddl_txn_change(const struct ddl_txn *txn,
                                  enum catalogue_sql which, const char *table,
                                  size_t rows);
/* The same with the arguments (namespace, schema number). */
int quipu_postgres_ddl_txn_change_numbered(const struct ddl_txn *txn,
                                           enum catalogue_sql which,
                                           const char *table, size_t rows);
/* Runs SQL text, which it finishes. */
int quipu_postgres_ddl_txn_execute_text(const struct ddl_txn *txn,
                                        struct text *text, const char *what);

#endif
