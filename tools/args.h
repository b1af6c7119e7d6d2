/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a command: its options and arguments. */
#ifndef QUIPU_TOOLS_ARGS_H
#define QUIPU_TOOLS_ARGS_H

#include "command.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Options as bits: the set that a command accepts, or that was given. */
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
    OPTION_SECONDS = 1u << 16,
    OPTION_FORCE = 1u << 17,
    OPTION_TOPIC = 1u << 18,
    OPTION_PREFIX = 1u << 19,
    OPTION_CONSUMER = 1u << 20,
    OPTION_CONSUMERS = 1u << 21,
    OPTION_LOGS = 1u << 22,
    OPTION_WATCH = 1u << 23,
    OPTION_RESET = 1u << 24,
    OPTION_REMOVE = 1u << 25,
    OPTION_YES = 1u << 26,
    OPTION_SHOW = 1u << 27,
    OPTION_DROP = 1u << 28,
    OPTION_MAX_BEHIND = 1u << 29,
    OPTION_MAX_AGE = 1u << 30
};

#define REPETITIONS_MAX 64 /* of --schema, of --topic, of --prefix */

struct args {
    unsigned given; /* bits of enum option_bit */
    bool json;
    bool full;
    bool reverse;
    bool follow;
    bool raw;
    bool tracking;
    bool progress;
    bool force;
    const char *schemas[REPETITIONS_MAX];
    size_t schema_count; /* 0: all schemas */
    const char *topics[REPETITIONS_MAX];
    size_t topic_count; /* 0: all topics */
    const char *prefixes[REPETITIONS_MAX];
    size_t prefix_count; /* 0: all sequences */
    const char *as;      /* only together with exactly one schema */
    const char *explain;
    const char *consumer;  /* its name */
    const char *consumers; /* URI of the datastore with its record; or NULL */
    const char *logs;      /* URI of the datastore of the logs; or NULL */
    const char *reset;     /* name of a consumer, as that of `remove` */
    const char *remove;
    const char *drop; /* notification id, or "all" */
    int64_t from, to, limit, after, show, max_behind, max_age;
    double seconds;
    const char *uri;    /* or the file, if that comes first */
    const char *second; /* the sequence id, the URI to copy to, or the file */
};

/*
 * Parses the arguments that follow the command's name; argv[0] is the name.
 * Returns false if the program has to exit with *outcome: --help was given and
 * is printed, or the arguments are wrong and a message is printed.
 */
bool args_parse(const struct command *command, int argc, char **argv,
                struct args *args, enum outcome *outcome);

/* Returns true if --schema names this table, or was not given. */
bool args_want_schema(const struct args *args, const char *table);

/* Returns true if tracking records are to be moved: --tracking was given, or
 * --schema was not. */
bool args_want_tracking(const struct args *args);

#endif
