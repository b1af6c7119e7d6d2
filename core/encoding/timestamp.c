/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes MessagePack's timestamp extension. */
#include <string.h>

#include "encoding/timestamp.h"

/* Microseconds in a second. */
#define MICROSECONDS INT64_C(1000000)

bool quipu_timestamp_storable(quipu_time time)
{
    return time.microseconds >= QUIPU_TIME_MIN &&
           time.microseconds <= QUIPU_TIME_MAX;
}

/* Writes a number as `size` bytes, big-endian. */
static void store_number(uint8_t *data, size_t size, uint64_t number)
{
    while (size > 0) {
        data[--size] = (uint8_t)number;
        number >>= 8;
    }
}

/* Reads `size` bytes as a big-endian number. */
static uint64_t load_number(const uint8_t *data, size_t size)
{
    uint64_t number = 0;

    for (size_t i = 0; i < size; i++) {
        number = number << 8 | data[i];
    }
    return number;
}

size_t quipu_timestamp_write(quipu_time time,
                             uint8_t data[QUIPU_TIMESTAMP_SIZE_MAX])
{
    int64_t seconds = time.microseconds / MICROSECONDS;
    int64_t rest = time.microseconds % MICROSECONDS;
    uint64_t nanoseconds;

    if (rest < 0) { /* nanoseconds count forward, also before 1970 */
        rest += MICROSECONDS;
        seconds--;
    }
    nanoseconds = (uint64_t)rest * 1000;
    if (seconds >= 0 && seconds <= UINT32_MAX && nanoseconds == 0) {
        store_number(data, 4, (uint64_t)seconds);
        return 4;
    }
    if (seconds >= 0 && seconds >> 34 == 0) {
        /* Nanoseconds in the upper 30 bits, seconds in the lower 34. */
        store_number(data, 8, nanoseconds << 34 | (uint64_t)seconds);
        return 8;
    }
    store_number(data, 4, nanoseconds);
    store_number(data + 4, 8, (uint64_t)seconds);
    return 12;
}

bool quipu_timestamp_read(quipu_bytes bytes, quipu_time *time)
{
    const uint8_t *data = bytes.data;
    uint64_t nanoseconds = 0;
    uint64_t number;
    int64_t seconds;

    switch (bytes.size) {
    case 4:
        number = load_number(data, 4);
        break;
    case 8:
        number = load_number(data, 8);
        nanoseconds = number >> 34;
        number &= (UINT64_C(1) << 34) - 1;
        break;
    case 12:
        nanoseconds = load_number(data, 4);
        number = load_number(data + 4, 8);
        break;
    default:
        return false;
    }
    memcpy(&seconds, &number, sizeof(seconds)); /* two's complement */
    if (nanoseconds >= 1000000000 || nanoseconds % 1000 != 0 ||
        seconds < QUIPU_TIME_MIN / MICROSECONDS ||
        seconds > QUIPU_TIME_MAX / MICROSECONDS) {
        return false;
    }
    time->microseconds = seconds * MICROSECONDS + (int64_t)(nanoseconds / 1000);
    return true;
}
