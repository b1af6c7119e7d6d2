/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inserting requests, and looking up what their preconditions need (insert.h).
 *
 * INV1  Before LMDB reads or writes at a key of a database, the path to that
 * key in the state before the transaction has been checked (precheck.h). INV2
 * Items are put at the end of their database (MDB_APPEND), so that path is
 * checked once, when the schema is selected.  The position after the last one
 * of a sequence is put into the leaf that was checked when the last position
 * was looked up. INV3  `head` is the notification id of the last item that was
 * inserted.  It is written once, when another schema is selected or the append
 * ends. INV4  Nothing is deleted to take a request back: after a violation the
 * transaction is aborted.  Entries and tracking records that a request deletes
 * are.
 */
#include "insert.h"

#include "btree/precheck.h"
#include "catalogue/store.h"
#include "format/item_format.h"
#include "format/key.h"
#include "tracking.h"

#include "common/safeguard.h"

static int fail(struct insert *insert, int code, const char *what,
                quipu_error *error)
{
    return quipu_lmdb_write_txn_fail(insert->datastore, insert->write, code,
                                     what, error);
}

/* --------------------------------------------------------- select a schema */

/* Reads the head after the check of its path. */
static int read_head(struct insert *insert, const quipu_driver_schema *bound,
                     bool *alive, quipu_error *error)
{
    char name[STORE_NAME_MAX];
    struct btree_cursor path;
    int code = quipu_lmdb_precheck_open(&path, &insert->write->before,
                                        &quipu_lmdb_store_main);
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_precheck_path(
            &path, quipu_lmdb_store_head_key(name, bound->slot));
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_store_get_head(&insert->write->snapshot, bound, alive,
                                         &insert->head);
    }
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : fail(insert, code, "read the head of a log", error);
}

static int open_paths(struct insert *insert)
{
    static const int64_t end = INT64_MAX;
    const quipu_driver_schema *bound = insert->bound;
    const struct snapshot *before = &insert->write->before;
    int code =
        quipu_lmdb_precheck_open(&insert->index_path, before, &bound->index);
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_precheck_open(&insert->events_path, before,
                                        &bound->events);
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_precheck_open(&insert->items_path, before,
                                        &bound->items);
    }
    return code == MDB_SUCCESS ? quipu_lmdb_precheck_path(
                                     &insert->items_path,
                                     (MDB_val){ sizeof(end), (void *)&end })
                               : code;
}

static int open_cursors(struct insert *insert)
{
    const quipu_driver_schema *bound = insert->bound;
    MDB_txn *txn = insert->write->txn;
    int code =
        btree_open(&insert->index, &insert->write->snapshot, &bound->index);
    if (code == MDB_SUCCESS) {
        code = mdb_cursor_open(txn, bound->items.dbi, &insert->items);
    }
    return code == MDB_SUCCESS
               ? mdb_cursor_open(txn, bound->events.dbi, &insert->events)
               : code;
}

int quipu_lmdb_insert_begin(struct insert *insert,
                            quipu_driver_datastore *datastore,
                            struct write_txn *write, quipu_error *error)
{
    insert->datastore = datastore;
    insert->write = write;
    insert->bound = NULL;
    insert->head_changed = false;
    insert->items = insert->events = insert->index.lmdb = NULL;
    insert->tracked_deletions = 0;
    insert->format_is_raised = false;
    quipu_lmdb_entries_begin(&insert->entries, datastore, write);
    int code = quipu_lmdb_precheck_open(&insert->tracked_path, &write->before,
                                        &datastore->tracked);
    return code == MDB_SUCCESS ? QUIPU_OK : fail(insert, code, "write", error);
}

void quipu_lmdb_insert_finish(struct insert *insert)
{
    btree_close(&insert->index);
    mdb_cursor_close(insert->items);
    mdb_cursor_close(insert->events);
    insert->items = insert->events = NULL;
}

static int put_head(struct insert *insert, quipu_error *error)
{
    if (!insert->head_changed || !insert->bound) {
        return QUIPU_OK;
    }
    insert->head_changed = false;
    int code =
        quipu_lmdb_store_put_head(insert->write->txn, insert->bound->slot,
                                  insert->bound->number, insert->head);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : fail(insert, code, "store the head of a log", error);
}

