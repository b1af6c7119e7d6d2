/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters of events by topic: a program names the topic of an event type, and
 * means its events under earlier topics, too.
 */
#ifndef QUIPU_CORE_STORE_TOPIC_FILTER_H
#define QUIPU_CORE_STORE_TOPIC_FILTER_H

#include <quipu/mapper.h>

#include "base/arena.h"

/* A filter of which the arena has what it points to, or what it was made from
 * has. */
typedef struct quipu_topic_filter {
    quipu_filter filter;
    quipu_arena arena;
} quipu_topic_filter;

/*
 * Makes *made the filter `given` in which each topic or alias of an event type
 * stands for the topic and all aliases of the type.  A filter that is not valid
 * remains so.  The caller finishes it, after a failure, too.  INVALID: the
 * struct_size of the filter; NO_MEMORY.
 */
int quipu_topic_filter_init(quipu_topic_filter *made,
                            const quipu_mapper *mapper,
                            const quipu_filter *given, quipu_error *error);

void quipu_topic_filter_finish(quipu_topic_filter *made);

#endif
