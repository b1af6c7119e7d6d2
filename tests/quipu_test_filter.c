/* SPDX-License-Identifier: Apache-2.0 */
/* Part of each test program: QUIPU_TEST_ONLY in the environment names the only
 * test to run. `./dev guards` asks so whether one test fails. */
#include "quipu_test.h"

__attribute__((constructor)) static void quipu_test_choose(void)
{
    const char *name = getenv("QUIPU_TEST_ONLY");

    if (name) {
        cmocka_set_test_filter(name);
    }
}
