/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants that judge an append wrongly: positions, guards, event ids. */
#include "mutant.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* M01: the loser stores nothing, and hears that all went well. */
static int conflict_is_ok(struct append_call *a)
{
    int status = mutant_append_first(a);

    if (status == QUIPU_OK && a->results[0].cause == QUIPU_CAUSE_POSITION) {
        mutant_report_success(a, 0);
    }
    return status;
}

/* Appends with those guards only that `checks` lets through. */
static int with_some_guards(struct append_call *a,
                            bool (*checks)(const quipu_request *request,
                                           const quipu_guard *guard))
{
    quipu_request request = a->requests[0];
    quipu_guard *guards = calloc(request.guard_count + 1, sizeof(*guards));
    size_t count = 0;
    int status;

    if (!guards) {
        abort();
    }
    for (size_t i = 0; i < request.guard_count; i++) {
        if (checks(&request, &request.guards[i])) {
            guards[count++] = request.guards[i];
        }
    }
    request.guards = guards;
    request.guard_count = count;
    status = mutant_append_one(a, &request);
    free(guards);
    return status;
}

static bool is_not_empty_demand(const quipu_request *request,
                                const quipu_guard *guard)
{
    (void)request;
    return guard->demand != QUIPU_DEMAND_EMPTY;
}

static int empty_is_any(struct append_call *a)
{
    return with_some_guards(a, is_not_empty_demand);
}

static bool is_not_existence(const quipu_request *request,
                             const quipu_guard *guard)
{
    (void)request;
    return guard->demand != QUIPU_DEMAND_NOT_EMPTY;
}

static int exists_is_any(struct append_call *a)
{
    return with_some_guards(a, is_not_existence);
}

static bool is_of_written(const quipu_request *request,
                          const quipu_guard *guard)
{
    for (size_t i = 0; i < request->item_count; i++) {
        if (mutant_bytes_equal(request->items[i].sequence_id,
                               guard->sequence_id)) {
            return true;
        }
    }
    return request->item_count == 0;
}

static int others_are_any(struct append_call *a)
{
    return with_some_guards(a, is_of_written);
}

static bool is_of_items(const quipu_request *request, const quipu_guard *guard)
{
    (void)guard;
    return request->item_count > 0;
}

static int empty_writes_are_any(struct append_call *a)
{
    return with_some_guards(a, is_of_items);
}

/* M12: a retry brings a lower checkpoint, and its work is done again. */
static int lower_checkpoint(struct append_call *a)
{
    quipu_request request = a->requests[0];
    int status = mutant_append_first(a);

    if (status == QUIPU_OK && a->results[0].status == QUIPU_ALREADY) {
        request.tracking = NULL;
        status = mutant_append_one(a, &request);
    }
    return status;
}

/* M19: an id is known, so the event is: whichever sequence it went to. */
static int known_id_is_repeat(struct append_call *a)
{
    int status = mutant_append_first(a);

    if (status == QUIPU_OK && a->results[0].cause == QUIPU_CAUSE_EVENT_ID) {
        mutant_report_success(a, 0);
        a->results[0].flags = QUIPU_RESULT_REPEATED;
    }
    return status;
}

/* M25: ids are checked for given positions only; NEXT stores it once more.
 * New event ids make the reference do so. */
static int next_repeats(struct append_call *a)
{
    quipu_request request = a->requests[0];
    int status = mutant_append_first(a);
    quipu_item *items;
    uint8_t(*ids)[16];

    if (status || !(a->results[0].flags & QUIPU_RESULT_REPEATED) ||
        !(request.items[0].flags & QUIPU_ITEM_NEXT)) {
        return status;
    }
    items = calloc(request.item_count, sizeof(*items));
    ids = calloc(request.item_count, sizeof(*ids));
    if (!items || !ids) {
        abort();
    }
    for (size_t i = 0; i < request.item_count; i++) {
        items[i] = request.items[i];
        (void)!getrandom(ids[i], 16, 0);
        items[i].event_id.data = ids[i];
    }
    request.items = items;
    status = mutant_append_one(a, &request);
    free(ids);
    free(items);
    return status;
}

static const struct mutant mutants[] = {
    { "M01", "conflict-answers-ok",
      "Eventuous#553: ON CONFLICT DO NOTHING, and success reported",
      "U1.taken-position-conflicts", .append = conflict_is_ok },
    { "M02", "empty-guard-is-any",
      "Emmett: NoStream treated as Any by PostgreSQL and SQLite",
      "S3.guard-on-a-written-sequence", .append = empty_is_any },
    { "M03", "not-empty-guard-is-any",
      "Emmett: StreamExists treated as Any by PostgreSQL and SQLite",
      "S3.guard-without-items", .append = exists_is_any },
    { "M12", "checkpoint-goes-back",
      "KurrentDB#500, #1301: checkpoint taken from a retried event",
      "U4.record-never-goes-back", .append = lower_checkpoint },
    { "M16", "guards-of-empty-append-ignored",
      "fisher#190: AlwaysEnforceConsistency ignored on an empty write",
      "S3.guard-without-items", .append = empty_writes_are_any },
    { "M19", "event-id-deduped-in-wrong-scope",
      "KurrentDB#1173: an id known from elsewhere taken for a repeat",
      "U3.other-sequence-conflicts", .append = known_id_is_repeat },
    { "M25", "repeat-with-next-stored-again",
      "KurrentDB#1970: a repeated append with Any is written twice",
      "U3.repeat-with-next", .append = next_repeats },
    { "M28", "guards-of-other-sequences-ignored",
      "marten, KurrentDB before 26.1: versions of unwritten streams unchecked",
      "S3.guard-on-another-sequence", .append = others_are_any },
};
MUTANT_FAMILY(preconditions);
