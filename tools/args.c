/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing of options with getopt_long, and the help of a command. */
#include "args.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct option_help {
    unsigned bit;
    const char *name;
    const char *value; /* name of its value in the help, or NULL */
    const char *help;
};

static const struct option_help options[] = {
    { OPTION_SCHEMA, "schema", "TABLE",
      "only this schema (default: all); may be repeated" },
    { OPTION_AS, "as", "TABLE", "give the one schema another name" },
    { OPTION_TRACKING, "tracking", NULL,
      "move tracking records although --schema is given" },
    { OPTION_FROM, "from", "POSITION", "first position" },
    { OPTION_TO, "to", "POSITION", "last position" },
    { OPTION_AFTER, "after", "ID", "only above this notification id" },
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
    { OPTION_PROGRESS, "progress", NULL,
      "show progress even if stderr is no terminal" },
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
        char left[40];

        if ((command->options & options[i].bit) == 0) {
            continue;
        }
        snprintf(left, sizeof(left), "--%s%s%s", options[i].name,
                 !options[i].value ? "" : " ",
                 !options[i].value ? "" : options[i].value);
        printf("  %-18s %s\n", left, options[i].help);
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
static bool set_seconds(const struct command *command, struct args *args,
                        enum outcome *outcome)
{
    char *end = NULL;

    args->seconds = strtod(optarg, &end);
    return (end != optarg && *end == '\0' && args->seconds > 0 &&
            args->seconds <= 86400) ||
           refuse(command,
                  "--seconds takes a number above 0 and up to 86400, not ",
                  optarg, outcome);
}

static bool add_schema(const struct command *command, struct args *args,
                       enum outcome *outcome)
{
    if (args->schema_count == SCHEMAS_MAX) {
        return refuse(command, "too many --schema options, at: ", optarg,
                      outcome);
    }
    args->schemas[args->schema_count++] = optarg;
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

static bool set_option(const struct command *command,
                       const struct option_help *option, struct args *args,
                       enum outcome *outcome)
{
    args->given |= option->bit;
    switch (option->bit) {
    case OPTION_SCHEMA:
        return add_schema(command, args, outcome);
    case OPTION_AS:
        args->as = optarg;
        return true;
    case OPTION_TRACKING:
        args->tracking = true;
        return true;
    case OPTION_FORCE:
        args->force = true;
        return true;
    case OPTION_PROGRESS:
        args->progress = true;
        return true;
    case OPTION_EXPLAIN:
        args->explain = optarg;
        return true;
    case OPTION_JSON:
        args->json = true;
        return true;
    case OPTION_FULL:
        args->full = true;
        return true;
    case OPTION_REVERSE:
        args->reverse = true;
        return true;
    case OPTION_FOLLOW:
        args->follow = true;
        return true;
    case OPTION_RAW:
        args->raw = true;
        return true;
    case OPTION_SECONDS:
        return set_seconds(command, args, outcome);
    case OPTION_VERIFY_ONLY:
        return true;
    case OPTION_FROM:
        return set_number(command, option->name, INT64_MIN, &args->from,
                          outcome);
    case OPTION_TO:
        return set_number(command, option->name, INT64_MIN, &args->to, outcome);
    case OPTION_AFTER:
        return set_number(command, option->name, 0, &args->after, outcome);
    case OPTION_LIMIT:
        return set_number(command, option->name, 0, &args->limit, outcome);
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
                .has_arg = !options[i].value ? no_argument : required_argument,
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
