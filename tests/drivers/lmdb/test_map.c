/* SPDX-License-Identifier: Apache-2.0 */
/* The map grows when it is full, by this process or another one, and never
 * during a transaction.  Rows that a cursor lends stay as they are. */
#include "fixture.h"

#include "drivers/common/processes.h"

#include <pthread.h>
#include <sys/resource.h>

#include "lmdb_driver.h"

#define KIBI ((size_t)1 << 10)
#define LARGE (300 * KIBI)

static const struct opening small = { .option = "mapsize", .value = "256k" };

static size_t map_size(const struct place *place)
{
    return quipu_lmdb_map_size(place->datastore->environment);
}

static void full_map_grows(void **state)
{
    (void)state;
    quipu_error error = { 0 };
    struct place place = fixture_place(fixture_file(), &small);
    size_t before = map_size(&place);
    assert_true(before < (size_t)4 << 20);
    for (int i = 0; i < 30; i++) {
        assert_ok(fixture_append_large(&place, LARGE, &error), &error);
    }
    assert_true(map_size(&place) > 30 * LARGE);
    assert_int_equal(fixture_count(place.datastore, place.bound), 30);
    fixture_leave(&place);
}

static void append_larger_than_the_map_succeeds(void **state)
{
    (void)state;
    quipu_error error = { 0 };
    struct place place = fixture_place(fixture_file(), &small);
    assert_ok(fixture_append_large(&place, 20000 * KIBI, &error), &error);
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    fixture_leave(&place);
}

/* A cursor with rows that it has lent, and a copy of the first one's state. */
struct lent {
    quipu_driver_cursor *cursor;
    const quipu_item *rows;
    size_t count;
    char state[64];
};

static struct lent lend(struct place *place)
{
    const quipu_driver *driver = fixture_driver();
    const quipu_range all = { .struct_size = sizeof(all),
                              .lower = INT64_MIN,
                              .upper = INT64_MAX,
                              .limit = INT64_MAX };
    struct lent lent = { NULL, NULL, 0, { 0 } };
    quipu_error error = { 0 };
    const void *rows = NULL;
    assert_ok(driver->read_log(place->datastore, place->bound, &all, FOREVER,
                               &lent.cursor, &error),
              &error);
    assert_ok(driver->step(lent.cursor, FOREVER, &rows, &lent.count, &error),
              &error);
    assert_true(lent.count > 0);
    lent.rows = rows;
    assert_true(lent.rows[0].state.size <= sizeof(lent.state));
    memcpy(lent.state, lent.rows[0].state.data, lent.rows[0].state.size);
    return lent;
}

/* The rows are still there, and the next step returns the rest. */
static void finish(struct lent *lent, size_t items)
{
    const quipu_driver *driver = fixture_driver();
    quipu_error error = { 0 };
    size_t seen = 0;
    const void *rows = NULL;
    size_t count = lent->count;
    assert_memory_equal(lent->state, lent->rows[0].state.data,
                        lent->rows[0].state.size);
    while (count > 0) {
        seen += count;
        assert_ok(driver->step(lent->cursor, FOREVER, &rows, &count, &error),
                  &error);
    }
    assert_int_equal(seen, items);
    driver->cursor_close(lent->cursor);
}

static void cursor_does_not_keep_the_map_from_growing(void **state)
{
    (void)state;
    quipu_error error = { 0 };
    struct place place = fixture_place(fixture_file(), &small);
    for (uint32_t i = 0; i < 100; i++) {
        fixture_append(place.datastore, place.bound, i % 5);
    }
    struct lent lent = lend(&place);
    const size_t before = map_size(&place);
    for (int i = 0; i < 30; i++) {
        assert_ok(fixture_append_large(&place, LARGE, &error), &error);
    }
    assert_true(map_size(&place) > before);
    finish(&lent, 100);
    fixture_leave(&place);
}

