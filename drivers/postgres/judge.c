/* SPDX-License-Identifier: Apache-2.0 */
/* Judging requests by what was seen: event ids, guards, tracking, positions, in
 * this order, and as if one request came after the other. */
#include "judge.h"

#include "common/preconditions.h"
#include "common/safeguard.h"

#include <string.h>

void quipu_postgres_judge_refuse(struct judge *judge, int status, int cause,
                                 size_t index)
{
    judge->result->status = status;
    judge->result->cause = cause;
    judge->result->index = index;
    judge->group->refused = true;
}

int quipu_postgres_judge_no_memory(const struct judge *judge,
                                   quipu_error *error)
{
    return quipu_postgres_no_memory(judge->group->datastore->host, error);
}

void quipu_postgres_judge_refuse_at(struct judge *judge, int cause,
                                    size_t index, bool found, int64_t last)
{
    quipu_postgres_judge_refuse(judge, QUIPU_CONFLICT, cause, index);
    if (found) {
        SAFEGUARD("U1.last-position-is-told")
        judge->result->flags |= QUIPU_RESULT_HAS_LAST;
        judge->result->last_position = last;
    }
}

/* It was entered when looking, so this never makes one. */
struct entry *quipu_postgres_judge_tail(const struct judge *judge,
                                        quipu_bytes id)
{
    return quipu_postgres_entries_get(&judge->group->sequences, judge->section,
                                      id, 0);
}

bool quipu_postgres_judge_is_tracked(const struct judge *judge)
{
    const quipu_tracking *tracking = judge->request->tracking;
    const struct track *track =
        quipu_postgres_group_track(judge->group, tracking, judge->section);
    return track->found && track->stands >= tracking->position.notification_id;
}

static bool guards_hold(struct judge *judge)
{
    for (size_t i = 0; i < judge->request->guard_count; i++) {
        const quipu_guard *guard = &judge->request->guards[i];
        const struct entry *tail =
            quipu_postgres_judge_tail(judge, guard->sequence_id);
        if (!quipu_common_preconditions_guard_holds(guard, tail->found,
                                                    tail->last)) {
            quipu_postgres_judge_refuse_at(judge, QUIPU_CAUSE_GUARD, i,
                                           tail->found, tail->last);
            return false;
        }
    }
    return true;
}

static bool tracking_holds(struct judge *judge)
{
    if (!judge->request->tracking ||
        SAFEGUARDED("U4.record-that-is-not-above",
                    !quipu_postgres_judge_is_tracked(judge), true)) {
        return true;
    }
    quipu_postgres_judge_refuse(judge, QUIPU_ALREADY, QUIPU_CAUSE_TRACKING, 0);
    return false;
}

static void accept_tracking(struct judge *judge)
{
    const quipu_tracking *tracking = judge->request->tracking;
    if (!tracking) {
        return;
    }
    struct track *track =
        quipu_postgres_group_track(judge->group, tracking, judge->section);
    if (!track->write) {
        track->above = tracking->position.notification_id;
    }
    track->write = track->found = true;
    track->stands = tracking->position.notification_id;
    track->last = tracking;
}

static void accept(struct judge *judge)
{
    struct group *group = judge->group;
    size_t count = judge->request->item_count;
    size_t first = group->place_count - count;
    bool has_ids = group->sections[judge->section].bound->schema.event_id;
    for (size_t i = 0; i < count; i++) {
        if (judge->result->positions) {
            judge->result->positions[i] = group->places[first + i].position;
        }
        if (has_ids) { /* the entry is there: find_twins made it */
            quipu_postgres_entries_get(&judge->ids, judge->section,
                                       judge->request->items[i].event_id, 0)
                ->item = first + i + 1;
        }
    }
    if (count > 0) {
        const struct section *section = &group->sections[judge->section];
        judge->result->first_notification_id =
            section->head + (int64_t)(section->items - count) + 1;
    }
    accept_tracking(judge);
    group->accepted = true;
}

static int judge_one(struct judge *judge, quipu_error *error)
{
    bool decided = false;
    int status = quipu_postgres_judge_event_ids(judge, &decided, error);
    if (status != QUIPU_OK || decided || !guards_hold(judge) ||
        !tracking_holds(judge)) {
        return status;
    }
    status = quipu_postgres_judge_positions(judge, error);
    if (status == QUIPU_OK && judge->result->status == QUIPU_OK) {
        accept(judge);
    }
    return status;
}

static int judge_all(struct group *group, struct seen *seen, quipu_error *error)
{
    struct judge judge = { .group = group, .seen = seen };
    int status = QUIPU_OK;
    quipu_postgres_entries_init(&judge.ids, group->datastore->host);
    quipu_postgres_entries_init(&judge.spots, group->datastore->host);
    for (size_t i = 0; i < group->count && status == QUIPU_OK; i++) {
        judge.request = &group->requests[i];
        judge.result = &group->results[i];
        judge.section = group_section(group, i);
        judge.number = i + 1;
        status = judge_one(&judge, error);
        judge.first += judge.request->item_count;
    }
    quipu_postgres_entries_finish(&judge.ids);
    quipu_postgres_entries_finish(&judge.spots);
    return status;
}

int quipu_postgres_judge(struct group *group, struct connection *connection,
                         quipu_error *error)
{
    const quipu_host *host = group->datastore->host;
    struct seen *seen = host->allocate((group->item_count + 1) * sizeof(*seen));
    if (!seen) {
        return quipu_postgres_no_memory(host, error);
    }
    memset(seen, 0, (group->item_count + 1) * sizeof(*seen));
    int status = quipu_postgres_look(group, connection, seen, error);
    if (status == QUIPU_OK) {
        status = judge_all(group, seen, error);
    }
    host->release(seen);
    return status;
}
