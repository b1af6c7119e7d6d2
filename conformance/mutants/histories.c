/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutants that are wrong now and then, while many are at work: each answer by
 * itself could be true.  Recorded histories convict them.
 */
#include "delayed_visibility.h"
#include "mutant.h"

#include <stdatomic.h>
#include <string.h>

#define MOMENT 200000            /* ns */
#define DEAF INT64_C(9000000000) /* ns; longer than a wait may be late */

/* Each has its turn now and then, the first time not at once. */
static bool is_turn(unsigned every)
{
    static atomic_uint calls;

    return atomic_fetch_add(&calls, 1) % every == every - 1;
}

static bool last_of(const struct append_call *a, quipu_bytes id, int64_t *last)
{
    bool found = false;

    *last = -1;
    mutant_base_driver()->last_position(a->datastore, a->requests[0].schema, id,
                                        INT64_MAX, &found, last, NULL);
    return found;
}

/* ------------------------------------------------------------- stale reads */

/* The head as a replica has it, some appends behind. */
static _Atomic int64_t replica;

static int replicate_late(struct append_call *a)
{
    int status = mutant_append_all(a);

    if (is_turn(30)) {
        atomic_store(&replica, mutant_log_head(a));
    }
    return status;
}

/* H01: one read of many goes to the replica. */
static void ask_replica(struct read_call *r)
{
    r->hidden_from = INT64_MAX;
    r->requested = r->range;
    if (is_turn(20)) {
        r->hidden_from = atomic_load(&replica) + 1;
        r->range.limit = INT64_MAX;
    }
}

static enum filter_result as_of_replica(struct read_call *r,
                                        const quipu_item *item)
{
    if (r->shown >= r->requested.limit) {
        return ITEM_END;
    }
    return item->notification_id >= r->hidden_from ? ITEM_SKIP : ITEM_SHOW;
}

/* ------------------------------------------------------------ lost appends */

/* Whether the first request is one item at the position that is next. */
static bool is_plain(const struct append_call *a)
{
    const quipu_request *request = &a->requests[0];
    int64_t last;

    if (request->item_count != 1 || request->guard_count > 0 ||
        request->tracking || request->items[0].flags & QUIPU_ITEM_NEXT) {
        return false;
    }
    last_of(a, request->items[0].sequence_id, &last);
    return request->items[0].position == last + 1;
}

/* H02: acknowledged with the ids that it would have, and forgotten. */
static int forget(struct append_call *a)
{
    if (!is_plain(a) || !is_turn(10)) {
        return mutant_append_all(a);
    }
    mutant_report_success(a, 0);
    a->results[0].first_notification_id = mutant_log_head(a) + 1;
    *a->taken = 1;
    return QUIPU_OK;
}

/* --------------------------------------------------- half for an instant */

/* H03: what an append wrote to its second sequence is seen later. */
static int second_later(struct append_call *a)
{
    int status;

    if (delayed_visibility_append(a, 1, &status)) {
        mutant_sleep(MOMENT);
        delayed_visibility_end();
    }
    return status;
}

static enum filter_result unveiled(struct read_call *r, const quipu_item *item)
{
    return !r->log && item->notification_id >= r->hidden_from &&
                   item->notification_id <= r->hidden_to
               ? ITEM_SKIP
               : ITEM_SHOW;
}

/* --------------------------------------------------- refused without cause */

/* H04: a lock that was not got is called a conflict. */
static int conflict_for_busy(struct append_call *a)
{
    quipu_result *result = &a->results[0];

    if (!is_plain(a) || !is_turn(10)) {
        return mutant_append_all(a);
    }
    result->status = QUIPU_CONFLICT;
    result->cause = QUIPU_CAUSE_POSITION;
    result->index = 0;
    result->last_position = a->requests[0].items[0].position - 1;
    result->flags = result->last_position >= 0 ? QUIPU_RESULT_HAS_LAST : 0;
    *a->taken = 1;
    return QUIPU_OK;
}

/* H05: a conflict tells what the sequence's last position was a while ago. */
static int conflict_from_cache(struct append_call *a)
{
    int status = mutant_append_all(a);

    for (size_t i = 0; status == QUIPU_OK && i < *a->taken; i++) {
        quipu_result *result = &a->results[i];

        if (result->cause == QUIPU_CAUSE_POSITION &&
            result->last_position > 20) {
            result->last_position -= 20;
            /* Where that would be the position asked for, it would be seen
             * by itself. */
            result->last_position -=
                result->last_position + 1 ==
                a->requests[i].items[result->index].position;
        }
    }
    return status;
}

