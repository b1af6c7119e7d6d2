/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the functions by which casts read and change members. */
#include <quipu/declare.h>
#include <quipu/evolve.h>
#include <quipu/id.h>
#include <quipu/state.h>

#include "harness.h"

#include "mapper/rewrite_tree.h"

struct tree {
    struct quipu_rewrite_tree tree;
    quipu_rewrite *root;
    quipu_arena arena;
};

static void begin(struct tree *tree, const void *bytes, size_t size)
{
    quipu_arena_init(&tree->arena);
    assert_int_equal(quipu_rewrite_tree_begin(&tree->tree, &tree->arena,
                                              (quipu_bytes){ bytes, size }),
                     QUIPU_OK);
    tree->root = &tree->tree.root;
}

#define BEGIN(tree, literal) begin(tree, literal, sizeof(literal) - 1)

static void end(struct tree *tree)
{
    quipu_rewrite_tree_end(&tree->tree);
    quipu_arena_finish(&tree->arena);
}

static void assert_result(struct tree *tree, const void *bytes, size_t size)
{
    quipu_bytes result = { 0 };

    assert_ok(quipu_rewrite_tree_encode(&tree->tree, &result),
              &tree->tree.failure);
    assert_bytes(result.data, result.size, bytes, size);
    end(tree);
}

#define ASSERT_RESULT(tree, literal) \
    assert_result(tree, literal, sizeof(literal) - 1)

static void assert_failure(struct tree *tree, int status, const char *why)
{
    quipu_bytes result = { 0 };

    assert_refused(quipu_rewrite_tree_encode(&tree->tree, &result), status,
                   &tree->tree.failure, why);
    assert_null(result.data);
    end(tree);
}

static void values_of_every_kind_come_back(void **state)
{
    const quipu_uuid uuid = { "0123456789abcdef" };
    const quipu_id id = { 3, "abc" };
    const quipu_time time = { -1 };
    struct tree tree;
    bool boolean = false;
    int64_t integer = 0;
    uint64_t natural = 0;
    double real = 0;
    quipu_uuid other_uuid = { { 0 } };
    quipu_id other_id = { 0 };
    quipu_time other_time = { 0 };
    quipu_bytes bytes = { 0 };

    (void)state;
    BEGIN(&tree, "\x80");
    quipu_rewrite_set_bool(tree.root, "bool", true);
    quipu_rewrite_set_int(tree.root, "int", INT64_MIN);
    quipu_rewrite_set_uint(tree.root, "uint", UINT64_MAX);
    quipu_rewrite_set_real(tree.root, "real", 0.1);
    quipu_rewrite_set_uuid(tree.root, "uuid", &uuid);
    quipu_rewrite_set_id(tree.root, "id", &id);
    quipu_rewrite_set_time(tree.root, "time", time);
    quipu_rewrite_set_text(tree.root, "text", (quipu_bytes){ "text", 2 });
    quipu_rewrite_set_bytes(tree.root, "bytes", (quipu_bytes){ "\0\xFF", 2 });
    assert_true(quipu_rewrite_bool(tree.root, "bool", &boolean) && boolean);
    assert_true(quipu_rewrite_int(tree.root, "int", &integer));
    assert_true(integer == INT64_MIN);
    assert_true(quipu_rewrite_uint(tree.root, "uint", &natural));
    assert_true(natural == UINT64_MAX);
    assert_true(quipu_rewrite_real(tree.root, "real", &real) && real == 0.1);
    assert_true(quipu_rewrite_uuid(tree.root, "uuid", &other_uuid));
    assert_memory_equal(&other_uuid, &uuid, sizeof(uuid));
    assert_true(quipu_rewrite_id(tree.root, "id", &other_id));
    assert_true(quipu_id_equal(&other_id, &id));
    assert_true(quipu_rewrite_time(tree.root, "time", &other_time));
    assert_int_equal(other_time.microseconds, -1);
    assert_true(quipu_rewrite_text(tree.root, "text", &bytes));
    assert_bytes(bytes.data, bytes.size, "te", 2);
    assert_true(quipu_rewrite_bytes(tree.root, "bytes", &bytes));
    assert_bytes(bytes.data, bytes.size, "\0\xFF", 2);
    /* Of another kind, out of range, or not there: the value stays. */
    integer = 5;
    assert_false(quipu_rewrite_int(tree.root, "uint", &integer));
    assert_false(quipu_rewrite_int(tree.root, "text", &integer));
    assert_false(quipu_rewrite_int(tree.root, "none", &integer));
    assert_false(quipu_rewrite_int(NULL, "int", &integer));
    assert_int_equal(integer, 5);
    assert_false(quipu_rewrite_text(tree.root, "bytes", &bytes));
    assert_false(quipu_rewrite_bytes(tree.root, "text", &bytes));
    ASSERT_RESULT(&tree, "\x89"
                         "\xA4"
                         "bool\xC3"
                         "\xA3"
                         "int\xD3\x80\0\0\0\0\0\0\0"
                         "\xA4"
                         "uint\xCF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
                         "\xA4"
                         "real\xCB\x3F\xB9\x99\x99\x99\x99\x99\x9A"
                         "\xA4"
                         "uuid\xC4\x10"
                         "0123456789abcdef"
                         "\xA2"
                         "id\xC4\3"
                         "abc"
                         "\xA4"
                         "time\xC7\x0C\xFF\x3B\x9A\xC6\x18"
                         "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
                         "\xA4"
                         "text\xA2"
                         "te"
                         "\xA5"
                         "bytes\xC4\2\0\xFF");
}

