/* SPDX-License-Identifier: Apache-2.0 */
/* Reader slots are reused, and do not keep pages for ever. */
#include "fixture.h"

#include "drivers/common/processes.h"

#include "lmdb_driver.h"

#define SLOTS 8

static const struct opening few = { .option = "maxreaders", .value = "8" };

/* Begins a reading transaction, which keeps a slot and the pages of its state,
 * as a call that reads does until it returns. */
static MDB_txn *begin_reading(const struct place *place)
{
    MDB_txn *txn = NULL;
    assert_int_equal(mdb_txn_begin(place->datastore->environment->env, NULL,
                                   MDB_RDONLY, &txn),
                     0);
    return txn;
}

static void read_without_a_slot_is_busy(void **state)
{
    (void)state;
    const quipu_driver *driver = fixture_driver();
    struct place place = fixture_place(fixture_file(), &few);
    MDB_txn *txns[SLOTS];
    quipu_error error = { 0 };
    quipu_position head;
    fixture_append(place.datastore, place.bound, 1);
    quipu_lmdb_reader_pool_finish(place.datastore->environment);
    for (size_t i = 0; i < SLOTS; i++) {
        txns[i] = begin_reading(&place);
    }
    assert_refused(driver->log_head(place.datastore, place.bound,
                                    fixture_now() + SECOND / 50, &head, &error),
                   QUIPU_BUSY, &error, "maxreaders");
    mdb_txn_abort(txns[0]);
    assert_ok(
        driver->log_head(place.datastore, place.bound, FOREVER, &head, &error),
        &error);
    for (size_t i = 1; i < SLOTS; i++) {
        mdb_txn_abort(txns[i]);
    }
    fixture_leave(&place);
}

static void read_and_stay(void *context)
{
    struct place place = fixture_place(context, &few);
    quipu_lmdb_reader_pool_finish(place.datastore->environment);
    for (size_t i = 0; i < SLOTS - 1; i++) {
        (void)begin_reading(&place);
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

/* Opens a store in which a process that was killed has all slots but one. */
static struct place open_with_killed_readers(void)
{
    char folder[32];
    (void)snprintf(folder, sizeof(folder), "%s", fixture_file());
    struct place place = fixture_place(folder, &few);
    fixture_append(place.datastore, place.bound, 1);
    fixture_leave(&place);
    pid_t child = start_child(read_and_stay, folder);
    place = fixture_place(folder, &few);
    wait_for_readers(&place, SLOTS - 1);
    kill_child(child);
    return place;
}

static void slots_of_a_killed_process_are_freed(void **state)
{
    (void)state;
    struct place place = open_with_killed_readers();
    struct environment *environment = place.datastore->environment;
    struct reader readers[SLOTS];
    for (size_t i = 0; i < SLOTS; i++) {
        int code = quipu_lmdb_reader_pool_begin(environment, &readers[i]);
        if (code == MDB_READERS_FULL &&
            quipu_lmdb_reader_pool_wait(environment, 0)) {
            code = quipu_lmdb_reader_pool_begin(environment, &readers[i]);
        }
        assert_int_equal(code, MDB_SUCCESS);
    }
    for (size_t i = 0; i < SLOTS; i++) {
        quipu_lmdb_reader_pool_end(environment, readers[i].txn);
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
    struct place place = open_with_killed_readers();
    churn(&place, 1); /* writers free dead readers now and then */
    size_t before = file_size(&place);
    churn(&place, 1000);
    assert_true(file_size(&place) < before + 100);
    fixture_leave(&place);
}

/* More cursors than slots, which are left open after one step. */
static void idle_cursors_keep_neither_pages_nor_slots(void **state)
{
    (void)state;
    const quipu_driver *driver = fixture_driver();
    struct place place = fixture_place(fixture_file(), &few);
    quipu_driver_cursor *cursors[3 * SLOTS];
    for (uint32_t i = 0; i < 200; i++) {
        fixture_append(place.datastore, place.bound, i % 7);
    }
    churn(&place, 1);
    for (size_t i = 0; i < 3 * SLOTS; i++) {
        cursors[i] = fixture_lend(&place);
    }
    size_t before = file_size(&place);
    churn(&place, 1000);
    assert_true(file_size(&place) < before + 10);
    for (size_t i = 0; i < 3 * SLOTS; i++) {
        driver->cursor_close(cursors[i]);
    }
    fixture_leave(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_without_a_slot_is_busy),
        cmocka_unit_test(slots_of_a_killed_process_are_freed),
        cmocka_unit_test(killed_process_does_not_keep_pages),
        cmocka_unit_test(idle_cursors_keep_neither_pages_nor_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
