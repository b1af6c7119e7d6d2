/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and writes the values of quipu's own entries: numbers in
 * little-endian order, and bytes after their size (2 bytes).  The pointer `at`
 * moves behind what was read or written.
 *
 * The writers need room for what they write.  The readers of bytes return false
 * if the value ends too early.  Any thread.
 */
#ifndef QUIPU_CORE_RECORDS_ENTRY_VALUE_H
#define QUIPU_CORE_RECORDS_ENTRY_VALUE_H

#include <stdbool.h>
#include <string.h>

#include <quipu/types.h>

static inline void quipu_value_put_number(uint8_t **at, uint64_t number,
                                          int size)
{
    for (int i = 0; i < size; i++) {
        *(*at)++ = (uint8_t)(number >> (8 * i));
    }
}

static inline uint64_t quipu_value_take_number(const uint8_t **at, int size)
{
    uint64_t number = 0;

    for (int i = 0; i < size; i++) {
        number |= (uint64_t)(*at)[i] << (8 * i);
    }
    *at += size;
    return number;
}

static inline void quipu_value_put_bytes(uint8_t **at, quipu_bytes bytes)
{
    quipu_value_put_number(at, bytes.size, 2);
    if (bytes.size > 0) {
        memcpy(*at, bytes.data, bytes.size);
    }
    *at += bytes.size;
}

static inline bool quipu_value_take_bytes(const uint8_t **at,
                                          const uint8_t *end,
                                          quipu_bytes *bytes)
{
    if (end - *at < 2) {
        return false;
    }
    size_t size = (size_t)quipu_value_take_number(at, 2);

    *bytes = (quipu_bytes){ *at, size };
    if ((size_t)(end - *at) < size) {
        return false;
    }
    *at += size;
    return true;
}

static inline void quipu_value_put_uuid(uint8_t **at, const quipu_uuid *uuid)
{
    memcpy(*at, uuid->bytes, sizeof(uuid->bytes));
    *at += sizeof(uuid->bytes);
}

static inline void quipu_value_take_uuid(const uint8_t **at, quipu_uuid *uuid)
{
    memcpy(uuid->bytes, *at, sizeof(uuid->bytes));
    *at += sizeof(uuid->bytes);
}

#endif