static void untouched_members_stay_byte_by_byte(void **state)
{
    /* An integer in a long form, an extension, and a nested map. */
    static const char stored[] = "\x83\xA1"
                                 "a\xD3\0\0\0\0\0\0\0\1\xA1"
                                 "b\xD4\7x\xA1"
                                 "c\x81\1\x91\xC0";
    struct tree tree;

    (void)state;
    begin(&tree, stored, sizeof(stored) - 1);
    assert_true(quipu_rewrite_has(tree.root, "b"));
    assert_result(&tree, stored, sizeof(stored) - 1);
}

static void members_are_replaced_renamed_and_removed(void **state)
{
    struct tree tree;

    (void)state;
    BEGIN(&tree, "\x84\xA1"
                 "a\1\xA1"
                 "b\2\xA1"
                 "c\3\xA1"
                 "d\xC0");
    assert_false(quipu_rewrite_has(tree.root, "d"));
    quipu_rewrite_set_bool(tree.root, "a", false);
    quipu_rewrite_remove(tree.root, "c");
    quipu_rewrite_remove(tree.root, "none");
    quipu_rewrite_move(tree.root, "b", tree.root, "x");
    quipu_rewrite_move(tree.root, "none", tree.root, "y");
    ASSERT_RESULT(&tree, "\x83\xA1"
                         "a\xC2\xA1"
                         "d\xC0\xA1"
                         "x\2");
}

static void nested_maps_and_arrays_are_changed(void **state)
{
    struct tree tree;
    quipu_rewrite *map;

    (void)state;
    BEGIN(&tree, "\x83\xA1"
                 "m\x82\xA1"
                 "p\1\xA1"
                 "q\2\xA1"
                 "l\x92\x81\xA1"
                 "c\5\x81\xA1"
                 "c\6\xA1"
                 "n\x92\1\2");
    map = quipu_rewrite_map(tree.root, "m");
    assert_non_null(map);
    assert_ptr_equal(quipu_rewrite_map(tree.root, "m"), map);
    assert_null(quipu_rewrite_map(tree.root, "n"));
    assert_null(quipu_rewrite_map(tree.root, "none"));
    quipu_rewrite_move(map, "p", tree.root, "p"); /* flattens */
    assert_int_equal(quipu_rewrite_count(tree.root, "l"), 2);
    assert_int_equal(quipu_rewrite_count(tree.root, "m"), 0);
    assert_int_equal(quipu_rewrite_count(tree.root, "none"), 0);
    for (size_t i = 0; i < quipu_rewrite_count(tree.root, "l"); i++) {
        quipu_rewrite *line = quipu_rewrite_element(tree.root, "l", i);

        quipu_rewrite_move(line, "c", line, "price");
    }
    assert_null(quipu_rewrite_element(tree.root, "l", 2));
    quipu_rewrite_set_int(quipu_rewrite_element(tree.root, "n", 1), NULL, -1);
    ASSERT_RESULT(&tree, "\x84\xA1"
                         "m\x81\xA1"
                         "q\2\xA1"
                         "l\x92\x81\xA5"
                         "price\5\x81\xA5"
                         "price\6\xA1"
                         "n\x92\1\xFF\xA1"
                         "p\1");
}

