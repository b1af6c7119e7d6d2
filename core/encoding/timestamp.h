/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times as MessagePack's timestamp extension (type -1).
 *
 * It has three forms, of 4, 8 and 12 bytes, all big-endian; the table in
 * docs/state-format.md lists them.  quipu's times are whole microseconds in the
 * years 1 to 9999, so not every timestamp is a time, but every time is a
 * timestamp.
 */
#ifndef QUIPU_CORE_ENCODING_TIMESTAMP_H
#define QUIPU_CORE_ENCODING_TIMESTAMP_H

#include <quipu/types.h>

/* Type of the extension. */
#define QUIPU_TIMESTAMP_EXT (-1)
/* Size of the longest form in bytes. */
#define QUIPU_TIMESTAMP_SIZE_MAX 12

/* Returns true if a time lies in the years 1 to 9999, and so can be stored. */
bool quipu_timestamp_storable(quipu_time time);

/* Writes a storable time in the shortest form that can hold it, without the
 * extension's head.  Returns the size of that form: 4, 8 or 12 bytes. */
size_t quipu_timestamp_write(quipu_time time,
                             uint8_t data[QUIPU_TIMESTAMP_SIZE_MAX]);

/* Reads any of the forms, also one that is longer than necessary.  Returns
 * false if the bytes are none of them, or if the time is not storable or not a
 * whole number of microseconds. */
bool quipu_timestamp_read(quipu_bytes data, quipu_time *time);

#endif
