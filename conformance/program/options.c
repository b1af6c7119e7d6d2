/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of quipu-conformance, and of programs that are used like it. */
#include "context/subprocess.h"
#include "history/record.h"
#include "outputs.h"
#include "program.h"
#include "report/words.h"

#include <quipu/conformance.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: quipu-conformance URI... [OPTION...]\n"
    "Runs the conformance cases against the store at each URI, and reports\n"
    "which guarantees hold.\n"
    "\n"
    "In a URI, {dir} becomes a new folder for each case, as an absolute path,\n"
    "and {name} a new name: sqlite:///{dir}/x.db, memory:{dir},\n"
    "postgresql://host/test?namespace={name}. Without them all cases share\n"
    "the store; they use names of their own, and remove what they set up.\n"
    "\n"
    "  --list               print the cases, run none\n"
    "  --explain ID         all about a case (U1.race-at-one-position) or a\n"
    "                       guarantee (U1), and how to run it alone\n"
    "  --only PATTERN       only cases whose id matches (as file names;\n"
    "                       several with commas, or with --only\n"
    "                       again: 'U1.*,S3.*')\n"
    "  --skip PATTERN       not these; likewise\n"
    "  --profile NAME       quick: a minute (this is usual); full: ten\n"
    "                       minutes; soak: hours\n"
    "  --format FORMAT      tap (this is usual), junit, json, html or none,\n"
    "                       on standard output\n"
    "  --output FORMAT=FILE another report, in a file; any number of them\n"
    "  --stop COMMAND       stops the store's server at once, as a crash "
    "would\n"
    "  --start COMMAND      starts it, and returns when it answers\n"
    "  --histories FOLDER   where recorded histories that convict are kept;\n"
    "                       usually where temporary files are\n"
    "  --check-history FOLDER  judges such a history again\n"
    "  --seed N             of the random numbers; printed with each report\n"
    "  --jobs N             so many cases at once, of a URI with {dir} or\n"
    "                       {name}; usually 1, so that races have the cores\n"
    "  --patience N         multiply all time limits\n"
    "  --help\n"
    "\n"
    "Exit status: 0 all that the URIs declare holds, as far as it was "
    "selected\n"
    "and is of the profile; 1 something failed; 2 wrong usage; 3 nothing\n"
    "failed, but not all that a URI declares was shown; 128 + N signal N.\n";

