/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timers of a store, as `quipu timers` lists them and `quipu copy` counts
 * them: events that are to be appended at a time to come, set by programs as
 * parts of their units of work.
 *
 * The tool neither sets nor removes any: copying them would let two stores
 * append the events of one timer.
 */
/*
 * One thread at a time.
 */
#ifndef QUIPU_TOOLS_TIMERS_H
#define QUIPU_TOOLS_TIMERS_H

#include "command.h"

#include <quipu/quipu.h>

/* Receives a timer, which is valid during the call. */
typedef void (*timer_function)(void *context, const quipu_timer *timer);

/*
 * Calls the function, unless it is NULL, for each timer of all schemas of a
 * store, and sets *count to their number; 0 if the store keeps no entries.
 * Returns the codes of quipu_timers_open and quipu_timers_next.
 */
int timers_for_each(quipu_datastore *datastore, timer_function function,
                    void *context, int64_t *count, quipu_error *error);

#endif
