/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutants that are wrong in a few calls of many, while several threads or
 * processes use the store.  Each single answer could be true; only the checker
 * of recorded histories (conformance/history) finds the violation.
 */
#include "delayed_visibility.h"
#include "mutant.h"

#include <stdatomic.h>
#include <string.h>

/* Nanoseconds. */
#define MOMENT 200000
#define MISSED_WAIT INT64_C(9000000000) /* longer than a wait may be late */

/* Returns true for one call of `every`, beginning with call number `every`. */
static bool is_chosen(unsigned every)
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

/* The last notification id of a simulated replica, some appends behind. */
static _Atomic int64_t replica;

static int update_replica(struct append_call *a)
{
    int status = mutant_append_all(a);

    if (is_chosen(30)) {
        atomic_store(&replica, mutant_log_head(a));
    }
    return status;
}

/* H01: one read of twenty is answered by the replica. */
static void read_replica(struct read_call *r)
{
    r->hidden_from = INT64_MAX;
    r->requested = r->range;
    if (is_chosen(20)) {
        r->hidden_from = atomic_load(&replica) + 1;
        r->range.limit = INT64_MAX;
    }
}

static enum filter_result filter_replica(struct read_call *r,
                                         const quipu_item *item)
{
    if (r->shown >= r->requested.limit) {
        return ITEM_END;
    }
    return item->notification_id >= r->hidden_from ? ITEM_SKIP : ITEM_SHOW;
}

/* ------------------------------------------------------------ lost appends */

/* Returns true if the first request is one item at the next position, with
 * nothing that could make it fail. */
static bool is_simple(const struct append_call *a)
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

/* H02: acknowledges an append with the ids that it would have, and stores
 * nothing. */
static int drop(struct append_call *a)
{
    if (!is_simple(a) || !is_chosen(10)) {
        return mutant_append_all(a);
    }
    mutant_report_success(a, 0);
    a->results[0].first_notification_id = mutant_log_head(a) + 1;
    *a->taken = 1;
    return QUIPU_OK;
}

/* ------------------------------------------------- appends seen in part */

/* H03: items of an append after the first become visible later in reads of
 * their sequences. */
static int show_second_later(struct append_call *a)
{
    return delayed_visibility_append_for(a, 1, MOMENT);
}

static enum filter_result filter_hidden(struct read_call *r,
                                        const quipu_item *item)
{
    return !r->log && item->notification_id >= r->hidden_from &&
                   item->notification_id <= r->hidden_to
               ? ITEM_SKIP
               : ITEM_SHOW;
}

/* ----------------------------------------------------- false conflicts */

/* H04: reports a conflict, as if for a lock that was not available. */
static int conflict_for_busy(struct append_call *a)
{
    quipu_result *result = &a->results[0];

    if (!is_simple(a) || !is_chosen(10)) {
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

/* H05: a conflict reports an old last position of the sequence. */
static int conflict_from_cache(struct append_call *a)
{
    int status = mutant_append_all(a);

    for (size_t i = 0; status == QUIPU_OK && i < *a->taken; i++) {
        quipu_result *result = &a->results[i];

        if (result->cause == QUIPU_CAUSE_POSITION &&
            result->last_position > 20) {
            result->last_position -= 20;
            /* Avoid a last position that contradicts the conflict itself. */
            result->last_position -=
                result->last_position + 1 ==
                a->requests[i].items[result->index].position;
        }
    }
    return status;
}

/* ------------------------------- preconditions checked before the lock */

static bool holds(const struct append_call *a, const quipu_guard *guard)
{
    int64_t last;
    bool found = last_of(a, guard->sequence_id, &last);

    return guard->demand == QUIPU_DEMAND_EMPTY       ? !found
           : guard->demand == QUIPU_DEMAND_NOT_EMPTY ? found
                                                     : last == guard->position;
}

/* H06: checks guards at the beginning of the call only. */
static int check_guards_early(struct append_call *a)
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

/* H07: checks the tracking record at the beginning of the call only. */
static int check_tracking_early(struct append_call *a)
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

/* H09: one wait of twenty is not woken. */
static int miss_wake_up(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, int64_t after,
                        int64_t deadline, int64_t *head, quipu_error *error)
{
    static _Thread_local int64_t missing_until;

    if (deadline != INT64_MAX && is_chosen(20)) {
        missing_until = mutant_now() + MISSED_WAIT * mutant_patience;
    }
    if (mutant_now() < missing_until) {
        mutant_sleep(deadline > mutant_now() ? deadline - mutant_now() : 0);
        after = INT64_MAX;
        deadline = 0;
    }
    return mutant_base_driver()->wait(datastore, bound, after, deadline, head,
                                      error);
}

static const struct mutant mutants[] = {
    { "H01", "some-reads-are-stale",
      "Jepsen on MongoDB 2.6.7: reads from a node that lags behind",
      "V1.history-of-threads", .append = update_replica,
      .on_open = read_replica, .filter = filter_replica },
    { "H02", "acknowledged-append-is-not-stored",
      "Jepsen on NATS 2.12.1: acknowledged messages are lost",
      "V1.history-of-threads", .append = drop },
    { "H03", "append-is-seen-in-part",
      "stream read models that are updated one after the other",
      "U2.history-of-groups-in-threads", .append = show_second_later,
      .filter = filter_hidden },
    { "H04", "busy-is-reported-as-conflict",
      "SQLITE_BUSY or a lock timeout reported as a wrong expected version",
      "V1.history-of-threads", .append = conflict_for_busy },
    { "H05", "conflict-reports-an-old-position",
      "the expected version in an error comes from a cache",
      "V1.history-of-threads", .append = conflict_from_cache },
    { "H06", "guards-are-checked-before-the-lock",
      "Jepsen on PostgreSQL 12.3: write skew (G2-item)",
      "U2.history-of-groups-in-datastores", .append = check_guards_early },
    { "H07", "tracking-is-checked-before-the-lock",
      "emmett#328: events processed twice, by two copies of a consumer",
      "U2.history-of-groups-in-datastores", .append = check_tracking_early },
    { "H08", "cursor-is-opened-by-its-first-step",
      "marten#4953: a read returns items stored after it was opened",
      "V1.history-of-threads", .open_at_first_step = true },
    { "H09", "some-waits-are-not-woken",
      "commanded/eventstore#127: a listener misses some notifications",
      "L2.history-of-followers-in-threads",
      .replaced = { .wait = miss_wake_up } },
};
MUTANT_FAMILY(histories);
