/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storing the rows and tracking records of a batch.
 *
 * For each schema, in the order of their numbers, two statements are sent:
 * SQL_HEAD_RAISE, which takes the notification ids and locks the log, and
 * SQL_INSERT or SQL_INSERT_NEXT (sql/item_sql.c).  One statement for each
 * tracking record follows.  A statement that cannot do its work fails, and with
 * it the transaction.
 */
#ifndef POSTGRES_INSERT_H
#define POSTGRES_INSERT_H

#include "batch.h"

#include "net/pipeline.h"

/* Sends the statements for batch->rows and batch->tracking; returns the number
 * of answers that are due. */
unsigned quipu_postgres_insert_send(struct batch *batch,
                                    struct connection *connection);
/* Takes the `nth` of the answers, from 0: heads, positions that the server
 * chose, and whether the schemas exist. */
void quipu_postgres_insert_take_answer(struct batch *batch, unsigned nth,
                                       PGresult *result);
/* Fills the results of all requests from the rows, as if all were accepted
 * (optimistic pass). */
void quipu_postgres_insert_set_results(struct batch *batch);

#endif
