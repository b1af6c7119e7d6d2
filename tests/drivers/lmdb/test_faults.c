/* SPDX-License-Identifier: Apache-2.0 */
/* System calls fail one after the other: the driver answers with a proper
 * status and leaves a store that is complete. */
#include "drivers/common/tour.h"

#include "shim.h"

#include <errno.h>

static bool is_allowed(int status)
{
    return status == QUIPU_OK || status == QUIPU_IO || status == QUIPU_DENIED ||
           status == QUIPU_BUSY || status == QUIPU_NO_MEMORY ||
           status == QUIPU_UNSUPPORTED || status == QUIPU_UNKNOWN_OUTCOME;
}

/* Takes the tour with the n-th such call failing, for each n until the tour
 * makes fewer calls; returns the number of tours that failed.  Without `folder`
 * each tour creates a store. */
static int sweep(const char *folder, enum shim_call call, int number)
{
    int failures = 0;
    bool failed = true;
    for (int n = 1; failed && n < 500; n++) {
        const char *file = folder ? folder : fixture_file();
        quipu_error error = { 0 };
        shim_fail(call, n, 1, number);
        int status = tour_take(file, "", &error);
        shim_heal();
        failed = shim_has_failed();
        if (!is_allowed(status)) {
            fail_msg("call %d, the %d. time, errno %d: %d, %s", (int)call, n,
                     number, status, error.message);
        }
        assert_true(failed || status == QUIPU_OK);
        failures += status != QUIPU_OK;
        tour_prepare(file);
        tour_check(file);
    }
    return failures;
}

static void failing_call_is_reported(void **state)
{
    (void)state;
    tour_prepare("there");
    assert_true(sweep("there", SHIM_WRITE, EIO) > 0);
    assert_true(sweep("there", SHIM_WRITE, ENOSPC) > 0);
    assert_true(sweep("there", SHIM_META, EIO) > 0);
    assert_true(sweep("there", SHIM_SYNC, EIO) > 0);
    assert_true(sweep("there", SHIM_READ, EIO) > 0);
    assert_true(sweep("there", SHIM_OPEN, EMFILE) > 0);
    assert_true(sweep("there", SHIM_MAP, ENODEV) > 0);
    assert_true(sweep("there", SHIM_LOCK, ENOLCK) > 0);
}

static void failing_call_while_a_store_is_created_is_reported(void **state)
{
    (void)state;
    assert_true(sweep(NULL, SHIM_WRITE, ENOSPC) > 2);
    assert_true(sweep(NULL, SHIM_META, EIO) > 2);
    assert_true(sweep(NULL, SHIM_SYNC, EIO) > 2);
    assert_true(sweep(NULL, SHIM_READ, EIO) > 0);
    assert_true(sweep(NULL, SHIM_OPEN, EACCES) > 2);
    assert_true(sweep(NULL, SHIM_MAP, ENOMEM) > 0);
    assert_true(sweep(NULL, SHIM_LOCK, EOPNOTSUPP) > 0);
}

static void file_system_without_locks_is_unsupported(void **state)
{
    (void)state;
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    tour_prepare("unlockable");
    shim_fail(SHIM_LOCK, 1, 1000, ENOLCK);
    assert_refused(fixture_try_open("unlockable", NULL, &datastore, &error),
                   QUIPU_UNSUPPORTED, &error, "local");
    shim_heal();
    tour_check("unlockable");
}

/* Before a byte is written: not even the folder is created. */
static void unknown_version_of_lmdb_is_unsupported(void **state)
{
    (void)state;
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    const char *folder = fixture_file();
    shim_set_version(1, 0);
    assert_refused(fixture_try_open(folder, NULL, &datastore, &error),
                   QUIPU_UNSUPPORTED, &error, "version 1.0");
    assert_contains(error.message, "install liblmdb 0.9");
    assert_int_equal(access(folder, F_OK), -1);
    shim_set_version(-1, 0);
    tour_prepare("known");
    shim_set_version(1, 0);
    assert_refused(fixture_try_open("known", NULL, &datastore, &error),
                   QUIPU_UNSUPPORTED, &error, "version 1.0");
    shim_set_version(-1, 0);
    tour_check("known");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failing_call_is_reported),
        cmocka_unit_test(failing_call_while_a_store_is_created_is_reported),
        cmocka_unit_test(file_system_without_locks_is_unsupported),
        cmocka_unit_test(unknown_version_of_lmdb_is_unsupported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