int quipu_lmdb_insert_end(struct insert *insert, quipu_error *error)
{
    int status = put_head(insert, error);
    if (status != QUIPU_OK) {
        return status;
    }
    int code = quipu_lmdb_entries_put_floor(&insert->entries);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : fail(insert, code, "store the revision floor", error);
}

/* Two bound schemas with one number are the same and have one head. */
int quipu_lmdb_insert_select_schema(struct insert *insert,
                                    quipu_driver_schema *bound, bool *alive,
                                    quipu_error *error)
{
    const quipu_driver_schema *before = insert->bound;
    *alive = true;
    if (before && before->slot == bound->slot &&
        before->number == bound->number) {
        insert->bound = bound;
        return QUIPU_OK;
    }
    int status = put_head(insert, error);
    quipu_lmdb_insert_finish(insert);
    insert->bound = NULL;
    if (status == QUIPU_OK) {
        status = read_head(insert, bound, alive, error);
    }
    if (status != QUIPU_OK || !*alive) {
        return status;
    }
    insert->bound = bound;
    int code = open_paths(insert);
    if (code == MDB_SUCCESS) {
        code = open_cursors(insert);
    }
    return code == MDB_SUCCESS ? QUIPU_OK : fail(insert, code, "write", error);
}

/* ----------------------------------------------------------------- look-ups */

static int look_up_last(void *context, quipu_bytes sequence_id, bool *found,
                        int64_t *last, quipu_error *error)
{
    struct insert *insert = context;
    struct key key;
    quipu_lmdb_key_begin(&key, &insert->bound->schema, sequence_id);
    int code = quipu_lmdb_precheck_path(&insert->index_path,
                                        quipu_lmdb_key_at(&key, INT64_MAX));
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_key_find_last(&insert->index, &key, found, last);
    }
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : fail(insert, code, "find the end of a sequence", error);
}

/* Finds the notification id of an event id; MDB_NOTFOUND: it is new. */
static int find_event(struct insert *insert, quipu_bytes event_id, int64_t *id)
{
    MDB_val key = { event_id.size, (void *)event_id.data };
    MDB_val value;
    int code = quipu_lmdb_precheck_path(&insert->events_path, key);
    if (code == MDB_SUCCESS) {
        code = mdb_get(insert->write->txn, insert->bound->events.dbi, &key,
                       &value);
    }
    return code == MDB_SUCCESS && !quipu_lmdb_key_read_id(&value, id)
               ? MDB_CORRUPTED
               : code;
}

static int look_up_item(void *context, const quipu_item *item,
                        struct stored_item *stored, quipu_error *error)
{
    struct insert *insert = context;
    struct found_item found;
    MDB_val value;
    int code = find_event(insert, item->event_id, &found.id);
    if (code == MDB_NOTFOUND) {
        *stored = (struct stored_item){ .found = false };
        return QUIPU_OK;
    }
    if (code != MDB_SUCCESS) {
        return fail(insert, code, "look up an event id", error);
    }
    code = quipu_lmdb_precheck_path(&insert->items_path,
                                    (MDB_val){ sizeof(found.id), &found.id });
    if (code == MDB_SUCCESS) { /* and the overflow pages of its value */
        code = btree_get_id(&insert->items_path, found.id, &value);
    }
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND) {
        return fail(insert, code, "read an item", error);
    }
    int status =
        quipu_lmdb_item_format_find(insert->datastore, &insert->write->snapshot,
                                    insert->bound, &found, error);
    if (status == QUIPU_OK) {
        quipu_common_preconditions_compare(&found.item, item, stored);
    }
    return status;
}

static int look_up_tracking(void *context, const quipu_tracking *tracking,
                            bool *found, int64_t *notification_id,
                            quipu_error *error)
{
    struct insert *insert = context;
    unsigned char bytes[TRACKING_KEY_MAX];
    quipu_position position = { .notification_id = 0 };
    int code = quipu_lmdb_precheck_path(
        &insert->tracked_path,
        quipu_lmdb_tracking_key(bytes, tracking->consumer, tracking->log));
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_tracking_get(
            insert->datastore, &insert->write->snapshot, tracking->consumer,
            tracking->log, &position);
    }
    *found = code == MDB_SUCCESS;
    *notification_id = position.notification_id;
    return code == MDB_SUCCESS || code == MDB_NOTFOUND
               ? QUIPU_OK
               : fail(insert, code, "read a tracking record", error);
}

