/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quipu bench: measures the store of a user.
 *
 * The measurements run one after the other in a temporary schema, each for the
 * time that --seconds gives.  Single-threaded appends leave whole sequences
 * behind, which the replays read.  `bench/measure` has the clock, the threads
 * and the workload, which the benchmarks of the project use, too.
 */
#include "args.h"
#include "interrupt.h"
#include "measure/clock.h"
#include "measure/report.h"
#include "measure/workers.h"
#include "measure/workload.h"
#include "output/jsonl.h"
#include "output/memory.h"
#include "output/output.h"
#include "output/text.h"
#include "temporary_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SECONDS 1.0
#define SEQUENCE_ITEMS 100
#define SEQUENCES_MAX 1000 /* that replays choose from */
#define THREADS_MAX 16

/* State of one thread of a measurement. */
struct worker {
    quipu_uuid sequence;
    int64_t position; /* of the next item in `sequence` */
    size_t replayed;  /* sequences */
    quipu_cursor *cursor;
    struct measure_batch batch;
};

struct bench {
    quipu_records *records;
    double seconds;     /* of each measurement */
    double single_rate; /* items per second of the first measurement */
    const struct step *step;
    quipu_uuid sequences[SEQUENCES_MAX]; /* of SEQUENCE_ITEMS items each */
    size_t sequence_count;
    struct worker workers[THREADS_MAX];
};

/* One measurement, and one line of the result. */
struct step {
    const char *work;
    size_t threads;
    size_t items; /* of one operation */
    int (*operate)(void *context, size_t number, quipu_error *error);
};

/* ---------------------------------------------------------- operations */

/* Keeps a complete sequence for the replays.  Only measurements with one thread
 * do so, hence no lock is needed. */
static void keep_sequence(struct bench *bench, const quipu_uuid *sequence)
{
    if (bench->step->threads == 1 && bench->sequence_count < SEQUENCES_MAX) {
        bench->sequences[bench->sequence_count++] = *sequence;
    }
}

static int append(void *context, size_t number, quipu_error *error)
{
    struct bench *bench = context;
    struct worker *worker = &bench->workers[number];
    struct measure_event events[SEQUENCE_ITEMS];
    const size_t count = bench->step->items;

    if (worker->position == 0) {
        quipu_uuid_ordered(&worker->sequence);
    }
    for (size_t i = 0; i < count; i++) {
        events[i] = (struct measure_event){ worker->sequence,
                                            worker->position + (int64_t)i };
    }
    const int status = measure_workload_append(bench->records, &worker->batch,
                                               events, count, error);
    if (status == QUIPU_OK) {
        worker->position += (int64_t)count;
    }
    if (worker->position >= SEQUENCE_ITEMS) {
        keep_sequence(bench, &worker->sequence);
        worker->position = 0;
    }
    return status;
}

static int replay(void *context, size_t number, quipu_error *error)
{
    struct bench *bench = context;
    struct worker *worker = &bench->workers[number];
    const quipu_uuid *sequence =
        &bench->sequences[worker->replayed++ % bench->sequence_count];
    size_t count = 0;
    const int status =
        measure_workload_read(bench->records, sequence, &count, error);

    return status == QUIPU_OK && count != bench->step->items
               ? quipu_error_set(error, QUIPU_CORRUPT,
                                 "a sequence of %zu items that was appended "
                                 "before has %zu items now",
                                 bench->step->items, count)
               : status;
}

/* Reads the next items of the log, and at its end starts from the beginning. */
static int scan(void *context, size_t number, quipu_error *error)
{
    struct bench *bench = context;
    struct worker *worker = &bench->workers[number];
    size_t missing = bench->step->items;
    int status = QUIPU_OK;

    while (status == QUIPU_OK && missing > 0) {
        size_t count = 0;

        if (!worker->cursor) {
            status = quipu_records_read_log(bench->records, NULL,
                                            &worker->cursor, error);
        }
        if (status == QUIPU_OK) {
            status =
                measure_workload_next(worker->cursor, missing, &count, error);
        }
        missing -= count;
        if (missing > 0) {
            quipu_cursor_close(worker->cursor);
            worker->cursor = NULL;
        }
    }
    return status;
}

