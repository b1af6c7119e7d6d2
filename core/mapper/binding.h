/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A binding: an event type with its attributes resolved for one mapper.
 *
 * The mapping names attributes, and each event type may have them in another
 * place or not at all.  Resolving the names once per type, when the mapper is
 * opened, leaves only pointers for encoding and decoding to follow.
 */
#ifndef QUIPU_CORE_MAPPER_BINDING_H
#define QUIPU_CORE_MAPPER_BINDING_H

#include <quipu/evolve.h>
#include <quipu/mapper.h>

#include "mapper/item_key.h"

typedef struct quipu_binding {
    const quipu_event_type *type; /* the application's */
    quipu_event_traits traits;    /* of the type, with their defaults */
    size_t topic_size;            /* bytes of its topic */
    quipu_item_key key;           /* where sequence id and position are */
    bool has_personal;            /* the type has personal members */
    unsigned parts; /* enum quipu_envelope_part: attributes without a column */
    const quipu_field **columns; /* for each further column of the mapper its
                                    attribute, or NULL; owned by the binding */
} quipu_binding;

/*
 * Resolves the attributes of `binding->type` for a mapper whose columns are
 * known.  `binding->columns` has room for all of them.
 *
 * INVALID: the type lacks an attribute that the mapping names, or has it with a
 * kind that does not suit its purpose; the message names both.
 */
int quipu_binding_resolve(quipu_binding *binding, const quipu_mapper *mapper,
                          const quipu_mapping *mapping, quipu_error *error);

#endif
