/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a history names, as the store holds it: sequences, event ids, states.
 * All that comes back is recognised by itself; what is not, was never given.
 */
#ifndef QUIPU_LABELS_H
#define QUIPU_LABELS_H

#include "history.h"

#include <quipu/types.h>

/* "h3" is one to which all write; "n3.17" was new in an operation. */
struct quipu_label {
    char kind; /* 'h' or 'n' */
    uint32_t a, b;
};

struct quipu_label_text {
    char text[72];
};

struct quipu_label_text quipu_label_name(struct quipu_label label);
/* Its sequence id: text, or a UUID. */
quipu_id quipu_label_id(struct quipu_label label, bool text);
/* The name of what comes back; "?" and hexadecimal for what is none. */
struct quipu_label_text quipu_label_read(quipu_bytes id, bool text);

/* The event id of an item, and the item of an event id. */
quipu_uuid quipu_mark_event(struct quipu_mark mark);
/* The mark of an item that comes back, by its event id, or by its state if it
 * has none; as text. */
struct quipu_label_text quipu_mark_read(const quipu_item *item);

/* How many bytes the state of an item has, and what they are: most are short,
 * some fill several pages. */
size_t quipu_mark_size(struct quipu_mark mark);
void quipu_mark_fill(struct quipu_mark mark, char *state, size_t size);

/* Of topic and state. */
uint64_t quipu_label_hash(quipu_bytes topic, quipu_bytes state);

#endif
