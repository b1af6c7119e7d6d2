/* SPDX-License-Identifier: Apache-2.0 */
/* Judging requests by what was seen: event ids, guards, tracking, positions, in
 * this order, and as if one request came after the other. */
#include "looks.h"

#include "shared/demand.h"

#include <string.h>

struct judge {
    struct group *group;
    struct seen *seen;    /* of all items */
    struct entries ids;   /* event ids of this group's items */
    struct entries spots; /* places that they take in sparse sequences */
    /* The request at hand. */
    const quipu_request *request;
    quipu_result *result;
    uint32_t section;
    size_t number; /* one more than its own */
    size_t first;  /* its first item, of all */
};

static bool same(quipu_bytes a, quipu_bytes b)
{
    return a.size == b.size &&
           (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static int no_memory(const struct judge *judge, quipu_error *error)
{
    return quipu_postgres_no_memory(judge->group->datastore->host, error);
}

static void refuse(struct judge *judge, int status, int cause, size_t index)
{
    judge->result->status = status;
    judge->result->cause = cause;
    judge->result->index = index;
    judge->group->refused = true;
}

/* A refusal that says where the sequence ends (U1). */
static void refuse_at(struct judge *judge, int cause, size_t index, bool found,
                      int64_t last)
{
    refuse(judge, QUIPU_CONFLICT, cause, index);
    if (found) {
        judge->result->flags |= QUIPU_RESULT_HAS_LAST;
        judge->result->last_position = last;
    }
}

/* ------------------------------------------------------------ event ids */

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
    if (entry == NULL) {
        return no_memory(judge, error);
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
        if (entry == NULL) {
            return no_memory(judge, error);
        }
        if (entry->changer == judge->number) {
            refuse(judge, QUIPU_CONFLICT, QUIPU_CAUSE_EVENT_ID, i);
            *decided = true;
            return QUIPU_OK;
        }
        entry->changer = judge->number;
    }
    return QUIPU_OK;
}

static bool tracking_is_stored(const struct judge *judge)
{
    const quipu_tracking *tracking = judge->request->tracking;
    const struct track *track =
        quipu_postgres_group_track(judge->group, tracking, judge->section);
    return track->found && track->stands >= tracking->position.notification_id;
}

/* The first item's id is stored: all must be, alike and side by side. */
static int judge_repeat(struct judge *judge, struct stored first,
                        quipu_error *error)
{
    struct stored stored = first;
    const quipu_request *request = judge->request;
    bool repeated = request->tracking == NULL || tracking_is_stored(judge);
    int status = QUIPU_OK;
    for (size_t i = 0;
         i < request->item_count && repeated && status == QUIPU_OK; i++) {
        if (i > 0) {
            status = look_up_event(judge, i, &stored, error);
        }
        repeated = stored.found && stored.same &&
                   stored.notification_id == first.notification_id + (int64_t)i;
        if (judge->result->positions != NULL) {
            judge->result->positions[i] = stored.position;
        }
    }
    if (repeated) {
        judge->result->flags |= QUIPU_RESULT_REPEATED;
        judge->result->first_notification_id = first.notification_id;
        judge->group->sections[judge->section].repeated = true;
        judge->group->refused = true;
    } else {
        refuse(judge, QUIPU_CONFLICT, QUIPU_CAUSE_EVENT_ID, 0);
    }
    return status;
}

/* *decided: the event ids settle it, as a repeat or a conflict. */
static int judge_event_ids(struct judge *judge, bool *decided,
                           quipu_error *error)
{
    if (judge->group->sections[judge->section].bound->schema.event_id == NULL) {
        return QUIPU_OK;
    }
    int status = find_twins(judge, decided, error);
    for (size_t i = 0;
         status == QUIPU_OK && !*decided && i < judge->request->item_count;
         i++) {
        struct stored stored = { .found = false };
        status = look_up_event(judge, i, &stored, error);
        if (status != QUIPU_OK || !stored.found) {
            continue;
        }
        *decided = true;
        if (i == 0) {
            status = judge_repeat(judge, stored, error);
        } else {
            refuse(judge, QUIPU_CONFLICT, QUIPU_CAUSE_EVENT_ID, i);
        }
    }
    return status;
}

/* ------------------------------------------------------ guards, tracking */

/* It was entered when looking, so this never makes one. */
static struct entry *tail_of(const struct judge *judge, quipu_bytes id)
{
    return quipu_postgres_entries_get(&judge->group->sequences, judge->section,
                                      id, 0);
}

static bool guards_hold(struct judge *judge)
{
    for (size_t i = 0; i < judge->request->guard_count; i++) {
        const quipu_guard *guard = &judge->request->guards[i];
        const struct entry *tail = tail_of(judge, guard->sequence_id);
        if (!quipu_shared_demand_holds(guard, tail->found, tail->last)) {
            refuse_at(judge, QUIPU_CAUSE_GUARD, i, tail->found, tail->last);
            return false;
        }
    }
    return true;
}

static bool tracking_holds(struct judge *judge)
{
    if (judge->request->tracking == NULL || !tracking_is_stored(judge)) {
        return true;
    }
    refuse(judge, QUIPU_ALREADY, QUIPU_CAUSE_TRACKING, 0);
    return false;
}

/* -------------------------------------------------------------- positions */

/* Remembers where the sequence ended before this request. */
static void keep(const struct judge *judge, struct entry *tail)
{
    if (tail->changer != judge->number) {
        tail->changer = judge->number;
        tail->old_found = tail->found;
        tail->old_last = tail->last;
    }
}

/* Undoes what the request's items before `count` changed. */
static void undo(struct judge *judge, size_t count)
{
    const quipu_request *request = judge->request;
    for (size_t i = 0; i < count; i++) {
        const quipu_item *item = &request->items[i];
        struct entry *tail = tail_of(judge, item->sequence_id);
        if (tail->changer == judge->number) {
            tail->changer = 0;
            tail->found = tail->old_found;
            tail->last = tail->old_last;
        }
        if (judge->group->sections[judge->section].sparse) {
            quipu_postgres_entries_get(&judge->spots, judge->section,
                                       item->sequence_id, item->position)
                ->found = false;
        }
    }
}

/* Whether the item's place in a sparse sequence is free; it is taken then. */
static int take_spot(struct judge *judge, size_t index, struct entry *tail,
                     bool *free, quipu_error *error)
{
    const quipu_item *item = &judge->request->items[index];
    struct entry *spot = quipu_postgres_entries_get(
        &judge->spots, judge->section, item->sequence_id, item->position);
    if (spot == NULL) {
        return no_memory(judge, error);
    }
    *free = !spot->found && !judge->seen[judge->first + index].taken;
    if (*free) {
        spot->found = true;
        keep(judge, tail);
        if (!tail->found || tail->last < item->position) {
            tail->found = true;
            tail->last = item->position;
        }
    }
    return QUIPU_OK;
}

static bool take_next(const struct judge *judge, const quipu_item *item,
                      struct entry *tail)
{
    int64_t next = tail->found ? tail->last + 1 : 0;
    if ((item->flags & QUIPU_ITEM_NEXT) == 0 && item->position != next) {
        return false;
    }
    keep(judge, tail);
    tail->found = true;
    tail->last = next;
    return true;
}

static int judge_items(struct judge *judge, quipu_error *error)
{
    struct group *group = judge->group;
    bool sparse = group->sections[judge->section].sparse;
    size_t before = group->place_count;
    size_t items = group->sections[judge->section].items;
    for (size_t i = 0; i < judge->request->item_count; i++) {
        const quipu_item *item = &judge->request->items[i];
        struct entry *tail = tail_of(judge, item->sequence_id);
        bool free = true;
        int status = QUIPU_OK;
        if (sparse) {
            status = take_spot(judge, i, tail, &free, error);
        } else {
            free = take_next(judge, item, tail);
        }
        if (status != QUIPU_OK) {
            return status;
        }
        if (!free) {
            undo(judge, i);
            group->place_count = before;
            group->sections[judge->section].items = items;
            refuse_at(judge, QUIPU_CAUSE_POSITION, i, tail->found, tail->last);
            return QUIPU_OK;
        }
        quipu_postgres_group_place(group, item,
                                   sparse ? item->position : tail->last, 0,
                                   judge->section);
    }
    return QUIPU_OK;
}

/* ---------------------------------------------------------------- requests */

static void accept_tracking(struct judge *judge)
{
    const quipu_tracking *tracking = judge->request->tracking;
    if (tracking == NULL) {
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
    bool has_ids =
        group->sections[judge->section].bound->schema.event_id != NULL;
    for (size_t i = 0; i < count; i++) {
        if (judge->result->positions != NULL) {
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
    int status = judge_event_ids(judge, &decided, error);
    if (status != QUIPU_OK || decided || !guards_hold(judge) ||
        !tracking_holds(judge)) {
        return status;
    }
    status = judge_items(judge, error);
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
    struct seen *seen = host->allocate((group->item_count + 1) * sizeof *seen);
    if (seen == NULL) {
        return quipu_postgres_no_memory(host, error);
    }
    memset(seen, 0, (group->item_count + 1) * sizeof *seen);
    int status = quipu_postgres_look(group, connection, seen, error);
    if (status == QUIPU_OK) {
        status = judge_all(group, seen, error);
    }
    host->release(seen);
    return status;
}
