/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces with shared flushes.
 *
 * A commit of PostgreSQL keeps its locks until the server has flushed its log
 * to disk.  Appends to one schema follow one another by the lock on the head,
 * so there is one flush for each, however many sessions append.  In a namespace
 * with shared flushes (option shared_flush; the table quipu_shared_flush) an
 * append that others wait for commits in two steps:
 *
 *     BEGIN, SQL_COMMIT_EARLY, ..., COMMIT    does not wait for the disk
 *     SQL_FLUSH                               does
 *
 * SQL_FLUSH writes a small message to the server's log in a transaction of its
 * own, with synchronous_commit on.  The flush of that commit covers all commits
 * before it, and the server makes one flush for all sessions that wait for one.
 * It does nothing if the log is flushed as far as it is written; but with
 * synchronous standbys it always commits, which waits for them.
 *
 * INV1  An append is acknowledged after its flush (V3).  If the flush fails,
 *       the outcome is unknown, and commit recovery finds it out.
 * INV2  Nothing read is returned before it is durable (V2).  The read and
 *       SQL_FLUSH are sent together, the read first: all that its snapshot sees
 *       was committed, and so written to the log, before SQL_FLUSH looks how
 *       far that is written.  The answer counts when the synchronization point
 *       behind both has arrived: that is the end of the transaction.
 * INV3  A crash of the server keeps a beginning of its log.  Appends to a
 *       schema are written to it in the order of their numbers, so a crash
 *       takes the last ones away, and leaves no gap (L1).
 * INV4  All other transactions (set-up, erasing) commit as in every namespace:
 *       others see them when they are durable.  So a page that is bounded by a
 *       head that was read before needs no flush of its own.
 * INV5  A standby replays only what its primary has flushed: there is nothing
 *       to flush.
 * INV6  The list of all namespaces has heads of other namespaces, which may
 *       have shared flushes.  It reads the format of the store, too, which was
 *       raised before the first append to such a namespace; then it is read
 *       again, with a flush.
 */
#ifndef POSTGRES_FLUSH_H
#define POSTGRES_FLUSH_H

#include "connection.h"
#include "pipeline.h"

/* Queues SQL_FLUSH.  A synchronization point has to follow. */
void quipu_postgres_flush_send(const struct lease *lease);
/* Receives its answer and the synchronization point.  ANSWER_SYNC: all that was
 * committed before is durable.  Otherwise the connection may be lost; the
 * caller clears *result. */
enum answer quipu_postgres_flush_receive(struct connection *connection,
                                         int64_t deadline, PGresult **result);
/* The error of such an answer; clears *result. */
int quipu_postgres_flush_fail(const struct lease *lease, enum answer answer,
                              PGresult **result, const char *what);
/* Makes all that was committed before durable; `what` is a verb phrase. */
int quipu_postgres_flush_run(const struct lease *lease, const char *what);

#endif
