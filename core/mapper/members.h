/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of an event's struct as a MessagePack map, in both directions.
 * members.c states the rules by which types may change between writing and
 * reading.
 */
#ifndef QUIPU_CORE_MAPPER_MEMBERS_H
#define QUIPU_CORE_MAPPER_MEMBERS_H

#include <quipu/event.h>

#include "encoding/decoder.h"
#include "encoding/encoder.h"
#include "mapper/item_key.h"

/*
 * Appends a map of the members that `fields` describes, field name to value.
 * Fields without a value and the two attributes of `key` are left out.
 *
 * INVALID: a member has a value that cannot be stored.  Part of the map may
 * have been written then.
 */
int quipu_members_encode(quipu_encoder *encoder, const quipu_field *fields,
                         const quipu_item_key *key, const void *members);

/*
 * Reads a map, which must be all that is left of the state, into the members,
 * which must be zero.  The attributes of `key` are skipped if the map has them.
 * Memory that the members point to is allocated in the decoder's
 * arena.
 *
 * CORRUPT as for quipu_mapper_event; NO_MEMORY.
 */
int quipu_members_decode(quipu_decoder *decoder, const quipu_field *fields,
                         const quipu_item_key *key, void *members);

#endif