static const struct option options[] = {
    { "list", no_argument, NULL, 'l' },
    { "explain", required_argument, NULL, 'e' },
    { "only", required_argument, NULL, 'o' },
    { "skip", required_argument, NULL, 'x' },
    { "profile", required_argument, NULL, 'P' },
    { "format", required_argument, NULL, 'f' },
    { "output", required_argument, NULL, 'O' },
    { "stop", required_argument, NULL, 'S' },
    { "start", required_argument, NULL, 'T' },
    { "histories", required_argument, NULL, 'H' },
    { "check-history", required_argument, NULL, 'C' },
    { "seed", required_argument, NULL, 's' },
    { "jobs", required_argument, NULL, 'j' },
    { "patience", required_argument, NULL, 'p' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

/* What the arguments ask for. */
struct wish {
    quipu_conformance suite;
    struct quipu_commands commands;
    const char *outputs[QUIPU_OUTPUTS + 1]; /* NULL-terminated */
    size_t output_count;
    char *only, *skip; /* all patterns, with commas */
    bool list, help;
    const char *explain;
    const char *history; /* to be judged */
};

static bool complain(const char *problem, const char *what)
{
    fprintf(stderr, "quipu-conformance: %s%s\n%s", problem, what, usage);
    return false;
}

/* A number above zero. */
static bool take_number(const char *text, uint64_t most, uint64_t *number)
{
    char *end;

    *number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || *number == 0 || *number > most) {
        return complain("a number above 0 is wanted, not ", text);
    }
    return true;
}

static bool take_count(const char *text, unsigned *count)
{
    uint64_t number = 0;
    bool taken = take_number(text, 1000000, &number);

    *count = (unsigned)number;
    return taken;
}

/* In place of the program's own, beside those that were given before. */
static bool take_pattern(const char *text, char **all, const char **patterns)
{
    char *longer;

    if (asprintf(&longer, "%s%s%s", *all ? *all : "", *all ? "," : "", text) <
        0) {
        return complain("no memory for ", text);
    }
    free(*all);
    *patterns = *all = longer;
    return true;
}

static bool take_profile(const char *text, uint32_t *profile)
{
    enum quipu_profile found;

    if (!quipu_profile_find(text, &found)) {
        return complain("the profiles are quick, full and soak, not ", text);
    }
    *profile = found;
    return true;
}

static bool take_output(const char *text, struct wish *wish)
{
    if (wish->output_count == QUIPU_OUTPUTS) {
        return complain("too many outputs: ", text);
    }
    wish->outputs[wish->output_count++] = text;
    wish->suite.outputs = wish->outputs;
    return true;
}

static bool take(struct wish *wish, int option, const char *value)
{
    switch (option) {
    case 'l':
        wish->list = true;
        return true;
    case 'e':
        wish->explain = value;
        return true;
    case 'o':
        return take_pattern(value, &wish->only, &wish->suite.only);
    case 'x':
        return take_pattern(value, &wish->skip, &wish->suite.skip);
    case 'P':
        return take_profile(value, &wish->suite.profile);
    case 'f':
        wish->suite.format = value;
        return true;
    case 'O':
        return take_output(value, wish);
    case 'S':
        wish->commands.stop = value;
        return true;
    case 'T':
        wish->commands.start = value;
        return true;
    case 'H':
        return setenv(QUIPU_RECORD_FOLDER_VARIABLE, value, 1) == 0;
    case 'C':
        wish->history = value;
        return true;
    case 's':
        return take_number(value, UINT64_MAX, &wish->suite.seed);
    case 'j':
        return take_count(value, &wish->suite.jobs);
    case 'p':
        return take_count(value, &wish->suite.patience);
    case 'h':
        wish->help = true;
        return true;
    default:
        fputs(usage, stderr); /* getopt has said why */
        return false;
    }
}

/* The commands in place of the program's own hooks. */
static void take_commands(struct wish *wish)
{
    struct quipu_server_hooks hooks = quipu_command_hooks(&wish->commands);

    if (wish->commands.stop || wish->commands.start) {
        wish->suite.server_stop = hooks.stop;
        wish->suite.server_start = hooks.start;
        wish->suite.context = hooks.context;
    }
}

static int answer(struct wish *wish)
{
    const struct quipu_run run = { .only = wish->suite.only,
                                   .skip = wish->suite.skip };

    if (wish->help) {
        fputs(usage, stdout);
        return QUIPU_CONFORMANCE_HOLDS;
    }
    if (wish->list) {
        quipu_explain_list(stdout, &run);
        return QUIPU_CONFORMANCE_HOLDS;
    }
    if (wish->explain) {
        return quipu_explain(stdout, wish->explain) ? QUIPU_CONFORMANCE_HOLDS
                                                    : QUIPU_CONFORMANCE_MISUSE;
    }
    if (wish->history) {
        return quipu_check_history_run(wish->history);
    }
    if (!wish->suite.uris || !wish->suite.uris[0]) {
        complain("a URI is wanted", "");
        return QUIPU_CONFORMANCE_MISUSE;
    }
    return quipu_conformance_run(&wish->suite);
}

static bool take_all(struct wish *wish, int argc, char **argv)
{
    int option;

    optind = 0; /* whoever else has used getopt */
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (!take(wish, option, optarg)) {
            return false;
        }
    }
    if (optind < argc) {
        wish->suite.uris = (const char *const *)argv + optind;
    }
    take_commands(wish);
    return true;
}

int quipu_conformance_main(int argc, char **argv,
                           const quipu_conformance *suite)
{
    struct wish wish = { .list = false };
    int status;

    quipu_subprocess_enter();
    if (suite) {
        memcpy(&wish.suite, suite,
               suite->struct_size < sizeof(wish.suite) ? suite->struct_size
                                                       : sizeof(wish.suite));
    }
    wish.suite.struct_size = sizeof(wish.suite);
    status =
        take_all(&wish, argc, argv) ? answer(&wish) : QUIPU_CONFORMANCE_MISUSE;
    free(wish.only);
    free(wish.skip);
    return status;
}
