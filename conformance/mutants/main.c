/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quipu-mutants: runs the conformance suite on drivers that are each broken in
 * one way.
 *
 * It answers the question "would the suite notice?" by mutation testing.  Each
 * mutant names the case that must fail on it.  For each mutant
 *
 *   1. the case is run on the sound driver, and must pass (or be skipped, if
 *      the mutant declares what the sound driver does not);
 *   2. the case is run on the mutant, up to ATTEMPTS times with other seeds,
 *      because a race may not happen.  The mutant is *killed* when the case
 *      fails by itself.  A crash or a time limit does not count: it would
 *      show that the mutant is bad, not that the case tests anything.
 *
 * A mutant that is marked as sound behaves in an unusual, but right way, and
 * its case must pass: it shows that the case convicts no sound driver.
 *
 * The run fails if a mutant survives.  With --all every case is run on each
 * mutant, which shows how many notice it.
 */
#include "context/subprocess.h"
#include "driver.h"
#include "history/record.h"
#include "runner/runner.h"

#include <quipu/drivers.h>

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ATTEMPTS 10

/* Has the id of the active mutant, for subprocesses of a case. */
#define VARIABLE "QUIPU_MUTANT"

static const char usage[] =
    "Usage: quipu-mutants [OPTION...] [ID...]\n"
    "Runs the conformance suite on drivers that are each broken in one way.\n"
    "A mutant is killed if the case that is meant for it fails on the mutant\n"
    "and passes on the sound driver. With IDs, runs only these mutants.\n"
    "\n"
    "  --all           then run all cases on each, and count those that fail\n"
    "  --why           print the bug behind each, and the text of the failure\n"
    "  --seed N        seed of the random numbers\n"
    "  --patience N    multiply all time limits by N\n"
    "  --help          print this text\n"
    "\n"
    "Exit status: 0 all mutants were killed, 1 some survived, 2 wrong usage.\n";

static const struct mutant_family *const families[] = {
    &mutant_family_preconditions, &mutant_family_appends,
    &mutant_family_races,         &mutant_family_reads,
    &mutant_family_stores,        &mutant_family_waits,
    &mutant_family_histories,     &mutant_family_leaks,
    &mutant_family_exits,         &mutant_family_locks,
    &mutant_family_entries,       &mutant_family_filters,
    &mutant_family_erasures,      &mutant_family_last_items,
    &mutant_family_alterations,
#ifdef QUIPU_MUTANTS_SQLITE
    &mutant_family_unsafe_sqlite, &mutant_family_durability,
    &mutant_family_segments,      &mutant_family_resources,
    &mutant_family_errors,        &mutant_family_sqlite_stores,
    &mutant_family_backups,       &mutant_family_sqlite_locks,
#endif
#ifdef QUIPU_MUTANTS_LMDB
    &mutant_family_unsafe_lmdb,   &mutant_family_lmdb_stores,
#endif
};

#define FAMILIES (sizeof(families) / sizeof(*families))

struct options {
    bool all, why;
    uint64_t seed;
    unsigned patience;
    char **ids; /* NULL-terminated */
    unsigned killed, survived;
};

/* Results of a run. */
struct tally {
    unsigned passed, failed, skipped;
    int64_t milliseconds;
    char text[160]; /* of the last case that did not pass: its first line */
};

static void add_outcome(void *context, const struct quipu_outcome *outcome)
{
    struct tally *tally = context;

    tally->milliseconds += outcome->milliseconds;
    tally->passed += outcome->verdict == QUIPU_PASSED;
    tally->skipped += outcome->verdict == QUIPU_SKIPPED;
    if (outcome->verdict != QUIPU_PASSED) {
        tally->failed += outcome->verdict == QUIPU_FAILED && !outcome->crashed;
        snprintf(tally->text, sizeof(tally->text), "%.*s",
                 (int)strcspn(outcome->text, "\n"), outcome->text);
    }
}

