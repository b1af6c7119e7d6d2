/* SPDX-License-Identifier: Apache-2.0 */
/* Kills a process that creates, promotes and retires versions of a projection
 * at each call of the driver, and reads beside writers while it is killed (P6).
 * VERSIONS: the back end. */
#include "versions_fixture.h"

static int add_driver(void **state)
{
    (void)state;
    add_interposed(VERSIONS.driver);
    return 0;
}

static void each_kill_leaves_one_version_whole(void **state)
{
    (void)state;
    kill_versions_at_each_call(&VERSIONS);
}

static void readers_find_one_version_whole(void **state)
{
    (void)state;
    promote_under_load(&VERSIONS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kill_leaves_one_version_whole),
        cmocka_unit_test(readers_find_one_version_whole),
    };

    return cmocka_run_group_tests(tests, add_driver, NULL);
}
