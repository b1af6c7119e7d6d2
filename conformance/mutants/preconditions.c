/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants that check the preconditions of an append wrongly: positions, guards,
 * event ids, tracking. */
#include "mutant.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* M01: a conflict of positions stores nothing and reports success. */
static int conflict_is_ok(struct append_call *a)
{
    int status = mutant_append_first(a);

    if (status == QUIPU_OK && a->results[0].cause == QUIPU_CAUSE_POSITION) {
        mutant_report_success(a, 0);
    }
    return status;
}

/* Appends with only those guards for which `checks` returns true. */
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

static bool is_not_for_empty(const quipu_request *request,
                             const quipu_guard *guard)
{
    (void)request;
    return guard->demand != QUIPU_DEMAND_EMPTY;
}

/* M02: ignores guards that demand an empty sequence. */
static int ignore_empty(struct append_call *a)
{
    return with_some_guards(a, is_not_for_empty);
}

static bool is_not_for_existence(const quipu_request *request,
                                 const quipu_guard *guard)
{
    (void)request;
    return guard->demand != QUIPU_DEMAND_NOT_EMPTY;
}

/* M03: ignores guards that demand that a sequence is not empty. */
static int ignore_not_empty(struct append_call *a)
{
    return with_some_guards(a, is_not_for_existence);
}

static bool is_for_written(const quipu_request *request,
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

/* M28: ignores guards on sequences that the append does not write. */
static int ignore_others(struct append_call *a)
{
    return with_some_guards(a, is_for_written);
}

static bool has_items(const quipu_request *request, const quipu_guard *guard)
{
    (void)guard;
    return request->item_count > 0;
}

/* M16: ignores the guards of an append without items. */
static int ignore_without_items(struct append_call *a)
{
    return with_some_guards(a, has_items);
}

/* M12: stores the items of an append whose tracking record is too low. */
static int accept_lower_tracking(struct append_call *a)
{
    quipu_request request = a->requests[0];
    int status = mutant_append_first(a);

    if (status == QUIPU_OK && a->results[0].status == QUIPU_ALREADY) {
        request.tracking = NULL;
        status = mutant_append_one(a, &request);
    }
    return status;
}

/* M19: takes any append with a stored event id for a repeat. */
static int accept_stored_id(struct append_call *a)
{
    int status = mutant_append_first(a);

    if (status == QUIPU_OK && a->results[0].cause == QUIPU_CAUSE_EVENT_ID) {
        mutant_report_success(a, 0);
        a->results[0].flags = QUIPU_RESULT_REPEATED;
    }
    return status;
}

/* M25: checks event ids only of items with explicit positions, so a repeat with
 * NEXT is stored again.  New event ids make the base driver store it. */
static int store_repeat_again(struct append_call *a)
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
    { "M01", "conflict-returns-ok",
      "Eventuous#553: ON CONFLICT DO NOTHING, and success reported",
      "U1.taken-position-conflicts", .append = conflict_is_ok },
    { "M02", "guard-for-empty-is-ignored",
      "Emmett: NoStream treated as Any by PostgreSQL and SQLite",
      "S3.guard-on-a-written-sequence", .append = ignore_empty },
    { "M03", "guard-for-not-empty-is-ignored",
      "Emmett: StreamExists treated as Any by PostgreSQL and SQLite",
      "S3.guard-without-items", .append = ignore_not_empty },
    { "M12", "tracking-record-goes-back",
      "KurrentDB#500, #1301: checkpoint taken from a retried event",
      "U4.record-never-goes-back", .append = accept_lower_tracking },
    { "M16", "guards-without-items-are-ignored",
      "fisher#190: AlwaysEnforceConsistency ignored on an empty write",
      "S3.guard-without-items", .append = ignore_without_items },
    { "M19", "event-id-elsewhere-is-a-repeat",
      "KurrentDB#1173: an id stored in another stream taken for a repeat",
      "U3.other-sequence-conflicts", .append = accept_stored_id },
    { "M25", "repeat-with-next-is-stored-again",
      "KurrentDB#1970: a repeated append with Any is written twice",
      "U3.repeat-with-next", .append = store_repeat_again },
    { "M28", "guards-on-other-sequences-are-ignored",
      "marten, KurrentDB before 26.1: versions of unwritten streams unchecked",
      "S3.guard-on-another-sequence", .append = ignore_others },
};
MUTANT_FAMILY(preconditions);
