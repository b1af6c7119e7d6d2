/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process managers.
 *
 * METHOD
 *
 * The reactions to the events of a part fill one unit of work, which is stored
 * as one append together with the tracking record (R1).  The record must stand
 * where this process has left it (T1).
 *
 * If the store refuses the append, its cause decides:
 *
 *   a position, a guard,    Others have changed what a reaction has read.  The
 *   an entry of a reaction  reactions run again, on fresh aggregates (R2).  If
 *                           one event alone meets the same conflict again,
 *                           nobody has changed anything in between: then the
 *                           condition can never hold, and the event is refused.
 *   an event id             What the event causes is stored: it was handled
 *                           before, and the record was lost or set back, or
 *                           another process was faster.  Events of a part are
 *                           then tried one by one, and the record is moved past
 *                           one that was handled (R3).
 *   the record, an entry    Another process handles the same events.  The
 *   of the group            runner goes on from where the record is now.
 *
 * A reaction that refuses an event that was handled before, because its
 * aggregates have moved on, is no failure either: the first id that the event
 * would cause is looked up.
 *
 *   INV1  Nothing of a unit that was refused is used again.
 *   INV2  The ids of the events that a reaction triggers do not depend on the
 *         other events of the part.
 */
#include "process/process.h"

#include <string.h>

#include <quipu/id.h>

#include "base/cancellation.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "domain/unit.h"

#define MILLISECOND INT64_C(1000000)

/* --------------------------------------------------------------- reacting */

/* Runs the reaction to the event at part->applied. */
static int react(const quipu_process *process, quipu_unit *unit,
                 struct quipu_part *part, quipu_error *error)
{
    const struct quipu_batch_event *event = &part->events[part->applied];

    if (quipu_batch_event_erased(event)) {
        return QUIPU_OK;
    }
    if (!event->event) {
        return quipu_runner_part_undecoded(part, error);
    }
    quipu_unit_begin_cause(unit, process->type->name, event->event);
    int status = process->type->reactions[event->type].react(
        unit, process->context, event->event, error);

    if (status == QUIPU_OK) {
        status = quipu_unit_commit_cause(unit, event->event, error);
    }
    if (status == QUIPU_OK && unit->entry_count > 0 &&
        !process->runner.has_entries) {
        status = quipu_error_set(error, QUIPU_UNSUPPORTED,
                                 "the store keeps no key-value entries");
    }
    return status == QUIPU_OK || quipu_status_is_transient(status)
               ? status
               : quipu_runner_part_refuse(part, status, error);
}

/* Runs the reactions to all events of the part. */
static int react_to_all(const quipu_process *process, quipu_unit *unit,
                        struct quipu_part *part, quipu_error *error)
{
    int64_t limit = process->runner.options.batch_milliseconds * MILLISECOND;
    int status = QUIPU_OK;

    part->begin = quipu_clock_now();
    part->applied = 0;
    while (status == QUIPU_OK && part->applied < part->count) {
        if (part->applied > 0 && quipu_clock_now() - part->begin > limit) {
            return QUIPU_RUNNER_SMALLER;
        }
        status = react(process, unit, part, error);
        part->applied += status == QUIPU_OK;
    }
    return status;
}

/* ---------------------------------------------------------------- storing */

/* The append of a part. */
struct storing {
    quipu_process *process;
    const quipu_unit *unit;
    struct quipu_part *part;
    struct quipu_tracker_commit commit; /* that of the runner, at first */
    size_t own_count;                   /* of its entries: the runner's */
    quipu_result result;
    /* The item whose id is taken is one of the event's, the only one. */
    bool was_handled;
};

/* Sets the entries of the commit to the runner's and those of the reactions;
 * *owned is released by the caller. */
static int join_entries(struct storing *storing, const quipu_conditions *added,
                        quipu_entry_write **owned, quipu_error *error)
{
    struct quipu_tracker_commit *commit = &storing->commit;
    const size_t count = commit->entry_count + added->entry_count;

    *owned = NULL;
    if (added->entry_count == 0) {
        return QUIPU_OK;
    }
    *owned = quipu_allocate_array(count, sizeof(**owned));
    if (!*owned) {
        return quipu_error_no_memory(error);
    }
    if (commit->entry_count > 0) {
        memcpy(*owned, commit->entries, commit->entry_count * sizeof(**owned));
    }
    memcpy(*owned + commit->entry_count, added->entries,
           added->entry_count * sizeof(**owned));
    commit->entries = *owned;
    commit->entry_count = count;
    return QUIPU_OK;
}