static int look_up_position(void *context, quipu_bytes sequence_id,
                            int64_t position, bool *taken, quipu_error *error)
{
    struct insert *insert = context;
    struct key key;
    MDB_val value;
    quipu_lmdb_key_begin(&key, &insert->bound->schema, sequence_id);
    const MDB_val at = quipu_lmdb_key_at(&key, position);
    int code = quipu_lmdb_precheck_path(&insert->index_path, at);
    if (code == MDB_SUCCESS) {
        code = btree_get(&insert->index, at, &value);
    }
    *taken = code == MDB_SUCCESS;
    return code == MDB_SUCCESS || code == MDB_NOTFOUND
               ? QUIPU_OK
               : fail(insert, code, "look up a position", error);
}

static int look_up_entry(void *context, quipu_bytes key, bool *found,
                         int64_t *revision, quipu_error *error)
{
    struct insert *insert = context;
    int code = quipu_lmdb_entries_find(&insert->entries, key, revision);
    *found = code == MDB_SUCCESS;
    return code == MDB_SUCCESS || code == MDB_NOTFOUND
               ? QUIPU_OK
               : fail(insert, code, "read an entry", error);
}

const struct preconditions_lookups quipu_lmdb_insert_lookups = {
    .last_position = look_up_last,
    .item = look_up_item,
    .tracking = look_up_tracking,
    .position_is_taken = look_up_position,
    .entry = look_up_entry,
};

/* ------------------------------------------------------------------ inserts */

/* All event ids of a request first: a repeat fails at the first one. */
static int put_event_ids(struct insert *insert, const quipu_request *request)
{
    for (size_t i = 0; i < request->item_count; i++) {
        quipu_bytes event_id = request->items[i].event_id;
        int64_t id = insert->head + 1 + (int64_t)i;
        MDB_val key = { event_id.size, (void *)event_id.data };
        MDB_val value = { sizeof(id), &id };
        int code = quipu_lmdb_precheck_path(&insert->events_path, key);
        if (code == MDB_SUCCESS) {
            code = mdb_cursor_put(
                insert->events, &key, &value,
                SAFEGUARDED("U3.event-id-that-is-known", MDB_NOOVERWRITE, 0));
        }
        if (code != MDB_SUCCESS) {
            return code;
        }
    }
    return MDB_SUCCESS;
}

/* The keys of the sequence of the last item that was put. */
struct sequence_key {
    quipu_bytes id; /* data NULL: no item was put */
    struct key key;
};

static int put_position(struct insert *insert, struct sequence_key *sequence,
                        const quipu_item *item, int64_t position, int64_t id)
{
    const quipu_bytes sequence_id = item->sequence_id;
    MDB_val value = { sizeof(id), &id };
    if (!sequence->id.data ||
        !quipu_common_key_table_is_equal(sequence->id, sequence_id)) {
        sequence->id = sequence_id;
        quipu_lmdb_key_begin(&sequence->key, &insert->bound->schema,
                             sequence_id);
    }
    MDB_val at = quipu_lmdb_key_at(&sequence->key, position);
    int code = preconditions_is_sparse(&insert->bound->schema)
                   ? quipu_lmdb_precheck_path(&insert->index_path, at)
                   : MDB_SUCCESS; /* INV2 */
    return code == MDB_SUCCESS
               ? mdb_cursor_put(
                     insert->index.lmdb, &at, &value,
                     SAFEGUARDED("U1.place-that-is-taken", MDB_NOOVERWRITE, 0))
               : code;
}

/* Raises the format of the store before the first item that is erased. */
static int raise_format(struct insert *insert, const quipu_item *item)
{
    if ((item->flags & QUIPU_ITEM_ERASED) == 0 || insert->format_is_raised) {
        return MDB_SUCCESS;
    }
    insert->format_is_raised = true;
    return quipu_lmdb_store_raise_format(
        &insert->write->snapshot, &insert->write->before, STORE_FORMAT_ERASED);
}

