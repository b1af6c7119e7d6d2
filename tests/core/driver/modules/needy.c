/* SPDX-License-Identifier: Apache-2.0 */
/* A module that needs something that is not there: a library that the linker
 * saw, or a function that nobody has. */
#include "table.h"

int quipu_test_absent(void);

QUIPU_DRIVER_ENTRY(needy)
{
    static quipu_driver driver;

    fill_table(&driver, "needy");
    driver.flags = (uint32_t)quipu_test_absent();
    return &driver;
}
