/* SPDX-License-Identifier: Apache-2.0 */
/* A module that tells, as its version, how often its entry was called, and
 * that takes its time, so that callers have the chance to meet in it. */
#include "table.h"

#include <time.h>

QUIPU_DRIVER_ENTRY(counted)
{
    static quipu_driver driver;
    static char calls[2] = "0";

    nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
    fill_table(&driver, "counted");
    calls[0]++;
    driver.version = calls;
    return &driver;
}
