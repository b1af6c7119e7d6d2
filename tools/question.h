/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The question that a command asks before a change that cannot be undone.
 *
 * A person at a terminal answers it; a script gives the option --yes.  A script
 * that forgets the option changes nothing: without a terminal there is nobody
 * to ask.
 */
#ifndef QUIPU_TOOLS_QUESTION_H
#define QUIPU_TOOLS_QUESTION_H

#include "command.h"

#include <stdbool.h>

struct args;

/*
 * Prints the text, which is escaped, and " [y/N] " on standard error, and reads
 * a line from standard input.
 *
 * Returns true if the change is to be made: the answer begins with "y" or "Y",
 * or --yes was given, and then nothing is printed.  Otherwise *outcome is set:
 * USAGE, after a message, if standard input is no terminal; FINDING if the
 * answer is another one.
 */
bool question_ask(const struct args *args, const char *text,
                  enum outcome *outcome);

#endif
