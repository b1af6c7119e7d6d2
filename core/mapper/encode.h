/* SPDX-License-Identifier: Apache-2.0 */
/* Encodes the members of a struct as a MessagePack map. */
#ifndef QUIPU_CORE_MAPPER_ENCODE_H
#define QUIPU_CORE_MAPPER_ENCODE_H

#include <quipu/event.h>

#include "mapper/buffer.h"

/* Fields of the outermost struct that are kept elsewhere; NULL: none. */
typedef struct quipu_omitted {
    const quipu_field *first;
    const quipu_field *second;
} quipu_omitted;

/*
 * Appends the members, but for the omitted ones, to the buffer.  `topic` names
 * the event in messages.  INVALID: a member has a
 * value that cannot be stored; NO_MEMORY.  Both leave a piece in the buffer.
 */
int quipu_encode(quipu_buffer *buffer, const char *topic,
                 const quipu_field *fields, quipu_omitted omitted,
                 const void *members, quipu_error *error);

#endif
