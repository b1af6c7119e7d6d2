/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing of options with getopt_long, and the help of a command. */
#include "args.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct option_help {
    uint64_t bit;
    const char *name;
    const char *value; /* name of its value in the help, or NULL; "=X": the
                          value is optional */
    const char *help;
};

static const struct option_help options[] = {
    { OPTION_SCHEMA, "schema", "TABLE",
      "only this schema (default: all); may be repeated" },
    { OPTION_AS, "as", "TABLE", "give the one schema another name" },
    { OPTION_TRACKING, "tracking", NULL,
      "tracking records, too, also with --schema" },
    { OPTION_SEQUENCE, "sequence", "ID", "the events of this sequence" },
    { OPTION_LOG, "log", NULL,
      "the events of the log: --from and --to are notification ids" },
    { OPTION_FROM, "from", "POSITION", "first position" },
    { OPTION_TO, "to", "POSITION", "last position" },
    { OPTION_SCRUB, "scrub", NULL,
      "remove the erased bytes from the files of the store" },
    { OPTION_AFTER, "after", "ID", "only above this notification id" },
    { OPTION_TOPIC, "topic", "TOPIC",
      "only items of this topic; may be repeated" },
    { OPTION_PREFIX, "prefix", "TEXT",
      "only sequences whose id begins so; may be repeated" },
    { OPTION_CONSUMER, "consumer", "NAME",
      "only what this consumer has not processed" },
    { OPTION_CONSUMERS, "consumers", "URI",
      "store with the consumer's record, if it is another one" },
    { OPTION_LOGS, "logs", "URI", "store of the logs, if it is another one" },
    { OPTION_WATCH, "watch", "=SECONDS",
      "list again and again (default: every 2 seconds)" },
    { OPTION_MAX_BEHIND, "max-behind", "NUMBER",
      "exit with 1 if a consumer is further behind" },
    { OPTION_MAX_AGE, "max-age", "SECONDS",
      "exit with 1 if an older event is not processed" },
    { OPTION_RESET, "reset", "CONSUMER",
      "let it go on above --after ID (default: 0)" },
    { OPTION_REMOVE, "remove", "CONSUMER",
      "remove its record, parked events and other entries" },
    { OPTION_SHOW, "show", "ID", "show a parked event with its item" },
    { OPTION_DROP, "drop", "ID|all", "give a parked event up, or all" },
    { OPTION_ADD, "add", "NAME:KIND", "add this column; may be repeated" },
    { OPTION_DRY_RUN, "dry-run", NULL, "only print what would be done" },
    { OPTION_YES, "yes", NULL, "do not ask before a change" },
    { OPTION_LIMIT, "limit", "NUMBER", "at most NUMBER items of each schema" },
    { OPTION_REVERSE, "reverse", NULL, "in descending order" },
    { OPTION_FOLLOW, "follow", NULL, "wait for new items until interrupted" },
    { OPTION_EXPLAIN, "explain", "URI",
      "show where the driver of a URI or scheme is searched" },
    { OPTION_VERIFY_ONLY, "verify-only", NULL,
      "copy nothing, only compare both stores" },
    { OPTION_SECONDS, "seconds", "NUMBER",
      "duration of each measurement (default: 1)" },
    { OPTION_FORCE, "force", NULL, "replace what is there" },
    { OPTION_LISTEN, "listen", "ADDRESS",
      "IP address to listen on (default: 127.0.0.1)" },
    { OPTION_PORT, "port", "NUMBER",
      "port to listen on (default: 8484); 0: any free one" },
    { OPTION_SIZE, "size", "NUMBER",
      "items of a section, 1 to 10000 (default: 20)" },
    { OPTION_KEEP, "max-age", "SECONDS",
      "how long caches may keep a full section (default: 3600)" },
    { OPTION_IDLE, "idle", "SECONDS",
      "time for a client to send a request (default: 30)" },
    { OPTION_PROGRESS, "progress", NULL,
      "show progress even if stderr is no terminal" },
    { OPTION_KEYS, "keys", "FILE", "open encrypted states with these keys" },
    { OPTION_DICTIONARY, "dictionary", "FILE",
      "of zstd, for compressed states; may be repeated" },
    { OPTION_RAW, "raw", NULL, "accept states that quipu did not encode" },
    { OPTION_FULL, "full", NULL, "do not cut lines to the terminal's width" },
    { OPTION_JSON, "json", NULL, "print JSON Lines, with all data" },
    { OPTION_HELP, "help", NULL, "show this help" },
};

