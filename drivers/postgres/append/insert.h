/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storing the rows and tracking records of a batch.
 *
 * For each schema, in the order of their numbers, three statements are sent:
 * SQL_HEAD_RAISE, which takes the notification ids and locks the log;
 * SQL_INSERT or SQL_INSERT_NEXT (sql/item_sql.c); and SQL_STORED.  Or two, of
 * which SQL_INSERT_CHECKED is the second.  Or SQL_INSERT_ONE or SQL_INSERT_RUN
 * alone, for a batch of items of one sequence.  Two statements for each
 * tracking record follow, SQL_TRACKING_WRITE and
 * SQL_TRACKING_STORED, or those for a record that belongs to no schema or is
 * removed.  A statement that cannot do its work fails, and with it the
 * transaction.
 *
 * A trigger or a rule of the database's owner can suppress a row without an
 * error.  The _STORED statements therefore look at the tables themselves, in
 * the transaction, and fail unless the rows are there.
 */
#ifndef POSTGRES_INSERT_H
#define POSTGRES_INSERT_H

#include "batch.h"

#include "net/pipeline.h"

/* Chooses the statements for batch->rows and batch->tracking.  `checked`:
 * SQL_INSERT_CHECKED, SQL_INSERT_ONE and SQL_INSERT_RUN may be used.  Returns
 * true if one statement stores everything. */
bool quipu_postgres_insert_choose(struct batch *batch, bool checked);
/* Sends the chosen statements, or else SQL_STORED and those before it; returns
 * the number of answers that are due. */
unsigned quipu_postgres_insert_send(struct batch *batch,
                                    struct connection *connection);
/* Returns true if the `nth` of the answers is that of such a statement. */
bool quipu_postgres_insert_is_checked(const struct batch *batch, unsigned nth);
/* Takes the `nth` of the answers, from 0: heads and positions that the server
 * chose (optimistic pass).  Returns what is wrong with it, or NULL. */
const char *quipu_postgres_insert_take_answer(struct batch *batch, unsigned nth,
                                              const PGresult *result);
/* Returns true if the one statement found no head and stored nothing. */
bool quipu_postgres_insert_lacks_head(const struct batch *batch);
/* Checks the `nth` of the answers, which may be an error (strict pass).
 * CORRUPT: a table did not take the rows, and the message names it. */
int quipu_postgres_insert_check_answer(const struct batch *batch,
                                       const struct lease *lease, unsigned nth,
                                       const PGresult *result);
/* Fills the results of all requests from the rows, as if all were accepted
 * (optimistic pass). */
void quipu_postgres_insert_set_results(struct batch *batch);

#endif
