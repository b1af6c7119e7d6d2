/* SPDX-License-Identifier: Apache-2.0 */
/* quipu-bench: reads its arguments and measures what they name. */
#include "bench.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 5
#define PATTERNS_MAX 32

static const char usage[] =
    "usage: quipu-bench [OPTION...] [URI|PATTERN...]\n"
    "\n"
    "Measures all whose name (\"sqlite.append.1\") contains a PATTERN; a "
    "driver's\n"
    "name is one.  A URI says where the stores of its driver are made: a "
    "folder,\n"
    "as in sqlite:////mnt/disk or lmdb:////mnt/disk, or a server.\n"
    "\n"
    "  --json FILE    write the figures as lines of JSON, too\n"
    "  --rounds N     of which the medians are told, default 5\n"
    "  --growth N     measure stores that grow from 10^4 to N items, instead\n"
    "  --list         the names of what there is to measure\n"
    "\n"
    "PostgreSQL's server is that of its URI or of QUIPU_TEST_POSTGRES, which\n"
    "tests/postgres/with-cluster sets; without one it is left out.\n";

struct choice {
    size_t rounds;
    size_t growth; /* 0: no */
    bool list;
    const char *folder;
    const char *server;
    const char *patterns[PATTERNS_MAX];
    size_t pattern_count;
};

static size_t number(const char *text)
{
    char *end = NULL;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value == 0) {
        bench_die(text, "is no number");
    }
    return (size_t)value;
}

/* A URI chooses its driver, and where its stores are made. */
static void add_argument(struct choice *choice, const char *argument)
{
    static const char *const in_folders[] = { "sqlite", "lmdb" };
    const char *pattern = argument;
    const char *body = strchr(argument, ':');
    if (body && strncmp(argument, "postgres", 8) == 0) {
        choice->server = argument;
        pattern = "postgres.";
    }
    for (size_t i = 0; body && i < 2; i++) {
        if (strncmp(argument, in_folders[i], strlen(in_folders[i])) == 0 &&
            strncmp(body, ":///", 4) == 0) {
            choice->folder = body + 4;
            pattern = in_folders[i];
        }
    }
    if (choice->pattern_count == PATTERNS_MAX) {
        bench_die(argument, "is one argument too many");
    }
    choice->patterns[choice->pattern_count++] = pattern;
}

static void read_arguments(struct choice *choice, int argc, char **argv)
{
    static const struct option options[] = {
        { "json", required_argument, NULL, 'j' },
        { "rounds", required_argument, NULL, 'r' },
        { "growth", required_argument, NULL, 'g' },
        { "list", no_argument, NULL, 'l' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'j':
            bench_report_to(optarg);
            break;
        case 'r':
            choice->rounds = number(optarg);
            break;
        case 'g':
            choice->growth = number(optarg);
            break;
        case 'l':
            choice->list = true;
            break;
        default:
            (void)fputs(usage, option == 'h' ? stdout : stderr);
            exit(option == 'h' ? EXIT_SUCCESS : 2);
        }
    }
    for (int i = optind; i < argc; i++) {
        add_argument(choice, argv[i]);
    }
    if (choice->rounds > BENCH_ROUNDS_MAX) {
        bench_die("--rounds", "is too large");
    }
}

static void measure_all(const struct choice *choice,
                        const struct bench_driver *driver,
                        const struct bench_place *place)
{
    for (size_t i = 0; i < bench_work_count; i++) {
        if (bench_wanted(driver->name, bench_works[i].name, choice->patterns,
                         choice->pattern_count)) {
            bench_measure(&bench_works[i], driver, place, choice->rounds);
        }
    }
    bench_groups(driver, place, choice->rounds, choice->patterns,
                 choice->pattern_count);
}

static void list(const struct bench_driver *driver)
{
    for (size_t i = 0; i < bench_work_count; i++) {
        (void)printf("%s.%s\n", driver->name, bench_works[i].name);
    }
    (void)printf("%s.append.1.group.N\n", driver->name);
}

/* Whether there is anything of a driver to measure. */
static bool has_wanted(const struct choice *choice,
                       const struct bench_driver *driver)
{
    const char *more = choice->growth > 0 ? "growth" : "append.1.group.";
    bool wanted = bench_wanted(driver->name, more, choice->patterns,
                               choice->pattern_count);
    for (size_t i = 0; choice->growth == 0 && i < bench_work_count; i++) {
        wanted =
            wanted || bench_wanted(driver->name, bench_works[i].name,
                                   choice->patterns, choice->pattern_count);
    }
    return wanted;
}

struct run {
    struct choice choice;
    struct bench_place place;
};

static void measure(void *context)
{
    const struct run *run = context;
    for (size_t i = 0; bench_drivers[i]; i++) {
        const struct bench_driver *driver = bench_drivers[i];
        if (!has_wanted(&run->choice, driver)) {
            continue;
        }
        if (driver->on_server && !run->place.server) {
            (void)fprintf(stderr, "quipu-bench: %s is left out: no server\n",
                          driver->name);
        } else if (run->choice.growth > 0) {
            bench_growth(driver, &run->place, run->choice.growth);
        } else {
            measure_all(&run->choice, driver, &run->place);
        }
    }
}

static void clear(void *context)
{
    struct run *run = context;
    bench_place_clear(&run->place);
}

int main(int argc, char **argv)
{
    static struct run run = { .choice = { .rounds = ROUNDS, .folder = "." } };
    run.choice.server = getenv("QUIPU_TEST_POSTGRES");
    read_arguments(&run.choice, argc, argv);
    for (size_t i = 0; run.choice.list && bench_drivers[i]; i++) {
        list(bench_drivers[i]);
    }
    if (run.choice.list) {
        return EXIT_SUCCESS;
    }
    bench_hold_signals();
    bench_place_make(&run.place, run.choice.folder, run.choice.server);
    return bench_supervise(measure, &run, clear);
}
