/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries in write transactions (entries.h).
 *
 * INV1  Before LMDB reads or writes at a key, the path to that key in the state
 *       before the transaction has been checked, with the pages beside it if
 *       the entry is deleted (btree/precheck.c).
 * INV2  The overflow pages of an entry are as many as its value needs.  LMDB
 *       leaves a value that becomes shorter in the same transaction on its
 *       pages, so such an entry is deleted before it is written.  That allows
 *       the precheck to detect a damaged number of pages before LMDB frees
 *       them.
 * INV3  No entry has a revision at or below the revision floor that it was
 *       created above, so that no revision of a key comes twice.
 */
#include "entries.h"

#include "btree/precheck.h"
#include "catalogue/store.h"
#include "format/entry_format.h"
#include "txn/map.h"
#include "txn/read_txn.h"

#include "common/safeguard.h"

/* ---------------------------------------------------------------- database */

struct database quipu_lmdb_entries_database(
    const quipu_driver_datastore *datastore)
{
    struct database database = datastore->entries;
    database.dbi = atomic_load(&datastore->entries_dbi);
    return database;
}

/* With the lock on names held. */
static int open_held(quipu_driver_datastore *datastore, int64_t deadline,
                     MDB_dbi *dbi, quipu_error *error)
{
    struct database database = datastore->entries;
    struct snapshot snapshot;
    int status =
        quipu_lmdb_read_txn_begin(datastore, deadline, &snapshot, error);
    if (status != QUIPU_OK) {
        return status;
    }
    int code = quipu_lmdb_store_open_entries(&snapshot, datastore->space, 0,
                                             &database);
    quipu_lmdb_read_txn_end_named(datastore, &snapshot);
    *dbi = code == MDB_SUCCESS ? database.dbi : 0;
    return code == MDB_SUCCESS || code == MDB_NOTFOUND
               ? QUIPU_OK
               : quipu_lmdb_error_set(datastore->host, datastore->name, code,
                                      "open the entries", error);
}

int quipu_lmdb_entries_open(quipu_driver_datastore *datastore, int64_t deadline,
                            quipu_error *error)
{
    MDB_dbi dbi = 0;
    if (atomic_load(&datastore->entries_dbi) != 0) {
        return QUIPU_OK;
    }
    int status = quipu_lmdb_environment_lock_names(datastore->environment,
                                                   deadline, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = open_held(datastore, deadline, &dbi, error);
    quipu_lmdb_environment_unlock_names(datastore->environment);
    if (status == QUIPU_OK && dbi != 0) {
        atomic_store(&datastore->entries_dbi, dbi);
    }
    return status;
}

static int create(quipu_driver_datastore *datastore, struct write_txn *write,
                  quipu_error *error)
{
    MDB_dbi *dbi = write->context;
    struct database database = datastore->entries;
    int code = quipu_lmdb_store_open_entries(&write->snapshot, datastore->space,
                                             MDB_CREATE, &database);
    *dbi = database.dbi;
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_write_txn_fail(datastore, write, code,
                                           "create the entries", error);
}

int quipu_lmdb_entries_create(quipu_driver_datastore *datastore,
                              int64_t deadline, quipu_error *error)
{
    MDB_dbi dbi = 0;
    struct write_txn write = { .work = create, .context = &dbi, .names = true };
    if (atomic_load(&datastore->entries_dbi) != 0) {
        return QUIPU_OK;
    }
    int status = quipu_lmdb_write_txn_run(datastore, &write, deadline, error);
    if (status == QUIPU_OK) {
        atomic_store(&datastore->entries_dbi, dbi);
    }
    return status;
}

/* --------------------------------------------------------------- look-ups */

static int begin(struct entries *entries)
{
    if (entries->begun) {
        return MDB_SUCCESS;
    }
    entries->database = quipu_lmdb_entries_database(entries->datastore);
    entries->deletions = 0;
    entries->floor_is_read = false;
    int code = quipu_lmdb_precheck_open(&entries->path, &entries->write->before,
                                        &entries->database);
    entries->begun = code == MDB_SUCCESS;
    return code;
}

static MDB_val key_of(quipu_bytes key)
{
    return (MDB_val){ key.size, (void *)key.data };
}

/* Finds an entry.  It is valid until the transaction writes. */
static int find(struct entries *entries, quipu_bytes key, quipu_entry *entry)
{
    MDB_val at = key_of(key);
    MDB_val value;
    int code = begin(entries);
    if (code == MDB_SUCCESS) {
        SAFEGUARD("K6.path-to-an-entry")
        code = quipu_lmdb_precheck_put(&entries->path, at, entries->deletions);
    }
    if (code == MDB_SUCCESS) {
        code = mdb_get(entries->write->txn, entries->database.dbi, &at, &value);
    }
    return code == MDB_SUCCESS &&
                   (!quipu_lmdb_map_contains(entries->datastore->environment,
                                             &value) ||
                    !quipu_lmdb_entry_format_read(&at, &value, entry))
               ? MDB_CORRUPTED
               : code;
}

int quipu_lmdb_entries_find(struct entries *entries, quipu_bytes key,
                            int64_t *revision)
{
    quipu_entry entry = { .revision = 0 };
    int code = find(entries, key, &entry);
    *revision = entry.revision;
    return code;
}

/* -------------------------------------------------------------- the floor */

static int read_floor(struct entries *entries)
{
    char name[STORE_NAME_MAX];
    struct btree_cursor path;
    const uint32_t space = entries->datastore->space;
    if (entries->floor_is_read) {
        return MDB_SUCCESS;
    }
    int code = quipu_lmdb_precheck_open(&path, &entries->write->before,
                                        &quipu_lmdb_store_main);
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_precheck_path(
            &path, quipu_lmdb_store_floor_key(name, space));
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_store_get_floor(&entries->write->snapshot, space,
                                          &entries->floor);
    }
    entries->floor_is_read = code == MDB_SUCCESS;
    return code;
}

