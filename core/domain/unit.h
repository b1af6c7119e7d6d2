/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit of work as its files see it: unit.c and unit_timer.c fill it,
 * unit_commit.c stores it, unit_run.c does both again after a conflict.
 *
 * The texts and bytes of guards, entries and the tracking record are copied
 * into the arena; aggregates and events are owned one by one.
 */
#ifndef QUIPU_CORE_DOMAIN_UNIT_H
#define QUIPU_CORE_DOMAIN_UNIT_H

#include <quipu/unit.h>

#include "base/arena.h"
#include "domain/aggregate.h"

/* A timer that the unit sets or cancels. */
struct quipu_unit_timer {
    const char *name; /* in the arena */
    quipu_id sequence_id;
    quipu_time due;
    quipu_event *event; /* owned; NULL: it is cancelled */
};

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
    struct quipu_unit_timer *timers;
    size_t timer_count;
    quipu_tracking tracking; /* its consumer absent: none */
    uint32_t tracking_flags; /* enum quipu_conditions_flag */
    int64_t tracking_from;
    quipu_metadata *metadata; /* owned; or NULL */
    struct quipu_caused_ids ids;
    quipu_work work; /* or NULL */
    void *work_context;
    quipu_items *items; /* of the append under way */
    bool is_closed;     /* a commit is under way or has failed: nothing may be
                       added */
};

/* Forgets all but the aggregates. */
void quipu_unit_forget(quipu_unit *unit);

/* Checks that something can be added, and that `argument` is not NULL. */
int quipu_unit_check(const quipu_unit *unit, const void *argument,
                     const char *function, quipu_error *error);

/*
 * Sets *writes to the entries of the append: those that the program has added,
 * and those of the timers, which are as they must be to replace what is stored
 * now.  All is in the arena.  INVALID: the program writes an entry of quipu's
 * own, or an event of a timer cannot be stored.  NO_MEMORY; codes of
 * quipu_entry_read.
 */
int quipu_unit_timer_writes(const quipu_unit *unit, quipu_arena *arena,
                            const quipu_entry_write **writes, size_t *count,
                            quipu_error *error);

/* Whether the unit has events, which make a repeated commit recognisable. */
bool quipu_unit_has_events(const quipu_unit *unit);

/* ------------------------------------------------- units of a process */

/* From now on the events that are added are caused by `cause`, to which the
 * process `name` reacts: their ids follow from both, unless the cause has no
 * id.  `name` must outlive the unit. */
void quipu_unit_begin_cause(quipu_unit *unit, const char *name,
                            const quipu_event *cause);

/* Gives the events without metadata those that the unit was given since, or
 * those of what the cause causes.  INVALID, CONFLICT: the unit cannot be
 * committed; NO_MEMORY. */
int quipu_unit_commit_cause(quipu_unit *unit, const quipu_event *cause,
                            quipu_error *error);

/* Executes the append of a unit. */
typedef int (*quipu_unit_append)(void *context, const quipu_append *append,
                                 quipu_error *error);

/* As quipu_unit_commit, but the function executes the append, without the
 * tracking record and the function in the transaction; an empty one, too. */
int quipu_unit_commit_by(quipu_unit *unit, quipu_unit_append execute,
                         void *context, quipu_error *error);

#endif
