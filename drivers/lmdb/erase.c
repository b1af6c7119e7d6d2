/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Erasing the contents of items.
 *
 * Method.  One write transaction.  The items of the range are read in the state
 * before it, by the driver's own reader.  Each that is not erased is replaced
 * under its id by its erased form (format/item_format.h), which is never
 * longer.  The index and the event ids stay as they are.
 *
 * INV1  No entry is deleted or inserted.  LMDB replaces a value by a shorter
 *       one on the same page and merges no pages, so ids keep their
 *       places, which btree/page_cursor.c computes.  A value on overflow pages
 *       moves into the leaf, and LMDB frees these pages.
 * INV2  The precheck of a key that is put covers all that LMDB uses then
 *       (btree/precheck.c).
 * INV3  Each item is written once in the transaction, and the pages of the
 *       state before it keep their contents until it ends.  So the value that
 *       is read there is the one that LMDB replaces.
 * INV4  The commit that erases the first item of the store raises its format,
 *       so that an older driver refuses the store.
 * INV5  The transaction excludes appends, and ends after `limit` items (E6).
 *
 * The erased bytes stay in the file for a while: LMDB copies a page before it
 * changes it, and writes to the old page only when it needs one.  So the driver
 * does not declare QUIPU_CAN_SCRUB.
 */
#include "btree/precheck.h"
#include "catalogue/store.h"
#include "format/item_format.h"
#include "format/key.h"
#include "lmdb_driver.h"
#include "txn/read_txn.h"
#include "txn/write_txn.h"

#include "common/safeguard.h"

struct erase {
    quipu_driver_datastore *datastore;
    const quipu_driver_schema *bound;
    const quipu_erasure *erasure;
    struct write_txn *write;
    struct btree_cursor items; /* in the state before the transaction */
    struct btree_cursor path;  /* the precheck of the items */
    int64_t erased;
};

static int fail(struct erase *erase, int code, quipu_error *error)
{
    return quipu_lmdb_write_txn_fail(erase->datastore, erase->write, code,
                                     "erase an item", error);
}

static int fail_item(const struct erase *erase, int64_t id, const char *how,
                     quipu_error *error)
{
    return quipu_lmdb_item_format_damaged(erase->datastore, erase->bound, id,
                                          how, error);
}

static int fail_torn_down(const quipu_driver_datastore *datastore,
                          const quipu_driver_schema *bound, quipu_error *error)
{
    return datastore->host->error_set(
        error, QUIPU_NOT_FOUND, 0, NULL,
        "schema \"%s\" was torn down after it was bound", bound->schema.table);
}

/* --------------------------------------------------------------- one item */

/* Finds the item with found->id. */
static int find_item(struct erase *erase, struct found_item *found,
                     quipu_error *error)
{
    MDB_val value;
    found->item = (quipu_item){ .flags = 0 };
    int code = btree_get_id(&erase->items, found->id, &value);
    if (code == MDB_NOTFOUND) {
        return fail_item(erase, found->id, "is missing", error);
    }
    if (code != MDB_SUCCESS) {
        return fail(erase, code, error);
    }
    return quipu_lmdb_item_format_read(erase->bound, &value, found->id,
                                       &found->item, found->values)
               ? QUIPU_OK
               : fail_item(erase, found->id, "is damaged", error);
}

static int put_erased(struct erase *erase, const quipu_item *item, int64_t id)
{
    unsigned char bytes[ITEM_FORMAT_ERASED_MAX];
    quipu_item without = *item;
    MDB_val key = { sizeof(id), &id };
    without.flags |= QUIPU_ITEM_ERASED;
    const struct item_writing writing = { &without, erase->bound->first_columns,
                                          id, item->position };
    MDB_val value = { quipu_lmdb_item_format_size(&writing), bytes };
    quipu_lmdb_item_format_write(bytes, value.mv_size, &writing);
    int code = quipu_lmdb_precheck_put(&erase->path, key, 0);
    return code == MDB_SUCCESS
               ? mdb_put(erase->write->txn, erase->bound->items.dbi, &key,
                         &value, 0)
               : code;
}

/* Erases an item, unless it is erased. */
static int erase_item(struct erase *erase, const struct found_item *found,
                      quipu_error *error)
{
    if (SAFEGUARDED("E3.what-is-erased",
                    (found->item.flags & QUIPU_ITEM_ERASED) != 0, false)) {
        return QUIPU_OK;
    }
    int code = put_erased(erase, &found->item, found->id);
    erase->erased++;
    return code == MDB_SUCCESS ? QUIPU_OK : fail(erase, code, error);
}

static bool is_full(const struct erase *erase)
{
    return SAFEGUARDED("E6.items-of-a-commit",
                       erase->erased >= erase->erasure->limit, false);
}

/* ----------------------------------------------------------------- ranges */

/* Ids have no gaps. */
static int erase_log(struct erase *erase, int64_t head, quipu_error *error)
{
    const quipu_erasure *erasure = erase->erasure;
    const int64_t upper = erasure->upper < head ? erasure->upper : head;
    struct found_item found;
    found.id = erasure->lower > 1 ? erasure->lower : 1;
    int status = QUIPU_OK;
    for (; status == QUIPU_OK && found.id <= upper && !is_full(erase);
         found.id++) {
        status = find_item(erase, &found, error);
        if (status == QUIPU_OK) {
            status = erase_item(erase, &found, error);
        }
    }
    return status;
}