#define OPTION_COUNT (sizeof(options) / sizeof(*options))

static void print_help(const struct command *command)
{
    printf("usage: quipu %s [OPTION]...%s%s\n\n%s\n\nOptions:\n", command->name,
           command->arguments[0] == '\0' ? "" : " ", command->arguments,
           command->help);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const char *value = options[i].value;
        char left[40];

        if ((command->options & options[i].bit) == 0) {
            continue;
        }
        if (value && value[0] == '=') {
            snprintf(left, sizeof(left), "--%s[%s]", options[i].name, value);
        } else {
            snprintf(left, sizeof(left), "--%s%s%s", options[i].name,
                     !value ? "" : " ", !value ? "" : value);
        }
        printf("  %-20s %s\n", left, options[i].help);
    }
    fputs("\nExit status: 0 success, 1 failure or finding, 2 wrong usage.\n",
          stdout);
}

static bool refuse(const struct command *command, const char *what,
                   const char *which, enum outcome *outcome)
{
    fprintf(stderr, "quipu: %s%s\nTry 'quipu %s --help'.\n", what, which,
            command->name);
    *outcome = USAGE;
    return false;
}

static bool read_number(const char *text, int64_t *number)
{
    char *end = NULL;

    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' &&
           !strchr(" \t\n\v\f\r", text[0]);
}

static bool set_number(const struct command *command, const char *name,
                       int64_t least, int64_t *number, enum outcome *outcome)
{
    char what[64];

    if (read_number(optarg, number) && *number >= least) {
        return true;
    }
    snprintf(what, sizeof(what), "--%s takes a number%s, not ", name,
             least == 0 ? " that is not negative" : "");
    return refuse(command, what, optarg, outcome);
}

/* Accepts numbers up to a day. */
static bool set_seconds(const struct command *command, const char *name,
                        struct args *args, enum outcome *outcome)
{
    char what[64];
    char *end = NULL;

    if (!optarg) {
        return true; /* --watch has a default */
    }
    args->seconds = strtod(optarg, &end);
    if (end != optarg && *end == '\0' && args->seconds > 0 &&
        args->seconds <= 86400) {
        return true;
    }
    snprintf(what, sizeof(what),
             "--%s takes a number above 0 and up to 86400, not ", name);
    return refuse(command, what, optarg, outcome);
}

/* Adds the value to the texts of an option that may be repeated. */
static bool add_text(const struct command *command, const char *name,
                     const char **texts, size_t *count, enum outcome *outcome)
{
    char what[64];

    if (*count == REPETITIONS_MAX) {
        snprintf(what, sizeof(what), "too many --%s options, at: ", name);
        return refuse(command, what, optarg, outcome);
    }
    texts[(*count)++] = optarg;
    return true;
}

bool args_want_schema(const struct args *args, const char *table)
{
    for (size_t i = 0; i < args->schema_count; i++) {
        if (strcmp(args->schemas[i], table) == 0) {
            return true;
        }
    }
    return args->schema_count == 0;
}

bool args_want_tracking(const struct args *args)
{
    return args->schema_count == 0 || args->tracking;
}

/* Returns the member for the value of an option that is any text, or NULL. */
static const char **text_member(struct args *args, uint64_t bit)
{
    switch (bit) {
    case OPTION_AS:
        return &args->as;
    case OPTION_KEYS:
        return &args->keys;
    case OPTION_EXPLAIN:
        return &args->explain;
    case OPTION_CONSUMER:
        return &args->consumer;
    case OPTION_CONSUMERS:
        return &args->consumers;
    case OPTION_LOGS:
        return &args->logs;
    case OPTION_RESET:
        return &args->reset;
    case OPTION_REMOVE:
        return &args->remove;
    case OPTION_DROP:
        return &args->drop;
    case OPTION_LISTEN:
        return &args->listen;
    case OPTION_SEQUENCE:
        return &args->sequence;
    default:
        return NULL;
    }
}

/* Returns the member that an option without a value sets, or NULL. */
static bool *flag_member(struct args *args, uint64_t bit)
{
    switch (bit) {
    case OPTION_TRACKING:
        return &args->tracking;
    case OPTION_FORCE:
        return &args->force;
    case OPTION_PROGRESS:
        return &args->progress;
    case OPTION_JSON:
        return &args->json;
    case OPTION_FULL:
        return &args->full;
    case OPTION_REVERSE:
        return &args->reverse;
    case OPTION_FOLLOW:
        return &args->follow;
    case OPTION_RAW:
        return &args->raw;
    default:
        return NULL;
    }
}