/* Runs cases on the store of a URI. */
static struct tally run(const struct options *options, const char *uri,
                        const char *only, unsigned attempt)
{
    struct tally tally = { 0 };
    struct quipu_run run = { .uri = uri,
                             .only = only,
                             .seed = options->seed + attempt,
                             .patience = options->patience };
    struct quipu_store store;

    if (!quipu_probe_run(&run, &store, tally.text, sizeof(tally.text))) {
        fprintf(stderr, "%s cannot be opened: %s\n", uri, tally.text);
        return tally;
    }
    quipu_runner_all(&run, &store, add_outcome, &tally);
    return tally;
}

/* Registers the active mutant's driver under a scheme. */
static void register_scheme(const char *scheme)
{
    quipu_error error;

    if (quipu_drivers_add(scheme, mutant_driver_entry, &error)) {
        fprintf(stderr, "%s: %s\n", scheme, error.message);
        exit(2);
    }
}

static void register_scheme_of(const struct mutant *mutant)
{
    char scheme[8] = "";

    for (size_t i = 0; mutant->id[i] && i + 1 < sizeof(scheme); i++) {
        scheme[i] = (char)tolower((unsigned char)mutant->id[i]);
    }
    register_scheme(scheme);
}

/* Runs a mutant's case on the sound driver.  Consecutive mutants with the same
 * case and driver share one run. */
static struct tally run_sound(const struct options *options,
                              const struct mutant *mutant)
{
    static struct tally tally;
    static const char *uri, *killer;
    const char *now = mutant->sound_uri ? mutant->sound_uri
                      : mutant->base    ? mutant->base
                                        : "reference:{dir}";

    if (!uri || strcmp(uri, now) != 0 || strcmp(killer, mutant->killer) != 0) {
        uri = now;
        killer = mutant->killer;
        mutant_driver_select(NULL);
        tally = run(options, uri, killer, 0);
    }
    return tally;
}

