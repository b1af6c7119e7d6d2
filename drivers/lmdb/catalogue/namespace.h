/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces: independent stores in one environment, each with an identity, its
 * own schemas and its own tracking records.  The record of a namespace is in
 * LMDB's main database (store.h); the empty name is the default namespace.
 */
#ifndef LMDB_DRIVER_NAMESPACE_H
#define LMDB_DRIVER_NAMESPACE_H

#include "lmdb_driver.h"

/* The record of a namespace, under quipu_lmdb_store_namespace_key. */
struct namespace_record {
    uint32_t checksum;
    uint32_t number;     /* part of the keys of its schemas; never reused */
    quipu_uuid identity; /* random; tells copies of other stores apart (L5) */
};

/*
 * Finds the namespace of the datastore, `name_space`, and sets its number, its
 * identity and its database of tracking records.
 *
 * With `create` a namespace that is missing is created; if several processes do
 * so at once, all get the same one.  Without it: NOT_FOUND.  Other statuses are
 * those of reading (BUSY, IO, CORRUPT) and of quipu_lmdb_write_txn_run.
 */
int quipu_lmdb_namespace_open(quipu_driver_datastore *datastore, bool create,
                              int64_t deadline, quipu_error *error);

#endif
