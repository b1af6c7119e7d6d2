/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages on standard error, and single lines on standard output.  All text
 * that may come from a store is escaped (text.h).
 */
#ifndef QUIPU_TOOLS_OUTPUT_H
#define QUIPU_TOOLS_OUTPUT_H

#include "command.h"

struct quipu_error;

/*
 * Prints "quipu: " and the error's message on standard error, after flushing
 * standard output.  Returns the outcome to exit with: USAGE for
 * QUIPU_INVALID, since the request itself is wrong, else FINDING.
 */
enum outcome output_error(const struct quipu_error *error);

/* Flushes standard output.  Returns `outcome`, or FINDING after a message if
 * any of the output could not be written. */
enum outcome output_finish(enum outcome outcome);

/* Prints `name  value` with the values aligned; the value is escaped. */
void output_field(const char *name, const char *value);

/* Prints the title of one of several tables, with an empty line before all but
 * the first. */
void output_title(const char *title);

#endif