/* Runs cases on a mutant. */
static struct tally run_mutant(const struct options *options,
                               const struct mutant *mutant, const char *only,
                               unsigned attempt)
{
    char uri[40];
    struct tally tally;

    snprintf(uri, sizeof(uri), "%s%s", mutant->id,
             mutant->base ? strchr(mutant->base, ':') : ":{dir}");
    for (char *c = uri; *c != ':'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    if (mutant->variable) {
        setenv(mutant->variable, "1", 1);
    }
    if (!mutant->uri) {
        setenv(VARIABLE, mutant->id, 1);
    }
    mutant_driver_select(mutant);
    tally = run(options, mutant->uri ? mutant->uri : uri, only, attempt);
    if (mutant->variable) {
        unsetenv(mutant->variable);
    }
    unsetenv(VARIABLE);
    return tally;
}

static void print_why(const struct mutant *mutant, const struct tally *tally)
{
    printf("      %s\n      %s\n", mutant->bug, tally->text);
}

/* Prints and counts the result of a mutant.  One that is sound must pass. */
static void report(struct options *options, const struct mutant *mutant,
                   const struct tally *tally)
{
    bool killed = mutant->sound ? tally->passed > 0 : tally->failed > 0;
    const char *verdict = mutant->sound ? (killed ? "passes" : "CONVICTED BY")
                          : killed      ? "killed by"
                                        : "SURVIVED";

    printf("%s %-38s %s %s (%lld ms)\n", mutant->id, mutant->name, verdict,
           mutant->killer, (long long)tally->milliseconds);
    if (options->why) {
        print_why(mutant, tally);
    }
    options->killed += killed;
    options->survived += !killed;
}

static void run_case_of(struct options *options, const struct mutant *mutant)
{
    struct tally sound = run_sound(options, mutant);
    struct tally tally = { 0 };

    if (mutant->sound_uri && sound.skipped == 1) {
        printf("%s %-38s not tried: %s\n", mutant->id, mutant->name,
               sound.text);
        return;
    }
    /* The case is skipped if only the mutant declares what it needs. */
    if (sound.passed + sound.skipped != 1) {
        printf("%s %-38s SURVIVED: %s does not pass on the sound driver: %s\n",
               mutant->id, mutant->name, mutant->killer, sound.text);
        options->survived++;
        return;
    }
    for (unsigned i = 0;
         i < (mutant->sound ? 1 : ATTEMPTS) && tally.failed == 0; i++) {
        tally = run_mutant(options, mutant, mutant->killer, i);
    }
    report(options, mutant, &tally);
    (void)fflush(stdout);
}

/* Registers the mutant's scheme, runs its case and, with --all, all cases. */
static void run_one(struct options *options, const struct mutant *mutant)
{
    if (!mutant->uri) {
        mutant_driver_select(mutant);
        register_scheme_of(mutant);
    }
    run_case_of(options, mutant);
    if (options->all && !mutant->uri) {
        struct tally tally = run_mutant(options, mutant, NULL, 0);

        printf("      all cases: passed %u, failed %u\n", tally.passed,
               tally.failed);
    }
    (void)fflush(stdout);
}

/* In a subprocess that the case of a mutant has started: registers the mutant's
 * scheme, which is in the URI of the subprocess. */
static void enter_as_mutant(void)
{
    const char *id = getenv(VARIABLE);

    for (size_t i = 0; id && i < FAMILIES; i++) {
        for (size_t k = 0; k < families[i]->count; k++) {
            const struct mutant *mutant = &families[i]->mutants[k];

            if (strcmp(mutant->id, id) == 0) {
                mutant_driver_select(mutant);
                register_scheme_of(mutant);
            }
        }
    }
}

static bool is_selected(const struct options *options,
                        const struct mutant *mutant)
{
    bool selected = !*options->ids;

    for (char **id = options->ids; *id; id++) {
        selected = selected || strcasecmp(*id, mutant->id) == 0;
    }
    return selected;
}

/* M99 stands before M100. */
static int compare_ids(const void *a, const void *b)
{
    return strverscmp((*(const struct mutant *const *)a)->id,
                      (*(const struct mutant *const *)b)->id);
}

/* Stores all mutants, sorted by id, in `list`; returns their number. */
static size_t list_mutants(const struct mutant *list[], size_t room)
{
    size_t count = 0;

    for (size_t i = 0; i < FAMILIES; i++) {
        for (size_t k = 0; k < families[i]->count && count < room; k++) {
            list[count++] = &families[i]->mutants[k];
        }
    }
    qsort(list, count, sizeof(*list), compare_ids);
    return count;
}

static int run_all(struct options *options)
{
    const struct mutant *list[200] = { NULL };
    size_t count = list_mutants(list, sizeof(list) / sizeof(*list));

    mutant_driver_select(NULL);
    register_scheme("reference");
    for (size_t i = 0; i < count; i++) {
        if (is_selected(options, list[i])) {
            run_one(options, list[i]);
        }
    }
    printf("mutants: %u killed, %u survived\n", options->killed,
           options->survived);
    return options->survived == 0 && options->killed > 0 ? EXIT_SUCCESS
                                                         : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static const struct option long_options[] = {
        { "all", no_argument, NULL, 'a' },
        { "why", no_argument, NULL, 'w' },
        { "seed", required_argument, NULL, 's' },
        { "patience", required_argument, NULL, 'p' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    struct options options = { .seed = (uint64_t)time(NULL),
                               .patience = QUIPU_USUAL_PATIENCE };
    int c;

    enter_as_mutant();
    quipu_subprocess_enter(quipu_subprocess_jobs);
    while ((c = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        switch (c) {
        case 'a':
            options.all = true;
            break;
        case 'w':
            options.why = true;
            break;
        case 's':
            options.seed = strtoull(optarg, NULL, 10);
            break;
        case 'p':
            options.patience = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    options.ids = argv + optind;
    setenv(QUIPU_RECORD_FOLDER_VARIABLE, "",
           0); /* each run finds violations on purpose: keep none */
    options.patience = options.patience > 0 ? options.patience : 1;
    mutant_patience = options.patience;
    return run_all(&options);
}
