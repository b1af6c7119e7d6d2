/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes integer members of 1, 2, 4 and 8 bytes. */
#include "event/member.h"

int64_t quipu_member_load_int(const void *member, size_t size)
{
    int8_t int8;
    int16_t int16;
    int32_t int32;
    int64_t int64;

    switch (size) {
    case sizeof(int8):
        memcpy(&int8, member, sizeof(int8));
        return int8;
    case sizeof(int16):
        memcpy(&int16, member, sizeof(int16));
        return int16;
    case sizeof(int32):
        memcpy(&int32, member, sizeof(int32));
        return int32;
    default:
        memcpy(&int64, member, sizeof(int64));
        return int64;
    }
}

uint64_t quipu_member_load_uint(const void *member, size_t size)
{
    uint8_t uint8;
    uint16_t uint16;
    uint32_t uint32;
    uint64_t uint64;

    switch (size) {
    case sizeof(uint8):
        memcpy(&uint8, member, sizeof(uint8));
        return uint8;
    case sizeof(uint16):
        memcpy(&uint16, member, sizeof(uint16));
        return uint16;
    case sizeof(uint32):
        memcpy(&uint32, member, sizeof(uint32));
        return uint32;
    default:
        memcpy(&uint64, member, sizeof(uint64));
        return uint64;
    }
}

/* Writes the low `size` bytes of a number, whatever the byte order. */
static void store_low(void *member, size_t size, uint64_t number)
{
    uint8_t uint8 = (uint8_t)number;
    uint16_t uint16 = (uint16_t)number;
    uint32_t uint32 = (uint32_t)number;

    switch (size) {
    case sizeof(uint8):
        memcpy(member, &uint8, sizeof(uint8));
        break;
    case sizeof(uint16):
        memcpy(member, &uint16, sizeof(uint16));
        break;
    case sizeof(uint32):
        memcpy(member, &uint32, sizeof(uint32));
        break;
    default:
        memcpy(member, &number, sizeof(number));
    }
}

bool quipu_member_store_int(void *member, size_t size, int64_t number)
{
    int64_t largest = INT64_MAX >> (8 * (8 - size)); /* of `size` bytes */

    if (number > largest || number < -largest - 1) {
        return false;
    }
    store_low(member, size, (uint64_t)number);
    return true;
}

bool quipu_member_store_uint(void *member, size_t size, uint64_t number)
{
    if (number > UINT64_MAX >> (8 * (8 - size))) {
        return false;
    }
    store_low(member, size, number);
    return true;
}
