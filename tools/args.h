/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a command: its options and arguments. */
#ifndef QUIPU_TOOLS_ARGS_H
#define QUIPU_TOOLS_ARGS_H

#include "command.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Options as bits: the set that a command accepts, or that was given.  They are
 * no enum, since that would have room for 31. */
#define OPTION_BIT(number) (UINT64_C(1) << (number))
#define OPTION_HELP OPTION_BIT(0)
#define OPTION_JSON OPTION_BIT(1)
#define OPTION_FULL OPTION_BIT(2)
#define OPTION_SCHEMA OPTION_BIT(3)
#define OPTION_FROM OPTION_BIT(4)
#define OPTION_TO OPTION_BIT(5)
#define OPTION_LIMIT OPTION_BIT(6)
#define OPTION_REVERSE OPTION_BIT(7)
#define OPTION_AFTER OPTION_BIT(8)
#define OPTION_FOLLOW OPTION_BIT(9)
#define OPTION_EXPLAIN OPTION_BIT(10)
#define OPTION_RAW OPTION_BIT(11)
#define OPTION_AS OPTION_BIT(12)
#define OPTION_TRACKING OPTION_BIT(13)
#define OPTION_PROGRESS OPTION_BIT(14)
#define OPTION_VERIFY_ONLY OPTION_BIT(15)
#define OPTION_SECONDS OPTION_BIT(16)
#define OPTION_FORCE OPTION_BIT(17)
#define OPTION_TOPIC OPTION_BIT(18)
#define OPTION_PREFIX OPTION_BIT(19)
#define OPTION_CONSUMER OPTION_BIT(20)
#define OPTION_CONSUMERS OPTION_BIT(21)
#define OPTION_LOGS OPTION_BIT(22)
#define OPTION_WATCH OPTION_BIT(23)
#define OPTION_RESET OPTION_BIT(24)
#define OPTION_REMOVE OPTION_BIT(25)
#define OPTION_YES OPTION_BIT(26)
#define OPTION_SHOW OPTION_BIT(27)
#define OPTION_DROP OPTION_BIT(28)
#define OPTION_MAX_BEHIND OPTION_BIT(29)
#define OPTION_MAX_AGE OPTION_BIT(30)
#define OPTION_ADD OPTION_BIT(31)
#define OPTION_DRY_RUN OPTION_BIT(32)
#define OPTION_SEQUENCE OPTION_BIT(33)
#define OPTION_LOG OPTION_BIT(34)
#define OPTION_SCRUB OPTION_BIT(35)
#define OPTION_KEYS OPTION_BIT(40)
#define OPTION_DICTIONARY OPTION_BIT(41)
#define OPTION_LISTEN OPTION_BIT(42)
#define OPTION_PORT OPTION_BIT(43)
#define OPTION_SIZE OPTION_BIT(44)
#define OPTION_IDLE OPTION_BIT(45)
#define OPTION_KEEP OPTION_BIT(46) /* --max-age of quipu serve */
#define OPTION_SINCE OPTION_BIT(47)
#define OPTION_UNTIL OPTION_BIT(48)
#define OPTION_TAIL OPTION_BIT(49)
#define OPTION_EXPANDED OPTION_BIT(50)
#define OPTION_LOCAL OPTION_BIT(51)
#define OPTION_COLOR OPTION_BIT(52)
#define OPTION_NO_PAGER OPTION_BIT(53)
#define OPTION_DECODED OPTION_BIT(54)
#define OPTION_POSITION OPTION_BIT(55)
#define OPTION_EVENT_ID OPTION_BIT(56)
#define OPTION_TIME OPTION_BIT(57)
#define OPTION_METADATA OPTION_BIT(58)
#define OPTION_OPEN OPTION_BIT(59)

/* Options of commands that print lists for people. */
#define OPTIONS_OF_LISTS (OPTION_COLOR | OPTION_NO_PAGER | OPTION_FULL)
/* Options of commands that print items. */
#define OPTIONS_OF_ITEMS                                               \
    (OPTIONS_OF_LISTS | OPTION_EXPANDED | OPTION_LOCAL | OPTION_KEYS | \
     OPTION_DICTIONARY)

#define REPETITIONS_MAX 64 /* of each option that may be repeated */

struct args {
    uint64_t given; /* OPTION_ bits */
    bool json;
    bool full;
    bool reverse;
    bool follow;
    bool raw;
    bool tracking;
    bool progress;
    bool force;
    bool expanded;
    bool local;
    bool decoded;
    bool no_pager;
    const char *schemas[REPETITIONS_MAX];
    size_t schema_count; /* 0: all schemas */
    const char *topics[REPETITIONS_MAX];
    size_t topic_count; /* 0: all topics */
    const char *prefixes[REPETITIONS_MAX];
    size_t prefix_count;               /* 0: all sequences */
    const char *adds[REPETITIONS_MAX]; /* columns, as NAME:KIND */
    size_t add_count;
    const char *dictionary[REPETITIONS_MAX]; /* files */
    size_t dictionary_count;
    const char *keys; /* file, or NULL */
    const char *as;   /* only together with exactly one schema */
    const char *explain;
    const char *consumer;  /* its name */
    const char *consumers; /* URI of the datastore with its record; or NULL */
    const char *logs;      /* URI of the datastore of the logs; or NULL */
    const char *reset;     /* name of a consumer, as that of `remove` */
    const char *remove;
    const char *drop;          /* notification id, or "all" */
    const char *sequence;      /* its id */
    const char *since, *until; /* times, not parsed; or NULL */
    const char *color;
    const char *event_id, *time, *metadata; /* of `append`; or NULL */
    const char *listen;                     /* IP address, or NULL */
    int64_t from, to, limit, after, show, max_behind, max_age;
    int64_t port, size, idle, tail, position;
    double seconds;
    const char *uri;    /* or the file, if that comes first */
    const char *second; /* the sequence id, the URI to copy to, or the file */
    const char *third, *fourth; /* topic and state of `append`; or NULL */
};

/*
 * Parses the arguments that follow the command's name; argv[0] is the name.
 * Returns false if the program has to exit with *outcome: --help was given and
 * is printed, or the arguments are wrong and a message is printed.
 */
bool args_parse(const struct command *command, int argc, char **argv,
                struct args *args, enum outcome *outcome);

/* Prints the help of a command. */
void args_print_help(const struct command *command);

/* Returns true if --schema names this table, or was not given. */
bool args_want_schema(const struct args *args, const char *table);

/* Returns true if tracking records are to be moved: --tracking was given, or
 * --schema was not. */
bool args_want_tracking(const struct args *args);

#endif
