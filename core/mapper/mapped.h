/* SPDX-License-Identifier: Apache-2.0 */
/* The attributes that are the sequence id and the position. */
#ifndef QUIPU_CORE_MAPPER_MAPPED_H
#define QUIPU_CORE_MAPPER_MAPPED_H

#include "base/arena.h"
#include "mapper/binding.h"

/* Sets the item's from the event's; the id is copied into the arena.  INVALID:
 * one is out of range; NO_MEMORY. */
int quipu_mapped_load(const quipu_mapper *mapper, const quipu_binding *binding,
                      const quipu_event *event, quipu_arena *arena,
                      quipu_item *item, quipu_error *error);

/* Sets the event's from the item's.  CORRUPT: one does not fit its member;
 * NO_MEMORY. */
int quipu_mapped_store(const quipu_mapper *mapper, const quipu_binding *binding,
                       const quipu_item *item, quipu_arena *arena,
                       quipu_event *event, quipu_error *error);

#endif
