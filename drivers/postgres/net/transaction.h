/* SPDX-License-Identifier: Apache-2.0 */
/* The beginning and the end of transactions. */
#ifndef POSTGRES_TRANSACTION_H
#define POSTGRES_TRANSACTION_H

#include "connection.h"
#include "pipeline.h"

#define IDLE_LIMIT \
    30000 /* ms that a transaction may idle past its deadline \
           */

/* Sends BEGIN and the settings that the session lacks; returns the number of
 * answers to skip.  The server waits for locks until the deadline; statements
 * may run for `transfer_time` nanoseconds longer. */
unsigned quipu_postgres_transaction_send_begin(const struct lease *lease,
                                               int64_t transfer_time);
/* The same for a single statement.  Where the session has all settings, BEGIN
 * is left out and *alone set: the statement is a transaction by itself, which
 * ends at the synchronization point. */
unsigned quipu_postgres_transaction_send_begin_one(const struct lease *lease,
                                                   int64_t transfer_time,
                                                   bool *alone);
/* Sends BEGIN and waits for its answer. */
int quipu_postgres_transaction_begin(const struct lease *lease);
/* Queues COMMIT, the flush that follows it in some transactions (flush.h), and
 * a synchronization point; connection->commit_sent says whether COMMIT may
 * reach the server. */
void quipu_postgres_transaction_send_commit(const struct lease *lease);
/* The same for a statement that is a transaction by itself: no COMMIT. */
void quipu_postgres_transaction_send_end(const struct lease *lease);
/* Sends COMMIT and waits for its answer until `deadline`.  UNKNOWN_OUTCOME: it
 * may or may not have been committed; the connection is lost. */
int quipu_postgres_transaction_commit(const struct lease *lease,
                                      int64_t deadline);
/* Receives the answers to COMMIT and to what was queued with it; the status is
 * that of quipu_postgres_transaction_commit. */
int quipu_postgres_transaction_receive_commit(const struct lease *lease,
                                              int64_t latest);
/* The status of an answer to COMMIT, or of the synchronization point that ends
 * a statement without one, as above.  Clears *result. */
int quipu_postgres_transaction_commit_status(const struct lease *lease,
                                             enum answer answer,
                                             PGresult **result);
/* Sends ROLLBACK and waits for its answer; a failure loses the connection,
 * which rolls back as well. */
void quipu_postgres_transaction_rollback(const struct lease *lease);

#endif
