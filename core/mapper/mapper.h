/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mapper as core/mapper and core/store see it.  It does not change between
 * quipu_mapper_open and quipu_mapper_close, so any number of threads may use it
 * without a lock.
 */
#ifndef QUIPU_CORE_MAPPER_MAPPER_H
#define QUIPU_CORE_MAPPER_MAPPER_H

#include <quipu/mapper.h>

#include "base/arena.h"
#include "mapper/binding.h"
#include "sealing/sealer.h"

/* A topic that the mapper knows. */
typedef struct quipu_topic {
    const char *text; /* of a type, of an alias, or in `retired`; NULL: none */
    size_t size;      /* without the NUL */
    const quipu_binding *binding; /* NULL: the topic is retired */
} quipu_topic;

/* A column of the schema beside those that every schema can have. */
typedef struct quipu_further_column {
    char *name; /* of the attribute that fills it */
    int kind;   /* enum quipu_value_kind */
} quipu_further_column;

struct quipu_mapper {
    /* Properties of the schema. */
    bool text_ids;     /* sequence ids are text; otherwise UUIDs */
    bool sparse;       /* positions may have gaps and be negative */
    bool has_event_id; /* columns of their own; otherwise in the envelope */
    bool has_metadata;
    bool has_time;
    struct quipu_sealer *sealer; /* owned; without a sealing, one that seals
                                    nothing */
    quipu_further_column *columns;
    size_t column_count;
    /* One for each event type, in the order of the mapping. */
    quipu_binding *bindings;
    size_t binding_count;
    /* Copies of the topics that are retired. */
    char **retired;
    size_t retired_count;
    /* Hash table of the topics: open addressing with linear probing; a power of
     * two of slots, at least half of them empty. */
    quipu_topic *slots;
    size_t slot_mask; /* number of slots less 1 */
    bool has_evolved; /* a type has an alias or a version above 1 */
};

/* Returns the binding of the event type with that topic or alias, or NULL. */
const quipu_binding *quipu_mapper_find(const quipu_mapper *mapper,
                                       quipu_bytes topic);

/* Returns true if the item is to be passed over: its topic is retired. */
bool quipu_mapper_passes_over(const quipu_mapper *mapper,
                              const quipu_item *item);

/*
 * Decodes an item like quipu_mapper_event, with the same error codes, but
 * allocates the event and what it points to in the arena, where they live until
 * the arena is reset.  Nothing points into the item afterwards.  After a
 * failure the arena may hold memory that nothing refers to.
 */
int quipu_mapper_decode(const quipu_mapper *mapper, const quipu_item *item,
                        quipu_arena *arena, quipu_event **event,
                        quipu_error *error);

/*
 * Sets *same to whether another item contains the same event as the one at an
 * index of the list: it is of the same sequence and event type, and both states
 * open to events that have the same state in clear, after their casts.  Codes
 * of quipu_mapper_decode.
 */
int quipu_items_same(quipu_items *items, size_t index, const quipu_item *other,
                     bool *same, quipu_error *error);

/* Gives the item at an index copies of another one's topic and state.
 * NO_MEMORY. */
int quipu_items_replace(quipu_items *items, size_t index,
                        const quipu_item *other, quipu_error *error);

/* A subject whose key has opened a member. */
struct quipu_subject {
    const struct quipu_subject *next;
    quipu_bytes id;
};

/* The event that a cursor lends; zeroed, there is none. */
struct quipu_lent_event {
    quipu_event *event; /* NULL: none */
    /* Those whose keys have opened its personal members; NULL: none. */
    const struct quipu_subject *subjects;
    const quipu_topic *topic; /* of its item, which the next one has, too, as a
                                 rule; NULL: not known */
    quipu_arena arena;        /* both are in it */
};

/*
 * Decodes an item like quipu_mapper_decode, in place of the event that was lent
 * before; but bytes and metadata point into the item, which must live as long.
 * An item that is passed over, since it was erased or its topic is retired, is
 * OK and no event.
 */
int quipu_mapper_lend(const quipu_mapper *mapper, const quipu_item *item,
                      struct quipu_lent_event *lent, quipu_error *error);

#endif
