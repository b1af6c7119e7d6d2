/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Letters, as the program knows them today.
 *
 * The store was begun by an earlier release (first_release.c), which had other
 * topics, other members, and an event that nobody needs any more.  letter.c
 * says what has changed; the rest of the program does not know of it.
 */
#ifndef LETTERS_H
#define LETTERS_H

#include <quipu/declare.h>
#include <quipu/quipu.h>

#define LETTER_TEXT_SIZE 64

/* Version 1 was Mail.Drafted, with `addressee`, "name, town"; version 2 had
 * name and town, and no number of words. */
#define WRITTEN                                                           \
    QUIPU_VALUE(const char *, sender), QUIPU_VALUE(const char *, name),   \
        QUIPU_VALUE(const char *, town), QUIPU_VALUE(const char *, text), \
        QUIPU_VALUE(uint32_t, words), QUIPU_TRAITS(written_traits)
QUIPU_EVENT_DECLARE(written, WRITTEN);

/* Version 1 was Mail.Franked, with `shillings`, a real. */
#define STAMPED QUIPU_VALUE(int64_t, pence), QUIPU_TRAITS(stamped_traits)
QUIPU_EVENT_DECLARE(stamped, STAMPED);

/* The member was called `office`. */
#define POSTED \
    QUIPU_VALUE(const char *, post_office), QUIPU_ALIAS(post_office, "office")
QUIPU_EVENT_DECLARE(posted, POSTED);

/* The event had no member. */
#define DELIVERED QUIPU_DEFAULT(const char *, carrier, "the postman")
QUIPU_EVENT_DECLARE(delivered, DELIVERED);

QUIPU_AGGREGATE(letter, QUIPU_FIXED_TEXT(town, LETTER_TEXT_SIZE),
                QUIPU_VALUE(uint32_t, words), QUIPU_VALUE(int64_t, pence),
                QUIPU_VALUE(bool, is_posted), QUIPU_VALUE(bool, is_delivered));
extern const quipu_aggregate_type letter_type;

/* The event types, and the topics that are retired. */
extern const quipu_mapping letters_mapping;

struct letters {
    quipu_datastore *datastore;
    quipu_store *store;
    quipu_repository *repository;
};

/* Prints the postage of each town: the read model of a projection, which
 * handles all events again. */
int postage_run(struct letters *letters, quipu_error *error);

#endif
