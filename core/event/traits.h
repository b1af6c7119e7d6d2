/* SPDX-License-Identifier: Apache-2.0 */
/* The traits of event types: their versions, casts and earlier topics. */
#ifndef QUIPU_CORE_EVENT_TRAITS_H
#define QUIPU_CORE_EVENT_TRAITS_H

#include <quipu/evolve.h>

/*
 * Checks the traits of a type; its topic is valid.  INVALID: they are of an
 * unknown size, or have a member that this version of quipu does not know; a
 * version has no cast, or two; a cast has no function, or begins at a version
 * that has no next one; an alias is no topic, occurs twice, or is the topic of
 * the type.  The message names the type and the version or alias.
 */
int quipu_traits_check(const quipu_event_type *type, quipu_error *error);

/* Returns the traits of a type that has been checked, with their defaults. */
quipu_event_traits quipu_traits_of(const quipu_event_type *type);

/* Returns the cast from a version of checked traits to the next one. */
quipu_cast_function quipu_traits_cast(const quipu_event_traits *traits,
                                      uint32_t version);

/* Returns the number of aliases. */
size_t quipu_traits_alias_count(const quipu_event_traits *traits);

/* Adds all that decides how a stored event is read, except the functions, to a
 * checksum. */
uint64_t quipu_traits_layout(uint64_t sum, const quipu_event_type *type);

/* INVALID: a topic is not 1 to 255 bytes of UTF-8; `what` names it. */
int quipu_traits_check_topic(const char *topic, const char *what,
                             quipu_error *error);

#endif
