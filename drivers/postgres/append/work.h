/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caller's function in the transaction of an append.
 *
 * The function gets the libpq connection, on which it can run any statement:
 * also COMMIT, ROLLBACK and BEGIN, and settings that outlive the transaction.
 * The server cannot be told to refuse them, so they are noticed afterwards.
 *
 * INV1  The append is committed only in the transaction that has stored its
 *       items: SQL_SAME_TRANSACTION, in one message with COMMIT, fails in any
 *       other one.
 * INV2  If the function has ended that transaction, the server is asked whether
 *       it was committed.  INVALID is returned only if it was not; otherwise
 *       UNKNOWN_OUTCOME, since an append that failed must have stored nothing
 *       (V5), and the message says that it is stored.
 * INV3  A connection on which a function has run gets the settings of a new
 *       session before it is used again.
 */
#ifndef POSTGRES_WORK_H
#define POSTGRES_WORK_H

#include "net/connection.h"

/* A function of the caller that runs in the transaction; NULL: there is none.
 */
struct caller_work {
    quipu_work function;
    void *context;
};

/* Queues the question for the transaction's number, which has one answer. */
void quipu_postgres_work_send_question(const struct lease *lease);
/* Runs the function in the open transaction with that number.  Codes: those of
 * the function; INVALID: it failed to report an error of a statement, or ended
 * the transaction, and nothing is stored; UNKNOWN_OUTCOME: it committed; IO. */
int quipu_postgres_work_run(const struct lease *lease,
                            const struct caller_work *work,
                            int64_t transaction);
/* Commits, if the transaction with that number is still the current one; codes
 * as above, and those of a commit. */
int quipu_postgres_work_commit(const struct lease *lease, int64_t transaction,
                               int64_t deadline);

#endif
