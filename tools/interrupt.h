/* SPDX-License-Identifier: Apache-2.0 */
/* Ending a wait well when a signal, or the end of a pipe, asks for it. */
#ifndef QUIPU_TOOLS_INTERRUPT_H
#define QUIPU_TOOLS_INTERRUPT_H

#include <quipu/quipu.h>

/*
 * From now on SIGINT, SIGTERM and SIGHUP interrupt the datastore's waits,
 * instead of ending the program.  To be called once, before threads are
 * started; `finish` before the datastore is closed.  False: no thread.
 */
bool quipu_tool_interrupt_init(quipu_datastore *datastore);
void quipu_tool_interrupt_finish(void);

/* Whether to end: a signal came, or nobody reads standard output any more. */
bool quipu_tool_interrupted(void);

#endif
