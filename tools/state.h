/* SPDX-License-Identifier: Apache-2.0 */
/* Stored states, read without knowing any event type. */
#ifndef QUIPU_TOOLS_STATE_H
#define QUIPU_TOOLS_STATE_H

#include <quipu/quipu.h>

#include <jansson.h>

/* A state in its parts: what its envelope holds (NULL: it has none) and its
 * fields (NULL: they are not readable). */
struct state {
    json_t *envelope;
    json_t *fields;
};

/*
 * Reads a state as JSON: bytes and extensions as {"hex": ...}, times as ISO
 * text, NaN, infinities and integers above 2^63 - 1 as strings.
 */
void quipu_tool_state_read(quipu_bytes bytes, struct state *state);
void quipu_tool_state_free(struct state *state);

#endif
