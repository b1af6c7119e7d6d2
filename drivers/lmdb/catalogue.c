/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces, and schemas in the catalogue. */
#include "store.h"

#include "common/store_identity.h"

#include <string.h>

/* ------------------------------------------------------------- namespaces */

/* Reads the namespace and opens its tracking records; *found false: it is not
 * there.  With naming begun. */
static int read_space(quipu_driver_datastore *datastore,
                      const struct view *view, bool *found, quipu_error *error)
{
    char name[STORE_NAME_MAX];
    struct space_record record;
    int code = quipu_lmdb_store_get(
        view, quipu_lmdb_key_space(name, datastore->name_space), &record,
        sizeof(record));
    *found = code == MDB_SUCCESS;
    if (code == MDB_NOTFOUND) {
        return QUIPU_OK;
    }
    if (code == MDB_SUCCESS) {
        datastore->space = record.number;
        datastore->identity = record.identity;
        code = quipu_lmdb_tracked_open(view, record.number, 0,
                                       &datastore->tracked);
    }
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_fail(datastore->host, datastore->name, code,
                                 "read the namespaces", error);
}

/* An LMDB code. */
static int write_space(quipu_driver_datastore *datastore, MDB_txn *txn,
                       struct space_record *record)
{
    char name[STORE_NAME_MAX];
    const struct view view = { .txn = txn };
    struct store_record store;
    int code = quipu_lmdb_store_get(&view, store_key(), &store, sizeof(store));
    if (code == MDB_SUCCESS) {
        record->number = store.next_space++;
        code = quipu_lmdb_store_put(txn, store_key(), &store, sizeof(store));
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_store_put(
            txn, quipu_lmdb_key_space(name, datastore->name_space), record,
            sizeof(*record));
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_tracked_open(&view, record->number, MDB_CREATE,
                                       &datastore->tracked);
    }
    datastore->space = record->number;
    datastore->identity = record->identity;
    return code;
}

/* Makes the namespace, unless another was quicker. */
static int make_space(quipu_driver_datastore *datastore, MDB_txn *txn,
                      void *context, bool *full, quipu_error *error)
{
    (void)context;
    bool found = false;
    const struct view view = { .txn = txn };
    struct space_record record = { 0 };
    int status = read_space(datastore, &view, &found, error);
    if (status != QUIPU_OK || found) {
        return status;
    }
    if (!quipu_common_store_identity_make(&record.identity)) {
        return datastore->host->error_set(error, QUIPU_INTERNAL, 0, NULL,
                                          "the system has no random bytes");
    }
    int code = write_space(datastore, txn, &record);
    *full = code == MDB_MAP_FULL;
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_fail(datastore->host, datastore->name, code,
                                 "make the namespace", error);
}

static int find_space(quipu_driver_datastore *datastore, int64_t deadline,
                      bool *found, quipu_error *error)
{
    struct environment *environment = datastore->environment;
    struct view view;
    quipu_lmdb_naming_begin(environment);
    int status = quipu_lmdb_reading_begin(environment, deadline, &view, error);
    if (status == QUIPU_OK) {
        status = read_space(datastore, &view, found, error);
        quipu_lmdb_reading_named(&view);
    }
    quipu_lmdb_naming_end(environment);
    return quipu_lmdb_as_busy(status, error);
}

int quipu_lmdb_namespace_open(quipu_driver_datastore *datastore, bool create,
                              int64_t deadline, quipu_error *error)
{
    struct writing writing = { .change = make_space, .names = true };
    bool found = false;
    int status = find_space(datastore, deadline, &found, error);
    if (status != QUIPU_OK || found) {
        return status;
    }
    if (!create) {
        return datastore->host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "\"%s\" has no namespace \"%s\"; create=yes makes it",
            datastore->name, datastore->name_space);
    }
    return quipu_lmdb_writing_run(datastore, &writing, deadline, error);
}

/* ---------------------------------------------------------------- schemas */

int quipu_lmdb_catalogue_find(quipu_driver_datastore *datastore,
                              const struct view *view,
                              const quipu_schema *schema,
                              quipu_driver_schema *bound, quipu_error *error)
{
    char name[STORE_NAME_MAX];
    struct stored_schema stored;
    MDB_val value;
    MDB_val key = quipu_lmdb_key_schema(name, datastore->space, schema->table);
    int code = quipu_lmdb_view_get(view, &quipu_lmdb_main, key, &value);
    if (code == MDB_NOTFOUND) {
        return datastore->host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "schema \"%s\" is not set up; call quipu_datastore_setup",
            schema->table);
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_schema_read(datastore->host, &value, &stored);
    }
    if (code != MDB_SUCCESS) {
        return quipu_lmdb_fail(datastore->host, datastore->name, code,
                               "read the catalogue", error);
    }
    int status = quipu_lmdb_compare(datastore, schema, &stored.schema, error);
    bound->number = stored.number;
    bound->slot = stored.slot;
    datastore->host->release(stored.block);
    return status;
}
