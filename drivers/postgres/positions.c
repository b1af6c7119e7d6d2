/* SPDX-License-Identifier: Apache-2.0 */
/* Judging by positions: whether the places of a request's items are free. */
#include "judge.h"

#include "common/safeguard.h"

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
        struct entry *tail =
            quipu_postgres_judge_tail(judge, item->sequence_id);
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
    if (!spot) {
        return quipu_postgres_judge_no_memory(judge, error);
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
    if (SAFEGUARDED("S1.explicit-position",
                    (item->flags & QUIPU_ITEM_NEXT) == 0 &&
                        item->position != next,
                    false)) {
        return false;
    }
    keep(judge, tail);
    tail->found = true;
    tail->last = next;
    return true;
}

int quipu_postgres_judge_positions(struct judge *judge, quipu_error *error)
{
    struct group *group = judge->group;
    bool sparse = group->sections[judge->section].sparse;
    size_t before = group->place_count;
    size_t items = group->sections[judge->section].items;
    for (size_t i = 0; i < judge->request->item_count; i++) {
        const quipu_item *item = &judge->request->items[i];
        struct entry *tail =
            quipu_postgres_judge_tail(judge, item->sequence_id);
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
            SAFEGUARD("U1.last-position-is-the-stores")
            undo(judge, i);
            group->place_count = before;
            group->sections[judge->section].items = items;
            quipu_postgres_judge_refuse_at(judge, QUIPU_CAUSE_POSITION, i,
                                           tail->found, tail->last);
            return QUIPU_OK;
        }
        quipu_postgres_group_place(group, item,
                                   sparse ? item->position : tail->last, 0,
                                   judge->section);
    }
    return QUIPU_OK;
}
