/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing of MessagePack, in the shortest form of each value, as the mapper
 * writes states (docs/state-format.md).  A program that stores events uses the
 * mapper; this command has no event types, from which it could work.
 *
 * A map or an array is its head, followed by its elements; in a map each key
 * precedes its value.
 */
#ifndef QUIPU_TOOLS_MSGPACK_H
#define QUIPU_TOOLS_MSGPACK_H

#include <quipu/quipu.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

void msgpack_add_bool(struct text *to, bool value);
void msgpack_add_int(struct text *to, int64_t value);
void msgpack_add_double(struct text *to, double value);
void msgpack_add_str(struct text *to, const char *data, size_t size);
void msgpack_add_bin(struct text *to, const void *data, size_t size);
/* A timestamp, the extension of type -1. */
void msgpack_add_time(struct text *to, quipu_time time);
void msgpack_add_map(struct text *to, size_t count);
void msgpack_add_array(struct text *to, size_t count);

#endif
