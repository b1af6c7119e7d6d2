/* SPDX-License-Identifier: Apache-2.0 */
/* The identity of a store and namespace (L5). */
#ifndef SHARED_DRIVER_STORE_IDENTITY_H
#define SHARED_DRIVER_STORE_IDENTITY_H

#include <quipu/driver.h>

/* A random UUID: version 4 of RFC 9562.  False, with errno, when the system
 * gives no random numbers. */
bool quipu_common_store_identity_make(quipu_uuid *identity);

#endif
