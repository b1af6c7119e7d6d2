/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope: attributes of an event's base that the schema has no column
 * for, stored before the members.  envelope.c describes the format. */
#ifndef QUIPU_CORE_MAPPER_ENVELOPE_H
#define QUIPU_CORE_MAPPER_ENVELOPE_H

#include <quipu/event.h>

#include "mapper/decoder.h"
#include "mapper/encoder.h"

/* First byte of a state with an envelope; MessagePack does not use it. */
#define QUIPU_ENVELOPE_MARK 0xC1
/* Second byte: version of the format. */
#define QUIPU_ENVELOPE_VERSION 1
/* Size of both. */
#define QUIPU_ENVELOPE_MARK_SIZE 2

/* The attributes that an envelope can hold, one bit each. */
enum quipu_envelope_part {
    QUIPU_ENVELOPE_EVENT_ID = 1u << 0,
    QUIPU_ENVELOPE_TIME = 1u << 1,
    QUIPU_ENVELOPE_METADATA = 1u << 2,
    QUIPU_ENVELOPE_ORIGINATOR_ID = 1u << 3,
    QUIPU_ENVELOPE_ORIGINATOR_VERSION = 1u << 4
};

/* Appends an envelope with those of the `wanted` parts that the event has;
 * appends nothing if it has none of them.  Failure: quipu_encoder_status. */
void quipu_envelope_write(quipu_encoder *encoder, unsigned wanted,
                          const quipu_event *event);

/*
 * If the state begins with an envelope, reads it into the event and leaves the
 * decoder at the payload behind it; metadata are copied into the arena, if
 * there is one.
 *
 * CORRUPT; NO_MEMORY; UNSUPPORTED: a version or a critical key that this
 * version of quipu does not know.
 */
int quipu_envelope_read(quipu_decoder *decoder, quipu_event *event);

#endif
