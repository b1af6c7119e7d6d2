/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tracking records: for a consumer and a log, the position in the log up to
 * which the consumer has processed it (U4).  Each namespace has a database of
 * them.  The key is the consumer's name, a zero, and the log's name; the value
 * is a checksum and a quipu_position.
 */
#ifndef LMDB_DRIVER_TRACKING_H
#define LMDB_DRIVER_TRACKING_H

#include "lmdb_driver.h"

#define TRACKING_KEY_MAX (2 * QUIPU_ID_MAX + 1) /* LMDB's limit, too */

/* Returns the key, in the caller's memory. */
MDB_val quipu_lmdb_tracking_key(unsigned char bytes[TRACKING_KEY_MAX],
                                quipu_bytes consumer, quipu_bytes log);
/* Splits a key.  Returns false if it cannot be one. */
bool quipu_lmdb_tracking_split(const MDB_val *key, quipu_bytes *consumer,
                               quipu_bytes *log);
/* Reads a value.  Returns false if it is damaged. */
bool quipu_lmdb_tracking_position(const MDB_val *value,
                                  quipu_position *position);

/* Reads, writes and deletes a record.  Return LMDB's codes; MDB_NOTFOUND:
 * there is no such record. */
int quipu_lmdb_tracking_get(const quipu_driver_datastore *datastore,
                            const struct snapshot *snapshot,
                            quipu_bytes consumer, quipu_bytes log,
                            quipu_position *position);
int quipu_lmdb_tracking_put(const quipu_driver_datastore *datastore,
                            MDB_txn *txn, const quipu_tracking *tracking);
int quipu_lmdb_tracking_delete(const quipu_driver_datastore *datastore,
                               MDB_txn *txn, const quipu_tracking *tracking);

#endif
