/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drivers that the process has: linked in, or loaded on demand.
 *
 * An entry is complete before it becomes visible, never changes afterwards and
 * is never removed, so that pointers to it stay valid until the process ends.
 * All functions may be called from any thread.
 */
#ifndef QUIPU_CORE_DRIVER_REGISTRY_H
#define QUIPU_CORE_DRIVER_REGISTRY_H

#include <limits.h>

#include <quipu/driver.h>

#include "base/uri.h"

/* A driver under the scheme that it serves. */
typedef struct quipu_registry_entry {
    const struct quipu_registry_entry *older; /* next in the list, or NULL */
    char scheme[QUIPU_SCHEME_MAX + 1];
    char file[PATH_MAX]; /* path of the shared object; "": linked in */
    quipu_driver table;  /* complete, see vtable.h */
} quipu_registry_entry;

/* Returns the newest entry, from which `older` leads to all; NULL: none. */
const quipu_registry_entry *quipu_registry_newest(void);

/* Returns the entry of a scheme, or NULL; loads nothing. */
const quipu_registry_entry *quipu_registry_find(const char *scheme);

/*
 * Adds a driver that is linked in.  `scheme` is valid.  INVALID: the scheme is
 * taken, or the driver's table is incomplete; UNSUPPORTED: the driver is of
 * another ABI; NO_MEMORY.
 */
int quipu_registry_add(const char *scheme, quipu_driver_entry_fn function,
                       quipu_error *error);

/*
 * Sets *entry to the driver of a (valid) scheme, which is loaded first if the
 * process does not have it.  DENIED: loading is forbidden; NOT_FOUND: there is
 * no such driver; UNSUPPORTED: it cannot be used; NO_MEMORY.
 */
int quipu_registry_load(const char *scheme, const quipu_registry_entry **entry,
                        quipu_error *error);

#endif
