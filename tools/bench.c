/* SPDX-License-Identifier: Apache-2.0 */
/* quipu bench: how fast a store is, here, for this user. */
#include "bench.h"
#include "interrupt.h"
#include "output.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SECONDS 1.0 /* for each figure, unless --seconds says otherwise */

/* The first is what the others are compared with. */
static const struct bench_step steps[] = {
    { "append", 1, 1, quipu_tool_bench_append },
    { "append", 1, 10, quipu_tool_bench_append },
    { "append", 1, 100, quipu_tool_bench_append },
    { "append", 2, 1, quipu_tool_bench_append },
    { "append", 4, 1, quipu_tool_bench_append },
    { "append", 8, 1, quipu_tool_bench_append },
    { "append", 16, 1, quipu_tool_bench_append },
    { "replay", 1, BENCH_SEQUENCE, quipu_tool_bench_replay },
    { "scan", 1, 1000, quipu_tool_bench_scan },
};

/* ------------------------------------------------------------- results */

static double rate_of(const struct bench_result *result)
{
    return (double)result->times.count / result->seconds;
}

/* Processes that want a processor, the mean of the last minute. */
static double load(void)
{
    double mean = 0;

    return getloadavg(&mean, 1) == 1 ? mean : 0;
}

/* How many times the items of appending one by one; 0: no append. */
static double gain_of(const struct bench *bench, const struct bench_step *step,
                      const struct bench_result *result)
{
    return step->operate == quipu_tool_bench_append
               ? rate_of(result) * (double)step->items / bench->single
               : 0;
}

static void print_json(const struct bench *bench, const struct bench_step *step,
                       const struct bench_result *result)
{
    const struct bench_times *times = &result->times;
    const double gain = gain_of(bench, step, result);
    const double rate = rate_of(result);
    json_t *line = json_object();

    quipu_tool_json_set(line, "work", json_string(step->work));
    quipu_tool_json_set(line, "threads",
                        json_integer((json_int_t)step->threads));
    quipu_tool_json_set(line, "items", json_integer((json_int_t)step->items));
    quipu_tool_json_set(line, "operations", json_integer(times->count));
    quipu_tool_json_set(line, "seconds", json_real(result->seconds));
    quipu_tool_json_set(line, "operations_per_second", json_real(rate));
    quipu_tool_json_set(line, "items_per_second",
                        json_real(rate * (double)step->items));
    quipu_tool_json_set(line, "gain", gain > 0 ? json_real(gain) : json_null());
    quipu_tool_json_set(line, "p50_ns",
                        json_integer(quipu_tool_bench_percentile(times, 50)));
    quipu_tool_json_set(line, "p99_ns",
                        json_integer(quipu_tool_bench_percentile(times, 99)));
    quipu_tool_json_set(line, "longest_ns", json_integer(times->longest));
    quipu_tool_json_set(line, "load", json_real(load()));
    quipu_tool_json_line(line);
}

static double milliseconds(int64_t nanoseconds)
{
    return (double)nanoseconds / 1e6;
}

/* Each line as soon as it is measured; so the widths are fixed. */
static void print_row(const struct bench *bench, const struct bench_step *step,
                      const struct bench_result *result)
{
    const struct bench_times *times = &result->times;
    const double gain = gain_of(bench, step, result);
    const double rate = rate_of(result);
    char gained[16] = "";

    if (gain > 0) {
        snprintf(gained, sizeof(gained), "%.1f", gain);
    }
    printf("%-6s  %7zu  %9zu  %10.0f  %10.0f  %6s  %9.3f  %9.3f  %9.3f\n",
           step->work, step->threads, step->items, rate,
           rate * (double)step->items, gained,
           milliseconds(quipu_tool_bench_percentile(times, 50)),
           milliseconds(quipu_tool_bench_percentile(times, 99)),
           milliseconds(times->longest));
    (void)fflush(stdout);
}

static void print_head(const quipu_datastore_info *info)
{
    struct text safe = { 0 };

    quipu_tool_text_safe(&safe, info->uri, quipu_bytes_of_text(info->uri).size);
    printf("%s: %s %s, %s, durability=%s\n", quipu_tool_text(&safe),
           info->driver, info->driver_version, info->library,
           info->relaxed ? "relaxed" : "full");
    printf("load average %.2f on %ld processors\n\n", load(),
           sysconf(_SC_NPROCESSORS_ONLN));
    printf("%-6s  %7s  %9s  %10s  %10s  %6s  %9s  %9s  %9s\n", "", "",
           "items an", "operations", "items", "", "p50", "p99", "longest");
    printf("%-6s  %7s  %9s  %10s  %10s  %6s  %9s  %9s  %9s\n", "work",
           "threads", "operation", "a second", "a second", "gain", "ms", "ms",
           "ms");
    quipu_tool_text_free(&safe);
}

