/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of stored bytes.  It is no CRC, of which a thousand bytes want
 * three times as long: four lanes of 64-bit products, folded.  What is damaged
 * passes it once in 2^32.
 */
#ifndef LMDB_DRIVER_CHECK_H
#define LMDB_DRIVER_CHECK_H

#include <stddef.h>
#include <stdint.h>

/* The check of some bytes, which differs with `seed`. */
uint32_t quipu_lmdb_check(const void *data, size_t size, uint64_t seed);

#endif
