/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs that own the memory their members point to, as an aggregate does:
 * each text, bytes value and array is an allocation of its own, so that it can
 * be replaced alone.  (An event, in contrast, is one allocation: event.c.)
 *
 * Aggregates change such members with quipu_text_set, quipu_bytes_set and
 * quipu_array_add of <quipu/aggregate.h>, which are defined here too.  A struct
 * is used by one thread at a time.
 */
#ifndef QUIPU_CORE_EVENT_OWNED_FIELDS_H
#define QUIPU_CORE_EVENT_OWNED_FIELDS_H

#include <quipu/event.h>

/* Frees the memory that the members own, and sets the pointers and counts to
 * zero; releasing twice is harmless.  `fields` NULL: no members. */
void quipu_owned_fields_release(const quipu_field *fields, void *members);

/*
 * Copies the members of `from` to `to`, with copies of everything that they
 * point to.  The previous contents of `to` are overwritten and not freed; bytes
 * of `to` that no field describes are left alone.  A NULL pointer stays NULL.
 *
 * NO_MEMORY; INVALID: an array is NULL although its count is not 0.  After
 * either all members of `to` are zero, and nothing is leaked.
 */
int quipu_owned_fields_copy(const quipu_field *fields, void *to,
                            const void *from, quipu_error *error);

/*
 * Returns the number of elements for which an owned array of `count` elements
 * has room at least: the smallest power of two not below `count` (0 for 0),
 * or SIZE_MAX if there is none.  The capacity is not stored: it follows from
 * the count.
 */
size_t quipu_owned_fields_capacity(size_t count);

#endif