/* The first step is the baseline of the gains. */
static const struct step steps[] = {
    { "append", 1, 1, append },
    { "append", 1, 10, append },
    { "append", 1, 100, append },
    { "append", 2, 1, append },
    { "append", 4, 1, append },
    { "append", 8, 1, append },
    { "append", THREADS_MAX, 1, append },
    { "replay", 1, SEQUENCE_ITEMS, replay },
    { "scan", 1, 1000, scan },
};

/* ------------------------------------------------------------- results */

static double rate_of(const struct measure_result *result)
{
    return (double)result->durations.count / result->seconds;
}

/* How many times more items per second than by appending one at a time; 0 if
 * the step appends nothing. */
static double gain_of(const struct bench *bench,
                      const struct measure_result *result)
{
    return bench->step->operate == append
               ? rate_of(result) * (double)bench->step->items /
                     bench->single_rate
               : 0;
}

static void print_json(const struct bench *bench,
                       const struct measure_result *result)
{
    const struct step *step = bench->step;
    const struct measure_histogram *durations = &result->durations;
    const double gain = gain_of(bench, result);
    const double rate = rate_of(result);
    json_t *line = json_object();

    jsonl_set(line, "work", json_string(step->work));
    jsonl_set(line, "threads", json_integer((json_int_t)step->threads));
    jsonl_set(line, "items", json_integer((json_int_t)step->items));
    jsonl_set(line, "operations", json_integer(durations->count));
    jsonl_set(line, "seconds", json_real(result->seconds));
    jsonl_set(line, "operations_per_second", json_real(rate));
    jsonl_set(line, "items_per_second", json_real(rate * (double)step->items));
    jsonl_set(line, "gain", gain > 0 ? json_real(gain) : json_null());
    jsonl_set(line, "p50_ns",
              json_integer(measure_histogram_percentile(durations, 50)));
    jsonl_set(line, "p99_ns",
              json_integer(measure_histogram_percentile(durations, 99)));
    jsonl_set(line, "longest_ns", json_integer(durations->longest));
    jsonl_set(line, "load", json_real(measure_report_load()));
    jsonl_print(line);
}

/* Prints a line as soon as it is measured; the widths are therefore fixed. */
static void print_row(const struct bench *bench,
                      const struct measure_result *result)
{
    const struct step *step = bench->step;
    const struct measure_histogram *durations = &result->durations;
    const double gain = gain_of(bench, result);
    const double rate = rate_of(result);
    char gain_text[16] = "";

    if (gain > 0) {
        snprintf(gain_text, sizeof(gain_text), "%.1f", gain);
    }
    printf(
        "%-6s  %7zu  %9zu  %10.0f  %10.0f  %6s  %9.3f  %9.3f  %9.3f\n",
        step->work, step->threads, step->items, rate,
        rate * (double)step->items, gain_text,
        measure_clock_milliseconds(measure_histogram_percentile(durations, 50)),
        measure_clock_milliseconds(measure_histogram_percentile(durations, 99)),
        measure_clock_milliseconds(durations->longest));
    (void)fflush(stdout);
}

static void print_head(const quipu_datastore_info *info)
{
    struct text safe = { 0 };

    text_add_escaped(&safe, info->uri, strlen(info->uri));
    printf("%s: %s %s, %s, durability=%s\n", text_content(&safe), info->driver,
           info->driver_version, info->library,
           info->relaxed ? "relaxed" : "full");
    measure_report_print_machine();
    printf("%-6s  %7s  %9s  %10s  %10s  %6s  %9s  %9s  %9s\n", "", "",
           "items per", "operations", "items", "", "p50", "p99", "longest");
    printf("%-6s  %7s  %9s  %10s  %10s  %6s  %9s  %9s  %9s\n", "work",
           "threads", "operation", "per second", "per second", "gain", "ms",
           "ms", "ms");
    text_free(&safe);
}

/* ----------------------------------------------------------- measuring */

