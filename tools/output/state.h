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

/* A decoded state. */
struct state {
    json_t *envelope; /* attributes by name; NULL: the state has no envelope */
    json_t *fields;   /* NULL: the fields cannot be decoded */
};

/*
 * Decodes a state.  Bytes and extensions become {"hex": ...}; times become ISO
 * 8601 text; NaN, infinities and integers above 2^63 - 1 become strings.  A
 * state that cannot be decoded leaves both members NULL.
 */
void state_read(quipu_bytes bytes, struct state *state);

/* Releases both members. */
void state_free(struct state *state);

#endif
