/* SPDX-License-Identifier: Apache-2.0 */
/* A module for tests of the loader, with one fault or none: MODULE_FAULT is
 * a statement that is run on the complete table. */
#include "table.h"

#ifndef MODULE_FAULT
#define MODULE_FAULT
#endif

QUIPU_DRIVER_ENTRY(module)
{
    static quipu_driver driver;

    fill_table(&driver, "module");
    MODULE_FAULT;
    return &driver;
}
