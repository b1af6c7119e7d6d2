/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing of options with getopt_long, and the help of a command. */
#include "args.h"
#include "options.h"
#include "shell/suggestion.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void args_print_help(const struct command *command)
{
    printf("usage: quipu %s [OPTION]...%s%s\n\n%s\n\nOptions:\n", command->name,
           command->arguments[0] == '\0' ? "" : " ", command->arguments,
           command->help);
    for (size_t i = 0; i < option_count; i++) {
        const char *value = options[i].value;
        char left[40];
        char letter[8] = "";

        if ((command->options & options[i].bit) == 0) {
            continue;
        }
        if (options[i].letter != 0) {
            snprintf(letter, sizeof(letter), "-%c, ", options[i].letter);
        }
        snprintf(left, sizeof(left), "%s--%s%s%s%s", letter, options[i].name,
                 !value            ? ""
                 : value[0] == '=' ? "["
                                   : " ",
                 !value ? "" : value, value && value[0] == '=' ? "]" : "");
        printf("  %-22s %s\n", left, options[i].help);
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

static bool set_option(const struct command *command,
                       const struct option_row *option, struct args *args,
                       enum outcome *outcome)
{
    void *member = (char *)args + option->member;

    args->given |= option->bit;
    switch (option->kind) {
    case KIND_SEEN:
        return true;
    case KIND_FLAG:
        *(bool *)member = true;
        return true;
    case KIND_TEXT:
        *(const char **)member = optarg;
        return true;
    case KIND_TEXTS: /* the count follows the array */
        return add_text(command, option->name, member,
                        (void *)((char *)member + sizeof(args->schemas)),
                        outcome);
    case KIND_NUMBER:
        return set_number(command, option->name, INT64_MIN, member, outcome);
    case KIND_NATURAL:
        return set_number(command, option->name, 0, member, outcome);
    case KIND_SECONDS:
        return set_seconds(command, option->name, args, outcome);
    default:
        args_print_help(command);
        *outcome = DONE;
        return false;
    }
}

/* Fills the tables for getopt_long with the options that the command accepts. A
 * short form yields the same code as the long one. */
static void fill_tables(const struct command *command,
                        struct option table[OPTIONS_MAX + 1],
                        char letters[2 * OPTIONS_MAX + 2])
{
    size_t count = 0;

    *letters++ = ':';
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *option = &options[i];

        if ((command->options & option->bit) == 0) {
            continue;
        }
        table[count++] = (struct option){
            .name = option->name,
            .has_arg = !option->value            ? no_argument
                       : option->value[0] == '=' ? optional_argument
                                                 : required_argument,
            .val = 256 + (int)i,
        };
        if (option->letter != 0) {
            *letters++ = option->letter;
        }
        if (option->letter != 0 && option->value) {
            *letters++ = ':';
        }
    }
    *letters = '\0';
    table[count] = (struct option){ 0 };
}

/* Returns the option that getopt_long has found. */
static const struct option_row *option_of(const struct command *command,
                                          int code)
{
    size_t i = 0;

    if (code >= 256) {
        return &options[code - 256];
    }
    while (options[i].letter != code ||
           (options[i].bit & command->options) == 0) {
        i++;
    }
    return &options[i];
}

static bool refuse_option(const struct command *command, const char *word,
                          enum outcome *outcome)
{
    const char *names[OPTIONS_MAX] = { NULL };
    size_t count = 0;
    char what[128];

    for (size_t i = 0; i < option_count; i++) {
        if ((command->options & options[i].bit) != 0) {
            names[count++] = options[i].name;
        }
    }
    const char *near = strncmp(word, "--", 2) == 0
                           ? suggestion_find(word + 2, names, count)
                           : NULL;

    snprintf(what, sizeof(what), "%.64s%s%s%s", word,
             !near ? "" : "; did you mean --", !near ? "" : near,
             !near ? "" : "?");
    return refuse(command, "unknown option: ", what, outcome);
}

static bool set_arguments(const struct command *command, int argc, char **argv,
                          struct args *args, enum outcome *outcome)
{
    const int expected = command->argument_count;
    const int most = expected + command->optional_count;
    const char **places[] = { &args->uri, &args->second, &args->third,
                              &args->fourth };

    if (argc - optind < expected) {
        return refuse(command,
                      "missing arguments; expected: ", command->arguments,
                      outcome);
    }
    if (argc - optind > most) {
        return refuse(command, "unexpected argument: ", argv[optind + most],
                      outcome);
    }
    if (args->as && args->schema_count != 1) {
        return refuse(command,
                      "--as needs exactly one --schema, for the new name ",
                      args->as, outcome);
    }
    for (int i = 0; i < argc - optind; i++) {
        *places[i] = argv[optind + i];
    }
    return true;
}

bool args_parse(const struct command *command, int argc, char **argv,
                struct args *args, enum outcome *outcome)
{
    struct option table[OPTIONS_MAX + 1];
    char letters[2 * OPTIONS_MAX + 2];
    int code;

    memset(args, 0, sizeof(*args));
    fill_tables(command, table, letters);
    opterr = 0;
    while ((code = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        if (code == ':') {
            return refuse(command, "missing value after ", argv[optind - 1],
                          outcome);
        }
        if (code == '?') {
            return refuse_option(command, argv[optind - 1], outcome);
        }
        if (!set_option(command, option_of(command, code), args, outcome)) {
            return false;
        }
    }
    return set_arguments(command, argc, argv, args, outcome);
}
