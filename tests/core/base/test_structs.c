/* SPDX-License-Identifier: Apache-2.0 */
/* Tests reading and writing structs of older and newer callers. */
#include "quipu_test.h"

#include "base/structs.h"

struct known {
    uint32_t struct_size;
    uint32_t flags;
    void *first;
    int64_t second;
};

struct newer {
    struct known known;
    void *third;
    int64_t fourth;
};

static int take(struct known *local, const void *given, quipu_error *error)
{
    return quipu_struct_take(local, sizeof(*local), given, "thing", error);
}

static void struct_of_the_same_version_is_copied(void **state)
{
    struct known given = { sizeof(given), 1, &given, 2 };
    struct known local;
    quipu_error error;

    (void)state;
    assert_ok(take(&local, &given, &error), &error);
    assert_memory_equal(&local, &given, sizeof(given));
}

static void members_unknown_to_an_older_caller_are_zero(void **state)
{
    struct known given = { offsetof(struct known, second), 1, &given, 2 };
    struct known local;
    quipu_error error;

    (void)state;
    memset(&local, 0xee, sizeof(local));
    assert_ok(take(&local, &given, &error), &error);
    assert_int_equal(local.struct_size, sizeof(local));
    assert_int_equal(local.flags, 1);
    assert_ptr_equal(local.first, &given);
    assert_int_equal(local.second, 0);
}

static void unknown_members_of_a_newer_caller_must_be_zero(void **state)
{
    struct newer given = { { sizeof(given), 1, &given, 2 }, NULL, 0 };
    struct known local;
    quipu_error error;

    (void)state;
    assert_ok(take(&local, &given, &error), &error);
    assert_int_equal(local.struct_size, sizeof(local));
    assert_int_equal(local.second, 2);
    given.third = &given;
    assert_refused(take(&local, &given, &error), QUIPU_INVALID, &error,
                   "thing has a member set");
    given.third = NULL;
    given.fourth = INT64_MIN;
    assert_status(take(&local, &given, NULL), QUIPU_INVALID);
}

static void implausible_sizes_are_refused(void **state)
{
    static const uint32_t sizes[] = {
        0, 1, 4, 7, 9, 17, 4097, 4104, UINT32_MAX
    };
    struct known given = { 0, 1, NULL, 2 };
    struct known local;
    quipu_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        given.struct_size = sizes[i];
        assert_refused(take(&local, &given, &error), QUIPU_INVALID, &error,
                       "thing has struct_size");
        assert_status(
            quipu_struct_give(&given, &local, sizeof(local), "thing", NULL),
            QUIPU_INVALID);
    }
    assert_refused(take(&local, NULL, &error), QUIPU_INVALID, &error,
                   "thing is NULL");
    assert_refused(
        quipu_struct_give(NULL, &local, sizeof(local), "thing", &error),
        QUIPU_INVALID, &error, "thing is NULL");
}

static void filled_struct_keeps_its_size(void **state)
{
    struct known local = { sizeof(local), 1, &local, 2 };
    struct newer newer;
    struct known older = { offsetof(struct known, second), 9, NULL, 9 };
    quipu_error error;

    (void)state;
    memset(&newer, 0xee, sizeof(newer));
    newer.known.struct_size = sizeof(newer);
    assert_ok(quipu_struct_give(&newer, &local, sizeof(local), "thing", &error),
              &error);
    assert_int_equal(newer.known.struct_size, sizeof(newer));
    assert_int_equal(newer.known.second, 2);
    assert_null(newer.third);
    assert_int_equal(newer.fourth, 0);
    assert_ok(quipu_struct_give(&older, &local, sizeof(local), "thing", &error),
              &error);
    assert_int_equal(older.struct_size, offsetof(struct known, second));
    assert_ptr_equal(older.first, &local);
    assert_int_equal(older.second, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(struct_of_the_same_version_is_copied),
        cmocka_unit_test(members_unknown_to_an_older_caller_are_zero),
        cmocka_unit_test(unknown_members_of_a_newer_caller_must_be_zero),
        cmocka_unit_test(implausible_sizes_are_refused),
        cmocka_unit_test(filled_struct_keeps_its_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