static bool set_option(const struct command *command,
                       const struct option_help *option, struct args *args,
                       enum outcome *outcome)
{
    const char *name = option->name;
    const char **text = text_member(args, option->bit);
    bool *flag = flag_member(args, option->bit);

    args->given |= option->bit;
    if (text) {
        *text = optarg;
        return true;
    }
    if (flag) {
        *flag = true;
        return true;
    }
    switch (option->bit) {
    case OPTION_SCHEMA:
        return add_text(command, name, args->schemas, &args->schema_count,
                        outcome);
    case OPTION_TOPIC:
        return add_text(command, name, args->topics, &args->topic_count,
                        outcome);
    case OPTION_PREFIX:
        return add_text(command, name, args->prefixes, &args->prefix_count,
                        outcome);
    case OPTION_DICTIONARY:
        return add_text(command, name, args->dictionary,
                        &args->dictionary_count, outcome);
    case OPTION_ADD:
        return add_text(command, name, args->adds, &args->add_count, outcome);
    case OPTION_SECONDS:
    case OPTION_WATCH:
        return set_seconds(command, name, args, outcome);
    case OPTION_VERIFY_ONLY:
    case OPTION_YES:
    case OPTION_LOG:
    case OPTION_SCRUB:
    case OPTION_DRY_RUN:
        return true;
    case OPTION_FROM:
        return set_number(command, name, INT64_MIN, &args->from, outcome);
    case OPTION_TO:
        return set_number(command, name, INT64_MIN, &args->to, outcome);
    case OPTION_AFTER:
        return set_number(command, name, 0, &args->after, outcome);
    case OPTION_LIMIT:
        return set_number(command, name, 0, &args->limit, outcome);
    case OPTION_SHOW:
        return set_number(command, name, 0, &args->show, outcome);
    case OPTION_MAX_BEHIND:
        return set_number(command, name, 0, &args->max_behind, outcome);
    case OPTION_PORT:
        return set_number(command, name, 0, &args->port, outcome);
    case OPTION_SIZE:
        return set_number(command, name, 0, &args->size, outcome);
    case OPTION_IDLE:
        return set_number(command, name, 0, &args->idle, outcome);
    case OPTION_KEEP:
    case OPTION_MAX_AGE:
        return set_number(command, name, 0, &args->max_age, outcome);
    default:
        print_help(command);
        *outcome = DONE;
        return false;
    }
}

/* Fills the table for getopt_long with the options that the command accepts. */
static void fill_table(const struct command *command,
                       struct option table[OPTION_COUNT + 1])
{
    size_t count = 0;

    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if ((command->options & options[i].bit) != 0) {
            table[count++] = (struct option){
                .name = options[i].name,
                .has_arg = !options[i].value            ? no_argument
                           : options[i].value[0] == '=' ? optional_argument
                                                        : required_argument,
                .val = 256 + (int)i,
            };
        }
    }
    table[count] = (struct option){ 0 };
}

static bool set_arguments(const struct command *command, int argc, char **argv,
                          struct args *args, enum outcome *outcome)
{
    int expected = command->argument_count;

    if (argc - optind < expected) {
        return refuse(command,
                      "missing arguments; expected: ", command->arguments,
                      outcome);
    }
    if (argc - optind > expected) {
        return refuse(command, "unexpected argument: ", argv[optind + expected],
                      outcome);
    }
    if (args->as && args->schema_count != 1) {
        return refuse(command,
                      "--as needs exactly one --schema, for the new name ",
                      args->as, outcome);
    }
    args->uri = expected > 0 ? argv[optind] : NULL;
    args->second = expected > 1 ? argv[optind + 1] : NULL;
    return true;
}

bool args_parse(const struct command *command, int argc, char **argv,
                struct args *args, enum outcome *outcome)
{
    struct option table[OPTION_COUNT + 1];
    int code;

    memset(args, 0, sizeof(*args));
    fill_table(command, table);
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
        if (code == 'h') {
            print_help(command);
            *outcome = DONE;
            return false;
        }
        if (code == ':') {
            return refuse(command, "missing value after ", argv[optind - 1],
                          outcome);
        }
        if (code == '?') {
            return refuse(command, "unknown option: ", argv[optind - 1],
                          outcome);
        }
        if (!set_option(command, &options[code - 256], args, outcome)) {
            return false;
        }
    }
    return set_arguments(command, argc, argv, args, outcome);
}
