/* SPDX-License-Identifier: Apache-2.0 */
/* Tells a process from the one that it was forked from, without a call. */
#ifndef QUIPU_CORE_RECORDS_PROCESS_H
#define QUIPU_CORE_RECORDS_PROCESS_H

#include <quipu/types.h>

/* Makes forks be counted from now on.  NO_MEMORY.  Any thread, any number of
 * times. */
int quipu_process_watch(quipu_error *error);

/* How many forks lie between this process and the one that first watched: it
 * differs between a parent and its child.  Any thread. */
unsigned quipu_process_generation(void);

#endif
