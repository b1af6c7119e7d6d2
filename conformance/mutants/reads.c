/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants whose reads return wrong items. */
#include "mutant.h"

#include <stdatomic.h>
#include <string.h>

/* M09: returns a sequence in the order in which it was stored, by filtering the
 * log. */
static void read_by_insertion(struct read_call *r)
{
    if (r->log) {
        return;
    }
    r->wanted.size = (uint8_t)r->sequence_id.size;
    memcpy(r->wanted.data, r->sequence_id.data, r->sequence_id.size);
    r->requested = r->range;
    r->log = true;
    r->range.lower = INT64_MIN;
    r->range.upper = r->range.limit = INT64_MAX;
}

static enum filter_result filter_sequence(struct read_call *r,
                                          const quipu_item *item)
{
    quipu_bytes wanted = { r->wanted.data, r->wanted.size };

    if (r->wanted.size == 0) {
        return ITEM_SHOW; /* the caller reads the log */
    }
    if (r->shown >= r->requested.limit) {
        return ITEM_END;
    }
    return mutant_bytes_equal(item->sequence_id, wanted) &&
                   item->position >= r->requested.lower &&
                   item->position <= r->requested.upper
               ? ITEM_SHOW
               : ITEM_SKIP;
}

/* M17: treats the first id to read as the last one that was read. */
static void skip_first(struct read_call *r)
{
    if (r->log && !r->range.descending && r->range.lower > 1 &&
        r->range.lower < INT64_MAX) {
        r->range.lower++;
    }
}

/* M18: ends the log at two items with the same time. */
static enum filter_result end_at_equal_times(struct read_call *r,
                                             const quipu_item *item)
{
    bool equal = r->log && r->shown > 0 && item->flags & QUIPU_ITEM_TIME &&
                 item->time.microseconds == r->last.time.microseconds;

    return equal ? ITEM_END : ITEM_SHOW;
}

/* M23: applies the limit before it reverses the order. */
static void limit_before_reversing(struct read_call *r)
{
    int64_t first = r->log ? 1 : 0;

    if (r->range.lower > first) {
        first = r->range.lower;
    }
    if (r->range.descending && r->range.limit > 0 &&
        r->range.limit < INT64_MAX - first &&
        r->range.upper > first + r->range.limit - 1) {
        r->range.upper = first + r->range.limit - 1;
    }
}

/* M34: returns NOT_FOUND for an empty sequence, which the contract does not
 * list.  The core returns the same to its caller, so only the contract proxy
 * notices. */
static int return_not_found(quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound, quipu_bytes sequence_id,
                            int64_t deadline, bool *found, int64_t *position,
                            quipu_error *error)
{
    int status = mutant_base_driver()->last_position(
        datastore, bound, sequence_id, deadline, found, position, error);

    if (status == QUIPU_OK && !*found) {
        if (error) {
            *error = (quipu_error){ .code = QUIPU_NOT_FOUND };
        }
        status = QUIPU_NOT_FOUND;
    }
    return status;
}

/* M67: ends a cursor with OK when its schema is torn down. */
static atomic_bool torn_down;

static int note_teardown(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, int64_t deadline,
                         quipu_error *error)
{
    atomic_store(&torn_down, true);
    return mutant_base_driver()->teardown(datastore, schema, deadline, error);
}

static enum filter_result end_after_teardown(struct read_call *r,
                                             const quipu_item *item)
{
    (void)r;
    (void)item;
    return atomic_load(&torn_down) ? ITEM_END : ITEM_SHOW;
}

static const struct mutant mutants[] = {
    { "M07", "cursor-returns-later-items",
      "marten#4953: one read by two statements with two snapshots",
      "V4.log-read-ignores-later-appends", .open_at_first_step = true },
    { "M09", "sequence-is-read-by-insertion",
      "emmett#239, Akka.Persistence.Sql#176: stream read without ORDER BY",
      "S4.order-is-by-position", .on_open = read_by_insertion,
      .filter = filter_sequence },
    { "M17", "resumed-log-skips-one-item",
      "Eventuous#291: a resumed subscription skips its first event",
      "S4.log-against-model", .on_open = skip_first },
    { "M18", "log-ends-at-equal-times",
      "akka-persistence-r2dbc#211: query ends early on equal timestamps",
      "L1.equal-times-do-not-end-the-log", .filter = end_at_equal_times },
    { "M23", "limit-is-applied-at-the-wrong-end",
      "Eventuous: reading backwards gives the wrong events",
      "S4.contiguous-against-model", .on_open = limit_before_reversing },
    { "M34", "returns-a-status-that-is-not-listed",
      "ODBC and JDBC drivers: each returns another code", "S5.last-position",
      .replaced = { .last_position = return_not_found } },
    { "M67", "cursor-ends-when-its-schema-is-removed",
      "RocksDB: an iterator that fails looks like one that has ended",
      "V4.torn-down-under-a-cursor", .filter = end_after_teardown,
      .replaced = { .teardown = note_teardown } },
};
MUTANT_FAMILY(reads);
