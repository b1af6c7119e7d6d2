/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes a MessagePack map into the members of a struct. */
#ifndef QUIPU_CORE_MAPPER_MEMBERS_H
#define QUIPU_CORE_MAPPER_MEMBERS_H

#include <quipu/event.h>

#include "base/arena.h"
#include "mapper/encode.h"
#include "mapper/subject.h"

/*
 * Sets the members, which must be zero, but for the omitted ones; what they
 * point to goes into the arena.  `state` must be one map and nothing after it.
 * CORRUPT as quipu_mapper_event says; NO_MEMORY.
 */
int quipu_decode_members(quipu_bytes state, const quipu_subject *subject,
                         const quipu_field *fields, quipu_omitted omitted,
                         quipu_arena *arena, void *members, quipu_error *error);

#endif
