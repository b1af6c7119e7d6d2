/* SPDX-License-Identifier: Apache-2.0 */
/* quipu-mutants: proves that the suite sees. */
#include "context/subprocess.h"
#include "driver.h"
#include "history/folder.h"
#include "runner/runner.h"

#include <quipu/drivers.h>

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ATTEMPTS 10 /* a race may pass a mutant over */

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
    &mutant_family_preconditions, &mutant_family_appends,
    &mutant_family_races,         &mutant_family_reads,
    &mutant_family_stores,        &mutant_family_waits,
    &mutant_family_histories,     &mutant_family_leaks,
#ifdef QUIPU_MUTANTS_SQLITE
    &mutant_family_unsafe_sqlite, &mutant_family_durability,
#endif
#ifdef QUIPU_MUTANTS_LMDB
    &mutant_family_unsafe_lmdb,
#endif
};

#define FAMILIES (sizeof(families) / sizeof(*families))

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
    char text[160]; /* of the last that did not pass, its first line */
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
    if (outcome->verdict != QUIPU_PASSED) {
        tally->failed +=
            outcome->verdict == QUIPU_FAILED && !is_accident(outcome);
        snprintf(tally->text, sizeof(tally->text), "%.*s",
                 (int)strcspn(outcome->text, "\n"), outcome->text);
    }
}

/* Runs cases on what stands behind the URI. */
static struct tally run(const struct wish *wish, const char *uri,
                        const char *only, unsigned attempt)
{
    struct tally tally = { 0 };
    struct quipu_run run = { .uri = uri,
                             .only = only,
                             .seed = wish->seed + attempt,
                             .patience = wish->patience };
    struct quipu_store store;

    if (!quipu_probe_run(&run, &store, tally.text, sizeof(tally.text))) {
        fprintf(stderr, "%s cannot be opened: %s\n", uri, tally.text);
        return tally;
    }
    quipu_runner_all(&run, &store, hear, &tally);
    return tally;
}

/* Makes what is played the driver of a scheme. */
static void add(const char *scheme)
{
    quipu_error error;

    if (quipu_drivers_add(scheme, mutant_driver_entry, &error)) {
        fprintf(stderr, "%s: %s\n", scheme, error.message);
        exit(2);
    }
}

/* Runs the case where nothing is wrong; once only for several in a row. */
static struct tally run_sound(const struct wish *wish,
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
        tally = run(wish, uri, killer, 0);
    }
    return tally;
}

/* Runs cases on the mutant. */
static struct tally run_mutant(const struct wish *wish,
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
    mutant_driver_select(mutant);
    tally = run(wish, mutant->uri ? mutant->uri : uri, only, attempt);
    if (mutant->variable) {
        unsetenv(mutant->variable);
    }
    return tally;
}

static void tell_why(const struct mutant *mutant, const struct tally *tally)
{
    printf("      %s\n      %s\n", mutant->bug, tally->text);
}

/* Says what became of it, and counts it. */
static void judge(struct wish *wish, const struct mutant *mutant,
                  const struct tally *tally)
{
    bool killed = tally->failed > 0;

    printf("%s %-38s %s %s (%lld ms)\n", mutant->id, mutant->name,
           killed ? "killed by" : "SURVIVED", mutant->killer,
           (long long)tally->milliseconds);
    if (wish->why) {
        tell_why(mutant, tally);
    }
    wish->killed += killed;
    wish->survived += !killed;
}

static void try(struct wish *wish, const struct mutant *mutant)
{
    struct tally sound = run_sound(wish, mutant);
    struct tally tally = { 0 };

    if (mutant->sound_uri && sound.skipped == 1) {
        printf("%s %-38s not tried: %s\n", mutant->id, mutant->name,
               sound.text);
        return;
    }
    /* Skipped is right where the mutant claims what the reference does not. */
    if (sound.passed + sound.skipped != 1) {
        printf("%s %-38s SURVIVED: without it %s does not pass: %s\n",
               mutant->id, mutant->name, mutant->killer, sound.text);
        wish->survived++;
        return;
    }
    for (unsigned i = 0; i < ATTEMPTS && tally.failed == 0; i++) {
        tally = run_mutant(wish, mutant, mutant->killer, i);
    }
    judge(wish, mutant, &tally);
    (void)fflush(stdout);
}

/* The mutant's scheme, and all cases if they are wished for. */
static void try_as_wished(struct wish *wish, const struct mutant *mutant)
{
    char scheme[8] = "";

    if (!mutant->uri) {
        for (size_t i = 0; mutant->id[i] && i + 1 < sizeof(scheme); i++) {
            scheme[i] = (char)tolower((unsigned char)mutant->id[i]);
        }
        mutant_driver_select(mutant);
        add(scheme);
    }
    try(wish, mutant);
    if (wish->all && !mutant->uri) {
        struct tally tally = run_mutant(wish, mutant, NULL, 0);

        printf("      all cases: passed %u, failed %u\n", tally.passed,
               tally.failed);
    }
    (void)fflush(stdout);
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
    qsort(list, count, sizeof(*list), compare_ids);
    return count;
}

static int try_all(struct wish *wish)
{
    const struct mutant *list[100] = { NULL };
    size_t count = gather(list, sizeof(list) / sizeof(*list));

    mutant_driver_select(NULL);
    add("reference");
    for (size_t i = 0; i < count; i++) {
        if (is_wished(wish, list[i])) {
            try_as_wished(wish, list[i]);
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

    quipu_subprocess_enter();
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
    setenv(QUIPU_HISTORY_FOLDER_VARIABLE, "",
           0); /* each convicts; none is kept */
    wish.patience = wish.patience > 0 ? wish.patience : 1;
    mutant_patience = wish.patience;
    return try_all(&wish);
}
