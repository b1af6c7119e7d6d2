/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers that are there: linked in, or loaded. */
#ifndef QUIPU_CORE_DRIVER_REGISTRY_H
#define QUIPU_CORE_DRIVER_REGISTRY_H

#include <limits.h>

#include <quipu/driver.h>

#include "base/uri.h"

/* An entry does not change once it can be seen, and stays for ever. */
typedef struct quipu_registered {
    const struct quipu_registered *older;
    char scheme[QUIPU_SCHEME_MAX + 1];
    char place[PATH_MAX]; /* the module's path, or "" if it is linked in */
    quipu_driver table;
} quipu_registered;

/* The newest entry, or NULL.  Any thread. */
const quipu_registered *quipu_registry_newest(void);

/* The entry of a scheme, or NULL.  Any thread. */
const quipu_registered *quipu_registry_find(const char *scheme);

#endif