/* A quipu_unit_append. */
static int append(void *context, const quipu_append *append, quipu_error *error)
{
    struct storing *storing = context;
    struct quipu_tracker_commit *commit = &storing->commit;
    const quipu_result *result = &storing->result;
    quipu_entry_write *owned;
    int status = join_entries(storing, append->conditions, &owned, error);

    commit->items = append->items;
    commit->item_count = append->item_count;
    commit->guards = append->guards;
    commit->guard_count = append->guard_count;
    commit->result = &storing->result;
    if (status == QUIPU_OK) {
        status = quipu_tracker_commit(&storing->process->runner.tracker, commit,
                                      error);
    }
    if (status == QUIPU_CONFLICT && result->cause == QUIPU_CAUSE_EVENT_ID &&
        result->index < append->item_count && storing->part->count == 1) {
        storing->was_handled = quipu_process_has_caused(
            storing->process, storing->part->events->event,
            storing->unit->ids.count, &append->items[result->index]);
    }
    quipu_release(owned);
    return status;
}

/* Whether the conflict concerns an entry that a reaction has added. */
static bool concerns_reaction(const struct storing *storing)
{
    return storing->result.index >= storing->own_count &&
           storing->result.index < storing->commit.entry_count;
}

static bool has_last(const quipu_result *result)
{
    return result->flags & QUIPU_RESULT_HAS_LAST;
}

/* The same conflict as at the attempt before, for one event. */
static bool is_repeated(struct storing *storing)
{
    struct quipu_part_conflict *last = storing->part->conflict;
    const struct quipu_part_conflict now = {
        .notification_id = storing->part->events->item.notification_id,
        .result = storing->result,
    };
    const bool is_same = last->notification_id == now.notification_id &&
                         last->result.cause == now.result.cause &&
                         last->result.index == now.result.index &&
                         has_last(&last->result) == has_last(&now.result) &&
                         last->result.last_position == now.result.last_position;

    last->notification_id = storing->part->count == 1 ? now.notification_id : 0;
    last->result = now.result;
    return storing->part->count == 1 && is_same;
}

/* The unit as a whole cannot be stored: a smaller one can, or the event is to
 * blame. */
static int refuse_unit(struct quipu_part *part, int status, quipu_error *error)
{
    if (part->count > 1) {
        part->applied = part->count / 2;
        return QUIPU_RUNNER_SMALLER;
    }
    part->applied = 0;
    return quipu_runner_part_refuse(part, status, error);
}

/* Turns the failure of an append into a result of the part.  CONFLICT and
 * ALREADY stay if the record or the group is concerned. */
static int judge(struct storing *storing, int status, quipu_error *error)
{
    struct quipu_part *part = storing->part;

    if (status == QUIPU_INVALID || status == QUIPU_UNSUPPORTED) {
        return refuse_unit(part, status, error);
    }
    if (status != QUIPU_CONFLICT) {
        return status;
    }
    switch (storing->result.cause) {
    case QUIPU_CAUSE_EVENT_ID:
        if (part->count > 1) {
            part->applied = 1;
            return QUIPU_RUNNER_SMALLER;
        }
        return storing->was_handled ? QUIPU_CONFLICT
                                    : refuse_unit(part, status, error);
    case QUIPU_CAUSE_ENTRY:
        if (!concerns_reaction(storing)) {
            return status;
        }
        break;
    case QUIPU_CAUSE_GUARD:
    case QUIPU_CAUSE_POSITION:
        break;
    default:
        return status;
    }
    return is_repeated(storing) ? refuse_unit(part, status, error)
                                : QUIPU_RUNNER_AGAIN;
}

/* -------------------------------------------- causes that were handled */