/* --------------------------------------------------------------- measuring */

static int measure_all(const struct args *args, struct bench *bench,
                       quipu_error *error)
{
    struct bench_result *result = quipu_tool_allocate(1, sizeof(*result));
    int status = QUIPU_OK;

    for (size_t i = 0;
         status == QUIPU_OK && i < sizeof(steps) / sizeof(*steps) &&
         !quipu_tool_interrupted();
         i++) {
        status = quipu_tool_bench_measure(bench, &steps[i], result, error);
        if (status == QUIPU_OK && !quipu_tool_interrupted()) {
            bench->single = i == 0 ? rate_of(result) : bench->single;
            (args->json ? print_json : print_row)(bench, &steps[i], result);
        }
    }
    free(result);
    return status;
}

/* A schema of its own, which no other can be, is made and removed. */
static int measure_in_schema(const struct args *args,
                             quipu_datastore *datastore, quipu_error *error)
{
    struct bench *bench = quipu_tool_allocate(1, sizeof(*bench));
    char table[BENCH_TABLE_SIZE];
    quipu_error removing;
    quipu_schema schema;
    int status;

    quipu_tool_bench_table(table);
    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.table = table;
    bench->seconds =
        (args->given & OPTION_SECONDS) != 0 ? args->seconds : SECONDS;
    status = quipu_datastore_setup(datastore, &schema, error);
    if (status == QUIPU_OK) {
        status = quipu_records_open(datastore, &schema, &bench->records, error);
        if (status == QUIPU_OK) {
            status = measure_all(args, bench, error);
            quipu_records_close(bench->records, NULL);
        }
        if (quipu_tool_bench_teardown(datastore, table, &removing) !=
            QUIPU_OK) {
            fprintf(stderr, "quipu: the schema '%s' was not removed:\n", table);
            status = status == QUIPU_OK ? removing.code : status;
            *error = removing;
        }
    }
    free(bench);
    return status;
}

static int measure(const struct args *args, quipu_datastore *datastore,
                   quipu_error *error)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    int status = quipu_datastore_describe(datastore, &info, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (info.readonly) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "a store that is opened with readonly=yes "
                               "cannot be measured: appending is part of it");
    }
    if (!quipu_tool_interrupt_init(datastore)) {
        return quipu_error_set(error, QUIPU_INTERNAL, "cannot start a thread");
    }
    if (!args->json) {
        print_head(&info);
    }
    status = quipu_tool_bench_sweep(datastore, error);
    if (status == QUIPU_OK) {
        status = measure_in_schema(args, datastore, error);
    }
    quipu_tool_interrupt_finish();
    return status;
}

static enum outcome run(const struct args *args)
{
    quipu_datastore *datastore = NULL;
    enum outcome outcome = DONE;
    quipu_error error;

    if (quipu_datastore_open(args->uri, NULL, &datastore, &error) != QUIPU_OK) {
        return quipu_tool_fail(&error);
    }
    if (measure(args, datastore, &error) != QUIPU_OK) {
        outcome = quipu_tool_fail(&error);
    }
    if (quipu_datastore_close(datastore, &error) != QUIPU_OK) {
        outcome = quipu_tool_fail(&error);
    }
    return outcome;
}

const struct command quipu_tool_bench = {
    .name = "bench",
    .arguments = "URI",
    .summary = "measure how fast a store is",
    .help =
        "Measures appends of 1, 10 and 100 items a commit, appends of 1 to 16\n"
        "threads, which share commits (unless the URI has group=1), replays\n"
        "of sequences of 100 items, and reading the log 1000 items at a time.\n"
        "Percentiles are of the time that one operation took its caller; the\n"
        "gain is in items, over appending one by one. The items have states\n"
        "of 200 bytes; they are stored in a schema that is made for the\n"
        "purpose and removed at the end.",
    .argument_count = 1,
    .options = OPTION_SECONDS | OPTION_JSON | OPTION_HELP,
    .run = run,
};
