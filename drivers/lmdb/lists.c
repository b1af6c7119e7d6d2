/* SPDX-License-Identifier: Apache-2.0 */
/* Listings: each step looks for what comes after the last row's key, and copies
 * it, so that nothing is held between steps. */
#include "cursor.h"

#include "store.h"
#include "tracking.h"

#include <string.h>

static int fail(const quipu_driver_cursor *cursor, int code, quipu_error *error)
{
    return quipu_lmdb_fail(cursor->datastore->host, cursor->datastore->name,
                           code, "list", error);
}

static void keep_key(struct listing *listing, const MDB_val *key)
{
    listing->key_size =
        key->mv_size < sizeof listing->key ? key->mv_size : sizeof listing->key;
    memcpy(listing->key, key->mv_data, listing->key_size);
    listing->begun = true;
}

/* The first key of a database after the last one, if any. */
static int seek(MDB_cursor *cursor, struct listing *listing, MDB_val *key,
                MDB_val *value)
{
    *key = (MDB_val){ listing->key_size, listing->key };
    if (listing->key_size == 0) {
        return mdb_cursor_get(cursor, key, value, MDB_FIRST);
    }
    int code = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
    if (code == MDB_SUCCESS && listing->begun &&
        key->mv_size == listing->key_size &&
        memcmp(key->mv_data, listing->key, key->mv_size) == 0) {
        code = mdb_cursor_get(cursor, key, value, MDB_NEXT);
    }
    return code;
}

/* One row: what `read` makes of the next entry of the database. */
static int next_row(quipu_driver_cursor *cursor, MDB_dbi dbi, int64_t deadline,
                    int (*read)(quipu_driver_cursor *cursor, const MDB_val *key,
                                const MDB_val *value, bool *found),
                    bool *found, quipu_error *error)
{
    struct environment *environment = cursor->datastore->environment;
    MDB_txn *txn = NULL;
    MDB_cursor *entries = NULL;
    MDB_val key;
    MDB_val value;
    *found = false;
    int status = quipu_lmdb_reading_begin(environment, deadline, &txn, error);
    if (status != QUIPU_OK) {
        return status;
    }
    int code = mdb_cursor_open(txn, dbi, &entries);
    if (code == MDB_SUCCESS) {
        code = seek(entries, &cursor->as.listing, &key, &value);
    }
    if (code == MDB_SUCCESS) {
        code = read(cursor, &key, &value, found);
    }
    mdb_cursor_close(entries);
    quipu_lmdb_reading_end(environment, txn);
    return code == MDB_SUCCESS || code == MDB_NOTFOUND
               ? QUIPU_OK
               : fail(cursor, code, error);
}

/* ----------------------------------------------------------------- schemas */

static int read_schema(quipu_driver_cursor *cursor, const MDB_val *key,
                       const MDB_val *value, bool *found)
{
    struct listing *listing = &cursor->as.listing;
    const quipu_host *host = cursor->datastore->host;
    char name[STORE_NAME_MAX];
    struct stored_schema stored;
    MDB_val prefix =
        quipu_lmdb_key_schema(name, cursor->datastore->space, NULL);
    if (key->mv_size <= prefix.mv_size ||
        memcmp(key->mv_data, name, prefix.mv_size) != 0) {
        return MDB_NOTFOUND;
    }
    int code = quipu_lmdb_schema_read(host, value, &stored);
    if (code == MDB_SUCCESS) {
        host->release(listing->schema_block);
        listing->schema = stored.schema;
        listing->schema_block = stored.block;
        keep_key(listing, key);
        *found = true;
    }
    return code;
}

static int next_schema(quipu_driver_cursor *cursor, int64_t deadline,
                       const void **rows, size_t *count, quipu_error *error)
{
    bool found = false;
    int status =
        next_row(cursor, MAIN_DBI, deadline, read_schema, &found, error);
    *rows = &cursor->as.listing.schema;
    *count = found;
    return status;
}

/* ---------------------------------------------------------------- tracking */

static int read_tracking(quipu_driver_cursor *cursor, const MDB_val *key,
                         const MDB_val *value, bool *found)
{
    struct listing *listing = &cursor->as.listing;
    quipu_tracking *tracking = &listing->tracking;
    *tracking = (quipu_tracking){ .consumer = { NULL, 0 } };
    keep_key(listing, key);
    const MDB_val kept = { listing->key_size, listing->key };
    if (!quipu_lmdb_tracking_parts(&kept, &tracking->consumer,
                                   &tracking->log) ||
        !quipu_lmdb_tracking_value(value, &tracking->position)) {
        return MDB_CORRUPTED;
    }
    *found = true;
    return MDB_SUCCESS;
}

static int next_tracking(quipu_driver_cursor *cursor, int64_t deadline,
                         const void **rows, size_t *count, quipu_error *error)
{
    bool found = false;
    int status = next_row(cursor, cursor->datastore->tracked, deadline,
                          read_tracking, &found, error);
    *rows = &cursor->as.listing.tracking;
    *count = found;
    return status;
}

/* --------------------------------------------------------------- sequences */

/* Moves from a sequence that was listed to the first place of the next one. */
static int next_sequence(MDB_cursor *index, struct key *listed, MDB_val *key,
                         MDB_val *value)
{
    int64_t position = 0;
    *key = quipu_lmdb_key_at(listed, INT64_MAX);
    int code = mdb_cursor_get(index, key, value, MDB_SET_RANGE);
    return code == MDB_SUCCESS && quipu_lmdb_key_is_of(listed, key, &position)
               ? mdb_cursor_get(index, key, value, MDB_NEXT)
               : code;
}

