/* SPDX-License-Identifier: Apache-2.0 */
/* quipu-bench: parses the arguments and runs the benchmarks that they name. */
#include "benchmark.h"
#include "child.h"
#include "fail.h"
#include "figure.h"
#include "store.h"
#include "workspace.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 5

static const char usage[] =
    "usage: quipu-bench [OPTION...] [URI|PATTERN...]\n"
    "\n"
    "Runs the benchmarks whose name (\"sqlite.append.1\") contains a PATTERN, "
    "or\n"
    "all without one.  A URI selects its driver and where the stores are "
    "made:\n"
    "a folder, as in sqlite:////mnt/disk or lmdb:////mnt/disk, or a server.\n"
    "\n"
    "  --json FILE    also write the figures to FILE, as JSON Lines\n"
    "  --plot FILE    also draw the ratios of rates to FILE, as SVG\n"
    "  --rounds N     number of rounds whose median is reported (default: 5)\n"
    "  --growth N     measure stores that grow from 10^4 to N items instead\n"
    "  --peers URI    measure quipu beside message-db instead, which is\n"
    "                 installed in the database of URI; deletes its messages\n"
    "  --list         list the names of the benchmarks\n"
    "\n"
    "The PostgreSQL server is that of its URI, or of QUIPU_TEST_POSTGRES, "
    "which\n"
    "tests/postgres/with-cluster sets; without either the benchmarks of\n"
    "PostgreSQL are skipped.\n";

struct choice {
    size_t rounds;
    size_t growth; /* items of the largest store; 0: run the benchmarks */
    bool list;
    const char *folder;
    const char *server;
    const char *peers; /* URI of the database of message-db, or NULL */
    struct benchmark_selection selection;
};

static size_t number(const char *text)
{
    char *end = NULL;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value == 0) {
        bench_fail(text, "is not a number above 0");
    }
    return (size_t)value;
}

/* Adds a pattern, or a URI, which selects its driver and the place of its
 * stores. */
static void add_argument(struct choice *choice, const char *argument)
{
    static const char *const in_folders[] = { "sqlite", "lmdb" };
    struct benchmark_selection *selection = &choice->selection;
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
    if (selection->count ==
        sizeof(selection->patterns) / sizeof(selection->patterns[0])) {
        bench_fail(argument, "is one argument too many");
    }
    selection->patterns[selection->count++] = pattern;
}

