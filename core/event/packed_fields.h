/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of a struct as one block of bytes, exactly as they are in memory:
 * for snapshots of aggregates, and for the cache.
 *
 * In contrast to a stored event (mapper/members.h), the bytes can only be read
 * with the table with which they were written, or one with the same layout.  So
 * nothing has a default, and nothing that a member can hold is refused or
 * changed: a text that is NULL although its field may not be, one that is not
 * UTF-8, the value of an optional member that is marked as absent.
 *
 * The structs own their members as described in owned_fields.h.
 */
#ifndef QUIPU_CORE_EVENT_PACKED_FIELDS_H
#define QUIPU_CORE_EVENT_PACKED_FIELDS_H

#include <quipu/event.h>

/* Returns a checksum of `seed` and of all that the bytes depend on: names,
 * kinds, sizes and order of the fields, also of nested structs, the byte order
 * and the size of a pointer.  Defaults are included: they do not change the
 * bytes, but what is read from events. */
uint64_t quipu_packed_fields_layout(uint64_t seed, const quipu_field *fields);

/* Returns an array of `size` bytes, in which those are 1 that no field of a
 * struct of that size describes, apart from its first `base` bytes.  It is
 * freed with quipu_release.  NULL: there is no memory. */
char *quipu_packed_fields_gaps(const quipu_field *fields, size_t base,
                               size_t size);

/*
 * Whether the packed bytes have all that is in the members: the bytes in the
 * gaps are zero, and so are ignored members.  A table is checked when it is
 * first used (field_table.h), but a small member that it lacks cannot be told
 * from padding.
 */
bool quipu_packed_fields_complete(const quipu_field *fields, const char *gaps,
                                  size_t size, const void *members);

/* Returns the number of bytes that `write` writes. */
size_t quipu_packed_fields_size(const quipu_field *fields, const void *members);

/* Writes the members. */
void quipu_packed_fields_write(const quipu_field *fields, const void *members,
                               void *bytes);

/*
 * Reads the members, which must be zero, from all of the bytes.  CORRUPT: the
 * bytes are not of this table; NO_MEMORY.  After either the members can be
 * released, and must be.
 */
int quipu_packed_fields_read(const quipu_field *fields, void *members,
                             quipu_bytes bytes, quipu_error *error);

#endif
