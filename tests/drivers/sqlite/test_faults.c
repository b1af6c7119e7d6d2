/* SPDX-License-Identifier: Apache-2.0 */
/* Each system call fails in turn. The driver returns a status that the contract
 * permits, releases everything, and leaves an intact store.
 */
#include "fixture.h"
#include "shim.h"

#include "drivers/common/tour.h"

/* Runs the tour with the n-th call of that kind failing, for each n until the
 * tour has no n-th call. Returns the number of tours that failed. */
static int sweep(const char *file, enum shim_call call, int code,
                 const int *allowed)
{
    int failures = 0;
    for (int n = 1;; n++) {
        quipu_error error = { 0 };
        shim_fail(call, SHIM_ANY, n, 1, code);
        int status = tour_take(file, "", &error);
        shim_heal();
        if (!shim_has_failed()) {
            assert_ok(status, &error);
            break;
        }
        bool expected = status == QUIPU_OK;
        for (int i = 0; allowed[i] != QUIPU_OK; i++) {
            expected = expected || status == allowed[i];
        }
        if (!expected) {
            fail_msg("call %d, the %d. time: %d, %s", (int)call, n, status,
                     error.message);
        }
        failures += status != QUIPU_OK;
        tour_check(file);
    }
    return failures;
}

static void failed_read_is_reported(void **state)
{
    (void)state;
    static const int allowed[] = { QUIPU_IO, QUIPU_UNKNOWN_OUTCOME, QUIPU_OK };
    const char *file = "reads.db";
    tour_prepare(file);
    assert_true(sweep(file, SHIM_READ, SQLITE_IOERR_READ, allowed) > 10);
}

static void failed_write_is_reported(void **state)
{
    (void)state;
    static const int allowed[] = { QUIPU_IO, QUIPU_UNKNOWN_OUTCOME, QUIPU_OK };
    const char *file = "writes.db";
    tour_prepare(file);
    assert_true(sweep(file, SHIM_WRITE, SQLITE_IOERR_WRITE, allowed) > 2);
    assert_true(sweep(file, SHIM_WRITE, SQLITE_FULL, allowed) > 2);
}

static void failed_sync_is_reported(void **state)
{
    (void)state;
    static const int allowed[] = { QUIPU_IO, QUIPU_UNKNOWN_OUTCOME, QUIPU_OK };
    const char *file = "syncs.db";
    tour_prepare(file);
    assert_true(sweep(file, SHIM_SYNC, SQLITE_IOERR_FSYNC, allowed) > 0);
}

static void failed_open_is_reported(void **state)
{
    (void)state;
    static const int allowed[] = { QUIPU_IO, QUIPU_DENIED, QUIPU_OK };
    const char *file = "opens.db";
    tour_prepare(file);
    assert_true(sweep(file, SHIM_OPEN, SQLITE_CANTOPEN, allowed) > 0);
}

/* The same during the creation of the store, which can be opened afterwards. */
static void fault_during_creation_is_reported(void **state)
{
    (void)state;
    static const enum shim_call calls[] = { SHIM_WRITE, SHIM_SYNC, SHIM_READ,
                                            SHIM_OPEN };
    static const int codes[] = { SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC,
                                 SQLITE_IOERR_READ, SQLITE_CANTOPEN };
    for (size_t i = 0; i < 4; i++) {
        bool failed = true;
        for (int n = 1; failed && n < 150; n++) {
            const char *file = fixture_file();
            quipu_error error = { 0 };
            shim_fail(calls[i], SHIM_ANY, n, 1, codes[i]);
            int status = tour_take(file, "", &error);
            shim_heal();
            failed = shim_has_failed();
            if (status != QUIPU_OK && status != QUIPU_IO &&
                status != QUIPU_DENIED && status != QUIPU_UNKNOWN_OUTCOME) {
                fail_msg("call %zu, the %d. time: %d, %s", i, n, status,
                         error.message);
            }
            tour_prepare(file);
            tour_check(file);
        }
    }
}

static int install(void **state)
{
    (void)state;
    shim_install();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_read_is_reported),
        cmocka_unit_test(failed_write_is_reported),
        cmocka_unit_test(failed_sync_is_reported),
        cmocka_unit_test(failed_open_is_reported),
        cmocka_unit_test(fault_during_creation_is_reported),
    };
    return cmocka_run_group_tests(tests, install, NULL) != 0;
}
