/* SPDX-License-Identifier: Apache-2.0 */
/* Options of quipu-conformance, and of programs that call
 * quipu_conformance_main(). */
#include "history/record.h"
#include "outputs.h"
#include "program.h"
#include "report/labels.h"

#include <quipu/conformance.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char quipu_options_usage[] =
    "Usage: quipu-conformance URI... [OPTION...]\n"
    "Runs the conformance cases against the store at each URI and reports\n"
    "which guarantees hold.\n"
    "\n"
    "In a URI, {dir} is replaced by a new folder for each case, as an "
    "absolute\n"
    "path, and {name} by a new name: sqlite:///{dir}/x.db, memory:{dir},\n"
    "postgresql://host/test?namespace={name}. Without them all cases share\n"
    "the store; they use names of their own and remove what they set up.\n"
    "\n"
    "  --list               print the cases, run none\n"
    "  --explain ID         print everything about a case\n"
    "                       (U1.race-at-one-position) or a guarantee (U1),\n"
    "                       and how to run it alone\n"
    "  --only PATTERN       only run cases whose id matches the shell "
    "pattern;\n"
    "                       several patterns are separated by commas, or\n"
    "                       given with several options: 'U1.*,S3.*'\n"
    "  --skip PATTERN       do not run cases whose id matches\n"
    "  --profile NAME       quick: about a minute (the default); full: ten\n"
    "                       minutes; soak: hours\n"
    "  --format FORMAT      tap (the default), junit, json, html or none, on\n"
    "                       standard output\n"
    "  --output FORMAT=FILE write another report to a file; may be repeated\n"
    "  --stop COMMAND       command that stops the store's server abruptly,\n"
    "                       as a crash would\n"
    "  --start COMMAND      command that starts it and returns when it\n"
    "                       accepts connections\n"
    "  --histories FOLDER   where to keep recorded histories that contain a\n"
    "                       violation (default: the folder of temporary "
    "files)\n"
    "  --check-history FOLDER  check such a history again\n"
    "  --seed N             seed of the random numbers; each report prints it\n"
    "  --jobs N             run N cases of a URI with {dir} or {name} at the\n"
    "                       same time (default 1, which leaves the cores to\n"
    "                       the races)\n"
    "  --patience N         multiply all time limits by N\n"
    "  --limit SECONDS      time limit of each case before --patience, at\n"
    "                       most (120 for most cases); after a case that was\n"
    "                       late, the others get an eighth\n"
    "  --unfinished         accept a driver that lacks required operations,\n"
    "                       and skip the cases that call them\n"
    "  --fail-fast          end after the first failure\n"
    "  --in-process ID      run one case in this process, without a time\n"
    "                       limit and reports, for a debugger; cases of\n"
    "                       several processes still fork\n"
    "  --help               print this text\n"
    "\n"
    "Exit status: 0 everything that the URIs declare holds, as far as cases\n"
    "were selected and belong to the profile; 1 a case failed; 2 wrong usage;\n"
    "3 no case failed, but some of what a URI declares could not be tested;\n"
    "128 + N signal N.\n";

