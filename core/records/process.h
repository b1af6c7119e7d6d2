/* SPDX-License-Identifier: Apache-2.0 */
/* Tells a process from the one that it was forked from, without a call. */
#ifndef QUIPU_CORE_RECORDS_PROCESS_H
#define QUIPU_CORE_RECORDS_PROCESS_H

#include <stdatomic.h>

#include <quipu/types.h>

/* Makes forks be counted from now on.  NO_MEMORY.  Any thread, any number of
 * times. */
int quipu_process_watch(quipu_error *error);

/* Behind the next; nobody else's. */
extern atomic_uint quipu_process_forks;

/* How many forks lie between this process and the one that first watched: it
 * differs between a parent and its child.  Any thread. */
static inline unsigned quipu_process_generation(void)
{
    return atomic_load_explicit(&quipu_process_forks, memory_order_relaxed);
}

#endif
