/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as text for people, by their field tables: one event, and the members
 * in which two events differ.
 *
 *     Account.Withdrawn { cents: 150, to: "ann" }
 *     expected Account.Withdrawn.cents 150, got 100
 *
 * The functions may be called from any thread, and change no event.
 */
#ifndef QUIPU_CORE_EVENT_EVENT_TEXT_H
#define QUIPU_CORE_EVENT_EVENT_TEXT_H

#include <stdio.h>

#include <quipu/event.h>

/* Writes the topic and the members of an event, without those of the base.  A
 * member without a value is "none"; texts are quoted, and bytes hexadecimal. */
void quipu_event_text_print(const quipu_event *event, FILE *out);

/*
 * Compares two events of the same type, and writes a line for each member that
 * differs, which begins with `label`; `out` NULL: none.  A member of the base
 * is compared only if the expected event has a value there (an originator
 * version of 0 is none).  Numbers that are NaN are equal.
 *
 * Returns the number of members that differ.
 */
size_t quipu_event_text_compare(const quipu_event *expected,
                                const quipu_event *actual, const char *label,
                                FILE *out);

#endif