bool quipu_process_has_caused(const quipu_process *process,
                              const quipu_event *cause, uint32_t count,
                              const quipu_item *item)
{
    const struct quipu_caused_ids ids = { .name = process->type->name,
                                          .cause = cause->event_id };
    bool found = false;

    for (uint32_t i = 0; !found && i < count; i++) {
        quipu_uuid id;

        quipu_aggregate_caused_id(&ids, i, &id);
        found = item->event_id.size == sizeof(id.bytes) &&
                memcmp(item->event_id.data, id.bytes, sizeof(id.bytes)) == 0;
    }
    return found;
}

/* Looks the first event up that the reaction to `cause` has triggered, if the
 * store can. */
static int find_effect(const quipu_process *process, const quipu_event *cause,
                       bool *found, quipu_error *error)
{
    const struct quipu_caused_ids ids = { .name = process->type->name,
                                          .cause = cause->event_id };
    const quipu_item *item = NULL;
    quipu_cursor *cursor;
    quipu_uuid id;

    *found = false;
    quipu_aggregate_caused_id(&ids, 0, &id);
    int status =
        quipu_records_find_event(process->target->records, &id, &cursor, error);

    if (status != QUIPU_OK) {
        return status == QUIPU_UNSUPPORTED ? QUIPU_OK : status;
    }
    status = quipu_cursor_next(cursor, &item, error);
    *found = status == QUIPU_OK && item;
    quipu_cursor_close(cursor);
    return status;
}

/* Moves the record past an event that was handled before. */
static int pass(quipu_process *process, struct quipu_part *part,
                const struct quipu_tracker_commit *commit, quipu_error *error)
{
    part->begin = 0; /* the next was probably handled, too */
    return quipu_tracker_commit(&process->runner.tracker, commit, error);
}

/* --------------------------------------------------------------- applying */

static int store_part(struct storing *storing, quipu_unit *unit, bool *handled,
                      quipu_error *error)
{
    int status = quipu_unit_commit_by(unit, append, storing, error);

    if (status != QUIPU_OK) {
        status = judge(storing, status, error);
    }
    *handled = status == QUIPU_CONFLICT && storing->was_handled;
    return status;
}

static int apply(void *owner, struct quipu_part *part,
                 const struct quipu_tracker_commit *commit, quipu_error *error)
{
    quipu_process *process = owner;
    struct storing storing = { .process = process,
                               .part = part,
                               .commit = *commit,
                               .own_count = commit->entry_count };
    quipu_unit *unit = NULL;
    bool was_handled = false;
    quipu_error cause;
    int status = quipu_unit_create(process->target, &unit, error);

    if (status != QUIPU_OK) {
        return status;
    }
    storing.unit = unit;
    status = react_to_all(process, unit, part, error);
    if (status == QUIPU_OK) {
        status = store_part(&storing, unit, &was_handled, error);
    } else if (status == QUIPU_RUNNER_REFUSED && part->count == 1 &&
               part->events->event) {
        int found =
            find_effect(process, part->events->event, &was_handled, &cause);

        if (found != QUIPU_OK) {
            status = quipu_error_set(error, found, "%s", cause.message);
        }
    }
    quipu_unit_destroy(unit);
    return was_handled ? pass(process, part, commit, error) : status;
}

const struct quipu_runner_type quipu_process_runner = {
    .kind = "process",
    .operation = QUIPU_OPERATION_REACT,
    .apply = apply,
};

/* ----------------------------------------------------------------- running */

int quipu_process_step(quipu_process *process, bool *caught_up,
                       quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    return process ? quipu_runner_step(&process->runner, caught_up, error)
                   : quipu_argument_missing("process", error);
}

int quipu_process_run(quipu_process *process, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    return process ? quipu_runner_run(&process->runner, error)
                   : quipu_argument_missing("process", error);
}

void quipu_process_stop(quipu_process *process)
{
    QUIPU_UNCANCELLABLE;
    if (process) {
        quipu_runner_stop(&process->runner);
    }
}

void quipu_process_request_stop(quipu_process *process)
{
    if (process) {
        quipu_stopper_request(&process->runner.stopper);
    }
}

int quipu_process_status(quipu_process *process, quipu_consumer_status *status,
                         quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    return process
               ? quipu_progress_read(&process->runner.progress, status, error)
               : quipu_argument_missing("process", error);
}

int quipu_process_retry(quipu_process *process, int64_t *left,
                        quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    return process ? quipu_runner_retry(&process->runner, left, error)
                   : quipu_argument_missing("process", error);
}
