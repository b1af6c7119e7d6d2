/* SPDX-License-Identifier: Apache-2.0 */
/* acceptance [--short] [TEST...] [DRIVER...]: runs the tests, and prints a line
 * for each. */
#include "acceptance.h"
#include "context/folder.h"
#include "power.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

enum { SKIPPED = 77 };

static const struct acceptance_test *const tests[] = {
    &acceptance_kill_points, &acceptance_runners,  &acceptance_filters,
    &acceptance_groups,      &acceptance_parking,  &acceptance_failures,
    &acceptance_restored,    &acceptance_stops,    &acceptance_growth,
    &acceptance_races,       &acceptance_timers,   &acceptance_histories,
    &acceptance_gets,
#if QUIPU_SEALING
    &acceptance_tampering,   &acceptance_repeats,  &acceptance_forgetting,
    &acceptance_files,       &acceptance_vaults,
#endif
    &acceptance_canaries,    &acceptance_erasures, &acceptance_copies,
    &acceptance_kills,       &acceptance_power,
};
enum { TESTS = sizeof(tests) / sizeof(*tests) };

static const struct model *const models[] = { &model_sqlite, &model_lmdb,
                                              &model_postgres };
enum { MODELS = sizeof(models) / sizeof(*models) };

/* ---------------------------------------------------------------- helpers */

void acceptance_note(struct acceptance *run, const char *format, ...)
{
    size_t used = strlen(run->counts);
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(run->counts + used, sizeof(run->counts) - used, format,
                    arguments);
    va_end(arguments);
}

void acceptance_skip(struct acceptance *run, const char *reason)
{
    run->is_skipped = true;
    acceptance_note(run, "%s", reason);
    _exit(0);
}

void acceptance_step(quipu_projection *projection, bool *caught_up,
                     int64_t *failures)
{
    quipu_error error;
    int status = quipu_projection_step(projection, caught_up, &error);

    if (status == QUIPU_BUSY || status == QUIPU_IO || status == QUIPU_TIMEOUT ||
        status == QUIPU_UNKNOWN_OUTCOME) {
        *caught_up = false;
        *failures += 1;
    } else {
        assert_ok(status, &error);
    }
}

int64_t acceptance_catch_up(quipu_projection *projection)
{
    bool caught_up = false;
    int64_t failures = 0;

    while (!caught_up) {
        acceptance_step(projection, &caught_up, &failures);
    }
    return failures;
}

void acceptance_fill(const struct acceptance *run, const char *label,
                     const char *options, int64_t events, int sequences,
                     char name[96])
{
    struct opened_log log;

    run->model->prepare(label, options, name);
    open_log(&log, name);
    log.sequences = sequences;
    fill_log(&log, events);
    close_log(&log);
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

int64_t acceptance_quantile(int64_t *values, size_t count, double share)
{
    qsort(values, count, sizeof(*values), compare);
    return values[(size_t)((double)(count - 1) * share)];
}

/* ---------------------------------------------------------------- running */

/* The child process of a test. */
struct child {
    const struct acceptance_test *test;
    struct acceptance *run;
    const char *folder;
};

static void run_child(void *context)
{
    const struct child *child = context;

    assert_int_equal(chdir(child->folder), 0);
    add_interposed(child->run->model->driver);
    child->test->run(child->run);
}

/* Runs a test, and prints its line.  Returns whether it has passed. */
static bool run_and_print(const struct acceptance_test *test,
                          const struct model *model, bool is_short)
{
    struct acceptance *run = process_share(sizeof(*run));
    int64_t begin = process_now();
    char folder[300];
    int status = 0;

    run->model = model;
    run->is_short = is_short;
    (void)snprintf(folder, sizeof(folder), "%s/quipu-acceptance-XXXXXX",
                   quipu_folder_parent());
    assert_non_null(mkdtemp(folder));
    struct child child = { .test = test, .run = run, .folder = folder };
    pid_t process = process_start(run_child, &child);

    assert_int_equal(waitpid(process, &status, 0), process);
    quipu_folder_remove(folder);
    bool passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;

    (void)printf("%-5s %-8s %s: %s (%.1f s)\n", test->name, model->driver,
                 !passed           ? "FAILED"
                 : run->is_skipped ? "skipped"
                                   : "ok",
                 run->counts, (double)(process_now() - begin) / 1e6);
    (void)fflush(stdout);
    return passed;
}

/* -------------------------------------------------------------- arguments */

struct choice {
    bool tests[TESTS];
    bool models[MODELS];
    bool has_tests;
    bool has_models;
    bool is_short;
};

static void print_help(FILE *to)
{
    (void)fprintf(to, "usage: acceptance [--short] [TEST...] [DRIVER...]\n\n");
    for (size_t i = 0; i < TESTS; i++) {
        (void)fprintf(to, "  %-6s %s%s\n", tests[i]->name, tests[i]->title,
                      tests[i]->has_short ? "" : " (not with --short)");
    }
    (void)fprintf(to, "\ndrivers: sqlite, lmdb, postgres, which needs "
                      "tests/postgres/with-cluster\n");
}

static bool choose(struct choice *choice, const char *word)
{
    bool found = false;

    if (strcmp(word, "--short") == 0) {
        return choice->is_short = true;
    }
    for (size_t i = 0; i < TESTS; i++) {
        if (strcmp(word, tests[i]->name) == 0) { /* C4 has two parts */
            choice->tests[i] = found = choice->has_tests = true;
        }
    }
    if (found) {
        return true;
    }
    for (size_t i = 0; i < MODELS; i++) {
        if (strcmp(word, models[i]->driver) == 0) {
            return choice->models[i] = choice->has_models = true;
        }
    }
    return false;
}

static bool is_chosen(const struct choice *choice, size_t test, size_t model)
{
    return (choice->tests[test] || !choice->has_tests) &&
           (choice->models[model] || !choice->has_models) &&
           (tests[test]->has_short || !choice->is_short);
}

int main(int argc, char **argv)
{
    struct choice choice = { .is_short = false };
    int failed = 0;

    power_enter();
    for (int i = 1; i < argc; i++) {
        if (!choose(&choice, argv[i])) {
            print_help(strcmp(argv[i], "--help") == 0 ? stdout : stderr);
            return strcmp(argv[i], "--help") == 0 ? 0 : 2;
        }
    }
    for (size_t test = 0; test < TESTS; test++) {
        for (size_t model = 0; model < MODELS; model++) {
            if (is_chosen(&choice, test, model)) {
                failed +=
                    !run_and_print(tests[test], models[model], choice.is_short);
            }
        }
    }
    (void)printf("%d failed\n", failed);
    return failed > 0;
}
