/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces: found, or created by the first handle that may. */
#include "catalogue/namespace.h"

#include "catalogue/store.h"
#include "txn/read_txn.h"
#include "txn/write_txn.h"

#include "common/store_identity.h"

/* Opens the namespace's entries, if it has some. */
static int find_entries(quipu_driver_datastore *datastore,
                        const struct snapshot *snapshot, uint32_t space)
{
    int code =
        quipu_lmdb_store_open_entries(snapshot, space, 0, &datastore->entries);
    if (code == MDB_SUCCESS) {
        atomic_store(&datastore->entries_dbi, datastore->entries.dbi);
    }
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

/* Reads the namespace and opens its databases, with the lock on names held.
 * *found false: it is missing. */
static int read_namespace(quipu_driver_datastore *datastore,
                          const struct snapshot *snapshot, bool *found,
                          quipu_error *error)
{
    char name[STORE_NAME_MAX];
    struct namespace_record record;
    int code = quipu_lmdb_store_get(
        snapshot, quipu_lmdb_store_namespace_key(name, datastore->name_space),
        &record, sizeof(record));
    *found = code == MDB_SUCCESS;
    if (code == MDB_NOTFOUND) {
        return QUIPU_OK;
    }
    if (code == MDB_SUCCESS) {
        datastore->space = record.number;
        datastore->identity = record.identity;
        code = quipu_lmdb_store_open_tracking(snapshot, record.number, 0,
                                              &datastore->tracked);
    }
    if (code == MDB_SUCCESS) {
        code = find_entries(datastore, snapshot, record.number);
    }
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_error_set(datastore->host, datastore->name, code,
                                      "read the namespaces", error);
}

/* Checks that the store has all namespaces that were ever created: otherwise
 * the key of a record is damaged, and its namespace cannot be found. */
static int check_namespaces(const struct snapshot *snapshot,
                            const struct store_record *store)
{
    uint64_t count = 0;
    int code = quipu_lmdb_store_count(snapshot, "quipu.n.", &count);
    return code == MDB_SUCCESS && count + 1 != store->next_namespace
               ? MDB_CORRUPTED
               : code;
}

/* Returns LMDB's code. */
static int write_namespace(quipu_driver_datastore *datastore,
                           const struct write_txn *write,
                           struct namespace_record *record)
{
    char name[STORE_NAME_MAX];
    struct store_record store;
    int code = quipu_lmdb_store_get(&write->snapshot, store_key(), &store,
                                    sizeof(store));
    if (code == MDB_SUCCESS) {
        code = check_namespaces(&write->snapshot, &store);
    }
    if (code == MDB_SUCCESS) {
        record->number = store.next_namespace++;
        code = quipu_lmdb_store_put(write->txn, store_key(), &store,
                                    sizeof(store));
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_store_put(
            write->txn,
            quipu_lmdb_store_namespace_key(name, datastore->name_space), record,
            sizeof(*record));
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_store_open_tracking(&write->snapshot, record->number,
                                              MDB_CREATE, &datastore->tracked);
    }
    if (code == MDB_SUCCESS) {
        code = find_entries(datastore, &write->snapshot, record->number);
    }
    datastore->space = record->number;
    datastore->identity = record->identity;
    return code;
}

/* Creates the namespace, unless another process has done so since. */
static int create_namespace(quipu_driver_datastore *datastore,
                            struct write_txn *write, quipu_error *error)
{
    bool found = false;
    struct namespace_record record = { 0 };
    int status = read_namespace(datastore, &write->snapshot, &found, error);
    if (status != QUIPU_OK || found) {
        return status;
    }
    if (!quipu_common_store_identity_make(&record.identity)) {
        return datastore->host->error_set(
            error, QUIPU_INTERNAL, 0, NULL,
            "the system has no random bytes for the identity of \"%s\"",
            datastore->name);
    }
    int code = write_namespace(datastore, write, &record);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_write_txn_fail(datastore, write, code,
                                           "create the namespace", error);
}

static int find_namespace(quipu_driver_datastore *datastore, int64_t deadline,
                          bool *found, quipu_error *error)
{
    struct snapshot snapshot;
    int status = quipu_lmdb_environment_lock_names(datastore->environment,
                                                   deadline, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_lmdb_read_txn_begin(datastore, deadline, &snapshot, error);
    if (status == QUIPU_OK) {
        status = read_namespace(datastore, &snapshot, found, error);
        quipu_lmdb_read_txn_end_named(datastore, &snapshot);
    }
    quipu_lmdb_environment_unlock_names(datastore->environment);
    return quipu_lmdb_error_as_busy(status, error);
}

int quipu_lmdb_namespace_open(quipu_driver_datastore *datastore, bool create,
                              int64_t deadline, quipu_error *error)
{
    struct write_txn write = { .work = create_namespace, .names = true };
    bool found = false;
    int status = find_namespace(datastore, deadline, &found, error);
    if (status != QUIPU_OK || found) {
        return status;
    }
    if (!create) {
        return datastore->host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "\"%s\" has no namespace \"%s\"; create=yes creates it",
            datastore->name, datastore->name_space);
    }
    return quipu_lmdb_write_txn_run(datastore, &write, deadline, error);
}
