/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States of items as JSON, for display.  A state is MessagePack: a map of
 * fields, which an envelope with attributes of the event may precede
 * (docs/state-format.md).  The mapper of the application is not needed.
 */
#ifndef QUIPU_TOOLS_STATE_H
#define QUIPU_TOOLS_STATE_H

#include <quipu/quipu.h>

#include <jansson.h>
#include <stdbool.h>

/* A decoded state. */
struct state {
    json_t *envelope; /* attributes by name; NULL: the state has no envelope */
    json_t *fields;   /* NULL: the fields cannot be decoded */
    quipu_time time;  /* of the envelope */
    bool has_time;
    quipu_bytes metadata; /* of the envelope, in the state; or absent */
};

/*
 * Decodes a state.  Bytes and extensions become {"hex": ...}; times become ISO
 * 8601 text; NaN, infinities and integers above 2^63 - 1 become strings.  A
 * state that cannot be decoded leaves all members empty.
 */
void state_read(quipu_bytes bytes, struct state *state);

/* Releases the JSON. */
void state_free(struct state *state);

/* Reads no more of a state than the time in its envelope, which is not sealed.
 * False: it has none. */
bool state_read_time(quipu_bytes bytes, quipu_time *time);

/* Returns metadata: a string if they are text, also if that is JSON; an object
 * if they are a MessagePack map, as quipu_metadata makes them; null for others
 * and for absent ones. */
json_t *state_read_metadata(quipu_bytes bytes);

#endif
