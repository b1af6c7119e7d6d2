/* SPDX-License-Identifier: Apache-2.0 */
/* What can be done with any struct that a field table describes. */
#ifndef QUIPU_CORE_EVENT_FIELDS_H
#define QUIPU_CORE_EVENT_FIELDS_H

#include <quipu/event.h>

#define QUIPU_FIELDS_MAX 256 /* of one struct */
#define QUIPU_FIELD_NAME_MAX 255
#define QUIPU_FIELD_DEPTH_MAX 32 /* structs in the outermost one */

/*
 * Whether a table can describe the members of a struct of `size` bytes whose
 * first `base` bytes are taken.  `owner` names the struct in messages, as
 * "event type Account.Opened".  INVALID names the field.
 */
int quipu_fields_check(const char *owner, const quipu_field *fields,
                       size_t base, size_t size, quipu_error *error);

/* For structs whose members own what they point to, as an aggregate's do:
 * each text, bytes and array is a piece of memory of its own. */

/* Frees what the members own, and zeroes the pointers and counts. */
void quipu_fields_release(const quipu_field *fields, void *members);

/*
 * Makes the members of `to`, whatever they were, copies of those of `from`,
 * with copies of their own of all that these point to; pointers that are NULL
 * stay so.  What no field describes is left alone.  NO_MEMORY: the members of
 * `to` are then all zero.  INVALID: an array that is NULL counts members.
 */
int quipu_fields_copy(const quipu_field *fields, void *to, const void *from,
                      quipu_error *error);

#endif
