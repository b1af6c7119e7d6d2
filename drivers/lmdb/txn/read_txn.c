/* SPDX-License-Identifier: Apache-2.0 */
/* Reading transactions: begin inside the map, on a durable state. */
#include "txn/read_txn.h"

#include "environment.h"
#include "error.h"
#include "txn/reader_pool.h"

#include <errno.h>
#include <unistd.h>

/* V2.  With durability=full LMDB shows a commit a moment before its last sync
 * has returned.  Writers publish the number up to which all is durable; a
 * reader that sees a later one syncs the file itself first. */
static int make_durable(struct environment *environment, MDB_txn *txn,
                        quipu_error *error)
{
    uint64_t seen = mdb_txn_id(txn);
    uint64_t durable = atomic_load(&environment->marks[MARK_DURABLE]);
    mdb_filehandle_t fd;
    if (seen <= durable || environment->lockless) {
        return QUIPU_OK;
    }
    (void)mdb_env_get_fd(environment->env, &fd);
    if (fdatasync(fd) != 0) {
        int code = errno;
        atomic_store(&environment->writer.poisoned, true);
        return quipu_lmdb_error_set(environment->host, environment->path, code,
                                    "sync the latest commit", error);
    }
    while (durable < seen &&
           !atomic_compare_exchange_weak(&environment->marks[MARK_DURABLE],
                                         &durable, seen)) {
    }
    return QUIPU_OK;
}

/* One attempt inside the map; returns LMDB's code. */
static int begin_once(struct environment *environment,
                      struct snapshot *snapshot)
{
    struct reader reader;
    *snapshot = (struct snapshot){ .strict = false };
    int code = quipu_lmdb_reader_pool_begin(environment, &reader);
    if (code != MDB_SUCCESS) {
        return code;
    }
    if (reader.has_meta) {
        code = quipu_lmdb_snapshot_set(snapshot, &environment->map,
                                       &reader.meta, mdb_txn_id(reader.txn));
    }
    snapshot->txn = reader.txn;
    if (code != MDB_SUCCESS) {
        quipu_lmdb_reader_pool_end(environment, reader.txn);
    }
    return code;
}

static int begin_inside(struct environment *environment, int64_t deadline,
                        struct snapshot *snapshot, quipu_error *error)
{
    for (;;) {
        int status = quipu_lmdb_map_enter(environment, deadline, error);
        if (status != QUIPU_OK) {
            return status;
        }
        size_t size = quipu_lmdb_map_size(environment);
        int code = begin_once(environment, snapshot);
        if (code == MDB_SUCCESS) {
            return QUIPU_OK;
        }
        quipu_lmdb_map_leave(environment);
        if (code == MDB_MAP_RESIZED) {
            status = quipu_lmdb_map_grow(environment, size, deadline, error);
            if (status != QUIPU_OK) {
                return status;
            }
        } else if (code != MDB_READERS_FULL ||
                   !quipu_lmdb_reader_pool_wait(environment, deadline)) {
            return quipu_lmdb_error_set(environment->host, environment->path,
                                        code, "read", error);
        }
    }
}

int quipu_lmdb_read_txn_begin(quipu_driver_datastore *datastore,
                              int64_t deadline, struct snapshot *snapshot,
                              quipu_error *error)
{
    struct environment *environment = datastore->environment;
    int status = begin_inside(environment, deadline, snapshot, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (datastore->options.mdb_cursor) {
        snapshot->base = NULL; /* btree.h: cursors are LMDB's */
    }
    status = make_durable(environment, snapshot->txn, error);
    if (status != QUIPU_OK) {
        quipu_lmdb_read_txn_end(datastore, snapshot);
    }
    return status;
}

void quipu_lmdb_read_txn_end(quipu_driver_datastore *datastore,
                             const struct snapshot *snapshot)
{
    quipu_lmdb_reader_pool_end(datastore->environment, snapshot->txn);
    quipu_lmdb_map_leave(datastore->environment);
}

void quipu_lmdb_read_txn_end_named(quipu_driver_datastore *datastore,
                                   const struct snapshot *snapshot)
{
    (void)mdb_txn_commit(snapshot->txn);
    quipu_lmdb_map_leave(datastore->environment);
}

int quipu_lmdb_read_txn_run(quipu_driver_datastore *datastore, int64_t deadline,
                            quipu_lmdb_read_work work, void *context,
                            quipu_error *error)
{
    struct snapshot snapshot;
    int status =
        quipu_lmdb_read_txn_begin(datastore, deadline, &snapshot, error);
    if (status == QUIPU_OK) {
        status = work(datastore, &snapshot, context, error);
        quipu_lmdb_read_txn_end(datastore, &snapshot);
    }
    return status;
}
