/* SPDX-License-Identifier: Apache-2.0 */
/* A mapper, and an event type's attributes as its mapping resolves them. */
#ifndef QUIPU_CORE_MAPPER_BINDING_H
#define QUIPU_CORE_MAPPER_BINDING_H

#include <quipu/mapper.h>

#include "mapper/encode.h"

typedef struct quipu_binding {
    const quipu_event_type *type;
    size_t topic_size;
    quipu_omitted mapped; /* the sequence id and the position */
    unsigned parts;       /* enum quipu_envelope_part: without a column */
    const quipu_field **columns; /* an attribute or NULL for each column */
} quipu_binding;

typedef struct quipu_further_column {
    char *name; /* the attribute, for messages */
    int kind;   /* enum quipu_value_kind */
} quipu_further_column;

struct quipu_mapper {
    bool text_ids;
    bool sparse;
    bool has_event_id;
    bool has_metadata;
    bool has_time;
    quipu_further_column *columns;
    size_t column_count;
    quipu_binding *bindings;
    size_t binding_count;
    /* Bindings by topic: open addressing, a power of two of slots, half of
     * them or more empty (NULL). */
    const quipu_binding **slots;
    size_t slot_mask;
};

/* Resolves the attributes of `binding->type` for a mapper whose columns are
 * known; `binding->columns` has room.  INVALID. */
int quipu_binding_resolve(const quipu_mapper *mapper,
                          const quipu_mapping *mapping, quipu_binding *binding,
                          quipu_error *error);

/* The binding of a topic, or NULL. */
const quipu_binding *quipu_binding_find(const quipu_mapper *mapper,
                                        quipu_bytes topic);

#endif