/* Erases the item that the index names for a position. */
static int erase_position(struct erase *erase, int64_t position,
                          const MDB_val *indexed, quipu_error *error)
{
    const quipu_bytes sequence_id = erase->erasure->sequence_id;
    struct found_item found;
    if (!quipu_lmdb_key_read_id(indexed, &found.id)) {
        return fail(erase, MDB_CORRUPTED, error);
    }
    int status = find_item(erase, &found, error);
    if (status != QUIPU_OK) {
        return status;
    }
    const quipu_item *item = &found.item;
    if (SAFEGUARDED("E5.item-of-its-sequence",
                    item->position != position || !item->sequence_id.data ||
                        item->sequence_id.size != sequence_id.size ||
                        memcmp(item->sequence_id.data, sequence_id.data,
                               sequence_id.size) != 0,
                    false)) {
        return fail_item(erase, found.id,
                         "is not at the place that the index names", error);
    }
    return erase_item(erase, &found, error);
}

static int erase_sequence(struct erase *erase, quipu_error *error)
{
    const quipu_erasure *erasure = erase->erasure;
    struct btree_cursor index;
    struct key key;
    MDB_val at;
    MDB_val value;
    int64_t position = 0;
    int status = QUIPU_OK;
    quipu_lmdb_key_begin(&key, &erase->bound->schema, erasure->sequence_id);
    int code = quipu_lmdb_page_cursor_open(&index, &erase->write->before,
                                           &erase->bound->index);
    if (code == MDB_SUCCESS) {
        code = btree_seek(&index, quipu_lmdb_key_at(&key, erasure->lower));
    }
    while (code == MDB_SUCCESS && status == QUIPU_OK && !is_full(erase)) {
        code = btree_entry(&index, &at, &value);
        if (code != MDB_SUCCESS ||
            !quipu_lmdb_key_is_of(&key, &at, &position) ||
            position > erasure->upper) {
            break;
        }
        status = erase_position(erase, position, &value, error);
        code = btree_step(&index, false);
    }
    return code == MDB_SUCCESS || code == MDB_NOTFOUND || status != QUIPU_OK
               ? status
               : fail(erase, code, error);
}

/* -------------------------------------------------------- the transaction */

static int erase_range(struct erase *erase, quipu_error *error)
{
    const struct snapshot *before = &erase->write->before;
    bool alive = true;
    int64_t head = 0;
    int code = quipu_lmdb_store_get_head(before, erase->bound, &alive, &head);
    if (code == MDB_SUCCESS && !alive) {
        return fail_torn_down(erase->datastore, erase->bound, error);
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_page_cursor_open(&erase->items, before,
                                           &erase->bound->items);
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_precheck_open(&erase->path, before,
                                        &erase->bound->items);
    }
    if (code != MDB_SUCCESS) {
        return fail(erase, code, error);
    }
    return erase->erasure->sequence_id.data ? erase_sequence(erase, error)
                                            : erase_log(erase, head, error);
}

/* INV4, and the number of commits (E9). */
static int note_commit(struct erase *erase, quipu_error *error)
{
    const struct write_txn *write = erase->write;
    int code = MDB_SUCCESS;
    SAFEGUARD("E1.format-of-a-store-with-an-erased-item")
    code = quipu_lmdb_store_raise_format(&write->snapshot, &write->before,
                                         STORE_FORMAT_ERASED);
    if (code == MDB_SUCCESS) {
        SAFEGUARD("E9.number-of-commits")
        code = quipu_lmdb_store_add_erasure(&write->snapshot, &write->before,
                                            erase->bound);
    }
    return code == MDB_SUCCESS ? QUIPU_OK : fail(erase, code, error);
}

static int run(quipu_driver_datastore *datastore, struct write_txn *write,
               quipu_error *error)
{
    struct erase *erase = write->context;
    (void)datastore;
    erase->write = write;
    erase->erased = 0;
    int status = erase_range(erase, error);
    write->empty = erase->erased == 0;
    return status == QUIPU_OK && !write->empty ? note_commit(erase, error)
                                               : status;
}

int quipu_lmdb_erase(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound, const quipu_erasure *erasure,
                     int64_t deadline, int64_t *erased, quipu_error *error)
{
    struct erase erase = { .datastore = datastore,
                           .bound = bound,
                           .erasure = erasure };
    struct write_txn write = { .work = run, .context = &erase };
    int status = quipu_lmdb_write_txn_run(datastore, &write, deadline, error);
    if (status == QUIPU_OK) {
        *erased = erase.erased;
    }
    return status;
}

/* ------------------------------------------------------------- the number */

struct count {
    const quipu_driver_schema *bound;
    int64_t commits;
};

static int read_count(quipu_driver_datastore *datastore,
                      const struct snapshot *snapshot, void *context,
                      quipu_error *error)
{
    struct count *count = context;
    bool alive = true;
    int64_t head = 0;
    int code = quipu_lmdb_store_get_head(snapshot, count->bound, &alive, &head);
    if (code == MDB_SUCCESS && !alive) {
        return fail_torn_down(datastore, count->bound, error);
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_store_get_erasures(snapshot, count->bound,
                                             &count->commits);
    }
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_error_set(datastore->host, datastore->name, code,
                                      "read the number of erasures", error);
}

int quipu_lmdb_erase_count(quipu_driver_datastore *datastore,
                           quipu_driver_schema *bound, int64_t deadline,
                           int64_t *commits, quipu_error *error)
{
    struct count count = { bound, 0 };
    int status =
        quipu_lmdb_read_txn_run(datastore, deadline, read_count, &count, error);
    if (status == QUIPU_OK) {
        *commits = count.commits;
    }
    return status;
}
