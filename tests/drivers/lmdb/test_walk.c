/* SPDX-License-Identifier: Apache-2.0 */
/* Walks find what LMDB finds. */
#include "fixture.h"

#include "lmdb_driver.h"

#define APPENDS 60
#define ITEMS 100 /* of an append */

/* Trees of two levels at least, which grew in all places. */
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

static void assert_val(const MDB_val *a, const MDB_val *b)
{
    assert_bytes(a->mv_data, a->mv_size, b->mv_data, b->mv_size);
}

/* The walk stands where LMDB's cursor does. */
static void assert_there(const struct walk *walk, MDB_cursor *cursor)
{
    MDB_val key;
    MDB_val value;
    MDB_val walked_key;
    MDB_val walked_value;
    assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_GET_CURRENT), 0);
    assert_int_equal(quipu_lmdb_walk_entry(walk, &walked_key, &walked_value),
                     0);
    assert_val(&walked_key, &key);
    assert_val(&walked_value, &value);
}

/* From one end to the other, and back. */
static size_t go_through(struct walk *walk, MDB_cursor *cursor)
{
    MDB_val key;
    MDB_val value;
    size_t count = 1;
    assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0);
    assert_int_equal(quipu_lmdb_walk_seek(walk, key), 0);
    assert_there(walk, cursor);
    for (; mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0; count++) {
        assert_int_equal(quipu_lmdb_walk_step(walk, false), 0);
        assert_there(walk, cursor);
    }
    assert_int_equal(quipu_lmdb_walk_step(walk, false), MDB_NOTFOUND);
    while (mdb_cursor_get(cursor, &key, &value, MDB_PREV) == 0) {
        assert_int_equal(quipu_lmdb_walk_step(walk, true), 0);
        assert_there(walk, cursor);
    }
    assert_int_equal(quipu_lmdb_walk_step(walk, true), MDB_NOTFOUND);
    return count;
}

/* Seeks the key from anywhere, and the keys around it. */
static void seek_around(struct walk *walk, MDB_cursor *cursor,
                        const MDB_val *key)
{
    unsigned char bytes[64];
    assert_true(key->mv_size <= sizeof(bytes));
    memcpy(bytes, key->mv_data, key->mv_size);
    for (int change = -1; change <= 1; change++) {
        size_t at = walk->integers ? 0 : key->mv_size - 1;
        bytes[at] =
            (unsigned char)(((const unsigned char *)key->mv_data)[at] + change);
        const MDB_val wanted = { key->mv_size, bytes };
        MDB_val found = wanted;
        MDB_val value;
        int code = mdb_cursor_get(cursor, &found, &value, MDB_SET_RANGE);
        assert_int_equal(quipu_lmdb_walk_seek(walk, wanted), code);
        if (code == 0) {
            assert_there(walk, cursor);
        }
        bool same =
            code == 0 && memcmp(found.mv_data, bytes, wanted.mv_size) == 0;
        if (!same) {
            code = mdb_cursor_get(cursor, &found, &value,
                                  code == 0 ? MDB_PREV : MDB_LAST);
        }
        assert_int_equal(quipu_lmdb_walk_seek_back(walk, wanted), code);
        if (code == 0) {
            assert_there(walk, cursor);
        }
    }
}

static void compare(const struct view *view, const struct database *database)
{
    struct walk walk;
    MDB_cursor *cursor = NULL;
    MDB_cursor *other = NULL;
    MDB_val key;
    MDB_val value;
    assert_int_equal(mdb_cursor_open(view->txn, database->dbi, &cursor), 0);
    assert_int_equal(mdb_cursor_open(view->txn, database->dbi, &other), 0);
    assert_int_equal(quipu_lmdb_walk_open(&walk, view, database), 0);
    assert_int_equal(go_through(&walk, cursor), APPENDS * ITEMS);
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        seek_around(&walk, other, &key);
    }
    mdb_cursor_close(other);
    mdb_cursor_close(cursor);
}

static void walks_find_what_lmdb_finds(void **state)
{
    (void)state;
    struct place place = make_place();
    struct view view;
    assert_ok(quipu_lmdb_reading_begin(place.datastore->environment, FOREVER,
                                       &view, NULL),
              NULL);
    assert_non_null(view.base);
    compare(&view, &place.bound->items);
    compare(&view, &place.bound->index);
    compare(&view, &place.bound->events);
    quipu_lmdb_reading_end(&view);
    fixture_leave(&place);
}

static void an_empty_tree_has_nothing(void **state)
{
    (void)state;
    struct place place = fixture_place(fixture_file(), NULL);
    struct view view;
    struct walk walk;
    int64_t id = 1;
    const MDB_val key = { sizeof(id), &id };
    assert_ok(quipu_lmdb_reading_begin(place.datastore->environment, FOREVER,
                                       &view, NULL),
              NULL);
    assert_int_equal(quipu_lmdb_walk_open(&walk, &view, &place.bound->items),
                     0);
    assert_int_equal(quipu_lmdb_walk_seek(&walk, key), MDB_NOTFOUND);
    assert_int_equal(quipu_lmdb_walk_seek_back(&walk, key), MDB_NOTFOUND);
    quipu_lmdb_reading_end(&view);
    fixture_leave(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_find_what_lmdb_finds),
        cmocka_unit_test(an_empty_tree_has_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
