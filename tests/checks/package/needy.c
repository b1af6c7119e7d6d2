/* SPDX-License-Identifier: Apache-2.0 */
/* A driver that needs the library of its back end. */
#include <quipu/driver.h>

const char *backend_version(void);

static const quipu_driver driver = {
    .struct_size = sizeof(quipu_driver),
    .abi = QUIPU_DRIVER_ABI,
    .name = "toy",
    .version = "1.0.0",
    .library = backend_version,
};

QUIPU_DRIVER_ENTRY(needy)
{
    return &driver;
}
