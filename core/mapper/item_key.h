/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of an item: its sequence id and its position, which two attributes of
 * the event hold.  The mapping names them; by default they are originator_id
 * and originator_version.
 */
#ifndef QUIPU_CORE_MAPPER_ITEM_KEY_H
#define QUIPU_CORE_MAPPER_ITEM_KEY_H

#include "base/arena.h"
#include "encoding/decoder.h"

/* The two attributes of one event type, and what the schema allows. */
typedef struct quipu_item_key {
    const quipu_field *sequence_id; /* of kind ID, TEXT or UUID */
    const quipu_field *position;    /* of kind INT, UINT or TIME */
    bool text_ids;                  /* sequence ids are text; otherwise UUIDs */
    bool sparse;                    /* positions may be negative */
} quipu_item_key;

/*
 * Sets the sequence id and the position of an item from those of an event; the
 * id is copied into the arena.
 *
 * INVALID: one is out of range for the schema; the message names the event's
 * topic and the attribute.  NO_MEMORY.
 */
int quipu_item_key_fill_item(const quipu_item_key *key,
                             const quipu_event *event, quipu_arena *arena,
                             quipu_item *item, quipu_error *error);

/* Sets both attributes of an event from the item that `decoder` decodes.
 * CORRUPT: one does not fit its member; NO_MEMORY. */
int quipu_item_key_fill_event(const quipu_item_key *key,
                              const quipu_decoder *decoder, quipu_event *event);

#endif
