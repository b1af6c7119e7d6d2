/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of reads of the log.
 *
 * The query of a filtered read calls quipu_passes with topic and sequence id of
 * each row, and quipu_collect only if that returned true: the rest of a row
 * that does not pass, such as a large state, is not read. A function is used,
 * and not a condition of SQL for each topic and prefix, so that one prepared
 * statement serves all filters, no limit on variables or on the depth of an
 * expression matters, and no index of the application on topics can take the
 * place of the order by notification id.
 *
 * The core decides about each item (W1). So a row may pass here that does not
 * pass there: a match is taken for the union of all topics, which it is, and
 * partitions are not looked at. Both sets are sorted for a binary search. No
 * prefix of the set begins with another one, which passes the same ids; so the
 * only candidate is the last prefix that is not above the id. */
#include "read/filter.h"

#include "common/safeguard.h"

#include <stdlib.h>
#include <string.h>

static int compare(quipu_bytes a, quipu_bytes b)
{
    const size_t both = a.size < b.size ? a.size : b.size;
    const int order = both > 0 ? memcmp(a.data, b.data, both) : 0;

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_texts(const void *a, const void *b)
{
    return compare(*(const quipu_bytes *)a, *(const quipu_bytes *)b);
}

static bool begins_with(quipu_bytes text, quipu_bytes prefix)
{
    return text.size >= prefix.size &&
           (prefix.size == 0 ||
            memcmp(text.data, prefix.data, prefix.size) == 0);
}

/* ------------------------------------------------------------- preparation */

static bool allocate(struct text_set *set, const quipu_host *host, size_t count)
{
    set->texts = host->allocate(count * sizeof(*set->texts));
    return set->texts != NULL;
}

static void sort(struct text_set *set)
{
    qsort(set->texts, set->count, sizeof(*set->texts), compare_texts);
}

/* Returns the number of topics of all matches; 0: a match passes any topic. */
static size_t count_topics(const quipu_filter *given)
{
    size_t count = 0;

    for (size_t i = 0; i < given->match_count; i++) {
        if (given->matches[i].topic_count == 0) {
            return 0;
        }
        count += given->matches[i].topic_count;
    }
    return count;
}

static bool init_topics(struct text_set *set, const quipu_host *host,
                        const quipu_filter *given)
{
    const size_t count = count_topics(given);

    if (count == 0) {
        return true;
    }
    if (!allocate(set, host, count)) {
        return false;
    }
    for (size_t i = 0; i < given->match_count; i++) {
        const quipu_match *match = &given->matches[i];

        memcpy(set->texts + set->count, match->topics,
               match->topic_count * sizeof(*set->texts));
        set->count += match->topic_count;
    }
    sort(set);
    return true;
}

static bool init_prefixes(struct text_set *set, const quipu_host *host,
                          const quipu_filter *given)
{
    if (given->prefix_count == 0) {
        return true;
    }
    if (!allocate(set, host, given->prefix_count)) {
        return false;
    }
    memcpy(set->texts, given->prefixes,
           given->prefix_count * sizeof(*set->texts));
    set->count = given->prefix_count;
    sort(set);
    size_t kept = 1;
    for (size_t i = 1; i < set->count; i++) {
        if (SAFEGUARDED("W1.prefixes-of-prefixes",
                        !begins_with(set->texts[i], set->texts[kept - 1]),
                        true)) {
            set->texts[kept++] = set->texts[i];
        }
    }
    set->count = kept;
    return true;
}

int quipu_sqlite_filter_init(struct row_filter *filter, const quipu_host *host,
                             const quipu_filter *given, quipu_error *error)
{
    *filter = (struct row_filter){ .topics = { .texts = NULL } };
    if (!init_topics(&filter->topics, host, given) ||
        !init_prefixes(&filter->prefixes, host, given)) {
        quipu_sqlite_filter_finish(filter, host);
        return quipu_sqlite_error_no_memory(host, error);
    }
    return QUIPU_OK;
}

void quipu_sqlite_filter_finish(struct row_filter *filter,
                                const quipu_host *host)
{
    host->release(filter->topics.texts);
    host->release(filter->prefixes.texts);
    *filter = (struct row_filter){ .topics = { .texts = NULL } };
}

/* ---------------------------------------------------------------- decision */

/* Returns the last text of the set that is not above the given one, or NULL. */
static const quipu_bytes *find_last(const struct text_set *set,
                                    quipu_bytes text)
{
    size_t below = 0; /* texts that are known not to be above it */
    size_t end = set->count;

    while (below < end) {
        const size_t middle = below + (end - below) / 2;

        if (compare(set->texts[middle], text) <= 0) {
            below = middle + 1;
        } else {
            end = middle;
        }
    }
    return below > 0 ? &set->texts[below - 1] : NULL;
}

static bool has_topic(const struct text_set *topics, quipu_bytes topic)
{
    const quipu_bytes *last = NULL;

    if (!topics->texts) {
        return true;
    }
    last = find_last(topics, topic);
    return last && compare(*last, topic) == 0;
}

static bool has_prefix(const struct text_set *prefixes, quipu_bytes id)
{
    const quipu_bytes *last = NULL;

    if (!prefixes->texts) {
        return true;
    }
    last = find_last(prefixes, id);
    return last && begins_with(id, *last);
}

bool quipu_sqlite_filter_passes(const struct row_filter *filter,
                                quipu_bytes topic, quipu_bytes sequence_id)
{
    return has_topic(&filter->topics, topic) &&
           has_prefix(&filter->prefixes, sequence_id);
}
