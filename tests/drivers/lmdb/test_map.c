/* SPDX-License-Identifier: Apache-2.0 */
/* The map grows when it is full, by this process or another one, and never
 * while a cursor lends rows. */
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

static void growth_waits_for_lending_cursors(void **state)
{
    (void)state;
    quipu_error error = { 0 };
    struct place place = fixture_place(fixture_file(), &small);
    fixture_append(place.datastore, place.bound, 1);
    quipu_driver_cursor *cursor = fixture_lend(&place);
    size_t before = map_size(&place);
    int status = QUIPU_OK;
    for (int i = 0; status == QUIPU_OK && i < 30; i++) {
        status = fixture_append_large(&place, LARGE, &error);
    }
    assert_refused(status, QUIPU_BUSY, &error, "cursors");
    assert_contains(error.message, "mapsize");
    assert_int_equal(map_size(&place), before);
    /* Reading works meanwhile, and the refused append has stored nothing. */
    size_t stored = fixture_count(place.datastore, place.bound);
    fixture_driver()->cursor_close(cursor);
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
    quipu_driver_cursor *cursor = fixture_lend(&place);
    __atomic_store_n(go, 1, __ATOMIC_SEQ_CST);
    expect_success(child);
    /* The lent rows stay; a call that needs the larger map waits for them. */
    const quipu_driver *driver = fixture_driver();
    int64_t head = 0;
    assert_refused(driver->wait(place.datastore, place.bound, 0,
                                fixture_now() + SECOND / 20, &head, &error),
                   QUIPU_BUSY, &error, "cursors");
    driver->cursor_close(cursor);
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
        cmocka_unit_test(growth_waits_for_lending_cursors),
        cmocka_unit_test(growth_by_another_process_is_followed),
        cmocka_unit_test(small_address_space_is_enough),
        cmocka_unit_test(exhausted_address_space_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
