/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interruption of a long command by the user: SIGINT, SIGTERM and SIGHUP end
 * the waits of the datastore instead of the program, which then finishes its
 * work and cleans up.
 */
#ifndef QUIPU_TOOLS_INTERRUPT_H
#define QUIPU_TOOLS_INTERRUPT_H

#include <quipu/quipu.h>

#include <stdbool.h>

/*
 * Starts to handle the signals.  Call it once, before other threads are
 * started, since threads inherit the signal mask.  Returns false if the system
 * starts no thread; nothing has changed then.
 */
bool interrupt_init(quipu_datastore *datastore);

/* Ends the handling and joins the thread.  Call it before the datastore is
 * closed, which the thread uses. */
void interrupt_finish(void);

/* Returns true if a signal has arrived, if writing to standard output has
 * failed, or if the reader of standard output has closed the pipe.  Any thread
 * may call it. */
bool interrupt_requested(void);

/* Waits; returns early, within 50 milliseconds, if interrupt_requested. */
void interrupt_wait(double seconds);

/*
 * From now on SIGINT, SIGTERM and SIGHUP end the program, as they do without
 * this call, after "quipu: interrupted; " and the sentence on standard error.
 * interrupt_init takes their place.
 */
void interrupt_advise(const char *sentence);

#endif
