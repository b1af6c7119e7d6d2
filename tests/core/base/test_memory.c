/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the replaceable allocator and the helpers over it. */
#include "quipu_test.h"
#include "quipu_test_memory.h"

#include "base/memory.h"

static void size_zero_gives_memory(void **state)
{
    void *memory = quipu_allocate(0);

    (void)state;
    assert_non_null(memory);
    memory = quipu_reallocate(memory, 0);
    assert_non_null(memory);
    quipu_release(memory);
}

static void reallocate_keeps_the_contents(void **state)
{
    char *memory = quipu_reallocate(NULL, 4);

    (void)state;
    assert_non_null(memory);
    memcpy(memory, "abc", 4);
    memory = quipu_reallocate(memory, 100000);
    assert_non_null(memory);
    assert_string_equal(memory, "abc");
    quipu_release(memory);
    quipu_release(NULL);
}

static void arrays_are_zeroed_and_do_not_overflow(void **state)
{
    static const char zeros[24];
    char *memory = quipu_allocate_array(3, 8);

    (void)state;
    assert_non_null(memory);
    assert_memory_equal(memory, zeros, 24);
    quipu_release(memory);
    assert_null(quipu_allocate_array(SIZE_MAX / 8 + 1, 8));
    assert_null(quipu_allocate_array(8, SIZE_MAX / 8 + 1));
    memory = quipu_allocate_array(8, 0);
    assert_non_null(memory);
    quipu_release(memory);
}

static void texts_are_copied(void **state)
{
    char *copy = quipu_text_copy("abc");

    (void)state;
    assert_string_equal(copy, "abc");
    quipu_release(copy);
    copy = quipu_text_copy_bytes("a\0b", 3);
    assert_bytes(copy, 4, "a\0b", 4);
    quipu_release(copy);
    copy = quipu_text_copy_bytes(NULL, 0);
    assert_string_equal(copy, "");
    quipu_release(copy);
    assert_null(quipu_text_copy_bytes("", SIZE_MAX));
}

static void installed_allocator_is_used(void **state)
{
    void *a, *b;

    (void)state;
    quipu_test_memory_begin(3);
    a = quipu_allocate(1);
    b = quipu_allocate_zeroed(1);
    assert_int_equal(atomic_load(&quipu_test_live), 2);
    a = quipu_reallocate(a, 2);
    assert_non_null(a);
    assert_null(quipu_text_copy("x"));
    quipu_test_memory_begin(0);
    assert_null(quipu_allocate_zeroed(1));
    atomic_store(&quipu_test_live, 2);
    quipu_release(a);
    quipu_release(b);
    quipu_release(NULL);
    quipu_test_memory_end();
}

static void incomplete_allocator_is_refused(void **state)
{
    const quipu_allocator full = { sizeof(full), 0, malloc, realloc, free };
    quipu_error err;

    (void)state;
    for (int i = 0; i < 3; i++) {
        quipu_allocator given = full;

        given.allocate = i == 0 ? NULL : malloc;
        given.reallocate = i == 1 ? NULL : realloc;
        given.release = i == 2 ? NULL : free;
        assert_refused(quipu_allocator_use(&given, &err), QUIPU_INVALID, &err,
                       "the allocator lacks a function");
    }
    assert_refused(quipu_allocator_use(
                       &(quipu_allocator){ 8, 0, malloc, realloc, free }, &err),
                   QUIPU_INVALID, &err, "struct_size is 8, not");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_zero_gives_memory),
        cmocka_unit_test(reallocate_keeps_the_contents),
        cmocka_unit_test(arrays_are_zeroed_and_do_not_overflow),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(installed_allocator_is_used),
        cmocka_unit_test(incomplete_allocator_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
