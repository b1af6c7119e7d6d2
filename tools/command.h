/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the quipu program, each in a file of its own name. */
#ifndef QUIPU_TOOLS_COMMAND_H
#define QUIPU_TOOLS_COMMAND_H

#include <stdint.h>

struct args;

/* Exit statuses of the program. */
enum outcome {
    DONE = 0,
    FINDING = 1, /* the command failed, or found a fault or a missing object */
    USAGE = 2    /* the command line or a URI is wrong */
};

struct command {
    const char *name;
    const char *arguments; /* for the usage line: "URI SEQUENCE" */
    const char *summary;   /* one line, for the list of commands */
    const char *help;      /* description, printed above the options */
    int argument_count;    /* arguments that are needed */
    int optional_count;    /* further ones that may be given */
    uint64_t options;      /* OPTION_ bits that the command accepts */
    enum outcome (*run)(const struct args *args);
    const char *interrupted; /* a sentence that is printed when a signal ends
                                the command, or NULL */
};

extern const struct command append_command;
extern const struct command alter_command;
extern const struct command drivers_command;
extern const struct command info_command;
extern const struct command namespaces_command;
extern const struct command sequences_command;
extern const struct command read_command;
extern const struct command log_command;
extern const struct command tail_command;
extern const struct command stats_command;
extern const struct command doctor_command;
extern const struct command consumers_command;
extern const struct command parked_command;
extern const struct command timers_command;
extern const struct command topics_command;
extern const struct command serve_command;
extern const struct command browse_command;
extern const struct command erase_command;
extern const struct command verify_command;
extern const struct command export_command;
extern const struct command import_command;
extern const struct command copy_command;
extern const struct command bench_command;
extern const struct command backup_command;
extern const struct command restore_command;

/* The commands in the order of the help, NULL-terminated (shell/commands.c). */
extern const struct command *const commands[];

/* Returns the command of a name, or NULL. */
const struct command *command_find(const char *name);

/* Returns the name of a command that is near to a mistyped one, or NULL. */
const char *command_suggest(const char *name);

/* Prints the words that can stand for the last of `count` words after "quipu",
 * one a line, each with a tab and its help; ":files" stands for the names of
 * files (shell/complete.c). */
void complete_words(int count, char *const *words);

#endif
