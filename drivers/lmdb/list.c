/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listings of schemas, tracking records, sequences and logs.
 *
 * A step begins a transaction, seeks the first entry after the key of the last
 * row, copies one row (of sequences: a batch), and ends the transaction.  So
 * nothing is held between two steps.
 */
#include "catalogue/catalogue.h"
#include "catalogue/namespace.h"
#include "catalogue/store.h"
#include "cursor.h"
#include "tracking.h"
#include "txn/read_txn.h"

static int fail(const quipu_driver_cursor *cursor, int code, quipu_error *error)
{
    return code == MDB_SUCCESS || code == MDB_NOTFOUND
               ? QUIPU_OK
               : quipu_lmdb_error_set(cursor->datastore->host,
                                      cursor->datastore->name, code, "list",
                                      error);
}

static void keep_key(struct listing *listing, const MDB_val *key)
{
    listing->key_size = key->mv_size < sizeof(listing->key)
                            ? key->mv_size
                            : sizeof(listing->key);
    memcpy(listing->key, key->mv_data, listing->key_size);
    listing->begun = true;
}

/* Returns true if a comes after b in byte order.  A listing whose next key is
 * not above the last one is damaged, and would not end. */
static bool is_above(const void *a, size_t size_a, const void *b, size_t size_b)
{
    const int order = memcmp(a, b, size_a < size_b ? size_a : size_b);
    return order != 0 ? order > 0 : size_a > size_b;
}

/* ------------------------------------------------ one row for each entry */

/* Moves to the first entry from `last` on, or if `above`, after it, and reads
 * it. */
static int seek_next(struct btree_cursor *cursor, MDB_val last, bool above,
                     MDB_val *key, MDB_val *value)
{
    int code = btree_seek(cursor, last);
    if (code == MDB_SUCCESS) {
        code = btree_entry(cursor, key, value);
    }
    if (code != MDB_SUCCESS || !above || key->mv_size != last.mv_size ||
        memcmp(key->mv_data, last.mv_data, last.mv_size) != 0) {
        return code;
    }
    code = btree_step(cursor, false);
    return code == MDB_SUCCESS ? btree_entry(cursor, key, value) : code;
}

static bool is_next(const struct listing *listing, const MDB_val *key)
{
    return !listing->begun || is_above(key->mv_data, key->mv_size, listing->key,
                                       listing->key_size);
}

static int read_next_row(quipu_driver_datastore *datastore,
                         const struct snapshot *snapshot, void *context,
                         quipu_error *error)
{
    quipu_driver_cursor *cursor = context;
    struct listing *listing = &cursor->as.listing;
    struct btree_cursor entries;
    MDB_val key;
    MDB_val value;
    (void)datastore;
    int code = btree_open(&entries, snapshot, listing->database);
    if (code == MDB_SUCCESS) {
        const MDB_val last = { listing->key_size, listing->key };
        code = seek_next(&entries, last, listing->begun, &key, &value);
    }
    if (code == MDB_SUCCESS) {
        code = is_next(listing, &key) ? listing->read_row(cursor, &key, &value)
                                      : MDB_CORRUPTED;
    }
    listing->count = code == MDB_SUCCESS;
    btree_close(&entries);
    return fail(cursor, code, error);
}

static int next_row(quipu_driver_cursor *cursor, int64_t deadline,
                    quipu_error *error)
{
    cursor->as.listing.count = 0;
    return quipu_lmdb_read_txn_run(cursor->datastore, deadline, read_next_row,
                                   cursor, error);
}

/* ----------------------------------------------------------------- schemas */

static int read_schema(quipu_driver_cursor *cursor, const MDB_val *key,
                       const MDB_val *value)
{
    struct listing *listing = &cursor->as.listing;
    const quipu_host *host = cursor->datastore->host;
    char name[STORE_NAME_MAX];
    struct catalogue_entry entry;
    MDB_val prefix =
        quipu_lmdb_store_schema_key(name, cursor->datastore->space, NULL);
    if (key->mv_size <= prefix.mv_size ||
        memcmp(key->mv_data, name, prefix.mv_size) != 0) {
        return MDB_NOTFOUND;
    }
    int code = quipu_lmdb_catalogue_read(host, value, &entry);
    if (code == MDB_SUCCESS) {
        host->release(listing->schema_block);
        listing->schema = entry.schema;
        listing->schema_block = entry.block;
        keep_key(listing, key);
    }
    return code;
}

static int step_schemas(quipu_driver_cursor *cursor, int64_t deadline,
                        const void **rows, size_t *count, quipu_error *error)
{
    int status = next_row(cursor, deadline, error);
    *rows = &cursor->as.listing.schema;
    *count = cursor->as.listing.count;
    return status;
}

