/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope: what no column holds, before the state. */
#ifndef QUIPU_CORE_MAPPER_ENVELOPE_H
#define QUIPU_CORE_MAPPER_ENVELOPE_H

#include <quipu/event.h>

#include "base/arena.h"
#include "mapper/buffer.h"
#include "mapper/subject.h"

/* A state that begins with it is an envelope; MessagePack never uses it. */
#define QUIPU_ENVELOPE_MARK 0xC1
#define QUIPU_ENVELOPE_VERSION 1

/* What an envelope can hold, a bit each. */
enum quipu_envelope_part {
    QUIPU_ENVELOPE_EVENT_ID = 1u << 0,
    QUIPU_ENVELOPE_TIME = 1u << 1,
    QUIPU_ENVELOPE_METADATA = 1u << 2,
    QUIPU_ENVELOPE_ORIGINATOR_ID = 1u << 3,
    QUIPU_ENVELOPE_ORIGINATOR_VERSION = 1u << 4
};

/* Appends an envelope's head with those of the parts that the event has;
 * nothing if it has none of them. */
void quipu_envelope_write(quipu_buffer *buffer, unsigned wanted,
                          const quipu_event *event);

/*
 * Reads the head of a state, if it has one, into the event, metadata into the
 * arena; leaves in *state what follows.  CORRUPT, UNSUPPORTED (a version or a
 * critical key that this version does not know), NO_MEMORY.
 */
int quipu_envelope_read(quipu_bytes *state, const quipu_subject *subject,
                        quipu_arena *arena, quipu_event *event,
                        quipu_error *error);

#endif