static int measure_step(struct bench *bench, struct measure_result *result,
                        quipu_error *error)
{
    const struct measure_workers workers = { .count = bench->step->threads,
                                             .seconds = bench->seconds,
                                             .operate = bench->step->operate,
                                             .context = bench,
                                             .interrupted =
                                                 interrupt_requested };

    memset(result, 0, sizeof(*result));
    memset(bench->workers, 0, sizeof(bench->workers));
    int status = measure_workers_run(&workers, result, error);
    for (size_t i = 0; i < THREADS_MAX; i++) {
        quipu_cursor_close(bench->workers[i].cursor);
    }
    return status;
}

static int measure_all(const struct args *args, struct bench *bench,
                       quipu_error *error)
{
    struct measure_result *result = memory_allocate(1, sizeof(*result));
    int status = QUIPU_OK;

    for (size_t i = 0;
         status == QUIPU_OK && i < sizeof(steps) / sizeof(*steps) &&
         !interrupt_requested();
         i++) {
        bench->step = &steps[i];
        status = measure_step(bench, result, error);
        if (status == QUIPU_OK && !interrupt_requested()) {
            bench->single_rate = i == 0 ? rate_of(result) : bench->single_rate;
            (args->json ? print_json : print_row)(bench, result);
        }
    }
    free(result);
    return status;
}

/* Sets up a temporary schema, measures in it, and removes it. */
static int measure_in_schema(const struct args *args,
                             quipu_datastore *datastore, quipu_error *error)
{
    struct bench *bench = memory_allocate(1, sizeof(*bench));
    char table[BENCH_SCHEMA_NAME_SIZE];
    quipu_error removal_error;
    quipu_schema schema;

    bench_temporary_schema_name(table);
    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.table = table;
    bench->seconds =
        (args->given & OPTION_SECONDS) != 0 ? args->seconds : DEFAULT_SECONDS;
    int status = quipu_datastore_setup(datastore, &schema, error);
    if (status == QUIPU_OK) {
        status = quipu_records_open(datastore, &schema, &bench->records, error);
        if (status == QUIPU_OK) {
            status = measure_all(args, bench, error);
            quipu_records_close(bench->records, NULL);
        }
        if (bench_temporary_schema_remove(datastore, table, &removal_error) !=
            QUIPU_OK) {
            fprintf(stderr,
                    "quipu: cannot remove the temporary schema '%s'; the next "
                    "bench of this store on this machine removes it\n",
                    table);
            status = status == QUIPU_OK ? removal_error.code : status;
            *error = removal_error;
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
                               "cannot measure a store that is opened with "
                               "readonly=yes, because the measurements append "
                               "items; remove that option from the URI");
    }
    if (!interrupt_init(datastore)) {
        return quipu_error_set(error, QUIPU_INTERNAL,
                               "cannot start the thread that handles signals");
    }
    if (!args->json) {
        print_head(&info);
    }
    status = bench_temporary_schema_sweep(datastore, error);
    if (status == QUIPU_OK) {
        status = measure_in_schema(args, datastore, error);
    }
    interrupt_finish();
    return status;
}

static enum outcome run(const struct args *args)
{
    quipu_datastore *datastore = NULL;
    enum outcome outcome = DONE;
    quipu_error error;

    if (quipu_datastore_open(args->uri, NULL, &datastore, &error) != QUIPU_OK) {
        return output_error(&error);
    }
    if (measure(args, datastore, &error) != QUIPU_OK) {
        outcome = output_error(&error);
    }
    if (quipu_datastore_close(datastore, &error) != QUIPU_OK) {
        outcome = output_error(&error);
    }
    return outcome;
}

const struct command bench_command = {
    .name = "bench",
    .arguments = "URI",
    .summary = "measure how fast a store is",
    .help =
        "Measures appends of 1, 10 and 100 items per commit, appends of 1 to\n"
        "16 threads, which share commits unless the URI has group=1, replays\n"
        "of sequences of 100 items, and reads of the log, 1000 items at a\n"
        "time. The percentiles are of the time that one operation takes its\n"
        "caller. The gain compares the items per second with appending one\n"
        "item at a time. The items have states of 200 bytes; they are stored\n"
        "in a temporary schema, which is removed at the end.",
    .argument_count = 1,
    .options = OPTION_SECONDS | OPTION_JSON | OPTION_HELP,
    .run = run,
};
