/* SPDX-License-Identifier: Apache-2.0 */
/* What is synced, and when; and what follows from a sync that fails. */
#include "fixture.h"

#include "shim.h"

#include <errno.h>

#include "lmdb_driver.h"

static const struct opening relaxed = { .flags = QUIPU_OPEN_CREATE |
                                                 QUIPU_OPEN_RELAXED };

static void each_handle_has_its_own_durability(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    struct place full = fixture_place(folder, NULL);
    struct place loose = fixture_place(folder, &relaxed);
    for (int i = 0; i < 3; i++) {
        shim_reset();
        fixture_append(full.datastore, full.bound, 1);
        assert_int_equal(shim_count(SHIM_SYNC), 1);
        assert_int_equal(shim_count(SHIM_META), 1);
        shim_reset();
        fixture_append(loose.datastore, loose.bound, 1);
        assert_int_equal(shim_count(SHIM_SYNC), 1);
        assert_int_equal(shim_count(SHIM_META), 0);
    }
    fixture_leave(&full);
    fixture_leave(&loose);
}

static void reading_what_is_settled_syncs_nothing(void **state)
{
    (void)state;
    struct place place = fixture_place(fixture_file(), NULL);
    fixture_append(place.datastore, place.bound, 1);
    shim_reset();
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    assert_int_equal(shim_count(SHIM_SYNC), 0);
    fixture_leave(&place);
}

/* What a killed process left, or one that has not yet returned. */
static void reading_what_is_not_settled_syncs_it(void **state)
{
    (void)state;
    struct place place = fixture_place(fixture_file(), NULL);
    fixture_append(place.datastore, place.bound, 1);
    _Atomic uint64_t *settled =
        &place.datastore->environment->marks[MARK_SETTLED];
    (void)atomic_fetch_sub(settled, 1);
    shim_reset();
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    assert_int_equal(shim_count(SHIM_SYNC), 1);
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    assert_int_equal(shim_count(SHIM_SYNC), 1);
    fixture_leave(&place);
}

static void a_relaxed_append_settles_what_was_before(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    struct place full = fixture_place(folder, NULL);
    struct place loose = fixture_place(folder, &relaxed);
    fixture_append(full.datastore, full.bound, 1);
    (void)atomic_fetch_sub(&full.datastore->environment->marks[MARK_SETTLED],
                           1);
    shim_reset();
    fixture_append(loose.datastore, loose.bound, 1);
    assert_int_equal(shim_count(SHIM_SYNC), 2);
    fixture_leave(&full);
    fixture_leave(&loose);
}

static void a_repeat_is_made_durable(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    struct place full = fixture_place(folder, NULL);
    struct place loose = fixture_place(folder, &relaxed);
    struct piece piece;
    quipu_error error = { 0 };
    fixture_piece(&piece, 1, -1, 77);
    quipu_request request = { .schema = loose.bound,
                              .items = &piece.item,
                              .item_count = 1 };
    quipu_result result = { 0 };
    assert_ok(fixture_append_all(loose.datastore, &request, 1, &result, &error),
              &error);
    request.schema = full.bound;
    shim_reset();
    assert_ok(fixture_append_all(full.datastore, &request, 1, &result, &error),
              &error);
    assert_int_equal(result.flags, QUIPU_RESULT_REPEATED);
    assert_int_equal(shim_count(SHIM_SYNC), 1);
    fixture_leave(&full);
    fixture_leave(&loose);
}

/* Appends while that call fails, and after; then all handles are closed. */
static void fail_once(enum shim_call call, int number)
{
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    struct place other = fixture_place(folder, NULL);
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    fixture_append(place.datastore, place.bound, 1);
    shim_fail(call, 1, 1, number);
    assert_refused(
        fixture_try_append(place.datastore, place.bound, 1, &result, &error),
        QUIPU_UNKNOWN_OUTCOME, &error, "open it again");
    shim_heal();
    assert_true(shim_has_failed());
    assert_refused(
        fixture_try_append(other.datastore, other.bound, 1, &result, &error),
        QUIPU_IO, &error, "close all handles");
    fixture_leave(&place);
    fixture_leave(&other);
    place = fixture_place(folder, NULL);
    fixture_append(place.datastore, place.bound, 1);
    size_t count = fixture_count(place.datastore, place.bound);
    assert_true(count == 2 || count == 3);
    fixture_leave(&place);
}

static void a_failed_sync_stops_all_appends(void **state)
{
    (void)state;
    fail_once(SHIM_SYNC, EIO);
    fail_once(SHIM_META, EIO);
    fail_once(SHIM_WRITE, EIO);
}

static void a_full_disk_stores_nothing_and_passes(void **state)
{
    (void)state;
    struct place place = fixture_place(fixture_file(), NULL);
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    fixture_append(place.datastore, place.bound, 1);
    shim_fail(SHIM_WRITE, 1, 1, ENOSPC);
    assert_refused(
        fixture_try_append(place.datastore, place.bound, 1, &result, &error),
        QUIPU_IO, &error, "make room");
    shim_heal();
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    fixture_append(place.datastore, place.bound, 1);
    assert_int_equal(fixture_count(place.datastore, place.bound), 2);
    fixture_leave(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_handle_has_its_own_durability),
        cmocka_unit_test(reading_what_is_settled_syncs_nothing),
        cmocka_unit_test(reading_what_is_not_settled_syncs_it),
        cmocka_unit_test(a_relaxed_append_settles_what_was_before),
        cmocka_unit_test(a_repeat_is_made_durable),
        cmocka_unit_test(a_failed_sync_stops_all_appends),
        cmocka_unit_test(a_full_disk_stores_nothing_and_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
