/* SPDX-License-Identifier: Apache-2.0 */
/* Records in LMDB's main database, and the named databases (store.h). */
#include "catalogue/store.h"

#include "btree/precheck.h"
#include "format/checksum.h"

#include <stdio.h>

const struct database quipu_lmdb_store_main = { .dbi = STORE_MAIN_DBI,
                                                .kind = TREE_MAIN };

/* ------------------------------------------------------------------- keys */

static MDB_val key_of(char name[STORE_NAME_MAX])
{
    return (MDB_val){ strlen(name), name };
}

MDB_val quipu_lmdb_store_namespace_key(char name[STORE_NAME_MAX],
                                       const char *name_space)
{
    (void)snprintf(name, STORE_NAME_MAX, "quipu.n.%s", name_space);
    return key_of(name);
}

MDB_val quipu_lmdb_store_schema_key(char name[STORE_NAME_MAX], uint32_t space,
                                    const char *table)
{
    (void)snprintf(name, STORE_NAME_MAX, "quipu.s.%u.%s", (unsigned)space,
                   table ? table : "");
    return key_of(name);
}

MDB_val quipu_lmdb_store_head_key(char name[STORE_NAME_MAX], uint32_t slot)
{
    (void)snprintf(name, STORE_NAME_MAX, "quipu.%05u.head", (unsigned)slot);
    return key_of(name);
}

MDB_val quipu_lmdb_store_floor_key(char name[STORE_NAME_MAX], uint32_t space)
{
    (void)snprintf(name, STORE_NAME_MAX, "quipu.r.%u", (unsigned)space);
    return key_of(name);
}

/* ---------------------------------------------------------------- records */

int quipu_lmdb_store_get(const struct snapshot *snapshot, MDB_val key,
                         void *record, size_t size)
{
    MDB_val value;
    uint32_t checksum;
    int code = btree_lookup(snapshot, &quipu_lmdb_store_main, key, &value);
    if (code != MDB_SUCCESS) {
        return code;
    }
    if (value.mv_size != size) {
        return MDB_CORRUPTED;
    }
    memcpy(record, value.mv_data, size);
    memcpy(&checksum, record, sizeof(checksum));
    return checksum == checksum_of_record(record, size, 0) ? MDB_SUCCESS
                                                           : MDB_CORRUPTED;
}

int quipu_lmdb_store_put(MDB_txn *txn, MDB_val key, void *record, size_t size)
{
    uint32_t checksum = checksum_of_record(record, size, 0);
    MDB_val value = { size, record };
    memcpy(record, &checksum, sizeof(checksum));
    return mdb_put(txn, STORE_MAIN_DBI, &key, &value, 0);
}

/* Checks the path to a record that a transaction is about to write. */
static int precheck_key(const struct snapshot *before, MDB_val key)
{
    struct btree_cursor path;
    int code = quipu_lmdb_precheck_open(&path, before, &quipu_lmdb_store_main);
    return code == MDB_SUCCESS ? quipu_lmdb_precheck_path(&path, key) : code;
}

int quipu_lmdb_store_raise_format(const struct snapshot *snapshot,
                                  const struct snapshot *before,
                                  uint32_t format)
{
    struct store_record store = { .format = 0 };
    int code = precheck_key(before, store_key());
    if (code == MDB_SUCCESS) {
        code =
            quipu_lmdb_store_get(snapshot, store_key(), &store, sizeof(store));
    }
    if (code != MDB_SUCCESS || store.format >= format) {
        return code;
    }
    store.format = format;
    return quipu_lmdb_store_put(snapshot->txn, store_key(), &store,
                                sizeof(store));
}