int quipu_lmdb_entries_put_floor(struct entries *entries)
{
    if (!entries->floor_changed) {
        return MDB_SUCCESS;
    }
    entries->floor_changed = false;
    return quipu_lmdb_store_put_floor(
        entries->write->txn, entries->datastore->space, entries->floor);
}

/* ----------------------------------------------------------------- writing */

/* Deletes the entry of a key, which exists. */
static int remove_entry(struct entries *entries, quipu_bytes key)
{
    MDB_val at = key_of(key);
    int code =
        quipu_lmdb_precheck_delete(&entries->path, at, &entries->deletions);
    return code == MDB_SUCCESS
               ? mdb_del(entries->write->txn, entries->database.dbi, &at, NULL)
               : code;
}

static int delete_for_good(struct entries *entries, const quipu_entry *entry)
{
    const int64_t revision = entry->revision;
    int code = read_floor(entries);
    if (code == MDB_SUCCESS) {
        code = remove_entry(entries, entry->key);
    }
    if (code == MDB_SUCCESS && revision > entries->floor) {
        SAFEGUARD("K3.revision-floor")
        entries->floor = revision;
        entries->floor_changed = true;
    }
    return code;
}

/* Returns the number of overflow pages that LMDB gives to a value. */
static uint64_t pages_of(const struct entries *entries, quipu_bytes key,
                         quipu_bytes value)
{
    return lmdb_overflow_pages(entries->datastore->environment->map.page_size,
                               key.size, quipu_lmdb_entry_format_size(value));
}

static int put(struct entries *entries, const quipu_entry_write *entry,
               int64_t revision)
{
    MDB_val key = key_of(entry->key);
    MDB_val value = { quipu_lmdb_entry_format_size(entry->value), NULL };
    int code = mdb_put(entries->write->txn, entries->database.dbi, &key, &value,
                       MDB_RESERVE);
    if (code == MDB_SUCCESS) {
        quipu_lmdb_entry_format_write(value.mv_data, entry->key, entry->value,
                                      revision);
    }
    return code;
}

int quipu_lmdb_entries_write(struct entries *entries,
                             const quipu_entry_write *entry)
{
    quipu_entry old = { .revision = 0 };
    if ((entry->flags & QUIPU_ENTRY_CHECK) != 0) {
        return MDB_SUCCESS;
    }
    int code = find(entries, entry->key, &old);
    const bool found = code == MDB_SUCCESS;
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND) {
        return code;
    }
    old.key = entry->key; /* which does not end with the next write */
    if ((entry->flags & QUIPU_ENTRY_DELETE) != 0) {
        return found ? delete_for_good(entries, &old) : MDB_SUCCESS;
    }
    code = found ? MDB_SUCCESS : read_floor(entries);
    if (code == MDB_SUCCESS && found &&
        pages_of(entries, entry->key, entry->value) <
            pages_of(entries, entry->key, old.value)) {
        SAFEGUARD("K2.value-that-becomes-shorter")
        code = remove_entry(entries, entry->key); /* INV2 */
    }
    return code == MDB_SUCCESS
               ? put(entries, entry,
                     SAFEGUARDED("K3.next-revision",
                                 (found ? old.revision : entries->floor) + 1,
                                 old.revision + 1))
               : code;
}
