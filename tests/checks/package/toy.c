/* SPDX-License-Identifier: Apache-2.0 */
/* A driver that stores nothing; it only has to be built and found. */
#include <quipu/driver.h>

static const quipu_driver driver = {
    .struct_size = sizeof(quipu_driver),
    .abi = QUIPU_DRIVER_ABI,
    .name = "toy",
    .version = "1.0.0",
};

QUIPU_DRIVER_ENTRY(toy)
{
    return &driver;
}
