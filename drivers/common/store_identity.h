/* SPDX-License-Identifier: Apache-2.0 */
/* The identity of a store and namespace (L5).
 *
 * A driver makes an identity when it creates a namespace, and stores it in its
 * catalogue. It never changes; a copy of the database has the same identity.
 * Each notification id that quipu hands out carries it, so that a position in
 * the log of one store is not mistaken for a position in the log of another
 * one.
 *
 * An identity is a random UUID, version 4 of RFC 9562: 122 bits from the random
 * number generator of the kernel. No two stores need to know of each other, and
 * the identity says nothing of the machine or the time. */
#ifndef QUIPU_DRIVERS_COMMON_STORE_IDENTITY_H
#define QUIPU_DRIVERS_COMMON_STORE_IDENTITY_H

#include <quipu/driver.h>

/* Makes a new identity. Returns false, with errno set, if the system supplies
 * no random bytes. May block early during the boot of the machine, until the
 * generator of the kernel is seeded (getrandom(2)).
 *
 * The caller stores the identity in the transaction that creates the namespace,
 * and reads it back: another process may have been first. Not to be called for
 * a namespace that has one.
 *
 * Safe for threads. The fork of a process does not repeat identities, since no
 * state of the generator is in the process. */
bool quipu_common_store_identity_make(quipu_uuid *identity);

#endif
