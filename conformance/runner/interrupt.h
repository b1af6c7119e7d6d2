/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl-C and its like end a run in order: nothing stays running, no folder. */
#ifndef QUIPU_INTERRUPT_H
#define QUIPU_INTERRUPT_H

/* Listens from now on to SIGINT, SIGTERM and SIGHUP, unless they are ignored;
 * and puts back what was. */
void quipu_interrupt_begin(void);
void quipu_interrupt_end(void);

/* The signal that came, or 0. */
int quipu_interrupted(void);

#endif
