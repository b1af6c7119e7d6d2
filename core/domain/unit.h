/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit of work as its files see it: unit.c fills it, unit_commit.c stores
 * it, unit_run.c does both again after a conflict.
 *
 * The texts and bytes of guards, entries and the tracking record are copied
 * into the arena; aggregates and events are owned one by one.
 */
#ifndef QUIPU_CORE_DOMAIN_UNIT_H
#define QUIPU_CORE_DOMAIN_UNIT_H

#include <quipu/unit.h>

#include "base/arena.h"

struct quipu_unit {
    quipu_store *store; /* held */
    quipu_arena arena;
    quipu_aggregate **aggregates; /* owned */
    size_t aggregate_count;
    quipu_event **events; /* added without their aggregates; owned */
    size_t event_count;
    quipu_guard *guards;
    size_t guard_count;
    quipu_entry_write *entries;
    size_t entry_count;
    quipu_tracking tracking; /* its consumer absent: none */
    uint32_t tracking_flags; /* enum quipu_conditions_flag */
    int64_t tracking_from;
    quipu_metadata *metadata; /* owned; or NULL */
    quipu_work work;          /* or NULL */
    void *work_context;
    bool is_closed; /* a commit is under way or has failed: nothing may be
                       added */
};

/* Forgets all but the aggregates. */
void quipu_unit_forget(quipu_unit *unit);

/* Whether the unit has events, which make a repeated commit recognisable. */
bool quipu_unit_has_events(const quipu_unit *unit);

#endif