int quipu_lmdb_store_count(const struct snapshot *snapshot, const char *prefix,
                           uint64_t *count)
{
    struct btree_cursor cursor;
    const MDB_val begin = { strlen(prefix), (void *)prefix };
    MDB_val key;
    MDB_val value;
    *count = 0;
    int code = btree_open(&cursor, snapshot, &quipu_lmdb_store_main);
    if (code == MDB_SUCCESS) {
        code = btree_seek(&cursor, begin);
    }
    while (code == MDB_SUCCESS) {
        code = btree_entry(&cursor, &key, &value);
        if (code != MDB_SUCCESS || key.mv_size < begin.mv_size ||
            memcmp(key.mv_data, prefix, begin.mv_size) != 0) {
            break;
        }
        ++*count;
        code = btree_step(&cursor, false);
    }
    btree_close(&cursor);
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

int quipu_lmdb_store_get_head(const struct snapshot *snapshot,
                              const quipu_driver_schema *bound, bool *alive,
                              int64_t *head)
{
    char name[STORE_NAME_MAX];
    struct head_record record;
    int code = quipu_lmdb_store_get(
        snapshot, quipu_lmdb_store_head_key(name, bound->slot), &record,
        sizeof(record));
    *alive = code == MDB_SUCCESS && record.schema == bound->number;
    *head = *alive ? record.head : 0;
    /* A slot keeps its record when its schema is torn down. */
    return code == MDB_NOTFOUND ? MDB_CORRUPTED : code;
}

int quipu_lmdb_store_put_head(MDB_txn *txn, uint32_t slot, uint64_t number,
                              int64_t head)
{
    char name[STORE_NAME_MAX];
    struct head_record record = { .schema = number, .head = head };
    return quipu_lmdb_store_put(txn, quipu_lmdb_store_head_key(name, slot),
                                &record, sizeof(record));
}

static MDB_val erasures_key(char name[STORE_NAME_MAX], uint32_t slot)
{
    (void)snprintf(name, STORE_NAME_MAX, "quipu.%05u.erasures", (unsigned)slot);
    return key_of(name);
}

int quipu_lmdb_store_get_erasures(const struct snapshot *snapshot,
                                  const quipu_driver_schema *bound,
                                  int64_t *commits)
{
    char name[STORE_NAME_MAX];
    struct erasures_record record = { .schema = 0 };
    int code = quipu_lmdb_store_get(snapshot, erasures_key(name, bound->slot),
                                    &record, sizeof(record));
    const bool found = code == MDB_SUCCESS && record.schema == bound->number;
    *commits = found ? record.commits : 0;
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

int quipu_lmdb_store_add_erasure(const struct snapshot *snapshot,
                                 const struct snapshot *before,
                                 const quipu_driver_schema *bound)
{
    char name[STORE_NAME_MAX];
    struct erasures_record record = { .schema = bound->number };
    const MDB_val key = erasures_key(name, bound->slot);
    int code = precheck_key(before, key);
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_store_get_erasures(snapshot, bound, &record.commits);
    }
    record.commits++;
    return code == MDB_SUCCESS ? quipu_lmdb_store_put(snapshot->txn, key,
                                                      &record, sizeof(record))
                               : code;
}

int quipu_lmdb_store_get_floor(const struct snapshot *snapshot, uint32_t space,
                               int64_t *revision)
{
    char name[STORE_NAME_MAX];
    struct floor_record record;
    int code =
        quipu_lmdb_store_get(snapshot, quipu_lmdb_store_floor_key(name, space),
                             &record, sizeof(record));
    *revision = code == MDB_SUCCESS ? record.revision : 0;
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

int quipu_lmdb_store_put_floor(MDB_txn *txn, uint32_t space, int64_t revision)
{
    char name[STORE_NAME_MAX];
    struct floor_record record = { .revision = revision };
    return quipu_lmdb_store_put(txn, quipu_lmdb_store_floor_key(name, space),
                                &record, sizeof(record));
}

/* LMDB must open its main database once in each environment, so that it knows
 * how keys are compared. */
int quipu_lmdb_store_create(MDB_txn *txn)
{
    MDB_dbi dbi = 0;
    struct store_record store = { .format = STORE_FORMAT,
                                  .next_schema = 1,
                                  .next_namespace = 1 };
    int code = mdb_dbi_open(txn, NULL, 0, &dbi);
    return code == MDB_SUCCESS
               ? quipu_lmdb_store_put(txn, store_key(), &store, sizeof(store))
               : code;
}

/* --------------------------------------------------------------- databases */

/* LMDB reads the database's description where it opens it.  The driver's own
 * reader takes the same path first: it fails where LMDB would end the process.
 * In a write transaction, whose snapshot has no pages, write_txn.c has checked
 * the main database. */
static int open_database(const struct snapshot *snapshot, unsigned flags,
                         struct database *database)
{
    struct btree_cursor cursor;
    struct snapshot strict = *snapshot;
    int code = MDB_SUCCESS;
    strict.strict = true;
    if (snapshot->base) {
        code = quipu_lmdb_page_cursor_open(&cursor, &strict, database);
    }
    return code == MDB_SUCCESS ? mdb_dbi_open(snapshot->txn, database->name,
                                              flags, &database->dbi)
                               : code;
}

static int open_part(const struct snapshot *snapshot, uint32_t slot,
                     const char *part, unsigned flags,
                     struct database *database)
{
    (void)snprintf(database->name, sizeof(database->name), "quipu.%05u.%s",
                   (unsigned)slot, part);
    return open_database(snapshot, flags, database);
}

int quipu_lmdb_store_open_slot(const struct snapshot *snapshot, uint32_t slot,
                               unsigned flags, quipu_driver_schema *bound)
{
    bound->items.kind = TREE_ITEMS;
    bound->index.kind = bound->events.kind = TREE_KEYS;
    int code =
        open_part(snapshot, slot, "items",
                  flags != 0 ? flags | MDB_INTEGERKEY : 0, &bound->items);
    if (code == MDB_SUCCESS) {
        code = open_part(snapshot, slot, "index", flags, &bound->index);
    }
    return code == MDB_SUCCESS
               ? open_part(snapshot, slot, "events", flags, &bound->events)
               : code;
}

int quipu_lmdb_store_open_tracking(const struct snapshot *snapshot,
                                   uint32_t space, unsigned flags,
                                   struct database *tracked)
{
    tracked->kind = TREE_KEYS;
    (void)snprintf(tracked->name, sizeof(tracked->name), "quipu.t.%u",
                   (unsigned)space);
    return open_database(snapshot, flags, tracked);
}

int quipu_lmdb_store_open_entries(const struct snapshot *snapshot,
                                  uint32_t space, unsigned flags,
                                  struct database *entries)
{
    entries->kind = TREE_ENTRIES;
    (void)snprintf(entries->name, sizeof(entries->name), "quipu.e.%u",
                   (unsigned)space);
    return open_database(snapshot, flags, entries);
}
