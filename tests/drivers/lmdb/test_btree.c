/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's own reader of B-trees finds the same entries as LMDB's cursors.
 */
#include "fixture.h"

#include "btree/btree.h"
#include "lmdb_driver.h"
#include "txn/read_txn.h"

#define APPENDS 60
#define ITEMS 100 /* of an append */

/* Returns a store whose trees have two levels at least and grew in all places.
 */
static struct place make_place(void)
{
    static struct piece pieces[ITEMS];
    static quipu_item items[ITEMS];
    struct place place = fixture_place(fixture_file(), NULL);
    quipu_error error = { 0 };
    for (uint32_t i = 0; i < APPENDS; i++) {
        quipu_result result = { 0 };
        for (uint32_t j = 0; j < ITEMS; j++) {
            uint32_t event = i * ITEMS + j;
            fixture_piece(&pieces[j], event * 7919 % 1000, -1,
                          event * 40503 % (1u << 20) + 1000);
            items[j] = pieces[j].item;
        }
        const quipu_request request = { .schema = place.bound,
                                        .items = items,
                                        .item_count = ITEMS };
        assert_ok(
            fixture_append_all(place.datastore, &request, 1, &result, &error),
            &error);
    }
    return place;
}

/* A cursor of each reader over one database. */
struct pair {
    struct btree_cursor own;
    struct btree_cursor lmdb;
};

static void assert_val(const MDB_val *a, const MDB_val *b)
{
    assert_bytes(a->mv_data, a->mv_size, b->mv_data, b->mv_size);
}

static void assert_same_entry(const struct pair *pair)
{
    MDB_val key;
    MDB_val value;
    MDB_val own_key;
    MDB_val own_value;
    assert_int_equal(btree_entry(&pair->lmdb, &key, &value), 0);
    assert_int_equal(btree_entry(&pair->own, &own_key, &own_value), 0);
    assert_val(&own_key, &key);
    assert_val(&own_value, &value);
}

/* Steps both; returns false at the end. */
static bool step_both(struct pair *pair, bool back)
{
    int code = btree_step(&pair->lmdb, back);
    assert_int_equal(btree_step(&pair->own, back), code);
    assert_same_entry(pair);
    assert_true(code == MDB_SUCCESS || code == MDB_NOTFOUND);
    return code == MDB_SUCCESS;
}

/* Seeks a key forwards and backwards with both. */
static void seek_both(struct pair *pair, MDB_val key)
{
    int code = btree_seek(&pair->lmdb, key);
    assert_int_equal(btree_seek(&pair->own, key), code);
    if (code == 0) {
        assert_same_entry(pair);
    }
    code = btree_seek_back(&pair->lmdb, key);
    assert_int_equal(btree_seek_back(&pair->own, key), code);
    if (code == 0) {
        assert_same_entry(pair);
    }
}

/* Seeks a key of the database, and keys just below and above it. */
static void seek_around(struct pair *pair, const MDB_val *key)
{
    unsigned char bytes[64];
    assert_true(key->mv_size <= sizeof(bytes));
    for (int change = -1; change <= 1; change++) {
        size_t at = pair->own.integers ? 0 : key->mv_size - 1;
        memcpy(bytes, key->mv_data, key->mv_size);
        bytes[at] = (unsigned char)(bytes[at] + change);
        seek_both(pair, (MDB_val){ key->mv_size, bytes });
    }
}

static void get_both(struct pair *pair, MDB_val key)
{
    MDB_val value;
    MDB_val own_value;
    assert_int_equal(btree_get(&pair->lmdb, key, &value), 0);
    assert_int_equal(btree_get(&pair->own, key, &own_value), 0);
    assert_val(&own_value, &value);
}

static void open_both(struct pair *pair, const struct snapshot *snapshot,
                      const struct database *database)
{
    static struct snapshot by_lmdb;
    by_lmdb = *snapshot;
    by_lmdb.base = NULL;
    assert_int_equal(btree_open(&pair->own, snapshot, database), 0);
    assert_int_equal(btree_open(&pair->lmdb, &by_lmdb, database), 0);
    assert_null(pair->own.lmdb);
    assert_non_null(pair->lmdb.lmdb);
}

static void compare(const struct snapshot *snapshot,
                    const struct database *database)
{
    struct pair pair;
    struct pair other;
    MDB_val key;
    MDB_val value;
    size_t count = 1;
    open_both(&pair, snapshot, database);
    open_both(&other, snapshot, database);
    const int64_t zero = 0;
    seek_both(&pair, (MDB_val){ sizeof(zero), (void *)&zero });
    while (step_both(&pair, true)) {
    }
    for (bool more = true; more;
         more = step_both(&pair, false), count += more) {
        assert_int_equal(btree_entry(&pair.own, &key, &value), 0);
        seek_around(&other, &key);
        get_both(&other, key);
    }
    assert_int_equal(count, APPENDS * ITEMS);
    btree_close(&pair.lmdb);
    btree_close(&other.lmdb);
}

static void both_readers_find_the_same_entries(void **state)
{
    (void)state;
    struct place place = make_place();
    struct snapshot snapshot;
    assert_ok(
        quipu_lmdb_read_txn_begin(place.datastore, FOREVER, &snapshot, NULL),
        NULL);
    assert_non_null(snapshot.base);
    compare(&snapshot, &place.bound->items);
    compare(&snapshot, &place.bound->index);
    compare(&snapshot, &place.bound->events);
    quipu_lmdb_read_txn_end(place.datastore, &snapshot);
    fixture_leave(&place);
}

static void empty_tree_has_no_entries(void **state)
{
    (void)state;
    struct place place = fixture_place(fixture_file(), NULL);
    struct snapshot snapshot;
    struct pair pair;
    int64_t id = 1;
    const MDB_val key = { sizeof(id), &id };
    assert_ok(
        quipu_lmdb_read_txn_begin(place.datastore, FOREVER, &snapshot, NULL),
        NULL);
    open_both(&pair, &snapshot, &place.bound->items);
    assert_int_equal(btree_seek(&pair.own, key), MDB_NOTFOUND);
    assert_int_equal(btree_seek_back(&pair.own, key), MDB_NOTFOUND);
    assert_int_equal(btree_seek(&pair.lmdb, key), MDB_NOTFOUND);
    assert_int_equal(btree_seek_back(&pair.lmdb, key), MDB_NOTFOUND);
    btree_close(&pair.lmdb);
    quipu_lmdb_read_txn_end(place.datastore, &snapshot);
    fixture_leave(&place);
}

static void option_mdbcursor_selects_lmdbs_cursors(void **state)
{
    (void)state;
    const struct opening how = { .option = "mdbcursor", .value = "yes" };
    struct place place = fixture_place(fixture_file(), &how);
    struct snapshot snapshot;
    fixture_append(place.datastore, place.bound, 1);
    assert_ok(
        quipu_lmdb_read_txn_begin(place.datastore, FOREVER, &snapshot, NULL),
        NULL);
    assert_null(snapshot.base);
    quipu_lmdb_read_txn_end(place.datastore, &snapshot);
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    fixture_leave(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_readers_find_the_same_entries),
        cmocka_unit_test(empty_tree_has_no_entries),
        cmocka_unit_test(option_mdbcursor_selects_lmdbs_cursors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
