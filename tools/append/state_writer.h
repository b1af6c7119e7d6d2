/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States from JSON, the reverse of output/state.h.
 *
 * A JSON object becomes the map of an event's members.  Numbers with a fraction
 * or an exponent become doubles, other numbers integers, strings texts.  A
 * member that is null is left out, as one without a value is.  JSON has no form
 * for other values, so an object with one member that has one of these names
 * stands for
 *
 *     {"hex": "00ff"}                                  bytes
 *     {"uuid": "8f7d29a0-127c-500c-9a53-d3cacb2475cb"} a UUID
 *     {"time": "2026-12-01T09:30:00Z"}                 a time
 *
 * The outermost object is always the members.
 */
#ifndef QUIPU_TOOLS_STATE_WRITER_H
#define QUIPU_TOOLS_STATE_WRITER_H

#include <quipu/quipu.h>

#include <jansson.h>

struct text;

/* Attributes that go into the envelope; those that are absent do not. */
struct state_envelope {
    quipu_uuid event_id; /* nil: absent */
    quipu_time time;     /* 0: absent */
    quipu_bytes metadata;
};

/* Appends a state, in which a mapper finds these members.  INVALID: a value
 * cannot be stored; the message names the member. */
int state_writer_write(struct text *state,
                       const struct state_envelope *envelope,
                       const json_t *members, quipu_error *error);

#endif
