/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants whose last item of a sequence, or whose cursors over several
 * sequences, are not as those of a read of one sequence, or come with a number
 * of erasures that misleads a cache. */
#include "mutant.h"

/* M213: the last item is read, and the number of erasures after it. */
static int read_number_after_item(quipu_driver_datastore *datastore,
                                  quipu_driver_schema *bound,
                                  quipu_bytes sequence_id, int64_t deadline,
                                  quipu_see see, void *context,
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

/* ------------------------------------------------------- several sequences */

static int open_each(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound,
                     const quipu_sequence_range *reads, size_t count,
                     int64_t deadline, quipu_driver_cursor **cursors,
                     quipu_error *error)
{
    const quipu_driver *base = mutant_base_driver();
    int status = 0;
    size_t opened = 0;

    while (!status && opened < count) {
        status = base->read_sequence(
            datastore, bound, reads[opened].sequence_id, reads[opened].range,
            deadline, &cursors[opened], error);
        opened += !status;
    }
    while (status && opened > 0) {
        base->cursor_close(cursors[--opened]);
    }
    return status;
}

/* M216: the cursors are opened, and the number of erasures is read after it. */
static int read_number_after_sequences(quipu_driver_datastore *datastore,
                                       quipu_driver_schema *bound,
                                       const quipu_sequence_range *reads,
                                       size_t count, int64_t deadline,
                                       quipu_driver_cursor **cursors,
                                       int64_t *erasures, quipu_error *error)
{
    int status =
        open_each(datastore, bound, reads, count, deadline, cursors, error);

    mutant_sleep(1000000);
    return status ? status
                  : mutant_base_driver()->erasures(datastore, bound, deadline,
                                                   erasures, error);
}

/* Reads the number and opens the cursors with `reads`. */
static int open_with(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound,
                     const quipu_sequence_range *reads, size_t count,
                     int64_t deadline, quipu_driver_cursor **cursors,
                     int64_t *erasures, quipu_error *error)
{
    int status = mutant_base_driver()->erasures(datastore, bound, deadline,
                                                erasures, error);

    return status ? status
                  : open_each(datastore, bound, reads, count, deadline, cursors,
                              error);
}

#define READS 16 /* at most, of a case */

/* M217: all sequences are read by the first one's range. */
static int read_by_one_range(quipu_driver_datastore *datastore,
                             quipu_driver_schema *bound,
                             const quipu_sequence_range *reads, size_t count,
                             int64_t deadline, quipu_driver_cursor **cursors,
                             int64_t *erasures, quipu_error *error)
{
    quipu_sequence_range changed[READS];

    for (size_t i = 0; i < count && i < READS; i++) {
        changed[i] =
            (quipu_sequence_range){ reads[i].sequence_id, reads[0].range };
    }
    return open_with(datastore, bound, count > READS ? reads : changed, count,
                     deadline, cursors, erasures, error);
}

/* M218: the answers come in the reverse order. */
static int read_in_other_order(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound,
                               const quipu_sequence_range *reads, size_t count,
                               int64_t deadline, quipu_driver_cursor **cursors,
                               int64_t *erasures, quipu_error *error)
{
    quipu_sequence_range changed[READS];

    for (size_t i = 0; i < count && i < READS; i++) {
        changed[i] = reads[count - 1 - i];
    }
    return open_with(datastore, bound, count > READS ? reads : changed, count,
                     deadline, cursors, erasures, error);
}

static const struct mutant mutants[] = {
    { "M213", "number-of-erasures-is-read-after-the-last-item",
      "caches that check the version after the value: they keep the old value "
      "under the new version",
      "E9.last-item-beside-erasures",
      .replaced = { .last_item = read_number_after_item } },
    { "M214", "last-item-is-the-newest",
      "streams whose end is the row that was inserted last", "S4.last-item",
      .replaced = { .last_item = show_newest } },
    { "M215", "last-item-hides-that-it-is-erased",
      "a fast path for one row, which lacks the masking of the others",
      "E1.erased-last-item",
      .replaced = { .last_item = show_last_without_mark } },
    { "M216", "number-of-erasures-is-read-after-the-sequences",
      "a pipeline whose statement about the version is the last one",
      "E9.sequences-together-beside-erasures",
      .replaced = { .read_sequences = read_number_after_sequences } },
    { "M217", "sequences-are-read-by-one-range",
      "a query for many keys, which has one limit for all",
      "S4.sequences-together",
      .replaced = { .read_sequences = read_by_one_range } },
    { "M218", "sequences-come-in-another-order",
      "answers to WHERE id IN (...) that are taken for those in the order of "
      "the list",
      "S4.sequences-together",
      .replaced = { .read_sequences = read_in_other_order } },
};
MUTANT_FAMILY(last_items);