/* ---------------------------------------------------------------- tracking */

static int read_tracking(quipu_driver_cursor *cursor, const MDB_val *key,
                         const MDB_val *value)
{
    struct listing *listing = &cursor->as.listing;
    quipu_tracking *tracking = &listing->tracking;
    *tracking = (quipu_tracking){ .consumer = { NULL, 0 } };
    keep_key(listing, key);
    const MDB_val kept = { listing->key_size, listing->key };
    return quipu_lmdb_tracking_split(&kept, &tracking->consumer,
                                     &tracking->log) &&
                   quipu_lmdb_tracking_position(value, &tracking->position)
               ? MDB_SUCCESS
               : MDB_CORRUPTED;
}

static int step_tracking(quipu_driver_cursor *cursor, int64_t deadline,
                         const void **rows, size_t *count, quipu_error *error)
{
    int status = next_row(cursor, deadline, error);
    *rows = &cursor->as.listing.tracking;
    *count = cursor->as.listing.count;
    return status;
}

/* -------------------------------------------------------------------- logs */

/* Finds the record whose key begins with `prefix` and follows that with `name`
 * behind the prefix, or if not `above`, is not before it; copies the rest of
 * its key to `name`.  MDB_NOTFOUND: there is none. */
static int find_named(struct btree_cursor *records, MDB_val prefix, bool above,
                      char name[STORE_NAME_MAX], MDB_val *value)
{
    char text[2 * STORE_NAME_MAX];
    MDB_val last = { prefix.mv_size + strlen(name), text };
    MDB_val key;
    memcpy(text, prefix.mv_data, prefix.mv_size);
    memcpy(text + prefix.mv_size, name, strlen(name));
    int code = seek_next(records, last, above, &key, value);
    if (code != MDB_SUCCESS) {
        return code;
    }
    if (key.mv_size < prefix.mv_size ||
        memcmp(key.mv_data, prefix.mv_data, prefix.mv_size) != 0) {
        return MDB_NOTFOUND;
    }
    const size_t size = key.mv_size - prefix.mv_size;
    if (size >= STORE_NAME_MAX ||
        (above &&
         !is_above(key.mv_data, key.mv_size, last.mv_data, last.mv_size))) {
        return MDB_CORRUPTED;
    }
    memcpy(name, (const char *)key.mv_data + prefix.mv_size, size);
    name[size] = '\0';
    return MDB_SUCCESS;
}

/* Reads the head of a schema's log, as the schema's record names it. */
static int read_head(const quipu_host *host, const struct snapshot *snapshot,
                     const MDB_val *record, int64_t *head)
{
    struct catalogue_entry entry;
    bool alive = false;
    int code = quipu_lmdb_catalogue_read(host, record, &entry);
    if (code != MDB_SUCCESS) {
        return code;
    }
    const quipu_driver_schema schema = { .number = entry.number,
                                         .slot = entry.slot };
    host->release(entry.block);
    code = quipu_lmdb_store_get_head(snapshot, &schema, &alive, head);
    return code == MDB_SUCCESS && !alive ? MDB_CORRUPTED : code;
}

/* Reads the next log of the namespace of the last row. */
static int read_log(quipu_driver_cursor *cursor,
                    const struct snapshot *snapshot,
                    struct btree_cursor *records)
{
    struct listing *listing = &cursor->as.listing;
    char text[STORE_NAME_MAX];
    struct namespace_record space;
    MDB_val value;
    int code = quipu_lmdb_store_get(
        snapshot, quipu_lmdb_store_namespace_key(text, listing->log_space),
        &space, sizeof(space));
    if (code != MDB_SUCCESS) {
        return code == MDB_NOTFOUND ? MDB_CORRUPTED : code;
    }
    code = find_named(records,
                      quipu_lmdb_store_schema_key(text, space.number, NULL),
                      true, listing->log_table, &value);
    if (code == MDB_SUCCESS) {
        listing->log.table = listing->log_table;
        code = read_head(cursor->datastore->host, snapshot, &value,
                         &listing->log.head);
    }
    return code;
}

