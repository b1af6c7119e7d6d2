/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope: attributes of an event's base that the schema has no column
 * for, and what has to be known to read the payload behind it.  envelope.c
 * describes the format. */
#ifndef QUIPU_CORE_MAPPER_ENVELOPE_H
#define QUIPU_CORE_MAPPER_ENVELOPE_H

#include <quipu/event.h>
#include <quipu/sealing.h>
#include <quipu/state.h>

#include "encoding/decoder.h"
#include "encoding/encoder.h"
#include "mapper/item_key.h"

/* First byte of a state with an envelope; MessagePack does not use it. */
#define QUIPU_ENVELOPE_MARK 0xC1
/* Second byte: version of the format. */
#define QUIPU_ENVELOPE_VERSION 1
/* Size of both. */
#define QUIPU_ENVELOPE_MARK_SIZE 2

/* The attributes that an envelope can hold, one bit each: that of its key, an
 * enum quipu_state_key. */
enum quipu_envelope_part {
    QUIPU_ENVELOPE_EVENT_ID = 1u << QUIPU_STATE_EVENT_ID,
    QUIPU_ENVELOPE_TIME = 1u << QUIPU_STATE_TIME,
    QUIPU_ENVELOPE_METADATA = 1u << QUIPU_STATE_METADATA,
    QUIPU_ENVELOPE_ORIGINATOR_ID = 1u << QUIPU_STATE_ORIGINATOR_ID,
    QUIPU_ENVELOPE_ORIGINATOR_VERSION = 1u << QUIPU_STATE_ORIGINATOR_VERSION
};

#define QUIPU_ENVELOPE_NONCE_SIZE 12

/* The critical keys, which a reader needs in order to read the payload. */
typedef struct quipu_payload {
    uint32_t version;    /* of the event type: 1 without the key */
    uint32_t codec;      /* 0: the payload is not compressed */
    uint32_t dictionary; /* that compressed it; 0: none */
    uint32_t suite;      /* enum quipu_suite; 0: it is not encrypted */
    uint64_t plain_size; /* before it was compressed */
    bool binds_position; /* the item's position is authenticated, too */
    uint8_t key_id[QUIPU_KEY_ID_SIZE];
    uint8_t nonce[QUIPU_ENVELOPE_NONCE_SIZE];
    size_t nonce_at; /* where the nonce stands, from the start of the state */
    /* Writing: the key of the event's type, if there are personal members with
     * a value; otherwise NULL. */
    const quipu_item_key *personal_of;
    quipu_bytes personal; /* reading: their names (personal.h); or absent */
} quipu_payload;

/* Appends an envelope with those of the `wanted` parts that the event has, and
 * with what *payload says; appends nothing if there is none of them.  The nonce
 * is written as zeros, and payload->nonce_at is set, so the encoder must be
 * empty.  Failure: quipu_encoder_status. */
void quipu_envelope_write(quipu_encoder *encoder, unsigned wanted,
                          quipu_payload *payload, const quipu_event *event);

/* Returns true if an envelope stands at the reader. */
static inline bool quipu_envelope_is_next(const quipu_reader *reader)
{
    return reader->at != reader->end && *reader->at == QUIPU_ENVELOPE_MARK;
}

/*
 * If the state begins with an envelope, reads it into the event and *payload,
 * and leaves the decoder at the payload behind it; metadata are copied into the
 * arena, if there is one.  Without an envelope the payload is of version 1.
 *
 * CORRUPT; NO_MEMORY; UNSUPPORTED: a version, a critical key, a codec or a
 * cipher suite that this version of quipu does not know.
 */
int quipu_envelope_read(quipu_decoder *decoder, quipu_payload *payload,
                        quipu_event *event);

#endif
