/* SPDX-License-Identifier: Apache-2.0 */
/* quipu-conformance: says whether the driver of a URI keeps the contract. */
#include "command.h"
#include "interrupt.h"
#include "runner.h"
#include "worker.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char usage[] =
    "Usage: quipu-conformance URI [OPTION...]\n"
    "Runs the conformance cases against the store at URI, and prints TAP.\n"
    "\n"
    "In the URI, {dir} becomes a new folder for each case, as an absolute\n"
    "path, and {name} a new name: sqlite:///{dir}/x.db, memory:{dir},\n"
    "postgresql://host/test?namespace={name}. Without them all cases share "
    "the\n"
    "store; they use names of their own, and remove what they set up.\n"
    "\n"
    "  --list            print the cases with their reasons, run none\n"
    "  --only PATTERN    only cases whose id matches (as file names; several\n"
    "                    with commas: 'U1.*,S3.*')\n"
    "  --skip PATTERN    not these\n"
    "  --profile NAME    quick: a minute (this is usual); full: ten minutes;\n"
    "                    soak: hours\n"
    "  --jobs N          so many cases at once, of a URI with {dir} or {name}\n"
    "  --stop COMMAND    stops the store's server at once, as a crash would\n"
    "  --start COMMAND   starts it again, and returns when it answers\n"
    "  --format tap      the form of the report\n"
    "  --seed N          of the random numbers; printed with each report\n"
    "  --patience N      multiply all time limits\n"
    "  --help\n"
    "\n"
    "Exit status: 0 nothing failed, 1 something did, 2 wrong usage.\n";

static int list(const struct quipu_run *run)
{
    for (size_t i = 0; quipu_families[i]; i++) {
        for (size_t k = 0; k < quipu_families[i]->count; k++) {
            const struct quipu_case *case_ = &quipu_families[i]->cases[k];

            if (quipu_run_selects(run, case_)) {
                printf("%s\n    %s\n", case_->id, case_->why);
            }
        }
    }
    return EXIT_SUCCESS;
}

/* Prints the text as comments, a line each. */
static void print_comment(const char *text)
{
    while (*text) {
        int length = (int)strcspn(text, "\n");

        printf("  # %.*s\n", length, text);
        text += length + (text[length] == '\n');
    }
}

struct tap {
    unsigned number; /* of the case before */
    unsigned totals[3];
};

static void print_tap(void *context, const struct quipu_outcome *outcome)
{
    struct tap *tap = context;

    tap->totals[outcome->verdict]++;
    printf("%sok %u - %s", outcome->verdict == QUIPU_FAILED ? "not " : "",
           ++tap->number, outcome->case_->id);
    if (outcome->verdict == QUIPU_SKIPPED) {
        printf(" # SKIP %.*s\n", (int)strcspn(outcome->text, "\n"),
               outcome->text);
    } else {
        printf(" # %" PRId64 " ms\n", outcome->milliseconds);
    }
    if (outcome->verdict == QUIPU_FAILED) {
        print_comment(outcome->text);
        print_comment(outcome->case_->why);
    }
    (void)fflush(stdout);
}

static int run_all(const struct quipu_run *run)
{
    struct tap tap = { 0 };
    struct quipu_store store;
    char text[2048];

    printf("TAP version 13\n");
    if (!quipu_run_probe(run, &store, text, sizeof text)) {
        printf("Bail out! %s\n", text);
        return EXIT_FAILURE;
    }
    printf("# %s, seed %" PRIu64 "\n", store.uri, run->seed);
    (void)fflush(stdout);
    if (!quipu_run_all(run, &store, print_tap, &tap)) {
        printf("Bail out! interrupted\n");
        return EXIT_FAILURE;
    }
    printf("1..%u\n# passed %u, failed %u, skipped %u\n", tap.number,
           tap.totals[QUIPU_PASSED], tap.totals[QUIPU_FAILED],
           tap.totals[QUIPU_SKIPPED]);
    return tap.totals[QUIPU_FAILED] > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int misuse(const char *problem)
{
    fprintf(stderr, "quipu-conformance: %s\n%s", problem, usage);
    return 2;
}

/* A number above zero, or 0. */
static uint64_t number_of(const char *text)
{
    char *end;
    uint64_t number = strtoull(text, &end, 10);

    return *end ? 0 : number;
}

static bool profile_of(const char *name, enum quipu_profile *profile)
{
    static const char *const names[] = { "quick", "full", "soak" };

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            *profile = (enum quipu_profile)i;
            return true;
        }
    }
    return false;
}

static int start(struct quipu_run *run, struct quipu_commands *commands)
{
    if (run->patience == 0) {
        return misuse("--patience wants a number above 0");
    }
    if (!commands->stop != !commands->start) {
        return misuse("--stop and --start go together");
    }
    run->hooks = quipu_commands_hooks(commands);
    quipu_interrupt_begin();
    return run_all(run);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "list", no_argument, NULL, 'l' },
        { "only", required_argument, NULL, 'o' },
        { "skip", required_argument, NULL, 'x' },
        { "profile", required_argument, NULL, 'P' },
        { "jobs", required_argument, NULL, 'j' },
        { "stop", required_argument, NULL, 'S' },
        { "start", required_argument, NULL, 'T' },
        { "format", required_argument, NULL, 'f' },
        { "seed", required_argument, NULL, 's' },
        { "patience", required_argument, NULL, 'p' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    struct quipu_run run = { .seed = (uint64_t)time(NULL),
                             .patience = QUIPU_USUAL_PATIENCE };
    struct quipu_commands commands = { NULL, NULL };
    bool listing = false;
    int c = quipu_worker_main(argc, argv);

    if (c >= 0) {
        return c;
    }
    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (c) {
        case 'l':
            listing = true;
            break;
        case 'o':
            run.only = optarg;
            break;
        case 'x':
            run.skip = optarg;
            break;
        case 'P':
            if (!profile_of(optarg, &run.profile)) {
                return misuse("the profiles are quick, full and soak");
            }
            break;
        case 'j':
            run.jobs = (unsigned)number_of(optarg);
            break;
        case 'S':
            commands.stop = optarg;
            break;
        case 'T':
            commands.start = optarg;
            break;
        case 'f':
            if (strcmp(optarg, "tap") != 0) {
                return misuse("the only format is tap");
            }
            break;
        case 's':
            run.seed = number_of(optarg);
            break;
        case 'p':
            run.patience = (unsigned)number_of(optarg);
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        default:
            return misuse("wrong option");
        }
    }
    run.uri = optind < argc ? argv[optind] : NULL;
    if (listing) {
        return list(&run);
    }
    if (!run.uri || optind + 1 != argc) {
        return misuse("one URI is wanted");
    }
    return start(&run, &commands);
}
