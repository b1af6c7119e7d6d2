/* SPDX-License-Identifier: Apache-2.0 */
/* A module that returns no table. */
#include <quipu/driver.h>

QUIPU_DRIVER_ENTRY(nulltable)
{
    return NULL;
}
