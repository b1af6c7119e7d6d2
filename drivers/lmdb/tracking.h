/* SPDX-License-Identifier: Apache-2.0 */
/* Tracking records: the key is the consumer, a zero, and the log. */
#ifndef LMDB_DRIVER_TRACKING_H
#define LMDB_DRIVER_TRACKING_H

#include "lmdb_driver.h"

#define TRACKING_KEY_MAX (2 * QUIPU_ID_MAX + 1) /* LMDB's limit, too */

/* The key, in the caller's memory. */
MDB_val quipu_lmdb_tracking_key(unsigned char bytes[TRACKING_KEY_MAX],
                                quipu_bytes consumer, quipu_bytes log);
/* Its parts; false: it is none. */
bool quipu_lmdb_tracking_parts(const MDB_val *key, quipu_bytes *consumer,
                               quipu_bytes *log);
/* A record's position; false: it is damaged. */
bool quipu_lmdb_tracking_value(const MDB_val *value, quipu_position *position);

/* Reads and writes a record: an LMDB code, MDB_NOTFOUND and MDB_CORRUPTED among
 * them. */
int quipu_lmdb_tracking_get(const quipu_driver_datastore *datastore,
                            const struct view *view, quipu_bytes consumer,
                            quipu_bytes log, quipu_position *position);
int quipu_lmdb_tracking_put(const quipu_driver_datastore *datastore,
                            MDB_txn *txn, const quipu_tracking *tracking);

#endif
