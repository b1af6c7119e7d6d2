/* SPDX-License-Identifier: Apache-2.0 */
/* Judging by event ids: whether a request is a repeat, or half of one. */
#include "judge.h"

#include "common/safeguard.h"

#include <string.h>

static bool same(quipu_bytes a, quipu_bytes b)
{
    return a.size == b.size &&
           (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* What is stored under an item's event id, by now. */
struct stored {
    bool found;
    bool same;
    int64_t notification_id;
    int64_t position;
};

static const struct place *place_of(const struct judge *judge, size_t item)
{
    return &judge->group->places[item - 1];
}

/* The n-th of those placed in the section: its notification id. */
static int64_t id_of(const struct judge *judge, size_t placed)
{
    const struct group *group = judge->group;
    int64_t id = group->sections[judge->section].head;
    for (size_t i = 0; i < placed; i++) {
        id += group->places[i].section == judge->section;
    }
    return id;
}

static void stored_in_group(const struct judge *judge, const quipu_item *item,
                            size_t placed, struct stored *stored)
{
    const struct place *place = place_of(judge, placed);
    const quipu_item *old = place->item;
    stored->found = true;
    stored->same = same(old->sequence_id, item->sequence_id) &&
                   same(old->topic, item->topic) &&
                   same(old->state, item->state);
    stored->notification_id = id_of(judge, placed);
    stored->position = place->position;
}

static int look_up_event(struct judge *judge, size_t index,
                         struct stored *stored, quipu_error *error)
{
    const quipu_item *item = &judge->request->items[index];
    const struct seen *seen = &judge->seen[judge->first + index];
    const struct entry *entry = quipu_postgres_entries_get(
        &judge->ids, judge->section, item->event_id, 0);
    if (!entry) {
        return quipu_postgres_judge_no_memory(judge, error);
    }
    if (entry->item != 0) {
        stored_in_group(judge, item, entry->item, stored);
        return QUIPU_OK;
    }
    *stored = (struct stored){ .found = seen->stored,
                               .same = seen->same,
                               .notification_id = seen->notification_id,
                               .position = seen->position };
    return QUIPU_OK;
}

/* Whether two items of the request have one event id. */
static int find_twins(struct judge *judge, bool *decided, quipu_error *error)
{
    const quipu_request *request = judge->request;
    for (size_t i = 0; i < request->item_count; i++) {
        struct entry *entry = quipu_postgres_entries_get(
            &judge->ids, judge->section, request->items[i].event_id, 0);
        if (!entry) {
            return quipu_postgres_judge_no_memory(judge, error);
        }
        if (SAFEGUARDED("U3.twins-in-one-append",
                        entry->changer == judge->number, false)) {
            quipu_postgres_judge_refuse(judge, QUIPU_CONFLICT,
                                        QUIPU_CAUSE_EVENT_ID, i);
            *decided = true;
            return QUIPU_OK;
        }
        entry->changer = judge->number;
    }
    return QUIPU_OK;
}

/* The first item's id is stored: all must be, alike and side by side. */
static int judge_repeat(struct judge *judge, struct stored first,
                        quipu_error *error)
{
    struct stored stored = first;
    const quipu_request *request = judge->request;
    bool tracked = !request->tracking || quipu_postgres_judge_is_tracked(judge);
    bool repeated = SAFEGUARDED("U3.tracking-of-a-repeat", tracked, true);
    int status = QUIPU_OK;
    for (size_t i = 0;
         i < request->item_count && repeated && status == QUIPU_OK; i++) {
        if (i > 0) {
            status = look_up_event(judge, i, &stored, error);
        }
        repeated = stored.found && stored.same &&
                   SAFEGUARDED("U3.consecutive-ids",
                               stored.notification_id ==
                                   first.notification_id + (int64_t)i,
                               true);
        if (judge->result->positions) {
            judge->result->positions[i] =
                SAFEGUARDED("U3.positions-of-a-repeat", stored.position, -1);
        }
    }
    if (repeated) {
        judge->result->flags |= QUIPU_RESULT_REPEATED;
        judge->result->first_notification_id = first.notification_id;
        judge->group->sections[judge->section].repeated = true;
        judge->group->refused = true;
    } else {
        quipu_postgres_judge_refuse(judge, QUIPU_CONFLICT, QUIPU_CAUSE_EVENT_ID,
                                    0);
    }
    return status;
}

/* *decided: the event ids settle it, as a repeat or a conflict. */
int quipu_postgres_judge_event_ids(struct judge *judge, bool *decided,
                                   quipu_error *error)
{
    if (!judge->group->sections[judge->section].bound->schema.event_id) {
        return QUIPU_OK;
    }
    int status = find_twins(judge, decided, error);
    for (size_t i = 0;
         status == QUIPU_OK && !*decided && i < judge->request->item_count;
         i++) {
        struct stored stored = { .found = false };
        status = look_up_event(judge, i, &stored, error);
        if (status != QUIPU_OK ||
            !SAFEGUARDED("U3.overlap-at-the-end", stored.found,
                         stored.found && i == 0)) {
            continue;
        }
        *decided = true;
        if (i == 0) {
            status = judge_repeat(judge, stored, error);
        } else {
            quipu_postgres_judge_refuse(judge, QUIPU_CONFLICT,
                                        QUIPU_CAUSE_EVENT_ID, i);
        }
    }
    return status;
}
