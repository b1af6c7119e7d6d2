/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the arena. */
#include "quipu_test.h"
#include "quipu_test_memory.h"

#include <stdalign.h>

#include "base/arena.h"

static void pieces_are_aligned_and_disjoint(void **state)
{
    quipu_arena arena;
    unsigned char *pieces[500];

    (void)state;
    quipu_arena_init(&arena);
    for (size_t i = 0; i < 500; i++) {
        pieces[i] = quipu_arena_allocate(&arena, i);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        memset(pieces[i], (int)(i % 251), i);
    }
    for (size_t i = 0; i < 500; i++) {
        for (size_t at = 0; at < i; at++) {
            assert_int_equal(pieces[i][at], i % 251);
        }
    }
    assert_ptr_not_equal(quipu_arena_allocate(&arena, 0),
                         quipu_arena_allocate(&arena, 0));
    quipu_arena_finish(&arena);
}

static void use_rows(quipu_arena *arena, int rows, size_t pieces)
{
    for (int row = 0; row < rows; row++) {
        for (size_t i = 0; i < pieces; i++) {
            assert_non_null(quipu_arena_allocate(arena, 1000));
        }
        quipu_arena_reset(arena);
    }
}

static void after_a_few_resets_nothing_is_allocated(void **state)
{
    quipu_arena arena = { NULL };

    (void)state;
    quipu_test_memory_begin(-1);
    use_rows(&arena, 3, 100);
    assert_int_equal(atomic_load(&quipu_test_live), 1);
    atomic_store(&quipu_test_budget, 0);
    use_rows(&arena, 100, 100);
    quipu_arena_finish(&arena);
    quipu_test_memory_end();
}

static void large_pieces_are_not_kept(void **state)
{
    quipu_arena arena;

    (void)state;
    quipu_arena_init(&arena);
    quipu_test_memory_begin(-1);
    assert_non_null(quipu_arena_allocate(&arena, (size_t)1 << 20));
    assert_int_equal(atomic_load(&quipu_test_live), 1);
    quipu_arena_reset(&arena);
    assert_int_equal(atomic_load(&quipu_test_live), 0);
    assert_non_null(quipu_arena_allocate(&arena, 10));
    assert_non_null(quipu_arena_allocate(&arena, (size_t)1 << 20));
    assert_non_null(quipu_arena_allocate(&arena, 10));
    assert_int_equal(atomic_load(&quipu_test_live), 3);
    quipu_arena_reset(&arena);
    assert_int_equal(atomic_load(&quipu_test_live), 1);
    quipu_arena_reset(&arena);
    assert_int_equal(atomic_load(&quipu_test_live), 1);
    quipu_arena_finish(&arena);
    quipu_test_memory_end();
    quipu_arena_finish(&arena);
}

static void blocks_grow_up_to_a_bound(void **state)
{
    quipu_arena arena = { NULL };
    long blocks;

    (void)state;
    quipu_test_memory_begin(-1);
    for (int i = 0; i < 4096; i++) {
        assert_non_null(quipu_arena_allocate(&arena, 1024));
    }
    /* 4 MiB in blocks of 4 to 128 KiB, then of 256 KiB. */
    blocks = atomic_load(&quipu_test_live);
    assert_in_range(blocks, 16, 30);
    quipu_arena_finish(&arena);
    quipu_test_memory_end();
}

static void sizes_do_not_overflow(void **state)
{
    quipu_arena arena = { NULL };
    static const char zeros[24];

    (void)state;
    assert_null(quipu_arena_allocate(&arena, SIZE_MAX));
    assert_null(quipu_arena_allocate(&arena, SIZE_MAX - 20));
    assert_null(quipu_arena_copy(&arena, "", SIZE_MAX));
    assert_null(quipu_arena_allocate_array(&arena, SIZE_MAX / 8 + 1, 8));
    assert_memory_equal(quipu_arena_allocate_array(&arena, 3, 8), zeros, 24);
    assert_non_null(quipu_arena_allocate_array(&arena, 3, 0));
    quipu_arena_finish(&arena);
}

static void copies_end_with_nul(void **state)
{
    quipu_arena arena = { NULL };

    (void)state;
    assert_bytes(quipu_arena_copy(&arena, "a\0bXX", 3), 4, "a\0b", 4);
    assert_string_equal(quipu_arena_copy(&arena, NULL, 0), "");
    quipu_arena_finish(&arena);
}

static void lack_of_memory_gives_null(void **state)
{
    quipu_arena arena = { NULL };

    (void)state;
    quipu_test_memory_begin(0);
    assert_null(quipu_arena_copy(&arena, "abc", 3));
    quipu_test_memory_begin(0);
    assert_null(quipu_arena_allocate_array(&arena, 1, 3));
    quipu_arena_reset(&arena);
    quipu_arena_finish(&arena);
    quipu_test_memory_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_disjoint),
        cmocka_unit_test(after_a_few_resets_nothing_is_allocated),
        cmocka_unit_test(large_pieces_are_not_kept),
        cmocka_unit_test(blocks_grow_up_to_a_bound),
        cmocka_unit_test(sizes_do_not_overflow),
        cmocka_unit_test(copies_end_with_nul),
        cmocka_unit_test(lack_of_memory_gives_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