/* Copies the row of the sequence whose first place the cursor stands on. */
static int read_sequence(quipu_driver_cursor *cursor, MDB_cursor *index,
                         struct key *listed, MDB_val *key, size_t row)
{
    struct listing *listing = &cursor->as.listing;
    const quipu_schema *schema = &cursor->bound->schema;
    quipu_sequence *sequence = &listing->sequences[row];
    quipu_bytes id;
    bool found = false;
    *sequence = (quipu_sequence){ .last_position = 0 };
    if (!quipu_lmdb_key_sequence(schema, key, &id, &sequence->last_position)) {
        return MDB_CORRUPTED;
    }
    memcpy(listing->ids[row], id.data, id.size);
    sequence->id = (quipu_bytes){ listing->ids[row], id.size };
    quipu_lmdb_key_begin(listed, schema, sequence->id);
    return quipu_lmdb_find_last(index, listed, &found,
                                &sequence->last_position);
}

static int fill_sequences(quipu_driver_cursor *cursor, MDB_cursor *index,
                          size_t *count)
{
    struct listing *listing = &cursor->as.listing;
    struct key listed;
    MDB_val key;
    MDB_val value;
    int code = MDB_SUCCESS;
    if (listing->begun) {
        quipu_lmdb_key_begin(&listed, &cursor->bound->schema,
                             (quipu_bytes){ listing->key, listing->key_size });
        code = next_sequence(index, &listed, &key, &value);
    } else {
        code = mdb_cursor_get(index, &key, &value, MDB_FIRST);
    }
    while (code == MDB_SUCCESS && *count < SEQUENCES) {
        code = read_sequence(cursor, index, &listed, &key, *count);
        if (code == MDB_SUCCESS) {
            ++*count;
            code = next_sequence(index, &listed, &key, &value);
        }
    }
    if (*count > 0) {
        const quipu_bytes last = listing->sequences[*count - 1].id;
        const MDB_val kept = { last.size, (void *)last.data };
        keep_key(listing, &kept);
    }
    listing->done = code == MDB_NOTFOUND;
    return code;
}

static int next_sequences(quipu_driver_cursor *cursor, int64_t deadline,
                          const void **rows, size_t *count, quipu_error *error)
{
    struct environment *environment = cursor->datastore->environment;
    struct listing *listing = &cursor->as.listing;
    MDB_cursor *index = NULL;
    MDB_txn *txn = NULL;
    bool alive = true;
    int64_t head = 0;
    *rows = listing->sequences;
    if (listing->done) {
        return QUIPU_OK;
    }
    int status = quipu_lmdb_reading_begin(environment, deadline, &txn, error);
    if (status != QUIPU_OK) {
        return status;
    }
    int code = MDB_NOTFOUND;
    status = quipu_lmdb_head_get(cursor->datastore, txn, cursor->bound, &alive,
                                 &head, error);
    if (status == QUIPU_OK && alive) {
        code = mdb_cursor_open(txn, cursor->bound->index, &index);
    }
    if (code == MDB_SUCCESS) {
        code = fill_sequences(cursor, index, count);
    }
    mdb_cursor_close(index);
    quipu_lmdb_reading_end(environment, txn);
    return status != QUIPU_OK || code == MDB_SUCCESS || code == MDB_NOTFOUND
               ? status
               : fail(cursor, code, error);
}

/* ----------------------------------------------------------------- opening */

static void finish_list(quipu_driver_cursor *cursor)
{
    cursor->datastore->host->release(cursor->as.listing.schema_block);
}

static int open_list(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound,
                     int (*step)(quipu_driver_cursor *cursor, int64_t deadline,
                                 const void **rows, size_t *count,
                                 quipu_error *error),
                     quipu_driver_cursor **cursor, quipu_error *error)
{
    *cursor = quipu_lmdb_cursor_create(datastore, bound, error);
    if (*cursor == NULL) {
        return QUIPU_NO_MEMORY;
    }
    (*cursor)->step = step;
    (*cursor)->finish = finish_list;
    memset(&(*cursor)->as.listing, 0, sizeof(struct listing));
    return QUIPU_OK;
}

int quipu_lmdb_list_schemas(quipu_driver_datastore *datastore, int64_t deadline,
                            quipu_driver_cursor **cursor, quipu_error *error)
{
    char name[STORE_NAME_MAX];
    (void)deadline;
    int status = open_list(datastore, NULL, next_schema, cursor, error);
    if (status == QUIPU_OK) {
        const MDB_val prefix =
            quipu_lmdb_key_schema(name, datastore->space, NULL);
        keep_key(&(*cursor)->as.listing, &prefix);
    }
    return status;
}

int quipu_lmdb_list_tracking(quipu_driver_datastore *datastore,
                             int64_t deadline, quipu_driver_cursor **cursor,
                             quipu_error *error)
{
    (void)deadline;
    return open_list(datastore, NULL, next_tracking, cursor, error);
}

int quipu_lmdb_list_sequences(quipu_driver_datastore *datastore,
                              quipu_driver_schema *bound, quipu_bytes after,
                              int64_t deadline, quipu_driver_cursor **cursor,
                              quipu_error *error)
{
    (void)deadline;
    int status = open_list(datastore, bound, next_sequences, cursor, error);
    if (status == QUIPU_OK && after.data != NULL && after.size > 0) {
        const MDB_val key = { after.size, (void *)after.data };
        keep_key(&(*cursor)->as.listing, &key);
    }
    return status;
}
