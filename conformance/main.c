/* SPDX-License-Identifier: Apache-2.0 */
/* quipu-conformance: says whether the driver of a URI keeps the contract. */
#include "power.h"
#include "runner.h"

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
    "path: sqlite:///{dir}/x.db, memory:{dir}. Without it all cases share the\n"
    "store; they use names of their own, and remove what they set up.\n"
    "\n"
    "  --list            print the cases with their reasons, run none\n"
    "  --only PATTERN    only cases whose id matches (as file names: 'U1.*')\n"
    "  --skip PATTERN    not these\n"
    "  --heavy           the cases that want much time or memory, too\n"
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

/* `context` is the number of the case before. */
static void print_tap(void *context, const struct quipu_outcome *outcome)
{
    unsigned *number = context;

    printf("%sok %u - %s", outcome->verdict == QUIPU_FAILED ? "not " : "",
           ++*number, outcome->case_->id);
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
    struct quipu_totals totals;
    uint32_t traits = 0;
    unsigned number = 0;
    char text[2048];

    printf("TAP version 13\n# %s, seed %" PRIu64 "\n", run->uri, run->seed);
    (void)fflush(stdout);
    if (!quipu_run_probe(run, &traits, text, sizeof text)) {
        printf("Bail out! %s\n", text);
        return EXIT_FAILURE;
    }
    totals = quipu_run_all(run, traits, print_tap, &number);
    printf("1..%u\n# passed %u, failed %u, skipped %u\n", number, totals.passed,
           totals.failed, totals.skipped);
    return totals.failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
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

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "list", no_argument, NULL, 'l' },
        { "only", required_argument, NULL, 'o' },
        { "skip", required_argument, NULL, 'x' },
        { "heavy", no_argument, NULL, 'H' },
        { "format", required_argument, NULL, 'f' },
        { "seed", required_argument, NULL, 's' },
        { "patience", required_argument, NULL, 'p' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    struct quipu_run run = { .seed = (uint64_t)time(NULL),
                             .patience = QUIPU_USUAL_PATIENCE };
    bool listing = false;
    int c = quipu_power_worker(argc, argv);

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
        case 'H':
            run.heavy = true;
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
    if (run.patience == 0) {
        return misuse("--patience wants a number above 0");
    }
    return run_all(&run);
}
