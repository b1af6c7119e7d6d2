/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listing entries (K1, K6).
 *
 * A step begins a transaction on the latest state, seeks the first key after
 * the last one that was listed, copies a batch of entries into the cursor's
 * memory, and ends the transaction.  So nothing is held between two steps, and
 * an entry is listed as it is when the listing reaches it.
 */
#include "cursor.h"
#include "entries.h"
#include "format/entry_format.h"
#include "txn/map.h"
#include "txn/read_txn.h"

#include "common/safeguard.h"

#include <errno.h>

/* ----------------------------------------------------------------- batches */

/* Returns the place for an entry of that size; NULL: no memory. */
static unsigned char *make_room(quipu_driver_cursor *cursor, size_t size)
{
    struct entry_read *read = &cursor->as.entries;
    const quipu_host *host = cursor->datastore->host;
    if (size > read->room) { /* of the first entry of a batch */
        host->release(read->bytes);
        read->room = size > BATCH_BYTES ? size : BATCH_BYTES;
        read->bytes = host->allocate(read->room);
    }
    if (!read->bytes) {
        read->room = 0;
        return NULL;
    }
    unsigned char *to = read->bytes + read->used;
    read->used += size;
    return to;
}

static bool has_room(const struct entry_read *read, const quipu_entry *entry)
{
    return read->count == 0 ||
           entry->key.size + entry->value.size <= read->room - read->used;
}

/* Copies an entry, for which has_room is true. */
static int add_entry(quipu_driver_cursor *cursor, const quipu_entry *entry)
{
    struct entry_read *read = &cursor->as.entries;
    unsigned char *to = make_room(cursor, entry->key.size + entry->value.size);
    if (!to) {
        return ENOMEM;
    }
    quipu_entry *row = &read->rows[read->count++];
    *row = *entry;
    memcpy(to, entry->key.data, entry->key.size);
    memcpy(to + entry->key.size, entry->value.data, entry->value.size);
    row->key.data = to;
    row->value.data = to + entry->key.size;
    memcpy(read->from, to, entry->key.size);
    read->from_size = entry->key.size;
    read->begun = true;
    return MDB_SUCCESS;
}

/* Compares two keys in byte order: below 0, 0, above 0. */
static int compare(const MDB_val *key, const unsigned char *other, size_t size)
{
    const size_t least = key->mv_size < size ? key->mv_size : size;
    const int order = memcmp(key->mv_data, other, least);
    return order != 0 ? order : (key->mv_size > size) - (key->mv_size < size);
}

static bool has_prefix(const struct entry_read *read, const MDB_val *key)
{
    return key->mv_size >= read->prefix_size &&
           memcmp(key->mv_data, read->prefix, read->prefix_size) == 0;
}

/* Reads the entry at which the cursor stands, unless it is the last one that
 * was listed.  *full: the batch has no room for it. */
static int read_entry(quipu_driver_cursor *cursor,
                      const struct btree_cursor *at, bool *full)
{
    struct entry_read *read = &cursor->as.entries;
    const struct environment *environment = cursor->datastore->environment;
    MDB_val key;
    MDB_val value;
    quipu_entry entry;
    int code = btree_entry(at, &key, &value);
    if (code != MDB_SUCCESS) {
        return code;
    }
    const int order = compare(&key, read->from, read->from_size);
    if (order == 0 && read->begun) {
        return MDB_SUCCESS;
    }
    if (order < 0) { /* the keys do not ascend: the listing would not end */
        return MDB_CORRUPTED;
    }
    if (SAFEGUARDED("K6.prefix-of-a-listing", !has_prefix(read, &key), false)) {
        return MDB_NOTFOUND;
    }
    if (!quipu_lmdb_map_contains(environment, &value) ||
        !quipu_lmdb_entry_format_read(&key, &value, &entry)) {
        return MDB_CORRUPTED;
    }
    *full = !has_room(read, &entry);
    return *full ? MDB_SUCCESS : add_entry(cursor, &entry);
}

