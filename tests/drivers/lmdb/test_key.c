/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the index. */
#include "fixture.h"

#include "format/key.h"

static int compare(const MDB_val *a, const MDB_val *b)
{
    size_t size = a->mv_size < b->mv_size ? a->mv_size : b->mv_size;
    int order = memcmp(a->mv_data, b->mv_data, size);
    return order != 0 ? order
                      : (a->mv_size > b->mv_size) - (a->mv_size < b->mv_size);
}

static void positions_sort_as_numbers(void **state)
{
    (void)state;
    static const int64_t positions[] = {
        INT64_MIN, INT64_MIN + 1, -256, -1, 0, 1, 255, 256, INT64_MAX
    };
    const quipu_schema schema = fixture_schema("t", 0);
    const quipu_bytes id = { "0123456789abcdef", 16 };
    for (size_t i = 1; i < sizeof(positions) / sizeof(positions[0]); i++) {
        struct key lower;
        struct key upper;
        quipu_lmdb_key_begin(&lower, &schema, id);
        quipu_lmdb_key_begin(&upper, &schema, id);
        MDB_val a = quipu_lmdb_key_at(&lower, positions[i - 1]);
        MDB_val b = quipu_lmdb_key_at(&upper, positions[i]);
        int64_t found = 0;
        assert_true(compare(&a, &b) < 0);
        assert_true(quipu_lmdb_key_is_of(&upper, &a, &found));
        assert_int_equal(found, positions[i - 1]);
    }
}

static void text_ids_sort_as_bytes(void **state)
{
    (void)state;
    static const char *const ids[] = {
        "a", "a\001", "aa", "ab", "b", "\303\244"
    };
    const quipu_schema schema = fixture_schema("t", QUIPU_SCHEMA_TEXT_IDS);
    for (size_t i = 1; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct key lower;
        struct key upper;
        int64_t position = 0;
        quipu_bytes id;
        quipu_lmdb_key_begin(&lower, &schema,
                             (quipu_bytes){ ids[i - 1], strlen(ids[i - 1]) });
        quipu_lmdb_key_begin(&upper, &schema,
                             (quipu_bytes){ ids[i], strlen(ids[i]) });
        MDB_val a = quipu_lmdb_key_at(&lower, INT64_MAX);
        MDB_val b = quipu_lmdb_key_at(&upper, INT64_MIN);
        assert_true(compare(&a, &b) < 0);
        assert_false(quipu_lmdb_key_is_of(&lower, &b, &position));
        assert_true(quipu_lmdb_key_split(&schema, &b, &id, &position));
        assert_bytes(id.data, id.size, ids[i], strlen(ids[i]));
        assert_true(position == INT64_MIN);
    }
}

static void longest_id_fits(void **state)
{
    (void)state;
    char longest[QUIPU_ID_MAX];
    struct key key;
    const quipu_schema schema = fixture_schema("t", QUIPU_SCHEMA_TEXT_IDS);
    memset(longest, 'x', sizeof(longest));
    quipu_lmdb_key_begin(&key, &schema,
                         (quipu_bytes){ longest, sizeof(longest) });
    assert_int_equal(quipu_lmdb_key_at(&key, 0).mv_size, KEY_MAX);
    assert_true(KEY_MAX <= 511);
}

static void malformed_keys_are_rejected(void **state)
{
    (void)state;
    const quipu_schema uuids = fixture_schema("t", 0);
    const quipu_schema texts = fixture_schema("t", QUIPU_SCHEMA_TEXT_IDS);
    char bytes[KEY_MAX + 1] = { 0 };
    quipu_bytes id;
    int64_t position = 0;
    const MDB_val shorter = { 9, bytes };
    const MDB_val longer = { KEY_MAX + 1, bytes };
    assert_false(quipu_lmdb_key_split(&uuids, &shorter, &id, &position));
    assert_false(quipu_lmdb_key_split(&uuids, &longer, &id, &position));
    assert_false(quipu_lmdb_key_split(&texts, &shorter, &id, &position));
    assert_false(quipu_lmdb_key_split(&texts, &longer, &id, &position));
    assert_false(quipu_lmdb_key_read_id(&shorter, &position));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions_sort_as_numbers),
        cmocka_unit_test(text_ids_sort_as_bytes),
        cmocka_unit_test(longest_id_fits),
        cmocka_unit_test(malformed_keys_are_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