static void maps_and_arrays_are_made(void **state)
{
    struct tree tree;
    quipu_rewrite *map;
    int64_t value = 0;

    (void)state;
    BEGIN(&tree, "\x82\xA1"
                 "p\1\xA1"
                 "x\xA1"
                 "y");
    map = quipu_rewrite_set_map(tree.root, "place");
    quipu_rewrite_move(tree.root, "p", map, "p");
    quipu_rewrite_set_array(tree.root, "all", 3);
    quipu_rewrite_move(tree.root, "x",
                       quipu_rewrite_element(tree.root, "all", 0), NULL);
    quipu_rewrite_set_int(quipu_rewrite_element(tree.root, "all", 1), NULL, 7);
    assert_true(quipu_rewrite_int(quipu_rewrite_element(tree.root, "all", 1),
                                  NULL, &value));
    assert_int_equal(value, 7);
    quipu_rewrite_set_map(quipu_rewrite_element(tree.root, "all", 2), NULL);
    quipu_rewrite_set_array(tree.root, "none", 0);
    ASSERT_RESULT(&tree, "\x83\xA5"
                         "place\x81\xA1"
                         "p\1\xA3"
                         "all\x93\xA1"
                         "y\7\x80\xA4"
                         "none\x90");
}

static void failed_changes_fail_the_cast(void **state)
{
    struct tree tree;
    char name[300];

    (void)state;
    memset(name, 'n', sizeof(name));
    name[256] = '\0';
    BEGIN(&tree, "\x80");
    quipu_rewrite_set_int(tree.root, name, 1);
    assert_failure(&tree, QUIPU_INVALID, "has a name that is not 1 to 255");
    BEGIN(&tree, "\x80");
    quipu_rewrite_set_int(tree.root, "", 1);
    assert_failure(&tree, QUIPU_INVALID, "has a name that is not 1 to 255");
    BEGIN(&tree, "\x80");
    quipu_rewrite_set_text(tree.root, "t", (quipu_bytes){ "\xFF", 1 });
    quipu_rewrite_set_int(tree.root, "", 1); /* the first one is told */
    assert_failure(&tree, QUIPU_INVALID, "member t is set to no UTF-8");
    BEGIN(&tree, "\x80");
    quipu_rewrite_set_time(tree.root, "t", (quipu_time){ INT64_MAX });
    assert_failure(&tree, QUIPU_INVALID, "years 1 to 9999");
    BEGIN(&tree, "\x80");
    quipu_rewrite_set_int(tree.root, NULL, 1);
    assert_failure(&tree, QUIPU_INVALID, "replace the map of all members");
    BEGIN(&tree, "\x82\xA1"
                 "a\1\xA1"
                 "b\2");
    quipu_rewrite_move(tree.root, "a", tree.root, "b");
    assert_failure(&tree, QUIPU_INVALID, "member b exists already");
    BEGIN(&tree, "\x81\xA1"
                 "a\x91\1");
    quipu_rewrite_set_int(quipu_rewrite_element(tree.root, "a", 0), "x", 1);
    assert_failure(&tree, QUIPU_INVALID, "set in a value that is not a map");
    BEGIN(&tree, "\x81\xA1"
                 "a\x91\1");
    quipu_rewrite_move(tree.root, "a", quipu_rewrite_element(tree.root, "a", 0),
                       "x");
    assert_failure(&tree, QUIPU_INVALID, "moved to a value that is not a map");
}

/* A value that is moved into itself is no part of the tree any more. */
static void moves_make_no_cycle(void **state)
{
    struct tree tree;

    (void)state;
    BEGIN(&tree, "\x82\xA1"
                 "a\x81\xA1"
                 "b\x80\xA1"
                 "c\1");
    quipu_rewrite_move(
        tree.root, "a",
        quipu_rewrite_map(quipu_rewrite_map(tree.root, "a"), "b"), "x");
    ASSERT_RESULT(&tree, "\x81\xA1"
                         "c\1");
}

static void depth_is_bounded(void **state)
{
    struct tree tree;
    quipu_rewrite *map;

    (void)state;
    BEGIN(&tree, "\x80");
    map = tree.root;
    for (int i = 0; i < 100000; i++) {
        map = quipu_rewrite_set_map(map, "m");
    }
    assert_failure(&tree, QUIPU_INVALID, "nests deeper");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_kind_come_back),
        cmocka_unit_test(untouched_members_stay_byte_by_byte),
        cmocka_unit_test(members_are_replaced_renamed_and_removed),
        cmocka_unit_test(nested_maps_and_arrays_are_changed),
        cmocka_unit_test(maps_and_arrays_are_made),
        cmocka_unit_test(failed_changes_fail_the_cast),
        cmocka_unit_test(moves_make_no_cycle),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
