/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan: where all items go if every request is accepted, and what each
 * sequence must be for that before the first is stored.  Nothing is asked of
 * the server, which judges the plan as a whole while it stores.
 */
#include "group.h"

/* Demands more of a sequence than is demanded yet; false: both cannot be. */
static bool demand(struct entry *entry, int32_t wanted, int64_t at)
{
    if (entry->demand == 0 || (entry->demand == QUIPU_DEMAND_NOT_EMPTY &&
                               wanted == QUIPU_DEMAND_LAST)) {
        entry->demand = wanted;
        entry->at = at;
        return true;
    }
    if (wanted == QUIPU_DEMAND_NOT_EMPTY) {
        return entry->demand != QUIPU_DEMAND_EMPTY;
    }
    return entry->demand == wanted && entry->at == at;
}

/* Demands that the first item of the group goes to `position`. */
static bool demand_next(struct entry *entry, int64_t position)
{
    if (position < 0) {
        return false;
    }
    return position == 0 ? demand(entry, QUIPU_DEMAND_EMPTY, 0)
                         : demand(entry, QUIPU_DEMAND_LAST, position - 1);
}

static struct entry *get(struct group *group, uint32_t section, quipu_bytes id)
{
    struct entry *entry =
        quipu_postgres_entries_get(&group->sequences, section, id, 0);
    if (entry && entry->ref == 0) {
        entry->ref = ++group->sections[section].demands;
    }
    return entry;
}

/* A guard of a sequence that requests before this one may have written. */
static bool plan_guard(const struct section *section, struct entry *entry,
                       const quipu_guard *guard)
{
    if (entry->added == 0) {
        bool never = !section->sparse && guard->position < 0 &&
                     guard->demand == QUIPU_DEMAND_LAST;
        return !never && demand(entry, guard->demand, guard->position);
    }
    switch (guard->demand) {
    case QUIPU_DEMAND_NOT_EMPTY:
        return true;
    case QUIPU_DEMAND_LAST:
        return !section->sparse &&
               demand_next(entry, guard->position - (entry->added - 1));
    default:
        return false;
    }
}

static bool plan_item(struct group *group, uint32_t section,
                      struct entry *entry, const quipu_item *item)
{
    int64_t position = item->position;
    int32_t ref = 0;
    if ((item->flags & QUIPU_ITEM_NEXT) == 0) {
        if (!demand_next(entry, position - entry->added)) {
            return false;
        }
    } else if (entry->demand == QUIPU_DEMAND_EMPTY) {
        position = entry->added;
    } else if (entry->demand == QUIPU_DEMAND_LAST) {
        position = entry->at + 1 + entry->added;
    } else {
        position = entry->added;
        ref = entry->ref;
    }
    entry->added++;
    quipu_postgres_group_place(group, item, position, ref, section);
    return true;
}

/* Positions of a sparse schema are judged by its index; but a guard has to know
 * what was written before it. */
static int plan_sparse(struct group *group, uint32_t section,
                       const quipu_request *request, quipu_error *error)
{
    for (size_t i = 0; i < request->item_count; i++) {
        const quipu_item *item = &request->items[i];
        quipu_postgres_group_place(group, item, item->position, 0, section);
        if (group->sections[section].guarded) {
            struct entry *entry = get(group, section, item->sequence_id);
            if (!entry) {
                return quipu_postgres_no_memory(group->datastore->host, error);
            }
            entry->added++;
        }
    }
    return QUIPU_OK;
}

static int plan_items(struct group *group, uint32_t section,
                      const quipu_request *request, bool *possible,
                      quipu_error *error)
{
    if (group->sections[section].sparse) {
        return plan_sparse(group, section, request, error);
    }
    for (size_t i = 0; i < request->item_count && *possible; i++) {
        struct entry *entry =
            get(group, section, request->items[i].sequence_id);
        if (!entry) {
            return quipu_postgres_no_memory(group->datastore->host, error);
        }
        *possible = plan_item(group, section, entry, &request->items[i]);
    }
    return QUIPU_OK;
}

static int plan_guards(struct group *group, uint32_t section,
                       const quipu_request *request, bool *possible,
                       quipu_error *error)
{
    for (size_t i = 0; i < request->guard_count && *possible; i++) {
        struct entry *entry =
            get(group, section, request->guards[i].sequence_id);
        if (!entry) {
            return quipu_postgres_no_memory(group->datastore->host, error);
        }
        *possible =
            plan_guard(&group->sections[section], entry, &request->guards[i]);
    }
    return QUIPU_OK;
}

/* Records of one consumer and log rise from request to request. */
static bool plan_tracking(struct group *group, uint32_t section,
                          const quipu_tracking *tracking)
{
    if (!tracking) {
        return true;
    }
    struct track *track = quipu_postgres_group_track(group, tracking, section);
    int64_t id = tracking->position.notification_id;
    if (!track->write) {
        track->write = true;
        track->above = id;
    } else if (id <= track->last->position.notification_id) {
        return false;
    }
    track->last = tracking;
    return true;
}

/* A section with guards alone has no statement that could judge them. */
static bool is_judged(const struct group *group)
{
    for (uint32_t i = 0; i < group->section_count; i++) {
        if (group->sections[i].items == 0 && group->sections[i].guarded) {
            return false;
        }
    }
    return true;
}

int quipu_postgres_plan(struct group *group, bool *possible, quipu_error *error)
{
    int status = QUIPU_OK;
    *possible = true;
    for (size_t i = 0; i < group->count; i++) {
        if (group->requests[i].guard_count > 0) {
            group->sections[group_section(group, i)].guarded = true;
        }
    }
    for (size_t i = 0; i < group->count && *possible && status == QUIPU_OK;
         i++) {
        const quipu_request *request = &group->requests[i];
        uint32_t section = group_section(group, i);
        status = plan_guards(group, section, request, possible, error);
        if (status == QUIPU_OK && *possible) {
            status = plan_items(group, section, request, possible, error);
        }
        *possible =
            *possible && plan_tracking(group, section, request->tracking);
    }
    *possible = *possible && is_judged(group);
    return status;
}
