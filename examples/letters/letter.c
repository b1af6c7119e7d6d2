/* SPDX-License-Identifier: Apache-2.0 */
/* The events of letters with their history, and what follows from them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "letters.h"

/* ------------------------------------------------------------------ casts */

/* Splits "Charles Babbage, London". */
static int split_addressee(quipu_rewrite *members, quipu_error *error)
{
    quipu_bytes addressee = { 0 };
    const char *comma;

    if (!quipu_rewrite_text(members, "addressee", &addressee)) {
        return quipu_error_set(error, QUIPU_CORRUPT, "there is no addressee");
    }
    const char *text = addressee.data;

    comma = memchr(text, ',', addressee.size);
    size_t name = comma ? (size_t)(comma - text) : addressee.size;
    size_t town = comma ? name + 1 : name;

    while (town < addressee.size && text[town] == ' ') {
        town++;
    }
    quipu_rewrite_set_text(members, "name", (quipu_bytes){ text, name });
    quipu_rewrite_set_text(members, "town",
                           (quipu_bytes){ text + town, addressee.size - town });
    quipu_rewrite_remove(members, "addressee");
    return QUIPU_OK;
}

static int count_words(quipu_rewrite *members, quipu_error *error)
{
    quipu_bytes text = { 0 };
    uint64_t words = 0;

    (void)error;
    (void)quipu_rewrite_text(members, "text", &text);
    for (size_t i = 0; i < text.size; i++) {
        const char *at = (const char *)text.data + i;

        words += *at != ' ' && (i == 0 || at[-1] == ' ');
    }
    quipu_rewrite_set_uint(members, "words", words);
    return QUIPU_OK;
}

static int to_pence(quipu_rewrite *members, quipu_error *error)
{
    double shillings = 0;

    if (!quipu_rewrite_real(members, "shillings", &shillings)) {
        return quipu_error_set(error, QUIPU_CORRUPT, "there are no shillings");
    }
    quipu_rewrite_set_int(members, "pence", llround(shillings * 12));
    quipu_rewrite_remove(members, "shillings");
    return QUIPU_OK;
}

/* ----------------------------------------------------------------- events */

static const quipu_cast written_casts[] = {
    { .from = 1, .cast = split_addressee },
    { .from = 2, .cast = count_words },
    { 0 },
};
static const char *const written_topics[] = { "Mail.Drafted", NULL };
static const quipu_event_traits written_traits = {
    .struct_size = sizeof(written_traits),
    .version = 3,
    .casts = written_casts,
    .aliases = written_topics,
};

static const quipu_cast stamped_casts[] = { { .from = 1, .cast = to_pence },
                                            { 0 } };
static const char *const stamped_topics[] = { "Mail.Franked", NULL };
static const quipu_event_traits stamped_traits = {
    .struct_size = sizeof(stamped_traits),
    .version = 2,
    .casts = stamped_casts,
    .aliases = stamped_topics,
};

QUIPU_EVENT_DEFINE(written, "Letter.Written", WRITTEN);
QUIPU_EVENT_DEFINE(stamped, "Letter.Stamped", STAMPED);
QUIPU_EVENT_DEFINE(posted, "Letter.Posted", POSTED);
QUIPU_EVENT_DEFINE(delivered, "Letter.Delivered", DELIVERED);

static const quipu_event_type *const types[] = { &written, &stamped, &posted,
                                                 &delivered };
static const char *const retired[] = { "Mail.Weighed", NULL };
const quipu_mapping letters_mapping = {
    .struct_size = sizeof(letters_mapping),
    .types = types,
    .type_count = sizeof(types) / sizeof(types[0]),
    .retired = retired,
};

/* -------------------------------------------------------------- aggregate */

QUIPU_HANDLER(letter, written)
{
    (void)snprintf(letter->town, sizeof(letter->town), "%s", event->town);
    letter->words = event->words;
    return QUIPU_OK;
}

QUIPU_HANDLER(letter, stamped)
{
    letter->pence += event->pence;
    return QUIPU_OK;
}

QUIPU_HANDLER(letter, posted)
{
    letter->is_posted = true;
    return QUIPU_OK;
}

QUIPU_HANDLER(letter, delivered)
{
    letter->is_delivered = true;
    return QUIPU_OK;
}

QUIPU_AGGREGATE_TYPE(letter, "Letter", QUIPU_APPLIES(written),
                     QUIPU_APPLIES(stamped), QUIPU_APPLIES(posted),
                     QUIPU_APPLIES(delivered));
