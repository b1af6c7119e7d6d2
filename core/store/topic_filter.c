/* SPDX-License-Identifier: Apache-2.0 */
/* Adds the aliases of event types to filters. */
#include "store/topic_filter.h"

#include <quipu/id.h>

#include "base/error.h"
#include "base/structs.h"
#include "event/traits.h"
#include "mapper/mapper.h"

/* Writes the topics that one stands for to `to`, or only counts them if that is
 * NULL. */
static size_t expand(const quipu_mapper *mapper, quipu_bytes topic,
                     quipu_bytes *to)
{
    const quipu_binding *binding = quipu_mapper_find(mapper, topic);
    const size_t aliases =
        binding ? quipu_traits_alias_count(&binding->traits) : 0;

    for (size_t i = 0; to && i < aliases; i++) {
        to[i + 1] = quipu_bytes_of_text(binding->traits.aliases[i]);
    }
    if (to) {
        *to = binding ? quipu_bytes_of_text(binding->type->topic) : topic;
    }
    return aliases + 1;
}

/* Replaces the topics of a match. */
static int expand_match(quipu_topic_filter *made, const quipu_mapper *mapper,
                        quipu_match *match, quipu_error *error)
{
    quipu_bytes *topics;
    size_t count = 0;

    for (size_t i = 0; i < match->topic_count; i++) {
        count += expand(mapper, match->topics[i], NULL);
    }
    topics = quipu_arena_allocate_array(&made->arena, count, sizeof(*topics));
    if (!topics) {
        return quipu_error_no_memory(error);
    }
    count = 0;
    for (size_t i = 0; i < match->topic_count; i++) {
        count += expand(mapper, match->topics[i], &topics[count]);
    }
    match->topics = topics;
    match->topic_count = count;
    return QUIPU_OK;
}

/* Whether there are topics, and not more than any filter can have. */
static bool has_topics(const quipu_match *match)
{
    return match->topics && match->topic_count > 0 &&
           match->topic_count <= QUIPU_FILTER_TEXTS_MAX;
}

int quipu_topic_filter_init(quipu_topic_filter *made,
                            const quipu_mapper *mapper,
                            const quipu_filter *given, quipu_error *error)
{
    quipu_match *matches;
    int status;

    *made = (quipu_topic_filter){ .filter = { .struct_size =
                                                  sizeof(made->filter) } };
    status = quipu_struct_take(&made->filter, sizeof(made->filter), given,
                               "filter", error);
    if (status != QUIPU_OK || !made->filter.matches ||
        made->filter.match_count == 0 ||
        made->filter.match_count > QUIPU_FILTER_TEXTS_MAX) {
        return status;
    }
    matches = quipu_arena_allocate_array(&made->arena, made->filter.match_count,
                                         sizeof(*matches));
    if (!matches) {
        return quipu_error_no_memory(error);
    }
    for (size_t i = 0; i < made->filter.match_count && status == QUIPU_OK;
         i++) {
        matches[i] = made->filter.matches[i];
        if (has_topics(&matches[i])) {
            status = expand_match(made, mapper, &matches[i], error);
        }
    }
    made->filter.matches = matches;
    return status;
}

void quipu_topic_filter_finish(quipu_topic_filter *made)
{
    quipu_arena_finish(&made->arena);
}
