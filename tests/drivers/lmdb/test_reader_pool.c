/* SPDX-License-Identifier: Apache-2.0 */
/* Reader slots are reused, and do not keep pages for ever. */
#include "fixture.h"

#include "drivers/common/processes.h"

#include "lmdb_driver.h"

#define SLOTS 8

static const struct opening few = { .option = "maxreaders", .value = "8" };

static void cursor_without_a_slot_is_busy(void **state)
{
    (void)state;
    const quipu_driver *driver = fixture_driver();
    struct place place = fixture_place(fixture_file(), &few);
    quipu_driver_cursor *cursors[SLOTS];
    quipu_error error = { 0 };
    quipu_position head;
    fixture_append(place.datastore, place.bound, 1);
    for (size_t i = 0; i < SLOTS; i++) {
        cursors[i] = fixture_lend(&place);
    }
    assert_refused(driver->log_head(place.datastore, place.bound,
                                    fixture_now() + SECOND / 50, &head, &error),
                   QUIPU_BUSY, &error, "maxreaders");
    driver->cursor_close(cursors[0]);
    assert_ok(
        driver->log_head(place.datastore, place.bound, FOREVER, &head, &error),
        &error);
    for (size_t i = 1; i < SLOTS; i++) {
        driver->cursor_close(cursors[i]);
    }
    fixture_leave(&place);
}

static void lend_and_stay(void *context)
{
    struct place place = fixture_place(context, &few);
    for (size_t i = 0; i < SLOTS - 1; i++) {
        (void)fixture_lend(&place);
    }
    for (;;) {
        (void)pause();
    }
}

/* Waits until that number of slots is in use. */
static void wait_for_readers(struct place *place, unsigned count)
{
    MDB_envinfo info;
    do {
        (void)usleep(1000);
        (void)mdb_env_info(place->datastore->environment->env, &info);
    } while (info.me_numreaders < count);
}

static void slots_of_a_killed_process_are_freed(void **state)
{
    (void)state;
    char folder[32];
    (void)snprintf(folder, sizeof(folder), "%s", fixture_file());
    struct place place = fixture_place(folder, &few);
    fixture_append(place.datastore, place.bound, 1);
    fixture_leave(&place);
    pid_t child = start_child(lend_and_stay, folder);
    place = fixture_place(folder, &few);
    wait_for_readers(&place, SLOTS - 1);
    kill_child(child);
    quipu_driver_cursor *cursors[SLOTS];
    for (size_t i = 0; i < SLOTS; i++) {
        cursors[i] = fixture_lend(&place);
    }
    for (size_t i = 0; i < SLOTS; i++) {
        fixture_driver()->cursor_close(cursors[i]);
    }
    fixture_leave(&place);
}

static size_t file_size(const struct place *place)
{
    MDB_envinfo info;
    (void)mdb_env_info(place->datastore->environment->env, &info);
    return info.me_last_pgno;
}

/* Overwrites one tracking record many times: LMDB reuses the pages unless a
 * transaction keeps them. */
static void churn(struct place *place, int64_t from)
{
    quipu_error error = { 0 };
    for (int64_t i = from; i < from + 300; i++) {
        quipu_result result = { 0 };
        const quipu_tracking tracking = { .consumer = { "c", 1 },
                                          .log = { "l", 1 },
                                          .position = { .notification_id =
                                                            i } };
        const quipu_request request = { .schema = place->bound,
                                        .tracking = &tracking };
        assert_ok(
            fixture_append_all(place->datastore, &request, 1, &result, &error),
            &error);
    }
}

static void killed_process_does_not_keep_pages(void **state)
{
    (void)state;
    char folder[32];
    (void)snprintf(folder, sizeof(folder), "%s", fixture_file());
    struct place place = fixture_place(folder, &few);
    fixture_append(place.datastore, place.bound, 1);
    fixture_leave(&place);
    pid_t child = start_child(lend_and_stay, folder);
    place = fixture_place(folder, &few);
    wait_for_readers(&place, SLOTS - 1);
    kill_child(child);
    churn(&place, 1); /* writers free dead readers now and then */
    size_t before = file_size(&place);
    churn(&place, 1000);
    assert_true(file_size(&place) < before + 100);
    fixture_leave(&place);
}

static void finished_cursor_keeps_no_pages(void **state)
{
    (void)state;
    const quipu_driver *driver = fixture_driver();
    struct place place = fixture_place(fixture_file(), NULL);
    quipu_error error = { 0 };
    const void *rows = NULL;
    size_t count = 1;
    fixture_append(place.datastore, place.bound, 1);
    quipu_driver_cursor *cursor = fixture_lend(&place);
    assert_ok(driver->step(cursor, FOREVER, &rows, &count, &error), &error);
    assert_int_equal(count, 0);
    size_t before = file_size(&place);
    churn(&place, 1);
    assert_true(file_size(&place) < before + 100);
    driver->cursor_close(cursor);
    fixture_leave(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cursor_without_a_slot_is_busy),
        cmocka_unit_test(slots_of_a_killed_process_are_freed),
        cmocka_unit_test(killed_process_does_not_keep_pages),
        cmocka_unit_test(finished_cursor_keeps_no_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