static void growth_waits_for_transactions(void **state)
{
    (void)state;
    quipu_error error = { 0 };
    struct place place = fixture_place(fixture_file(), &small);
    struct environment *environment = place.datastore->environment;
    const size_t before = map_size(&place);
    int status = QUIPU_OK;
    assert_ok(quipu_lmdb_map_enter(environment, FOREVER, &error), &error);
    for (int i = 0; status == QUIPU_OK && i < 30; i++) {
        status = fixture_append_large(&place, LARGE, &error);
    }
    assert_refused(status, QUIPU_BUSY, &error, "transaction");
    assert_contains(error.message, "mapsize");
    assert_int_equal(map_size(&place), before);
    /* Reading works meanwhile, and the refused append has stored nothing. */
    const size_t stored = fixture_count(place.datastore, place.bound);
    quipu_lmdb_map_leave(environment);
    assert_ok(fixture_append_large(&place, LARGE, &error), &error);
    assert_true(map_size(&place) > before);
    assert_int_equal(fixture_count(place.datastore, place.bound), stored + 1);
    fixture_leave(&place);
}

static void grow_elsewhere(void *context)
{
    quipu_error error = { 0 };
    struct place place = fixture_place(context, NULL);
    for (int i = 0; i < 30; i++) {
        assert_ok(fixture_append_large(&place, LARGE, &error), &error);
    }
    fixture_leave(&place);
}

/* The child is forked before this process opens the store. */
static void growth_by_another_process_is_followed(void **state)
{
    (void)state;
    char folder[32];
    (void)snprintf(folder, sizeof(folder), "%s", fixture_file());
    int *go = share_memory(sizeof(*go));
    quipu_error error = { 0 };
    size_t count = 0;
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        while (__atomic_load_n(go, __ATOMIC_SEQ_CST) == 0) {
            (void)usleep(1000);
        }
        grow_elsewhere(folder);
        _exit(0);
    }
    struct place place = fixture_place(folder, &small);
    fixture_append(place.datastore, place.bound, 1);
    struct lent lent = lend(&place);
    __atomic_store_n(go, 1, __ATOMIC_SEQ_CST);
    expect_success(child);
    int64_t head = 0;
    assert_ok(fixture_driver()->wait(place.datastore, place.bound, 0, FOREVER,
                                     &head, &error),
              &error);
    assert_int_equal(head, 31);
    finish(&lent, 1);
    assert_ok(fixture_scan(&place, &count, &error), &error);
    assert_int_equal(count, 31);
    fixture_append(place.datastore, place.bound, 1);
    fixture_leave(&place);
}

static void small_address_space_is_enough(void **state)
{
    (void)state;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    const struct rlimit few = { (rlim_t)2 << 30, before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_AS, &few), 0);
    struct place place = fixture_place(fixture_file(), NULL);
    assert_true(map_size(&place) <= few.rlim_cur);
    fixture_append(place.datastore, place.bound, 1);
    fixture_leave(&place);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
#endif
}

static void exhausted_address_space_is_reported(void **state)
{
    (void)state;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    struct rlimit before;
    quipu_error error = { 0 };
    struct place place = fixture_place(fixture_file(), &small);
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    const struct rlimit few = { (rlim_t)64 << 20, before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_AS, &few), 0);
    int status = QUIPU_OK;
    for (int i = 0; status == QUIPU_OK && i < 300; i++) {
        status = fixture_append_large(&place, LARGE, &error);
    }
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_true(status == QUIPU_IO || status == QUIPU_NO_MEMORY);
    assert_ok(fixture_append_large(&place, LARGE, &error), &error);
    fixture_leave(&place);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_map_grows),
        cmocka_unit_test(append_larger_than_the_map_succeeds),
        cmocka_unit_test(cursor_does_not_keep_the_map_from_growing),
        cmocka_unit_test(growth_waits_for_transactions),
        cmocka_unit_test(growth_by_another_process_is_followed),
        cmocka_unit_test(small_address_space_is_enough),
        cmocka_unit_test(exhausted_address_space_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
