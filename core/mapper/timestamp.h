/* SPDX-License-Identifier: Apache-2.0 */
/* Times as MessagePack's timestamp extension. */
#ifndef QUIPU_CORE_MAPPER_TIMESTAMP_H
#define QUIPU_CORE_MAPPER_TIMESTAMP_H

#include <quipu/types.h>

#define QUIPU_TIMESTAMP_EXT (-1)
#define QUIPU_TIMESTAMP_SIZE_MAX 12

/* Whether a time lies in the years 1 to 9999. */
bool quipu_time_storable(quipu_time time);

/* Writes a storable time in the shortest of the three forms; returns the size
 * of that: 4, 8 or 12 bytes. */
size_t quipu_timestamp_write(quipu_time time,
                             uint8_t data[QUIPU_TIMESTAMP_SIZE_MAX]);

/* Reads any of the forms.  False: the bytes are none, or the time is not
 * storable or not of whole microseconds. */
bool quipu_timestamp_read(quipu_bytes data, quipu_time *time);

#endif