static const struct option long_options[] = {
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
    { "limit", required_argument, NULL, 'L' },
    { "unfinished", no_argument, NULL, 'U' },
    { "fail-fast", no_argument, NULL, 'F' },
    { "in-process", required_argument, NULL, 'I' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static bool complain(const char *problem, const char *what)
{
    fprintf(stderr, "quipu-conformance: %s%s\n%s", problem, what,
            quipu_options_usage);
    return false;
}

/* Parses a number from 1 to `most`. */
static bool parse_number(const char *text, uint64_t most, uint64_t *number)
{
    char *end;

    *number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || *number == 0 || *number > most) {
        return complain("expected a number above 0, not ", text);
    }
    return true;
}

static bool parse_count(const char *text, unsigned *count)
{
    uint64_t number = 0;
    bool valid = parse_number(text, 1000000, &number);

    *count = (unsigned)number;
    return valid;
}

/* Adds patterns to those of earlier options; together they replace the patterns
 * of the calling program. */
static bool add_pattern(const char *text, char **all, const char **patterns)
{
    char *longer;

    if (asprintf(&longer, "%s%s%s", *all ? *all : "", *all ? "," : "", text) <
        0) {
        return complain("out of memory for ", text);
    }
    free(*all);
    *patterns = *all = longer;
    return true;
}

static bool parse_profile(const char *text, uint32_t *profile)
{
    enum quipu_profile found;

    if (!quipu_labels_find_profile(text, &found)) {
        return complain("the profiles are quick, full and soak, not ", text);
    }
    *profile = found;
    return true;
}

static bool add_output(const char *text, struct quipu_options *options)
{
    if (options->output_count == QUIPU_OUTPUTS) {
        return complain("too many outputs: ", text);
    }
    options->outputs[options->output_count++] = text;
    options->suite.outputs = options->outputs;
    return true;
}

static bool apply(struct quipu_options *options, int option, const char *value)
{
    switch (option) {
    case 'l':
        options->list = true;
        return true;
    case 'e':
        options->explain = value;
        return true;
    case 'o':
        return add_pattern(value, &options->only, &options->suite.only);
    case 'x':
        return add_pattern(value, &options->skip, &options->suite.skip);
    case 'P':
        return parse_profile(value, &options->suite.profile);
    case 'f':
        options->suite.format = value;
        return true;
    case 'O':
        return add_output(value, options);
    case 'S':
        options->commands.stop = value;
        return true;
    case 'T':
        options->commands.start = value;
        return true;
    case 'H':
        return setenv(QUIPU_RECORD_FOLDER_VARIABLE, value, 1) == 0;
    case 'C':
        options->history = value;
        return true;
    case 's':
        return parse_number(value, UINT64_MAX, &options->suite.seed);
    case 'j':
        return parse_count(value, &options->suite.jobs);
    case 'p':
        return parse_count(value, &options->suite.patience);
    case 'L':
        return parse_count(value, &options->suite.limit);
    case 'U':
        options->suite.flags |= QUIPU_CONFORMANCE_UNFINISHED;
        return true;
    case 'F':
        options->suite.flags |= QUIPU_CONFORMANCE_FAIL_FAST;
        return true;
    case 'I':
        options->suite.flags |= QUIPU_CONFORMANCE_IN_PROCESS;
        options->suite.only = value;
        return true;
    case 'h':
        options->help = true;
        return true;
    default:
        fputs(quipu_options_usage, stderr); /* getopt has printed the reason */
        return false;
    }
}

/* Commands replace the hooks of the calling program. */
static void set_hooks(struct quipu_options *options)
{
    struct quipu_server_hooks hooks = quipu_command_hooks(&options->commands);

    if (options->commands.stop || options->commands.start) {
        options->suite.server_stop = hooks.stop;
        options->suite.server_start = hooks.start;
        options->suite.context = hooks.context;
    }
}

static bool parse_all(struct quipu_options *options, int argc, char **argv)
{
    int option;

    optind = 0; /* the calling program may have used getopt */
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (!apply(options, option, optarg)) {
            return false;
        }
    }
    if (optind < argc) {
        options->suite.uris = (const char *const *)argv + optind;
    }
    set_hooks(options);
    return true;
}

bool quipu_options_parse(struct quipu_options *options,
                         const quipu_conformance *suite, int argc, char **argv)
{
    *options = (struct quipu_options){ .list = false };
    if (suite) {
        memcpy(&options->suite, suite,
               suite->struct_size < sizeof(options->suite)
                   ? suite->struct_size
                   : sizeof(options->suite));
    }
    options->suite.struct_size = sizeof(options->suite);
    return parse_all(options, argc, argv);
}

void quipu_options_finish(struct quipu_options *options)
{
    free(options->only);
    free(options->skip);
}
