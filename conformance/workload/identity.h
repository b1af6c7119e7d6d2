/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity of sequences and items: how a workload names them in the store, and
 * how it recognises them when they are read.
 *
 * Sequence ids, event ids and states contain the name of the sequence and the
 * origin of the item (history.h) together with a checksum.  A read therefore
 * needs no table of what was appended, and bytes that no session appended are
 * recorded as "?" and hexadecimal digits.
 */
#ifndef QUIPU_WORKLOAD_IDENTITY_H
#define QUIPU_WORKLOAD_IDENTITY_H

#include "history/history.h"

#include <quipu/types.h>

/* "h3": shared sequence 3, to which all sessions append.  "n3.17": a sequence
 * that operation 17 of session 3 created. */
struct quipu_identity_sequence {
    char kind; /* 'h' or 'n' */
    uint32_t a, b;
};

struct quipu_identity_text {
    char text[72];
};

struct quipu_identity_text quipu_identity_sequence_name(
    struct quipu_identity_sequence sequence);
/* The sequence id: the name as text, or a UUID that contains it. */
quipu_id quipu_identity_sequence_id(struct quipu_identity_sequence sequence,
                                    bool text);
/* The name of a sequence id that was read; "?" and hexadecimal digits if no
 * workload gave it. */
struct quipu_identity_text quipu_identity_read_sequence(quipu_bytes id,
                                                        bool text);

/* The event id of an item. */
quipu_uuid quipu_identity_event_id(struct quipu_history_origin origin);
/* The origin of an item that was read, as text: from its event id, or from its
 * state if it has no event id. */
struct quipu_identity_text quipu_identity_read_item(const quipu_item *item);

/* The size of an item's state in bytes, and its content.  Most states are
 * short, some fill several pages of a database. */
size_t quipu_identity_state_size(struct quipu_history_origin origin);
void quipu_identity_fill_state(struct quipu_history_origin origin, char *state,
                               size_t size);

/* The hash of a topic and a state that a history records (FNV-1a, 64 bits). */
uint64_t quipu_identity_hash(quipu_bytes topic, quipu_bytes state);

#endif
