/* SPDX-License-Identifier: Apache-2.0 */
/* Which commits and reads sync, and the consequences of a failed sync. */
#include "fixture.h"

#include "shim.h"

#include <errno.h>

#include "lmdb_driver.h"

static const struct opening relaxed = { .flags = QUIPU_OPEN_CREATE |
                                                 QUIPU_OPEN_RELAXED };

static void durability_is_that_of_the_handle(void **state)
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

static void reading_durable_commits_does_not_sync(void **state)
{
    (void)state;
    struct place place = fixture_place(fixture_file(), NULL);
    fixture_append(place.datastore, place.bound, 1);
    shim_reset();
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    assert_int_equal(shim_count(SHIM_SYNC), 0);
    fixture_leave(&place);
}

/* A commit of a killed process, or one that has not returned yet. */
static void reading_an_unsynced_commit_syncs_it(void **state)
{
    (void)state;
    struct place place = fixture_place(fixture_file(), NULL);
    fixture_append(place.datastore, place.bound, 1);
    _Atomic uint64_t *durable =
        &place.datastore->environment->marks[MARK_DURABLE];
    (void)atomic_fetch_sub(durable, 1);
    shim_reset();
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    assert_int_equal(shim_count(SHIM_SYNC), 1);
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    assert_int_equal(shim_count(SHIM_SYNC), 1);
    fixture_leave(&place);
}

static void relaxed_append_syncs_earlier_commits(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    struct place full = fixture_place(folder, NULL);
    struct place loose = fixture_place(folder, &relaxed);
    fixture_append(full.datastore, full.bound, 1);
    (void)atomic_fetch_sub(&full.datastore->environment->marks[MARK_DURABLE],
                           1);
    shim_reset();
    fixture_append(loose.datastore, loose.bound, 1);
    assert_int_equal(shim_count(SHIM_SYNC), 2);
    fixture_leave(&full);
    fixture_leave(&loose);
}

static void acknowledged_repeat_is_durable(void **state)
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

/* Appends while that call fails, and afterwards; then closes all handles. */
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

static void failed_sync_stops_all_appends(void **state)
{
    (void)state;
    fail_once(SHIM_SYNC, EIO);
    fail_once(SHIM_META, EIO);
    fail_once(SHIM_WRITE, EIO);
}

static void full_disk_stores_nothing_and_recovers(void **state)
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
        cmocka_unit_test(durability_is_that_of_the_handle),
        cmocka_unit_test(reading_durable_commits_does_not_sync),
        cmocka_unit_test(reading_an_unsynced_commit_syncs_it),
        cmocka_unit_test(relaxed_append_syncs_earlier_commits),
        cmocka_unit_test(acknowledged_repeat_is_durable),
        cmocka_unit_test(failed_sync_stops_all_appends),
        cmocka_unit_test(full_disk_stores_nothing_and_recovers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