static int read_batch(quipu_driver_cursor *cursor, struct btree_cursor *at)
{
    struct entry_read *read = &cursor->as.entries;
    bool full = false;
    int code = btree_seek(at, (MDB_val){ read->from_size, read->from });
    while (code == MDB_SUCCESS && read->count < BATCH_ENTRIES) {
        code = read_entry(cursor, at, &full);
        if (code != MDB_SUCCESS || full) {
            break;
        }
        code = btree_step(at, false);
    }
    read->done = code == MDB_NOTFOUND;
    return code;
}

static int fill_batch(quipu_driver_datastore *datastore,
                      const struct snapshot *snapshot, void *context,
                      quipu_error *error)
{
    quipu_driver_cursor *cursor = context;
    struct btree_cursor at;
    const struct database database = quipu_lmdb_entries_database(datastore);
    at.lmdb = NULL;
    /* LMDB's cursors need the handle; without it there was no entry. */
    int code = !snapshot->base && database.dbi == 0
                   ? MDB_NOTFOUND
                   : btree_open(&at, snapshot, &database);
    if (code == MDB_SUCCESS) {
        code = read_batch(cursor, &at);
    } else {
        cursor->as.entries.done = code == MDB_NOTFOUND;
    }
    btree_close(&at);
    if (code == ENOMEM) {
        return quipu_lmdb_error_no_memory(datastore->host, error);
    }
    return code == MDB_SUCCESS || code == MDB_NOTFOUND
               ? QUIPU_OK
               : quipu_lmdb_error_set(datastore->host, datastore->name, code,
                                      "read the entries", error);
}

static int step_entries(quipu_driver_cursor *cursor, int64_t deadline,
                        const void **rows, size_t *count, quipu_error *error)
{
    quipu_driver_datastore *datastore = cursor->datastore;
    struct entry_read *read = &cursor->as.entries;
    int status = QUIPU_OK;
    read->count = read->used = 0;
    if (read->done) {
        return QUIPU_OK;
    }
    if (read->room > BATCH_BYTES) { /* it was made for one large entry */
        datastore->host->release(read->bytes);
        read->bytes = NULL;
        read->room = 0;
    }
    if (datastore->options.mdb_cursor) {
        status = quipu_lmdb_entries_open(datastore, deadline, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_lmdb_read_txn_run(datastore, deadline, fill_batch,
                                         cursor, error);
    }
    *rows = read->rows;
    *count = status == QUIPU_OK ? read->count : 0;
    return status;
}

/* ----------------------------------------------------------------- opening */

static void finish_entries(quipu_driver_cursor *cursor)
{
    cursor->datastore->host->release(cursor->as.entries.bytes);
}

static size_t keep(unsigned char to[QUIPU_KEY_MAX], quipu_bytes key)
{
    if (!key.data || key.size == 0 || key.size > QUIPU_KEY_MAX) {
        return 0;
    }
    memcpy(to, key.data, key.size);
    return key.size;
}

int quipu_lmdb_entry_list_open(quipu_driver_datastore *datastore,
                               quipu_bytes prefix, quipu_bytes from,
                               int64_t deadline, quipu_driver_cursor **cursor,
                               quipu_error *error)
{
    quipu_driver_cursor *made =
        quipu_lmdb_cursor_create(datastore, NULL, error);
    (void)deadline;
    if (!made) {
        return QUIPU_NO_MEMORY;
    }
    struct entry_read *read = &made->as.entries;
    memset(read, 0, sizeof(*read));
    made->step = step_entries;
    made->finish = finish_entries;
    read->prefix_size = keep(read->prefix, prefix);
    read->from_size = keep(read->from, from);
    const MDB_val least = { read->prefix_size, read->prefix };
    if (compare(&least, read->from, read->from_size) > 0) {
        read->from_size = keep(read->from, prefix);
    }
    *cursor = made;
    return QUIPU_OK;
}
