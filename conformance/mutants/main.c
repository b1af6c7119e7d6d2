/* SPDX-License-Identifier: Apache-2.0 */
/* quipu-mutants: proves that the suite sees. */
#include "mutant.h"
#include "runner.h"

#include <quipu/drivers.h>

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ATTEMPTS 3 /* a race may pass a mutant over once */

static const char usage[] =
    "Usage: quipu-mutants [OPTION...] [ID...]\n"
    "Runs the conformance suite on drivers that are each broken in one way.\n"
    "A mutant is killed if the case that is meant for it fails, and passes on\n"
    "the driver that is not broken. With ids, only these mutants.\n"
    "\n"
    "  --all           then all cases on each, and how many of them fail\n"
    "  --why           tell the bug behind each, and what the case said\n"
    "  --seed N        of the random numbers\n"
    "  --patience N    multiply all time limits\n"
    "  --help\n"
    "\n"
    "Exit status: 0 all were killed, 1 some survived, 2 wrong usage.\n";

static const struct mutant_family *const families[] = {
    &mutant_family_judging, &mutant_family_appends, &mutant_family_races,
    &mutant_family_reads,   &mutant_family_stores,  &mutant_family_waits,
};

#define FAMILIES (sizeof families / sizeof *families)

struct wish {
    bool all, why;
    uint64_t seed;
    unsigned patience;
    char **ids; /* NULL-terminated */
    unsigned killed, survived;
};

/* What a run came to. */
struct tally {
    unsigned passed, failed, skipped;
    int64_t milliseconds;
    char text[160]; /* of the last that failed, its first line */
};

/* A crash or a hang betrays the mutant, but is no judgement. */
static bool is_accident(const struct quipu_outcome *outcome)
{
    return strstr(outcome->text, "its process died of signal") ||
           strstr(outcome->text, "it did not end in time");
}

static void hear(void *context, const struct quipu_outcome *outcome)
{
    struct tally *tally = context;

    tally->milliseconds += outcome->milliseconds;
    tally->passed += outcome->verdict == QUIPU_PASSED;
    tally->skipped += outcome->verdict == QUIPU_SKIPPED;
    if (outcome->verdict == QUIPU_FAILED) {
        tally->failed += !is_accident(outcome);
        snprintf(tally->text, sizeof tally->text, "%.*s",
                 (int)strcspn(outcome->text, "\n"), outcome->text);
    }
}

/* Runs cases on a mutant, or on the reference, as driver of the scheme. */
static struct tally run(const struct wish *wish, const char *scheme,
                        const struct mutant *mutant, const char *only,
                        unsigned attempt)
{
    struct tally tally = { 0 };
    char uri[40];
    struct quipu_run run = { .uri = uri,
                             .only = only,
                             .seed = wish->seed + attempt,
                             .patience = wish->patience };
    uint32_t traits = 0;

    snprintf(uri, sizeof uri, "%s:{dir}", scheme);
    mutant_play(mutant);
    if (!quipu_run_probe(&run, &traits, tally.text, sizeof tally.text)) {
        fprintf(stderr, "%s cannot be opened: %s\n", uri, tally.text);
        return tally;
    }
    quipu_run_all(&run, traits, hear, &tally);
    return tally;
}

/* Makes the mutant the driver of its scheme. */
static void add(const struct mutant *mutant, const char *scheme)
{
    quipu_error error;

    mutant_play(mutant);
    if (quipu_drivers_add(scheme, mutant_entry, &error)) {
        fprintf(stderr, "%s: %s\n", scheme, error.message);
        exit(2);
    }
}

static void tell_why(const struct mutant *mutant, const struct tally *tally)
{
    printf("      %s\n      %s\n", mutant->bug, tally->text);
}

static bool kill_it(const struct wish *wish, const struct mutant *mutant,
                    const char *scheme)
{
    struct tally sound = run(wish, "reference", NULL, mutant->killer, 0);
    struct tally tally = { 0 };

    /* Skipped is right where the mutant claims what the reference does not. */
    if (sound.passed + sound.skipped != 1) {
        printf("%s %-38s SURVIVED: without it %s does not pass: %s\n",
               mutant->id, mutant->name, mutant->killer, sound.text);
        return false;
    }
    for (unsigned i = 0; i < ATTEMPTS && tally.failed == 0; i++) {
        tally = run(wish, scheme, mutant, mutant->killer, i);
    }
    printf("%s %-38s %s %s (%lld ms)\n", mutant->id, mutant->name,
           tally.failed > 0 ? "killed by" : "SURVIVED", mutant->killer,
           (long long)tally.milliseconds);
    if (wish->why) {
        tell_why(mutant, &tally);
    }
    return tally.failed > 0;
}

static void try(struct wish *wish, const struct mutant *mutant)
{
    char scheme[8] = "";

    for (size_t i = 0; mutant->id[i] && i + 1 < sizeof scheme; i++) {
        scheme[i] = (char)tolower((unsigned char)mutant->id[i]);
    }
    add(mutant, scheme);
    if (kill_it(wish, mutant, scheme)) {
        wish->killed++;
    } else {
        wish->survived++;
    }
    (void)fflush(stdout);
    if (wish->all) {
        struct tally tally = run(wish, scheme, mutant, NULL, 0);

        printf("      all cases: passed %u, failed %u\n", tally.passed,
               tally.failed);
        (void)fflush(stdout);
    }
}

static bool is_wished(const struct wish *wish, const struct mutant *mutant)
{
    bool wished = !*wish->ids;

    for (char **id = wish->ids; *id; id++) {
        wished = wished || strcasecmp(*id, mutant->id) == 0;
    }
    return wished;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp((*(const struct mutant *const *)a)->id,
                  (*(const struct mutant *const *)b)->id);
}

/* All mutants by id; gives their number. */
static size_t gather(const struct mutant *list[], size_t room)
{
    size_t count = 0;

    for (size_t i = 0; i < FAMILIES; i++) {
        for (size_t k = 0; k < families[i]->count && count < room; k++) {
            list[count++] = &families[i]->mutants[k];
        }
    }
    qsort(list, count, sizeof *list, compare_ids);
    return count;
}

static int try_all(struct wish *wish)
{
    const struct mutant *list[100] = { NULL };
    size_t count = gather(list, sizeof list / sizeof *list);

    add(NULL, "reference");
    for (size_t i = 0; i < count; i++) {
        if (is_wished(wish, list[i])) {
            try(wish, list[i]);
        }
    }
    printf("mutants: %u killed, %u survived\n", wish->killed, wish->survived);
    return wish->survived == 0 && wish->killed > 0 ? EXIT_SUCCESS
                                                   : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "all", no_argument, NULL, 'a' },
        { "why", no_argument, NULL, 'w' },
        { "seed", required_argument, NULL, 's' },
        { "patience", required_argument, NULL, 'p' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    struct wish wish = { .seed = (uint64_t)time(NULL),
                         .patience = QUIPU_USUAL_PATIENCE };
    int c;

    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (c) {
        case 'a':
            wish.all = true;
            break;
        case 'w':
            wish.why = true;
            break;
        case 's':
            wish.seed = strtoull(optarg, NULL, 10);
            break;
        case 'p':
            wish.patience = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    wish.ids = argv + optind;
    wish.patience = wish.patience > 0 ? wish.patience : 1;
    mutant_patience = wish.patience;
    return try_all(&wish);
}