static void read_arguments(struct choice *choice, int argc, char **argv)
{
    static const struct option options[] = {
        { "json", required_argument, NULL, 'j' },
        { "plot", required_argument, NULL, 'P' },
        { "rounds", required_argument, NULL, 'r' },
        { "growth", required_argument, NULL, 'g' },
        { "peers", required_argument, NULL, 'p' },
        { "list", no_argument, NULL, 'l' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'j':
            bench_figure_open_file(optarg);
            break;
        case 'P':
            bench_plot_open_file(optarg);
            break;
        case 'r':
            choice->rounds = number(optarg);
            break;
        case 'g':
            choice->growth = number(optarg);
            break;
        case 'p':
            choice->peers = optarg;
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
    if (choice->rounds > MEASURE_ROUNDS_MAX) {
        bench_fail("--rounds",
                   "is larger than the 32 rounds that are possible");
    }
}

static void measure_all(const struct choice *choice,
                        const struct bench_driver *driver,
                        const struct bench_workspace *workspace)
{
    for (size_t i = 0; i < benchmark_count; i++) {
        if (benchmark_selected(&choice->selection, driver->name,
                               benchmark_list[i].name)) {
            bench_comparison_run(&benchmark_list[i], driver, workspace,
                                 choice->rounds);
        }
    }
    bench_group_run(&choice->selection, driver, workspace, choice->rounds);
    bench_consumers_run(&choice->selection, driver, workspace, choice->rounds);
#ifdef BENCH_SEALING
    bench_sealing_run(&choice->selection, driver, workspace, choice->rounds);
#endif
}

static void list_names(const struct bench_driver *driver,
                       const char *const *names)
{
    for (size_t i = 0; names[i]; i++) {
        (void)printf("%s.%s\n", driver->name, names[i]);
    }
}

static void list(void)
{
    for (size_t i = 0; bench_store_drivers[i]; i++) {
        const struct bench_driver *driver = bench_store_drivers[i];

        for (size_t j = 0; j < benchmark_count; j++) {
            (void)printf("%s.%s\n", driver->name, benchmark_list[j].name);
        }
        (void)printf("%s.append.1.group.N\n", driver->name);
        list_names(driver, bench_consumers_names);
#ifdef BENCH_SEALING
        list_names(driver, bench_sealing_names);
#endif
    }
#ifdef BENCH_SEALING
    list_names(&bench_mapper, bench_sealing_names);
#endif
}

static bool selects_any(const struct choice *choice,
                        const struct bench_driver *driver,
                        const char *const *names)
{
    bool selected = false;

    for (size_t i = 0; names[i]; i++) {
        selected = selected || benchmark_selected(&choice->selection,
                                                  driver->name, names[i]);
    }
    return selected;
}

/* Returns true if any benchmark of the driver is selected. */
static bool is_selected(const struct choice *choice,
                        const struct bench_driver *driver)
{
    const char *more = choice->growth > 0 ? "growth" : "append.1.group.";
    bool selected = benchmark_selected(&choice->selection, driver->name, more);

    if (choice->growth > 0) {
        return selected;
    }
    for (size_t i = 0; i < benchmark_count; i++) {
        selected =
            selected || benchmark_selected(&choice->selection, driver->name,
                                           benchmark_list[i].name);
    }
#ifdef BENCH_SEALING
    selected = selected || selects_any(choice, driver, bench_sealing_names);
#endif
    return selected || selects_any(choice, driver, bench_consumers_names);
}

struct run {
    struct choice choice;
    struct bench_workspace workspace;
};

static void measure_peers(const struct run *run)
{
#ifdef BENCH_POSTGRES
    if (run->workspace.server) {
        bench_peers_run(run->choice.peers, &run->workspace, run->choice.rounds);
        return;
    }
#endif
    (void)run;
    bench_fail("--peers", "no PostgreSQL server is given by a URI or by "
                          "QUIPU_TEST_POSTGRES, or its driver is not built");
}

static void measure_drivers(const struct run *run)
{
    for (size_t i = 0; bench_store_drivers[i]; i++) {
        const struct bench_driver *driver = bench_store_drivers[i];
        if (!is_selected(&run->choice, driver)) {
            continue;
        }
        if (driver->on_server && !run->workspace.server) {
            (void)fprintf(
                stderr,
                "quipu-bench: %s is skipped: no server is given by a URI "
                "or by QUIPU_TEST_POSTGRES\n",
                driver->name);
        } else if (run->choice.growth > 0) {
            bench_growth_run(driver, &run->workspace, run->choice.growth);
        } else {
            measure_all(&run->choice, driver, &run->workspace);
        }
    }
#ifdef BENCH_SEALING
    if (run->choice.growth == 0) {
        bench_sealing_run(&run->choice.selection, &bench_mapper,
                          &run->workspace, run->choice.rounds);
    }
#endif
}

static void measure(void *context)
{
    const struct run *run = context;
    if (run->choice.peers) {
        measure_peers(run);
    } else {
        measure_drivers(run);
    }
    bench_plot_finish();
}

static void clean_up(void *context)
{
    struct run *run = context;
    bench_workspace_remove(&run->workspace);
}

int main(int argc, char **argv)
{
    static struct run run = { .choice = { .rounds = ROUNDS, .folder = "." } };
    run.choice.server = getenv("QUIPU_TEST_POSTGRES");
    read_arguments(&run.choice, argc, argv);
    if (run.choice.list) {
        list();
        return EXIT_SUCCESS;
    }
    bench_child_block_signals();
    bench_workspace_make(&run.workspace, run.choice.folder, run.choice.server);
    return bench_child_run(measure, &run, clean_up);
}
