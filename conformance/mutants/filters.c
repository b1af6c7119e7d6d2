/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants that filter the log wrongly, or find a wrong item by an event id. */
#include "mutant.h"

#include <stdlib.h>
#include <string.h>

static int read_range(quipu_driver_datastore *datastore,
                      quipu_driver_schema *bound, const quipu_range *range,
                      const quipu_filter *filter, int64_t deadline,
                      quipu_driver_cursor **cursor, quipu_error *error)
{
    return mutant_base_driver()->read_filtered(datastore, bound, range, filter,
                                               deadline, cursor, error);
}

/* M103: the last item of a page is not read. */
static int lose_last(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound, const quipu_range *range,
                     const quipu_filter *filter, int64_t deadline,
                     quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_range shorter = *range;

    if (shorter.upper > shorter.lower) {
        shorter.upper--;
    }
    return read_range(datastore, bound, &shorter, filter, deadline, cursor,
                      error);
}

/* M104: reads beyond the range, up to the present head. */
static int read_beyond(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound, const quipu_range *range,
                       const quipu_filter *filter, int64_t deadline,
                       quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_range longer = *range;

    longer.upper = INT64_MAX;
    return read_range(datastore, bound, &longer, filter, deadline, cursor,
                      error);
}

/* M105: only the first of several prefixes counts. */
static int use_first_prefix(quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound,
                            const quipu_range *range,
                            const quipu_filter *filter, int64_t deadline,
                            quipu_driver_cursor **cursor, quipu_error *error)
{
    static _Thread_local quipu_filter first;

    first = *filter;
    if (first.prefix_count > 1) {
        first.prefix_count = 1;
    }
    return read_range(datastore, bound, range, &first, deadline, cursor, error);
}

/* M106: reads of more than MANY ids take too long.  Not wrong: the core reads
 * less at once. */
#define MANY 50

static int time_out(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, const quipu_range *range,
                    const quipu_filter *filter, int64_t deadline,
                    quipu_driver_cursor **cursor, quipu_error *error)
{
    if (range->upper - range->lower >= MANY) {
        if (error) {
            *error = (quipu_error){ .code = QUIPU_TIMEOUT,
                                    .message = "the read took too long" };
        }
        return QUIPU_TIMEOUT;
    }
    return read_range(datastore, bound, range, filter, deadline, cursor, error);
}

/* ---------------------------------------------------------------- event ids */

#define SCHEMAS 16

/* The schemas that were bound, with the head of their log at that time.  The
 * cases bind them in one thread. */
static struct {
    quipu_driver_schema *schema;
    int64_t head;
} bindings[SCHEMAS];

static size_t binding_count;

static int note_binding(quipu_driver_datastore *datastore,
                        const quipu_schema *schema, int64_t deadline,
                        quipu_driver_schema **bound, quipu_error *error)
{
    int status =
        mutant_base_driver()->bind(datastore, schema, deadline, bound, error);
    quipu_position head = { 0 };

    if (status == QUIPU_OK && binding_count < SCHEMAS) {
        (void)mutant_base_driver()->log_head(datastore, *bound, deadline, &head,
                                             NULL);
        bindings[binding_count].schema = *bound;
        bindings[binding_count].head = head.notification_id;
        binding_count++;
    }
    return status;
}

/* Returns the notification id of the item; 0: there is none. */
static int64_t id_of(quipu_driver_cursor *cursor)
{
    const void *rows = NULL;
    size_t count = 0;
    int status =
        mutant_base_driver()->step(cursor, INT64_MAX, &rows, &count, NULL);

    return status == QUIPU_OK && count > 0
               ? ((const quipu_item *)rows)->notification_id
               : 0;
}

/* M107: an index of event ids that was filled when the schema was bound. */
static int find_in_old_index(quipu_driver_datastore *datastore,
                             quipu_driver_schema *bound, quipu_bytes event_id,
                             int64_t deadline, quipu_driver_cursor **cursor,
                             quipu_error *error)
{
    static const char nobody[16] = "no such event";
    const quipu_driver *base = mutant_base_driver();
    int status =
        base->find_event(datastore, bound, event_id, deadline, cursor, error);
    int64_t id;

    if (status != QUIPU_OK) {
        return status;
    }
    id = id_of(*cursor);
    base->cursor_close(*cursor);
    for (size_t i = 0; i < binding_count; i++) {
        if (bindings[i].schema == bound && id > bindings[i].head) {
            event_id = (quipu_bytes){ nobody, sizeof(nobody) };
        }
    }
    return base->find_event(datastore, bound, event_id, deadline, cursor,
                            error);
}

/* M108: one index of event ids for all schemas. */
static int find_in_any_schema(quipu_driver_datastore *datastore,
                              quipu_driver_schema *bound, quipu_bytes event_id,
                              int64_t deadline, quipu_driver_cursor **cursor,
                              quipu_error *error)
{
    return mutant_base_driver()->find_event(
        datastore, binding_count > 0 ? bindings[0].schema : bound, event_id,
        deadline, cursor, error);
}

static const struct mutant mutants[] = {
    { "M103", "filter-loses-the-last-item-of-a-page",
      "subscriptions: the upper bound of a page taken as exclusive",
      "W1.filtered-reads", .replaced = { .read_filtered = lose_last } },
    { "M104", "filtered-read-goes-on-behind-its-range",
      "catch-up subscriptions: events appended meanwhile are yielded twice",
      "W1.filtered-reads", .replaced = { .read_filtered = read_beyond } },
    { "M105", "only-the-first-prefix-counts",
      "a filter with several prefixes, of which one is passed on",
      "W1.filtered-reads", .replaced = { .read_filtered = use_first_prefix } },
    { "M106", "filtered-read-of-many-ids-times-out",
      "a store in which reading 50 items takes longer than the timeout",
      "W4.nothing-passes", .replaced = { .read_filtered = time_out },
      .sound = true },
    { "M107", "event-id-is-looked-up-in-an-old-index",
      "an index of event ids that lags behind the log", "W5.find-event",
      .replaced = { .bind = note_binding, .find_event = find_in_old_index } },
    { "M108", "event-id-is-found-in-another-schema",
      "one table of event ids for all streams", "W5.finds-in-its-own-schema",
      .replaced = { .bind = note_binding, .find_event = find_in_any_schema } },
};
MUTANT_FAMILY(filters);
