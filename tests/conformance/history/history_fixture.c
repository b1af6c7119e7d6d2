/* SPDX-License-Identifier: Apache-2.0 */
/* Histories that tests write by hand. */
#include "quipu_test.h"

#include "history_fixture.h"

#include "history/violation_report.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char *report, *timeline; /* of the last history that was checked */

static FILE *create(const char *path)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs("quipu-history 1\n", file);
    return file;
}

void history_write(const char *const sessions[])
{
    FILE *file;

    history_remove();
    assert_int_equal(mkdir("history", 0777), 0);
    file = create("history/run");
    fputs("workload by-hand\nstore memory:\nseed 1\nwake 1000\n", file);
    fclose(file);
    for (unsigned i = 0; sessions[i]; i++) {
        char path[40];

        snprintf(path, sizeof(path), "history/session-%u", i + 1);
        file = create(path);
        fprintf(file, "session %u process %u\n%s", i + 1, i, sessions[i]);
        fclose(file);
    }
}

void history_remove(void)
{
    char path[40];

    for (unsigned i = 1; i < 10; i++) {
        snprintf(path, sizeof(path), "history/session-%u", i);
        unlink(path);
    }
    unlink("history/run");
    rmdir("history");
}

/* Every violation that a test causes can be reported. */
static void write_reports(const struct quipu_history *history,
                          const struct quipu_violations *violations)
{
    char *text = NULL, *lines = NULL;
    size_t sizes[2];
    FILE *files[] = { open_memstream(&text, &sizes[0]),
                      open_memstream(&lines, &sizes[1]) };

    assert_non_null(files[0]);
    assert_non_null(files[1]);
    quipu_history_violation_report_text(history, violations, files[0]);
    quipu_history_violation_report_timeline(history, violations, files[1]);
    fclose(files[0]);
    fclose(files[1]);
    assert_true((violations->total > 0) == (*text != '\0'));
    free(report);
    report = text;
    free(timeline);
    timeline = lines;
}

const char *history_report(void)
{
    return report;
}

const char *history_timeline(void)
{
    return timeline;
}

void history_check(const char *const sessions[],
                   struct quipu_violations *violations)
{
    struct quipu_history history;

    history_write(sessions);
    if (!quipu_history_load(&history, "history")) {
        print_error("%s\n", history.problem);
        fail();
    }
    quipu_history_checker_run(&history, violations);
    write_reports(&history, violations);
    quipu_history_finish(&history);
    history_remove();
}

void assert_violates_of(const char *const sessions[], int kind,
                        const char *part, const char *file, int line)
{
    static struct quipu_violations violations;

    history_check(sessions, &violations);
    if (violations.counts[kind] == 0 ||
        violations.counts[kind] != violations.total) {
        print_error("%zu violations, %zu of %s\n%s", violations.total,
                    violations.counts[kind],
                    quipu_history_violations_name(kind), report);
        quipu_test_fail(file, line);
    }
    quipu_test_contains(violations.at[kind][0].text, part, file, line);
}

void assert_legal_of(const char *const sessions[], const char *file, int line)
{
    static struct quipu_violations violations;

    history_check(sessions, &violations);
    if (violations.total > 0) {
        print_error("%s", report);
        quipu_test_fail(file, line);
    }
}
