/* SPDX-License-Identifier: Apache-2.0 */
/* Taking in what the server has of what a group speaks of. */
#include "questions.h"

static void take_heads(struct group *group, const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++) {
        int64_t number = quipu_postgres_get_int(result, row, 0);
        for (uint32_t i = 0; i < group->section_count; i++) {
            if (group->sections[i].bound->number == number) {
                group->sections[i].there = true;
                group->sections[i].head =
                    quipu_postgres_get_int(result, row, 1);
            }
        }
    }
}

static void take_lasts(struct group *group, uint32_t section,
                       const PGresult *result)
{
    struct entries *all = &group->sequences;
    int rows = PQntuples(result);
    int row = 0;
    for (size_t i = 0; i < all->count && row < rows; i++) {
        struct entry *entry = &all->at[i];
        if (entry->section == section) {
            entry->found = !quipu_postgres_is_null(result, row, 1);
            if (entry->found) {
                entry->last = quipu_postgres_get_int(result, row, 1);
            }
            row++;
        }
    }
}

/* The item of all that is the section's n-th, counted from 1 on. */
static struct seen *nth(const struct group *group, struct seen *seen,
                        uint32_t section, int64_t n)
{
    for (size_t i = 0; i < group->count; i++) {
        int64_t count = (int64_t)group->requests[i].item_count;
        if (group_section(group, i) == section) {
            if (n <= count) {
                return seen + n - 1;
            }
            n -= count;
        }
        seen += count;
    }
    return NULL;
}

static void take_compare(const struct group *group, uint32_t section,
                         const PGresult *result, struct seen *all)
{
    for (int row = 0; row < PQntuples(result); row++) {
        struct seen *seen =
            nth(group, all, section, quipu_postgres_get_int(result, row, 0));
        if (seen) {
            seen->stored = true;
            seen->notification_id = quipu_postgres_get_int(result, row, 1);
            seen->position = quipu_postgres_get_int(result, row, 2);
            seen->same = quipu_postgres_get_bool(result, row, 3);
        }
    }
}

static void take_taken(const struct group *group, uint32_t section,
                       const PGresult *result, struct seen *all)
{
    for (int row = 0; row < PQntuples(result); row++) {
        struct seen *seen =
            nth(group, all, section, quipu_postgres_get_int(result, row, 0));
        if (seen) {
            seen->taken = true;
        }
    }
}

static void take_tracked(struct group *group, const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++) {
        size_t n = (size_t)quipu_postgres_get_int(result, row, 0);
        if (n >= 1 && n <= group->track_count) {
            group->tracks[n - 1].found = true;
            group->tracks[n - 1].stands =
                quipu_postgres_get_int(result, row, 1);
        }
    }
}

void quipu_postgres_questions_take(struct group *group, enum question what,
                                   uint32_t section, const PGresult *result,
                                   struct seen *seen)
{
    switch (what) {
    case ASKED_HEADS:
        take_heads(group, result);
        break;
    case ASKED_LASTS:
        take_lasts(group, section, result);
        break;
    case ASKED_COMPARE:
        take_compare(group, section, result, seen);
        break;
    case ASKED_TAKEN:
        take_taken(group, section, result, seen);
        break;
    default:
        take_tracked(group, result);
        break;
    }
}
