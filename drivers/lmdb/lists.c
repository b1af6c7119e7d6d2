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
    listing->key_size = key->mv_size < sizeof(listing->key)
                            ? key->mv_size
                            : sizeof(listing->key);
    memcpy(listing->key, key->mv_data, listing->key_size);
    listing->begun = true;
}

/* The first entry of a database after the last row's, if any. */
static int seek(struct walk *walk, const struct listing *listing, MDB_val *key,
                MDB_val *value)
{
    const MDB_val last = { listing->key_size, (void *)listing->key };
    int code = quipu_lmdb_walk_seek(walk, last);
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_walk_entry(walk, key, value);
    }
    if (code != MDB_SUCCESS || !listing->begun ||
        key->mv_size != last.mv_size ||
        memcmp(key->mv_data, last.mv_data, last.mv_size) != 0) {
        return code;
    }
    code = quipu_lmdb_walk_step(walk, false);
    return code == MDB_SUCCESS ? quipu_lmdb_walk_entry(walk, key, value) : code;
}

/* One row: what `read` makes of the next entry of the database. */
static int look_for_row(quipu_driver_datastore *datastore,
                        const struct view *view, void *context,
                        quipu_error *error)
{
    quipu_driver_cursor *cursor = context;
    struct listing *listing = &cursor->as.listing;
    struct walk walk;
    MDB_val key;
    MDB_val value;
    bool found = false;
    (void)datastore;
    int code = quipu_lmdb_walk_open(&walk, view, listing->database);
    if (code == MDB_SUCCESS) {
        code = seek(&walk, listing, &key, &value);
    }
    if (code == MDB_SUCCESS) {
        code = listing->read(cursor, &key, &value, &found);
    }
    listing->count = found;
    return code == MDB_SUCCESS || code == MDB_NOTFOUND
               ? QUIPU_OK
               : fail(cursor, code, error);
}

static int next_rows(quipu_driver_cursor *cursor, int64_t deadline,
                     quipu_lmdb_look look, const void *row, const void **rows,
                     size_t *count, quipu_error *error)
{
    struct listing *listing = &cursor->as.listing;
    listing->count = 0;
    int status = quipu_lmdb_reading_run(cursor->datastore, deadline, look,
                                        cursor, error);
    *rows = row;
    *count = listing->count;
    return status;
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
    return next_rows(cursor, deadline, look_for_row, &cursor->as.listing.schema,
                     rows, count, error);
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
    return next_rows(cursor, deadline, look_for_row,
                     &cursor->as.listing.tracking, rows, count, error);
}

/* --------------------------------------------------------------- sequences */

/* Copies the row of the sequence whose first place the walk stands on, and goes
 * to its last. */
static int read_sequence(quipu_driver_cursor *cursor, struct walk *index,
                         size_t row)
{
    struct listing *listing = &cursor->as.listing;
    const quipu_schema *schema = &cursor->bound->schema;
    quipu_sequence *sequence = &listing->sequences[row];
    struct key listed;
    MDB_val key;
    MDB_val value;
    quipu_bytes id;
    bool found = false;
    *sequence = (quipu_sequence){ .last_position = 0 };
    int code = quipu_lmdb_walk_entry(index, &key, &value);
    if (code == MDB_SUCCESS &&
        !quipu_lmdb_key_sequence(schema, &key, &id, &sequence->last_position)) {
        code = MDB_CORRUPTED;
    }
    if (code != MDB_SUCCESS) {
        return code;
    }
    memcpy(listing->ids[row], id.data, id.size);
    sequence->id = (quipu_bytes){ listing->ids[row], id.size };
    quipu_lmdb_key_begin(&listed, schema, sequence->id);
    code = quipu_lmdb_walk_to_end(index, &listed, &found,
                                  &sequence->last_position);
    return code == MDB_SUCCESS && !found ? MDB_CORRUPTED : code;
}