/* ------------------------------------------------- judged before the lock */

static bool holds(const struct append_call *a, const quipu_guard *guard)
{
    int64_t last;
    bool found = last_of(a, guard->sequence_id, &last);

    return guard->demand == QUIPU_DEMAND_EMPTY       ? !found
           : guard->demand == QUIPU_DEMAND_NOT_EMPTY ? found
                                                     : last == guard->position;
}

/* H06: guards that held when the call began count as held. */
static int guards_first(struct append_call *a)
{
    quipu_request request = a->requests[0];
    bool held = true;
    int status;

    for (size_t i = 0; i < request.guard_count; i++) {
        held = held && holds(a, &request.guards[i]);
    }
    mutant_sleep(MOMENT);
    status = mutant_append_first(a);
    if (held && status == QUIPU_OK &&
        a->results[0].cause == QUIPU_CAUSE_GUARD && request.item_count > 0) {
        request.guards = NULL;
        request.guard_count = 0;
        status = mutant_append_one(a, &request);
    }
    return status;
}

/* H07: so does a tracking record that was below. */
static int tracking_first(struct append_call *a)
{
    quipu_request request = a->requests[0];
    const quipu_tracking *tracking = request.tracking;
    quipu_position at = { 0 };
    int status;

    if (tracking) {
        mutant_base_driver()->read_tracking(a->datastore, tracking->consumer,
                                            tracking->log, INT64_MAX, &at,
                                            NULL);
        mutant_sleep(MOMENT);
    }
    status = mutant_append_first(a);
    if (tracking && status == QUIPU_OK &&
        a->results[0].cause == QUIPU_CAUSE_TRACKING &&
        at.notification_id < tracking->position.notification_id) {
        request.tracking = NULL;
        status = mutant_append_one(a, &request);
    }
    return status;
}

/* ------------------------------------------------------------------- waits */

/* H09: one wait of many is not woken. */
static int overlook(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, int64_t after, int64_t deadline,
                    int64_t *head, quipu_error *error)
{
    static _Thread_local int64_t deaf_until;

    if (deadline != INT64_MAX && is_turn(20)) {
        deaf_until = mutant_now() + DEAF * mutant_patience;
    }
    if (mutant_now() < deaf_until) {
        mutant_sleep(deadline > mutant_now() ? deadline - mutant_now() : 0);
        after = INT64_MAX;
        deadline = 0;
    }
    return mutant_base_driver()->wait(datastore, bound, after, deadline, head,
                                      error);
}

static const struct mutant mutants[] = {
    { "H01", "a-replica-answers-now-and-then",
      "Jepsen on MongoDB 2.6.7: reads from a node that lags behind",
      "V1.history-of-threads", .append = replicate_late, .on_open = ask_replica,
      .filter = as_of_replica },
    { "H02", "acknowledged-and-forgotten",
      "Jepsen on NATS 2.12.1: acknowledged messages are lost",
      "V1.history-of-threads", .append = forget },
    { "H03", "half-is-seen-in-sequences",
      "stream read models that are updated one after the other",
      "U2.history-of-groups-in-threads", .append = second_later,
      .filter = unveiled },
    { "H04", "busy-is-called-conflict",
      "SQLITE_BUSY or a lock timeout told as a wrong expected version",
      "V1.history-of-threads", .append = conflict_for_busy },
    { "H05", "conflict-tells-what-was-cached",
      "the expected version in an error comes from a cache",
      "V1.history-of-threads", .append = conflict_from_cache },
    { "H06", "guards-are-judged-before-the-lock",
      "Jepsen on PostgreSQL 12.3: write skew (G2-item)",
      "U2.history-of-groups-in-datastores", .append = guards_first },
    { "H07", "tracking-is-judged-before-the-lock",
      "emmett#328: events processed twice, by two copies of a consumer",
      "U2.history-of-groups-in-datastores", .append = tracking_first },
    { "H08", "cursor-opens-at-its-first-step",
      "marten#4953: what a read shows was not there when it was opened",
      "V1.history-of-threads", .open_at_first_step = true },
    { "H09", "one-wait-is-not-woken",
      "commanded/eventstore#127: a listener that misses now and then",
      "L2.history-of-followers-in-threads", .replaced = { .wait = overlook } },
};
MUTANT_FAMILY(histories);
