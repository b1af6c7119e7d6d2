/* SPDX-License-Identifier: Apache-2.0 */
/* A complete driver's table without working operations, for the loader. */
#ifndef QUIPU_TEST_MODULES_TABLE_H
#define QUIPU_TEST_MODULES_TABLE_H

#include <string.h>

#include <quipu/driver.h>

static void nothing(void)
{
}

static const char *library(void)
{
    return "Nothing 0";
}

/* Fills all members.  No operation may be called. */
static inline void fill_table(quipu_driver *driver, const char *name)
{
    void (*const stub)(void) = nothing;
    char *at = (char *)driver + offsetof(quipu_driver, open);
    char *end = (char *)driver + sizeof(*driver);

    memset(driver, 0, sizeof(*driver));
    driver->struct_size = sizeof(*driver);
    driver->abi = QUIPU_DRIVER_ABI;
    driver->name = name;
    driver->version = "1.0.0";
    driver->library = library;
    for (; at < end; at += sizeof(stub)) {
        memcpy(at, &stub, sizeof(stub));
    }
}

#endif
