/* SPDX-License-Identifier: Apache-2.0 */
/* The items of a log that the options select. */
#include "log/selection.h"
#include "output/moment.h"
#include "output/state.h"
#include "store.h"

#include <string.h>

static void make_filter(struct selection *selection)
{
    const struct args *args = selection->args;
    quipu_filter *filter = &selection->filter;

    filter->struct_size = sizeof(*filter);
    for (size_t i = 0; i < args->topic_count; i++) {
        selection->topics[i] = quipu_bytes_of_text(args->topics[i]);
    }
    for (size_t i = 0; i < args->prefix_count; i++) {
        selection->prefixes[i] = quipu_bytes_of_text(args->prefixes[i]);
    }
    if (args->topic_count > 0) {
        selection->match = (quipu_match){ .topics = selection->topics,
                                          .topic_count = args->topic_count };
        filter->matches = &selection->match;
        filter->match_count = 1;
    }
    if (args->prefix_count > 0) {
        filter->prefixes = selection->prefixes;
        filter->prefix_count = args->prefix_count;
    }
}

int selection_init(struct selection *selection, const struct args *args,
                   quipu_error *error)
{
    int status = QUIPU_OK;

    memset(selection, 0, sizeof(*selection));
    selection->args = args;
    selection->exact = !args->sequence && !args->since && !args->until;
    make_filter(selection);
    if (args->since) {
        status = moment_parse(args->since, "since", &selection->since, error);
    }
    if (status == QUIPU_OK && args->until) {
        status = moment_parse(args->until, "until", &selection->until, error);
    }
    return status;
}

int selection_bind(struct selection *selection, quipu_records *records,
                   quipu_error *error)
{
    const quipu_schema *schema = quipu_records_schema(records);
    quipu_filter *filter = &selection->filter;

    if (!selection->args->sequence) {
        return QUIPU_OK;
    }
    int status = store_find_id(records, selection->args->sequence,
                               &selection->id, error);

    if (status == QUIPU_OK) {
        filter->partition_count = QUIPU_PARTITIONS_MAX;
        filter->partitions =
            UINT64_C(1) << quipu_filter_partition(
                schema, quipu_id_bytes(&selection->id), QUIPU_PARTITIONS_MAX);
    }
    return status;
}

bool selection_passes(const struct selection *selection, const quipu_item *item)
{
    const struct args *args = selection->args;
    const quipu_bytes id = quipu_id_bytes(&selection->id);
    quipu_time time = item->time;

    if (args->sequence &&
        (item->sequence_id.size != id.size ||
         memcmp(item->sequence_id.data, id.data, id.size) != 0)) {
        return false;
    }
    if (!args->since && !args->until) {
        return true;
    }
    if ((item->flags & QUIPU_ITEM_TIME) == 0 &&
        !state_read_time(item->state, &time)) {
        return false;
    }
    return (!args->since ||
            time.microseconds >= selection->since.microseconds) &&
           (!args->until || time.microseconds < selection->until.microseconds);
}

int selection_read(const struct selection *selection, quipu_records *records,
                   const struct selection_range *range, quipu_cursor **cursor,
                   quipu_error *error)
{
    quipu_query query = { .struct_size = sizeof(query),
                          .flags = QUIPU_QUERY_GT,
                          .gt = range->after };

    if (selection->exact && range->limit != INT64_MAX) {
        query.flags |= QUIPU_QUERY_LIMIT;
        query.limit = range->limit;
    }
    if (range->descending) {
        query.flags |= QUIPU_QUERY_DESCENDING;
    }
    return quipu_records_read_filtered(records, &query, &selection->filter,
                                       cursor, error);
}

int selection_next(const struct selection *selection, quipu_cursor *cursor,
                   const quipu_item **item, quipu_error *error)
{
    int status = quipu_cursor_next(cursor, item, error);

    while (status == QUIPU_OK && *item && !selection_passes(selection, *item)) {
        status = quipu_cursor_next(cursor, item, error);
    }
    return status;
}

int selection_find_tail(const struct selection *selection,
                        quipu_records *records, int64_t count, int64_t *after,
                        quipu_error *error)
{
    const struct selection_range range = { .after = *after,
                                           .limit = count,
                                           .descending = true };
    const quipu_item *item = NULL;
    quipu_cursor *cursor = NULL;
    quipu_position head;

    if (count == 0) {
        int status = quipu_records_head(records, &head, error);

        if (status == QUIPU_OK && head.notification_id > *after) {
            *after = head.notification_id;
        }
        return status;
    }
    int status = selection_read(selection, records, &range, &cursor, error);

    while (status == QUIPU_OK && count > 0) {
        status = selection_next(selection, cursor, &item, error);
        if (status != QUIPU_OK || !item) {
            break;
        }
        count--;
        if (count == 0) {
            *after = item->notification_id - 1;
        }
    }
    quipu_cursor_close(cursor);
    return status;
}
