/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pager that shows long output on a terminal, as git has it.
 *
 * It is $QUIPU_PAGER, else $PAGER, else less; none if that is empty or "cat".
 * Unless the variable LESS is set, less gets the options FRX: it ends at once
 * if the output fits the screen, shows colours, and leaves the output there.
 *
 * A command that prints a list calls
 *
 *     if (terminal_is_output()) {
 *         pager_start();
 *     }
 *
 * before it prints.  The program ends after the pager.  If the user ends the
 * pager first, the program ends at its next output, without a message, with
 * status 0.
 */
#ifndef QUIPU_TOOLS_PAGER_H
#define QUIPU_TOOLS_PAGER_H

/*
 * Starts the pager and makes it standard output, and standard error if that is
 * a terminal, too.  Call it once, before other threads are started, after
 * terminal_init, and only if standard output is a terminal.  Without a pager,
 * or if it cannot be started, nothing changes.
 *
 * From then on SIGINT is left to the pager, as git does it: less stops reading
 * at Ctrl-C, and the program goes on until the pager ends.
 */
void pager_start(void);

#endif
