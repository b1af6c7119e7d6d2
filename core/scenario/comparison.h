/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events that a test expects, and those that happened.
 *
 * Both are lists in order.  They are paired so that the differences are few:
 * equal events, and then events of the same type, whose members are compared.
 * Of the events without a partner an expected one is missing, and one that
 * happened is additional; if these two are equal the event is in the wrong
 * place.
 *
 * One thread at a time.
 */
#ifndef QUIPU_CORE_SCENARIO_COMPARISON_H
#define QUIPU_CORE_SCENARIO_COMPARISON_H

#include <quipu/event.h>

#include "scenario/report.h"

struct quipu_comparison_event {
    quipu_event *event; /* owned */
    /* Of an expected event: the given event that must be the cause, from 1, and
     * its event id; 0: any. */
    size_t cause;
    quipu_uuid cause_id;
};

struct quipu_comparison_list {
    struct quipu_comparison_event *events;
    size_t count;
};

struct quipu_comparison {
    struct quipu_comparison_list expected;
    struct quipu_comparison_list happened;
};

/* Adds a copy of an event to a list.  INVALID: it cannot be copied;
 * NO_MEMORY. */
int quipu_comparison_add(struct quipu_comparison_list *list,
                         const quipu_event *event, quipu_error *error);

/* Reports each difference, and makes both lists empty.  NO_MEMORY: nothing was
 * compared. */
int quipu_comparison_report(struct quipu_comparison *comparison,
                            struct quipu_report *report, quipu_error *error);

void quipu_comparison_finish(struct quipu_comparison *comparison);

#endif
