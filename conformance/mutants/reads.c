/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants that read wrongly. */
#include "mutant.h"

#include <string.h>

/* M09: a sequence in the order in which it was written: the log's items of
 * that sequence. */
static void by_insertion(struct read_call *r)
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

static enum filter_result of_wanted(struct read_call *r, const quipu_item *item)
{
    quipu_bytes wanted = { r->wanted.data, r->wanted.size };

    if (r->wanted.size == 0) {
        return ITEM_SHOW; /* it was the log from the beginning */
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

/* M17: where to go on from is taken for what was read last. */
static void skips_first(struct read_call *r)
{
    if (r->log && !r->range.descending && r->range.lower > 1 &&
        r->range.lower < INT64_MAX) {
        r->range.lower++;
    }
}

/* M18: two items of one time look like the end. */
static enum filter_result ends_at_equal_times(struct read_call *r,
                                              const quipu_item *item)
{
    bool equal = r->log && r->shown > 0 && item->flags & QUIPU_ITEM_TIME &&
                 item->time.microseconds == r->last.time.microseconds;

    return equal ? ITEM_END : ITEM_SHOW;
}

/* M23: the limit counts from the beginning, and then the order is turned. */
static void limits_from_the_wrong_end(struct read_call *r)
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

/* M34: a sequence that is empty is told by a code that is not for that.  The
 * core's own answer is the same, so only a look at the driver tells. */
static int empty_is_not_found(quipu_driver_datastore *datastore,
                              quipu_driver_schema *bound,
                              quipu_bytes sequence_id, int64_t deadline,
                              bool *found, int64_t *position,
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

static const struct mutant mutants[] = {
    { "M07", "cursor-sees-what-came-later",
      "marten#4953: one read over two statements, thus two snapshots",
      "V4.log-read-ignores-later-appends", .open_at_first_step = true },
    { "M09", "sequence-read-by-insertion",
      "emmett#239, Akka.Persistence.Sql#176: stream read without ORDER BY",
      "S4.order-is-by-position", .on_open = by_insertion, .filter = of_wanted },
    { "M17", "resumed-log-skips-one",
      "Eventuous#291: a resumed subscription skips its first event",
      "S4.log-against-model", .on_open = skips_first },
    { "M18", "log-ends-at-equal-times",
      "akka-persistence-r2dbc#211: query ends early on equal timestamps",
      "L1.equal-times-do-not-end-the-log", .filter = ends_at_equal_times },
    { "M23", "backwards-limit-at-the-wrong-end",
      "Eventuous: reading backwards gives the wrong events",
      "S4.contiguous-against-model", .on_open = limits_from_the_wrong_end },
    { "M34", "answers-a-code-that-is-not-listed",
      "ODBC and JDBC drivers: one situation, another code with each",
      "S5.last-position", .replaced = { .last_position = empty_is_not_found } },
};
MUTANT_FAMILY(reads);
