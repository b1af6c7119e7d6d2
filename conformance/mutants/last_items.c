/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants whose last item of a sequence is not the one that a cursor yields, or
 * comes with a number of erasures that misleads a cache. */
#include "mutant.h"

/* M213: the last item is read, and the number of erasures after it. */
static int read_number_late(quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound, quipu_bytes sequence_id,
                            int64_t deadline, quipu_see see, void *context,
                            int64_t *erasures, quipu_error *error)
{
    const quipu_driver *base = mutant_base_driver();
    int status = base->last_item(datastore, bound, sequence_id, deadline, see,
                                 context, erasures, error);

    mutant_sleep(1000000);
    return status ? status
                  : base->erasures(datastore, bound, deadline, erasures, error);
}

/* M214: the last item is the one that was stored last. */
static int show_newest(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound, quipu_bytes sequence_id,
                       int64_t deadline, quipu_see see, void *context,
                       int64_t *erasures, quipu_error *error)
{
    const quipu_range log = { .struct_size = sizeof(log),
                              .descending = true,
                              .lower = INT64_MIN,
                              .upper = INT64_MAX,
                              .limit = INT64_MAX };
    const quipu_driver *base = mutant_base_driver();
    quipu_driver_cursor *cursor = NULL;
    const quipu_item *item = NULL;
    const void *rows = NULL;
    size_t count = 0;
    int status = base->erasures(datastore, bound, deadline, erasures, error);

    if (status || (status = base->read_log(datastore, bound, &log, deadline,
                                           &cursor, error))) {
        return status;
    }
    do {
        status = base->step(cursor, deadline, &rows, &count, error);
        item = rows;
    } while (!status && count > 0 &&
             !mutant_bytes_equal(item->sequence_id, sequence_id));
    if (!status && count > 0) {
        see(context, item);
    }
    base->cursor_close(cursor);
    return status;
}

struct first_sight {
    quipu_see see;
    void *context;
};

static void see_without_mark(void *context, const quipu_item *item)
{
    const struct first_sight *sight = context;
    quipu_item unmarked = *item;

    unmarked.flags &= ~(uint32_t)QUIPU_ITEM_ERASED;
    sight->see(sight->context, &unmarked);
}

/* M215: the last item has no mark, if it is erased. */
static int show_last_without_mark(quipu_driver_datastore *datastore,
                                  quipu_driver_schema *bound,
                                  quipu_bytes sequence_id, int64_t deadline,
                                  quipu_see see, void *context,
                                  int64_t *erasures, quipu_error *error)
{
    struct first_sight sight = { see, context };

    return mutant_base_driver()->last_item(datastore, bound, sequence_id,
                                           deadline, see_without_mark, &sight,
                                           erasures, error);
}

static const struct mutant mutants[] = {
    { "M213", "number-of-erasures-is-read-after-the-last-item",
      "caches that check the version after the value: they keep the old value "
      "under the new version",
      "E9.last-item-beside-erasures",
      .replaced = { .last_item = read_number_late } },
    { "M214", "last-item-is-the-newest",
      "streams whose end is the row that was inserted last", "S4.last-item",
      .replaced = { .last_item = show_newest } },
    { "M215", "last-item-hides-that-it-is-erased",
      "a fast path for one row, which lacks the masking of the others",
      "E1.erased-last-item",
      .replaced = { .last_item = show_last_without_mark } },
};
MUTANT_FAMILY(last_items);
