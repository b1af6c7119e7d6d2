/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overwrites secrets in memory that is about to be freed or to go out of scope.
 *
 * A compiler may leave out a memset of memory that is not read afterwards.
 * OPENSSL_cleanse and explicit_bzero are functions that it must call.
 *
 * Any thread; never fails.
 */
#ifndef QUIPU_CORE_SEALING_WIPE_H
#define QUIPU_CORE_SEALING_WIPE_H

#include <stddef.h>

#if QUIPU_HAS_OPENSSL
#include <openssl/crypto.h>
#else
#include <string.h>
#endif

/* Overwrites `size` bytes with zeros; `memory` may be NULL if it is 0. */
static inline void quipu_wipe(void *memory, size_t size)
{
#if QUIPU_HAS_OPENSSL
    OPENSSL_cleanse(memory, size);
#else
    if (size > 0) {
        explicit_bzero(memory, size);
    }
#endif
}

#endif
