/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader that uses LMDB's cursors (btree.h).
 *
 * LMDB trusts its pages: where one is damaged, these functions may end the
 * process.  They are used for what a write transaction has written, after the
 * precheck (precheck.h), and for reading with mdbcursor=yes.
 *
 * An MDB_cursor that has been moved beyond an end is "at the end", where LMDB
 * returns no current entry.  btree.h promises that a cursor stays at its entry
 * then, so step moves it back.
 */
#include "btree/btree.h"

int quipu_lmdb_mdb_cursor_open(struct btree_cursor *cursor,
                               const struct snapshot *snapshot,
                               const struct database *database)
{
    cursor->snapshot = snapshot;
    cursor->integers = database->kind == TREE_ITEMS;
    cursor->lmdb = NULL;
    return mdb_cursor_open(snapshot->txn, database->dbi, &cursor->lmdb);
}

/* LMDB takes an empty key for an error. */
static int set_range(MDB_cursor *cursor, MDB_val *key, MDB_val *value)
{
    return mdb_cursor_get(cursor, key, value,
                          key->mv_size > 0 ? MDB_SET_RANGE : MDB_FIRST);
}

int quipu_lmdb_mdb_cursor_seek(struct btree_cursor *cursor, MDB_val key)
{
    MDB_val value;
    return set_range(cursor->lmdb, &key, &value);
}

int quipu_lmdb_mdb_cursor_seek_back(struct btree_cursor *cursor, MDB_val key)
{
    MDB_val found = key;
    MDB_val value;
    int code = set_range(cursor->lmdb, &found, &value);
    if (code == MDB_NOTFOUND) {
        return mdb_cursor_get(cursor->lmdb, &found, &value, MDB_LAST);
    }
    if (code == MDB_SUCCESS &&
        (found.mv_size != key.mv_size ||
         memcmp(found.mv_data, key.mv_data, key.mv_size) != 0)) {
        code = mdb_cursor_get(cursor->lmdb, &found, &value, MDB_PREV);
    }
    return code;
}

int quipu_lmdb_mdb_cursor_step(struct btree_cursor *cursor, bool back)
{
    MDB_val key;
    MDB_val value;
    int code =
        mdb_cursor_get(cursor->lmdb, &key, &value, back ? MDB_PREV : MDB_NEXT);
    if (code == MDB_NOTFOUND) {
        (void)mdb_cursor_get(cursor->lmdb, &key, &value,
                             back ? MDB_FIRST : MDB_LAST);
    }
    return code;
}

int quipu_lmdb_mdb_cursor_entry(const struct btree_cursor *cursor, MDB_val *key,
                                MDB_val *value)
{
    return mdb_cursor_get(cursor->lmdb, key, value, MDB_GET_CURRENT);
}

int quipu_lmdb_mdb_cursor_get(struct btree_cursor *cursor, MDB_val key,
                              MDB_val *value)
{
    return mdb_cursor_get(cursor->lmdb, &key, value, MDB_SET_KEY);
}
