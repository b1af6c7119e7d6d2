/* SPDX-License-Identifier: Apache-2.0 */
/* A module for a later quipu of the same ABI, with additional members. */
#include "table.h"

QUIPU_DRIVER_ENTRY(longer)
{
    static struct {
        quipu_driver known;
        const char *unknown[4];
    } driver;

    fill_table(&driver.known, "longer");
    driver.known.struct_size = sizeof(driver);
    driver.known.flags = 0xFFFFFFFF;
    driver.unknown[0] = "unknown";
    return &driver.known;
}