/* Reads the first log of the next namespace; it may have none. */
static int read_space(quipu_driver_cursor *cursor,
                      const struct snapshot *snapshot,
                      struct btree_cursor *records)
{
    struct listing *listing = &cursor->as.listing;
    char text[STORE_NAME_MAX];
    MDB_val value;
    int code = find_named(records, quipu_lmdb_store_namespace_key(text, ""),
                          listing->begun, listing->log_space, &value);
    if (code != MDB_SUCCESS) {
        return code;
    }
    listing->begun = true;
    listing->log_table[0] = '\0';
    code = read_log(cursor, snapshot, records);
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

static int read_next_log(quipu_driver_datastore *datastore,
                         const struct snapshot *snapshot, void *context,
                         quipu_error *error)
{
    quipu_driver_cursor *cursor = context;
    struct listing *listing = &cursor->as.listing;
    struct btree_cursor records;
    (void)datastore;
    listing->log = (quipu_log){ .name_space = listing->log_space };
    int code = btree_open(&records, snapshot, &quipu_lmdb_store_main);
    if (code == MDB_SUCCESS) {
        code = listing->begun ? read_log(cursor, snapshot, &records)
                              : MDB_NOTFOUND;
        if (code == MDB_NOTFOUND) {
            code = read_space(cursor, snapshot, &records);
        }
    }
    listing->count = code == MDB_SUCCESS;
    btree_close(&records);
    return fail(cursor, code, error);
}

static int step_logs(quipu_driver_cursor *cursor, int64_t deadline,
                     const void **rows, size_t *count, quipu_error *error)
{
    struct listing *listing = &cursor->as.listing;
    listing->count = 0;
    int status = quipu_lmdb_read_txn_run(cursor->datastore, deadline,
                                         read_next_log, cursor, error);
    *rows = &listing->log;
    *count = listing->count;
    return status;
}

/* --------------------------------------------------------------- sequences */

/* Copies the row of the sequence at whose first entry the cursor stands, and
 * moves to its last entry. */
static int read_sequence(quipu_driver_cursor *cursor,
                         struct btree_cursor *index, size_t row)
{
    struct listing *listing = &cursor->as.listing;
    const quipu_schema *schema = &cursor->bound->schema;
    quipu_sequence *sequence = &listing->sequences[row];
    struct key of_sequence;
    MDB_val key;
    MDB_val value;
    quipu_bytes id;
    bool found = false;
    *sequence = (quipu_sequence){ .last_position = 0 };
    int code = btree_entry(index, &key, &value);
    if (code == MDB_SUCCESS &&
        !quipu_lmdb_key_split(schema, &key, &id, &sequence->last_position)) {
        code = MDB_CORRUPTED;
    }
    if (code != MDB_SUCCESS) {
        return code;
    }
    const quipu_bytes before =
        row > 0          ? listing->sequences[row - 1].id
        : listing->begun ? (quipu_bytes){ listing->key, listing->key_size }
                         : (quipu_bytes){ listing->key, 0 };
    if (!is_above(id.data, id.size, before.data, before.size)) {
        return MDB_CORRUPTED;
    }
    memcpy(listing->ids[row], id.data, id.size);
    sequence->id = (quipu_bytes){ listing->ids[row], id.size };
    quipu_lmdb_key_begin(&of_sequence, schema, sequence->id);
    code = quipu_lmdb_key_find_last(index, &of_sequence, &found,
                                    &sequence->last_position);
    return code == MDB_SUCCESS && !found ? MDB_CORRUPTED : code;
}

/* Moves to the first entry of the sequence after the last one listed. */
static int seek_sequence(quipu_driver_cursor *cursor,
                         struct btree_cursor *index)
{
    struct listing *listing = &cursor->as.listing;
    struct key of_last;
    MDB_val found;
    MDB_val value;
    int64_t position = 0;
    if (!listing->begun) {
        return btree_seek(index, (MDB_val){ 0, listing->key });
    }
    quipu_lmdb_key_begin(&of_last, &cursor->bound->schema,
                         (quipu_bytes){ listing->key, listing->key_size });
    int code = btree_seek(index, quipu_lmdb_key_at(&of_last, INT64_MAX));
    if (code == MDB_SUCCESS) {
        code = btree_entry(index, &found, &value);
    }
    return code == MDB_SUCCESS &&
                   quipu_lmdb_key_is_of(&of_last, &found, &position)
               ? btree_step(index, false)
               : code;
}

static int read_sequences(quipu_driver_cursor *cursor,
                          struct btree_cursor *index)
{
    struct listing *listing = &cursor->as.listing;
    int code = seek_sequence(cursor, index);
    while (code == MDB_SUCCESS && listing->count < BATCH_SEQUENCES) {
        code = read_sequence(cursor, index, listing->count);
        if (code == MDB_SUCCESS) {
            listing->count++;
            code = btree_step(index, false);
        }
    }
    if (listing->count > 0) {
        const quipu_bytes last = listing->sequences[listing->count - 1].id;
        const MDB_val key = { last.size, (void *)last.data };
        keep_key(listing, &key);
    }
    listing->done = code == MDB_NOTFOUND;
    return code;
}

static int read_in_txn(quipu_driver_datastore *datastore,
                       const struct snapshot *snapshot, void *context,
                       quipu_error *error)
{
    quipu_driver_cursor *cursor = context;
    struct btree_cursor index;
    bool alive = true;
    int64_t head = 0;
    int code =
        quipu_lmdb_store_get_head(snapshot, cursor->bound, &alive, &head);
    if (code != MDB_SUCCESS) {
        return quipu_lmdb_error_set(datastore->host, datastore->name, code,
                                    "read the head of a log", error);
    }
    if (!alive) {
        return cursor->as.listing.stepped
                   ? quipu_lmdb_error_torn_down(datastore->host,
                                                &cursor->bound->schema, error)
                   : QUIPU_OK;
    }
    cursor->as.listing.stepped = true;
    code = btree_open(&index, snapshot, &cursor->bound->index);
    if (code == MDB_SUCCESS) {
        code = read_sequences(cursor, &index);
    }
    btree_close(&index);
    return fail(cursor, code, error);
}

static int step_sequences(quipu_driver_cursor *cursor, int64_t deadline,
                          const void **rows, size_t *count, quipu_error *error)
{
    struct listing *listing = &cursor->as.listing;
    listing->count = 0;
    if (listing->done) {
        return QUIPU_OK;
    }
    int status = quipu_lmdb_read_txn_run(cursor->datastore, deadline,
                                         read_in_txn, cursor, error);
    *rows = listing->sequences;
    *count = listing->count;
    return status;
}

/* ----------------------------------------------------------------- opening */

static void finish_list(quipu_driver_cursor *cursor)
{
    cursor->datastore->host->release(cursor->as.listing.schema_block);
}

/* Returns NULL if there is no memory. */
static quipu_driver_cursor *create_list(quipu_driver_datastore *datastore,
                                        quipu_driver_schema *bound,
                                        quipu_error *error)
{
    quipu_driver_cursor *cursor =
        quipu_lmdb_cursor_create(datastore, bound, error);
    if (cursor) {
        cursor->finish = finish_list;
        memset(&cursor->as.listing, 0, sizeof(cursor->as.listing));
    }
    return cursor;
}

int quipu_lmdb_list_schemas(quipu_driver_datastore *datastore, int64_t deadline,
                            quipu_driver_cursor **cursor, quipu_error *error)
{
    char name[STORE_NAME_MAX];
    const MDB_val prefix =
        quipu_lmdb_store_schema_key(name, datastore->space, NULL);
    quipu_driver_cursor *made = create_list(datastore, NULL, error);
    (void)deadline;
    if (!made) {
        return QUIPU_NO_MEMORY;
    }
    made->step = step_schemas;
    made->as.listing.database = &quipu_lmdb_store_main;
    made->as.listing.read_row = read_schema;
    keep_key(&made->as.listing, &prefix);
    *cursor = made;
    return QUIPU_OK;
}

int quipu_lmdb_list_tracking(quipu_driver_datastore *datastore,
                             int64_t deadline, quipu_driver_cursor **cursor,
                             quipu_error *error)
{
    quipu_driver_cursor *made = create_list(datastore, NULL, error);
    (void)deadline;
    if (!made) {
        return QUIPU_NO_MEMORY;
    }
    made->step = step_tracking;
    made->as.listing.database = &datastore->tracked;
    made->as.listing.read_row = read_tracking;
    *cursor = made;
    return QUIPU_OK;
}

int quipu_lmdb_list_logs(quipu_driver_datastore *datastore, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *made = create_list(datastore, NULL, error);
    (void)deadline;
    if (!made) {
        return QUIPU_NO_MEMORY;
    }
    made->step = step_logs;
    *cursor = made;
    return QUIPU_OK;
}

int quipu_lmdb_list_sequences(quipu_driver_datastore *datastore,
                              quipu_driver_schema *bound, quipu_bytes after,
                              int64_t deadline, quipu_driver_cursor **cursor,
                              quipu_error *error)
{
    quipu_driver_cursor *made = create_list(datastore, bound, error);
    (void)deadline;
    if (!made) {
        return QUIPU_NO_MEMORY;
    }
    made->step = step_sequences;
    if (after.data && after.size > 0) {
        const MDB_val key = { after.size, (void *)after.data };
        keep_key(&made->as.listing, &key);
    }
    *cursor = made;
    return QUIPU_OK;
}
