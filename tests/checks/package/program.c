/* SPDX-License-Identifier: Apache-2.0 */
/* A program of a user's: one call into the library, one into the driver. */
#include <stdio.h>

#include <quipu/driver.h>
#include <quipu/quipu.h>

const quipu_driver *quipu_driver_entry_toy(void);

int main(void)
{
    printf("%s %s\n", quipu_status_name(QUIPU_OK),
           quipu_driver_entry_toy()->name);
    return 0;
}
