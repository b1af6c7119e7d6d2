/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the program quipu-conformance. */
#ifndef QUIPU_PROGRAM_H
#define QUIPU_PROGRAM_H

#include "context/channel.h"
#include "outputs.h"
#include "runner/runner.h"

#include <quipu/conformance.h>

#include <stdio.h>

/* ------------------------------------------------------------- command.c */

/* Shell commands of the user that stop and start the server of a store. */
struct quipu_commands {
    const char *stop, *start;
};

/* Returns hooks that run the commands with /bin/sh; their output goes to
 * standard error.  The commands are borrowed. */
struct quipu_server_hooks quipu_command_hooks(struct quipu_commands *commands);

/* ------------------------------------------------------------- options.c */

/* The command line. */
struct quipu_options {
    quipu_conformance suite;
    struct quipu_commands commands;
    const char *outputs[QUIPU_OUTPUTS + 1]; /* NULL-terminated */
    size_t output_count;
    char *only, *skip; /* all patterns, separated by commas */
    bool list, help;
    const char *explain; /* the id of a case or guarantee */
    const char *history; /* the folder of a history to check */
};

extern const char quipu_options_usage[];

/* Parses the command line; `suite` has the defaults, or is NULL.  Returns false
 * if it is wrong, and standard error says why.  The caller calls
 * quipu_options_finish() in either case. */
bool quipu_options_parse(struct quipu_options *options,
                         const quipu_conformance *suite, int argc, char **argv);
void quipu_options_finish(struct quipu_options *options);

/* ------------------------------------------------------------- explain.c */

/* Writes each selected case with its guarantee, profile, needs and reason. */
void quipu_explain_list(FILE *to, const struct quipu_run *run);

/* Writes everything about a case or a guarantee ("U1").  Returns false if there
 * is none with the id; standard error then names similar ids. */
bool quipu_explain(FILE *to, const char *id);

/* ------------------------------------------------------------- suggest.c */

#define QUIPU_SUGGESTIONS 5

/* Stores the case ids that are most similar to the text, the most similar one
 * first, and returns their number. */
size_t quipu_suggest(const char *text,
                     const char *ids[static QUIPU_SUGGESTIONS]);

/* ------------------------------------------------------- check_history.c */

/* Prints the coverage and the violations of a recorded history.  Returns
 * QUIPU_CONFORMANCE_HOLDS, _BROKEN, or _MISUSE if it cannot be read. */
int quipu_check_history_run(const char *folder);

#endif