static int put_item(struct insert *insert, const quipu_item *item,
                    int64_t position, int64_t id)
{
    const struct item_writing writing = { item, insert->bound->first_columns,
                                          id, position };
    size_t size = quipu_lmdb_item_format_size(&writing);
    MDB_val key = { sizeof(id), &id };
    MDB_val value = { size, NULL };
    int code =
        mdb_cursor_put(insert->items, &key, &value, MDB_APPEND | MDB_RESERVE);
    if (code == MDB_SUCCESS) {
        quipu_lmdb_item_format_write(value.mv_data, size, &writing);
    }
    return code;
}

/* The schema of a request with items is selected. */
static int put_items(struct insert *insert, const struct preconditions *check)
{
    const quipu_request *request = check->request;
    quipu_result *result = check->result;
    struct sequence_key sequence;
    sequence.id.data = NULL;
    int code = insert->bound->schema.event_id ? put_event_ids(insert, request)
                                              : MDB_SUCCESS;
    for (size_t i = 0; code == MDB_SUCCESS && i < request->item_count; i++) {
        const quipu_item *item = &request->items[i];
        int64_t id = insert->head + 1 + (int64_t)i;
        int64_t position = quipu_common_preconditions_position(check, i);
        code = put_position(insert, &sequence, item, position, id);
        if (code == MDB_SUCCESS) {
            SAFEGUARD("E7.format-of-a-store-with-an-erased-item")
            code = raise_format(insert, item);
        }
        if (code == MDB_SUCCESS) {
            code = put_item(insert, item, position, id);
        }
        if (result->positions) {
            result->positions[i] =
                SAFEGUARDED("S5.positions", position, item->position);
        }
    }
    return code;
}

static int write_entries(struct insert *insert, const quipu_request *request)
{
    const quipu_conditions *conditions = preconditions_conditions(request);
    int code = MDB_SUCCESS;
    for (size_t i = 0; code == MDB_SUCCESS && i < conditions->entry_count;
         i++) {
        code =
            quipu_lmdb_entries_write(&insert->entries, &conditions->entries[i]);
    }
    return code;
}

/* A record that is rewound to 0 is deleted, if there is one. */
static int put_tracking(struct insert *insert, const quipu_request *request)
{
    const quipu_tracking *tracking = request->tracking;
    unsigned char bytes[TRACKING_KEY_MAX];
    MDB_txn *txn = insert->write->txn;
    const MDB_val key =
        quipu_lmdb_tracking_key(bytes, tracking->consumer, tracking->log);
    if (tracking->position.notification_id > 0 ||
        !quipu_common_preconditions_rewinds(request)) {
        int code = insert->tracked_deletions > 0
                       ? quipu_lmdb_precheck_put(&insert->tracked_path, key,
                                                 insert->tracked_deletions)
                       : MDB_SUCCESS; /* INV1: its path was checked */
        return code == MDB_SUCCESS
                   ? quipu_lmdb_tracking_put(insert->datastore, txn, tracking)
                   : code;
    }
    int code = quipu_lmdb_precheck_delete(&insert->tracked_path, key,
                                          &insert->tracked_deletions);
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_tracking_delete(insert->datastore, txn, tracking);
    }
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

int quipu_lmdb_insert_request(struct insert *insert,
                              const struct preconditions *check,
                              bool *violation, quipu_error *error)
{
    const quipu_request *request = check->request;
    int code = request->item_count > 0 ? put_items(insert, check) : MDB_SUCCESS;
    *violation = code == MDB_KEYEXIST && !check->strict;
    if (*violation) {
        return QUIPU_OK;
    }
    if (code == MDB_SUCCESS && request->item_count > 0) {
        check->result->first_notification_id =
            insert->head + SAFEGUARDED("S5.notification-id", 1, 0);
        insert->head += SAFEGUARDED("L1.schemas-count-apart", 1, 2) *
                        (int64_t)request->item_count;
        SAFEGUARD("L1.head-is-stored")
        insert->head_changed = true;
    }
    if (code == MDB_SUCCESS && request->condition) {
        SAFEGUARD("K2.entries-with-their-items")
        code = write_entries(insert, request);
    }
    if (code == MDB_SUCCESS && request->tracking) {
        SAFEGUARD("U2.tracking-with-its-items")
        code = put_tracking(insert, request);
    }
    return code == MDB_SUCCESS ? QUIPU_OK
                               : fail(insert, code, "store an item", error);
}
