/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of a state, which is the map of the members: compresses and
 * encrypts it when a state is written, and opens it when one is read.
 *
 *   P1  Writing compresses first and encrypts then; reading does the opposite.
 *       So what is decompressed has been authenticated, if it was encrypted.
 *   P2  An encrypted payload is bound to its purpose, the sequence id, the
 *       topic, the event id, the position if the item has one that it keeps,
 *       and the envelope up to the payload, with zeros in place of the nonce
 *       (X2).  The envelope says whether the position counts.
 *   P3  The same event, key, level, dictionary and version of zstd give the
 *       same bytes (X3).
 *
 * docs/sealing.md has the whole construction.
 */
#ifndef QUIPU_CORE_MAPPER_PAYLOAD_H
#define QUIPU_CORE_MAPPER_PAYLOAD_H

#include "mapper/envelope.h"
#include "sealing/sealer.h"

/* The parts that a state is written from. */
struct quipu_payload_input {
    const struct quipu_sealer *sealer;
    const quipu_event *event;
    const quipu_item *item; /* its sequence id, topic, position and flags */
    unsigned parts;         /* of the envelope */
    uint32_t version;       /* of the event type */
    const quipu_item_key *personal_of; /* as of quipu_payload */
    quipu_bytes members;               /* their map; not empty */
};

/* Appends an envelope and the payload to `state`.  `scratch` is overwritten.
 * Codes of the provider of keys; INVALID: the state is too large to encrypt;
 * NO_MEMORY. */
int quipu_payload_write(const struct quipu_payload_input *input,
                        quipu_encoder *state, quipu_encoder *scratch);

/*
 * Opens the payload at which the decoder stands, and lets the decoder read what
 * it contains, in memory of the arena.
 *
 * CORRUPT: the payload was changed or belongs to another item, or is in clear
 * and the sealing requires encrypted states.  DENIED: the key is not known, or
 * no keys are given.  UNSUPPORTED: this build lacks OpenSSL or zstd, or the
 * dictionary is not given.  NO_MEMORY; other codes of the provider of keys.
 */
int quipu_payload_open(quipu_decoder *decoder,
                       const struct quipu_sealer *sealer,
                       const quipu_uuid *event_id,
                       const quipu_payload *payload);

#endif
