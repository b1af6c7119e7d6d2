/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation fails in turn: those of quipu, then those of SQLite. */
#include "fixture.h"

#include "drivers/common/tour.h"

#include <stdatomic.h>

#include "quipu_test_memory.h"

struct case_of_tour {
    const char *file;
    const char *name_space;
};

static int take(void *context, quipu_error *error)
{
    const struct case_of_tour *c = context;
    return tour_take(c->file, c->name_space, error);
}

static void failed_allocation_of_quipu_is_reported(void **state)
{
    (void)state;
    struct case_of_tour there = { "there.db", "" };
    struct case_of_tour memory = { ":memory:", "" };
    struct case_of_tour spaced = { "there.db", "space" };
    tour_prepare("there.db");
    quipu_test_memory_sweep(take, &there);
    quipu_test_memory_sweep(take, &spaced);
    quipu_test_memory_sweep(take, &memory);
    tour_check("there.db");
}

/* ----------------------------------------------------- SQLite */

static sqlite3_mem_methods real;
static atomic_long budget = -1;

static bool may_allocate(void)
{
    long left = atomic_load(&budget);
    return left < 0 || (left > 0 && atomic_fetch_sub(&budget, 1) > 0);
}

static void *allocate(int size)
{
    return may_allocate() ? real.xMalloc(size) : NULL;
}

static void *reallocate(void *memory, int size)
{
    return may_allocate() ? real.xRealloc(memory, size) : NULL;
}

static int install(void **state)
{
    (void)state;
    sqlite3_mem_methods mine;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real), SQLITE_OK);
    mine = real;
    mine.xMalloc = allocate;
    mine.xRealloc = reallocate;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &mine), SQLITE_OK);
    return sqlite3_initialize() != SQLITE_OK;
}

static void failed_allocation_of_sqlite_is_reported(void **state)
{
    (void)state;
    int failures = 0;
    tour_prepare("sqlite.db");
    for (long n = 0;; n += 1 + n / 40) {
        quipu_error error = { 0 };
        atomic_store(&budget, n);
        int status = tour_take("sqlite.db", "", &error);
        bool exhausted = atomic_exchange(&budget, -1) == 0;
        if (!exhausted) {
            assert_ok(status, &error);
            break;
        }
        if (status != QUIPU_OK && status != QUIPU_NO_MEMORY &&
            status != QUIPU_UNKNOWN_OUTCOME) {
            fail_msg("after %ld allocations: %d, %s", n, status, error.message);
        }
        failures += status != QUIPU_OK;
        tour_check("sqlite.db");
    }
    assert_true(failures > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_allocation_of_quipu_is_reported),
        cmocka_unit_test(failed_allocation_of_sqlite_is_reported),
    };
    return cmocka_run_group_tests(tests, install, NULL) != 0;
}
