/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: subcommands, their options and arguments. */
#ifndef QUIPU_TOOLS_ARGS_H
#define QUIPU_TOOLS_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the program ends with. */
enum outcome {
    DONE = 0,
    FINDING = 1, /* something is wrong, or is not there */
    USAGE = 2
};

/* The options, as bits: which of them a command has, and which were given. */
enum option_bit {
    OPTION_HELP = 1u << 0,
    OPTION_JSON = 1u << 1,
    OPTION_FULL = 1u << 2,
    OPTION_SCHEMA = 1u << 3,
    OPTION_FROM = 1u << 4,
    OPTION_TO = 1u << 5,
    OPTION_LIMIT = 1u << 6,
    OPTION_REVERSE = 1u << 7,
    OPTION_AFTER = 1u << 8,
    OPTION_FOLLOW = 1u << 9,
    OPTION_EXPLAIN = 1u << 10,
    OPTION_RAW = 1u << 11,
    OPTION_AS = 1u << 12,
    OPTION_TRACKING = 1u << 13,
    OPTION_PROGRESS = 1u << 14,
    OPTION_VERIFY_ONLY = 1u << 15,
    OPTION_SECONDS = 1u << 16
};

#define SCHEMAS_MAX 64 /* that --schema can name */

struct args {
    unsigned given; /* enum option_bit */
    bool json;
    bool full;
    bool reverse;
    bool follow;
    bool raw;
    bool tracking;
    bool progress;
    const char *schemas[SCHEMAS_MAX];
    size_t schema_count; /* 0: all */
    const char *as;      /* with one schema only */
    const char *explain;
    int64_t from, to, limit, after;
    double seconds;
    const char *uri;
    const char *second; /* the sequence, or the URI to copy to */
};

struct command {
    const char *name;
    const char *arguments; /* for the usage line: "URI SEQUENCE" */
    const char *summary;
    const char *help; /* what it does, above the options */
    int argument_count;
    unsigned options; /* enum option_bit */
    enum outcome (*run)(const struct args *args);
};

/*
 * Reads what follows the subcommand.  False: the program is to end with
 * *outcome, after a message, or after the help that was asked for.
 */
bool quipu_tool_args_parse(const struct command *command, int argc, char **argv,
                           struct args *args, enum outcome *outcome);

/* Whether the schema of that table is among those that --schema names. */
bool quipu_tool_args_want(const struct args *args, const char *table);

/* Whether to move tracking records, too: with all schemas, or if asked to. */
bool quipu_tool_args_want_tracking(const struct args *args);

/* Each subcommand is in a file of its own. */
extern const struct command quipu_tool_drivers;
extern const struct command quipu_tool_info;
extern const struct command quipu_tool_sequences;
extern const struct command quipu_tool_read;
extern const struct command quipu_tool_log;
extern const struct command quipu_tool_verify;
extern const struct command quipu_tool_export;
extern const struct command quipu_tool_import;
extern const struct command quipu_tool_copy;
extern const struct command quipu_tool_bench;

#endif