/* Goes to the first place of the sequence after the last one listed. */
static int seek_sequence(quipu_driver_cursor *cursor, struct walk *index)
{
    struct listing *listing = &cursor->as.listing;
    struct key listed;
    MDB_val found;
    MDB_val value;
    int64_t position = 0;
    if (!listing->begun) {
        return quipu_lmdb_walk_seek(index, (MDB_val){ 0, listing->key });
    }
    quipu_lmdb_key_begin(&listed, &cursor->bound->schema,
                         (quipu_bytes){ listing->key, listing->key_size });
    int code =
        quipu_lmdb_walk_seek(index, quipu_lmdb_key_at(&listed, INT64_MAX));
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_walk_entry(index, &found, &value);
    }
    return code == MDB_SUCCESS &&
                   quipu_lmdb_key_is_of(&listed, &found, &position)
               ? quipu_lmdb_walk_step(index, false)
               : code;
}

static int fill_sequences(quipu_driver_cursor *cursor, struct walk *index)
{
    struct listing *listing = &cursor->as.listing;
    int code = seek_sequence(cursor, index);
    while (code == MDB_SUCCESS && listing->count < SEQUENCES) {
        code = read_sequence(cursor, index, listing->count);
        if (code == MDB_SUCCESS) {
            listing->count++;
            code = quipu_lmdb_walk_step(index, false);
        }
    }
    if (listing->count > 0) {
        const quipu_bytes last = listing->sequences[listing->count - 1].id;
        const MDB_val kept = { last.size, (void *)last.data };
        keep_key(listing, &kept);
    }
    listing->done = code == MDB_NOTFOUND;
    return code;
}

static int look_for_sequences(quipu_driver_datastore *datastore,
                              const struct view *view, void *context,
                              quipu_error *error)
{
    quipu_driver_cursor *cursor = context;
    struct walk index;
    bool alive = true;
    int64_t head = 0;
    int status = quipu_lmdb_head_get(datastore, view, cursor->bound, &alive,
                                     &head, error);
    if (status != QUIPU_OK || !alive) {
        return status;
    }
    int code = quipu_lmdb_walk_open(&index, view, &cursor->bound->index);
    if (code == MDB_SUCCESS) {
        code = fill_sequences(cursor, &index);
    }
    return code == MDB_SUCCESS || code == MDB_NOTFOUND
               ? QUIPU_OK
               : fail(cursor, code, error);
}

static int next_sequences(quipu_driver_cursor *cursor, int64_t deadline,
                          const void **rows, size_t *count, quipu_error *error)
{
    struct listing *listing = &cursor->as.listing;
    return listing->done ? QUIPU_OK
                         : next_rows(cursor, deadline, look_for_sequences,
                                     listing->sequences, rows, count, error);
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
    if (!*cursor) {
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
        struct listing *listing = &(*cursor)->as.listing;
        keep_key(listing, &prefix);
        listing->database = &quipu_lmdb_main;
        listing->read = read_schema;
    }
    return status;
}

int quipu_lmdb_list_tracking(quipu_driver_datastore *datastore,
                             int64_t deadline, quipu_driver_cursor **cursor,
                             quipu_error *error)
{
    (void)deadline;
    int status = open_list(datastore, NULL, next_tracking, cursor, error);
    if (status == QUIPU_OK) {
        (*cursor)->as.listing.database = &datastore->tracked;
        (*cursor)->as.listing.read = read_tracking;
    }
    return status;
}

int quipu_lmdb_list_sequences(quipu_driver_datastore *datastore,
                              quipu_driver_schema *bound, quipu_bytes after,
                              int64_t deadline, quipu_driver_cursor **cursor,
                              quipu_error *error)
{
    (void)deadline;
    int status = open_list(datastore, bound, next_sequences, cursor, error);
    if (status == QUIPU_OK && after.data && after.size > 0) {
        const MDB_val key = { after.size, (void *)after.data };
        keep_key(&(*cursor)->as.listing, &key);
    }
    return status;
}
