/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding an item into an arena, for cursors over events. */
#ifndef QUIPU_CORE_MAPPER_DECODE_H
#define QUIPU_CORE_MAPPER_DECODE_H

#include <quipu/mapper.h>

struct quipu_arena;

/*
 * As quipu_mapper_event, but the event and all that it points to live in the
 * arena, until that is reset; the item may be gone before.  After a failure
 * the arena may hold pieces that nobody uses.
 */
int quipu_mapper_decode(const quipu_mapper *mapper, const quipu_item *item,
                        struct quipu_arena *arena, quipu_event **event,
                        quipu_error *error);

#endif
