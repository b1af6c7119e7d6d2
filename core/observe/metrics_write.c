/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the metrics in the text format of Prometheus 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 * A family of metrics begins with its HELP and TYPE lines, which are written
 * with its first sample, and all of its samples follow.  Times are stored in
 * nanoseconds and written in seconds, the base unit.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "observe/lag.h"

/* The text that was not passed on yet, and the family that is being written. */
struct writer {
    quipu_metrics_output output;
    void *context;
    quipu_error *error;
    int status;
    size_t size;
    char text[4096];
    const char *name; /* of the family */
    const char *type;
    const char *help;
    bool has_begun; /* its HELP and TYPE are written */
    bool has_label; /* the sample that is being written */
};

static void flush(struct writer *writer)
{
    if (writer->status == QUIPU_OK && writer->size > 0) {
        writer->status = writer->output(writer->context, writer->text,
                                        writer->size, writer->error);
    }
    writer->size = 0;
}

static void put(struct writer *writer, const char *text, size_t size)
{
    while (size > 0) {
        size_t room = sizeof(writer->text) - writer->size;
        size_t part = size < room ? size : room;

        memcpy(writer->text + writer->size, text, part);
        writer->size += part;
        text += part;
        size -= part;
        if (writer->size == sizeof(writer->text)) {
            flush(writer);
        }
    }
}

static void put_text(struct writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

/* For numbers and short names. */
static void put_format(struct writer *writer, const char *format, ...)
    QUIPU_PRINTF(2, 3);

static void put_format(struct writer *writer, const char *format, ...)
{
    char text[128];
    va_list list;

    va_start(list, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): a false positive. */
    int size = vsnprintf(text, sizeof(text), format, list);

    va_end(list);
    put(writer, text,
        (size_t)size < sizeof(text) ? (size_t)size : sizeof(text) - 1);
}

/* A number of nanoseconds in seconds, exactly. */
static void put_seconds(struct writer *writer, uint64_t nanoseconds)
{
    put_format(writer, "%" PRIu64 ".%09" PRIu64, nanoseconds / 1000000000,
               nanoseconds % 1000000000);
}

/* ----------------------------------------------------------------- families */

static void begin_family(struct writer *writer, const char *name,
                         const char *type, const char *help)
{
    writer->name = name;
    writer->type = type;
    writer->help = help;
    writer->has_begun = false;
}

/* Writes the name of a sample, and "{". */
static void begin_sample(struct writer *writer, const char *suffix)
{
    if (!writer->has_begun) {
        put_format(writer, "# HELP %s ", writer->name);
        put_text(writer, writer->help);
        put_format(writer, "\n# TYPE %s %s\n", writer->name, writer->type);
        writer->has_begun = true;
    }
    put_format(writer, "%s%s{", writer->name, suffix);
    writer->has_label = false;
}

/* Writes a label, with its value escaped. */
static void put_label(struct writer *writer, const char *name,
                      const char *value)
{
    put_format(writer, "%s%s=\"", writer->has_label ? "," : "", name);
    writer->has_label = true;
    for (; *value; value++) {
        if (*value == '\n') {
            put_text(writer, "\\n");
        } else {
            if (*value == '"' || *value == '\\') {
                put_text(writer, "\\");
            }
            put(writer, value, 1);
        }
    }
    put_text(writer, "\"");
}

static void end_sample(struct writer *writer, uint64_t value)
{
    put_format(writer, "} %" PRIu64 "\n", value);
}

/* The labels of a sample by driver. */
static void put_labels(struct writer *writer,
                       const struct quipu_metrics *metrics, int operation)
{
    put_label(writer, "driver", metrics->driver);
    if (operation >= 0) {
        put_label(writer, "operation", quipu_metrics_operation_name(operation));
    }
}

static uint64_t get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* ----------------------------------------------------------------- counters */

static const char *status_name(size_t index)
{
    return index < QUIPU_METRICS_STATUSES - 1 ? quipu_status_name((int)index)
                                              : "other";
}

/* The calls or the retries of all operations, by status. */
static void write_statuses(struct writer *writer, bool are_retries)
{
    const struct quipu_metrics *metrics;

    for (size_t i = 0; (metrics = quipu_metrics_at(i)); i++) {
        for (int j = 0; j < QUIPU_OPERATION_COUNT; j++) {
            const struct quipu_metrics_operation *operation =
                &metrics->operations[j];

            for (size_t k = 0; k < QUIPU_METRICS_STATUSES; k++) {
                uint64_t value = get(are_retries ? &operation->retries[k]
                                                 : &operation->calls[k]);

                if (value > 0) {
                    begin_sample(writer, "");
                    put_labels(writer, metrics, j);
                    put_label(writer, "status", status_name(k));
                    end_sample(writer, value);
                }
            }
        }
    }
}

/* The items or the bytes of those operations that have any. */
static void write_sizes(struct writer *writer, bool are_bytes)
{
    const struct quipu_metrics *metrics;

    for (size_t i = 0; (metrics = quipu_metrics_at(i)); i++) {
        for (int j = 0; j < QUIPU_OPERATION_COUNT; j++) {
            uint64_t value = get(are_bytes ? &metrics->operations[j].bytes
                                           : &metrics->operations[j].items);

            if (value > 0) {
                begin_sample(writer, "");
                put_labels(writer, metrics, j);
                end_sample(writer, value);
            }
        }
    }
}

/* Numbers of appends, each with a value of the label; `numbers` is the place of
 * the first in struct quipu_metrics. */
static void write_appends(struct writer *writer, size_t numbers,
                          const char *label, const char *const *values,
                          size_t count)
{
    const struct quipu_metrics *metrics;

    for (size_t i = 0; (metrics = quipu_metrics_at(i)); i++) {
        const _Atomic uint64_t *counters =
            (const void *)((const char *)metrics + numbers);

        for (size_t j = 0; j < count; j++) {
            uint64_t value = get(&counters[j]);

            if (value > 0) {
                begin_sample(writer, "");
                put_labels(writer, metrics, -1);
                if (label) {
                    put_label(writer, label, values[j]);
                }
                end_sample(writer, value);
            }
        }
    }
}

static void write_all_appends(struct writer *writer)
{
    static const char *const causes[QUIPU_METRICS_CAUSES] = {
        "none", "event_id", "guard", "tracking", "position", "item", "entry",
    };
    static const char *const doubts[QUIPU_METRICS_DOUBTS] = {
        [QUIPU_METRICS_DOUBT_STORED] = "stored",
        [QUIPU_METRICS_DOUBT_REFUSED] = "refused",
        [QUIPU_METRICS_DOUBT_UNKNOWN] = "unknown",
    };

    begin_family(writer, "quipu_conflicts_total", "counter",
                 "Appends that were refused as a conflict, by cause.");
    write_appends(writer, offsetof(struct quipu_metrics, conflicts), "cause",
                  causes, QUIPU_METRICS_CAUSES);
    begin_family(writer, "quipu_appends_in_doubt_total", "counter",
                 "Appends with a commit that was not answered, by outcome.");
    write_appends(writer, offsetof(struct quipu_metrics, doubts), "outcome",
                  doubts, QUIPU_METRICS_DOUBTS);
    begin_family(writer, "quipu_appends_repeated_total", "counter",
                 "Appends that an earlier call had stored.");
    write_appends(writer, offsetof(struct quipu_metrics, repeated), NULL, NULL,
                  1);
}

/* --------------------------------------------------------------- histograms */

/* Writes the bucket with an upper bound in nanoseconds or, without `are_times`,
 * of a number; a negative one: +Inf. */
static void write_bucket(struct writer *writer,
                         const struct quipu_metrics *metrics, int operation,
                         bool are_times, int64_t bound, uint64_t value)
{
    char text[32] = "+Inf";

    if (bound >= 0) {
        (void)snprintf(text, sizeof(text), "%g",
                       are_times ? (double)bound / 1e9 : (double)bound);
    }
    begin_sample(writer, "_bucket");
    put_labels(writer, metrics, operation);
    put_label(writer, "le", text);
    end_sample(writer, value);
}

/* Sets each count to the sum of the buckets up to it; returns the last. */
static uint64_t cumulate(const _Atomic uint64_t *buckets, size_t size,
                         uint64_t *counts)
{
    uint64_t total = 0;

    for (size_t i = 0; i < size; i++) {
        total += get(&buckets[i]);
        counts[i] = total;
    }
    return total;
}

static void write_duration(struct writer *writer,
                           const struct quipu_metrics *metrics, int operation,
                           const struct quipu_metrics_duration *duration)
{
    uint64_t counts[QUIPU_METRICS_TIMES + 1];
    const uint64_t total =
        cumulate(duration->buckets, QUIPU_METRICS_TIMES + 1, counts);

    if (total == 0) {
        return;
    }
    for (size_t i = 0; i <= QUIPU_METRICS_TIMES; i++) {
        write_bucket(writer, metrics, operation, true,
                     i < QUIPU_METRICS_TIMES ? quipu_metrics_times[i] : -1,
                     counts[i]);
    }
    begin_sample(writer, "_sum");
    put_labels(writer, metrics, operation);
    put_text(writer, "} ");
    put_seconds(writer, get(&duration->sum));
    put_text(writer, "\n");
    begin_sample(writer, "_count");
    put_labels(writer, metrics, operation);
    end_sample(writer, total);
}

static void write_durations(struct writer *writer)
{
    const struct quipu_metrics *metrics;

    for (size_t i = 0; (metrics = quipu_metrics_at(i)); i++) {
        for (int j = 0; j < QUIPU_OPERATION_COUNT; j++) {
            write_duration(writer, metrics, j,
                           &metrics->operations[j].duration);
        }
    }
}

static void write_queued(struct writer *writer)
{
    const struct quipu_metrics *metrics;

    for (size_t i = 0; (metrics = quipu_metrics_at(i)); i++) {
        write_duration(writer, metrics, -1, &metrics->queued);
    }
}

static void write_group(struct writer *writer,
                        const struct quipu_metrics *metrics)
{
    uint64_t counts[QUIPU_METRICS_GROUPS + 1];
    const uint64_t total =
        cumulate(metrics->groups, QUIPU_METRICS_GROUPS + 1, counts);

    if (total == 0) {
        return;
    }
    for (size_t i = 0; i <= QUIPU_METRICS_GROUPS; i++) {
        write_bucket(writer, metrics, -1, false,
                     i < QUIPU_METRICS_GROUPS ? INT64_C(1) << i : -1,
                     counts[i]);
    }
    begin_sample(writer, "_sum");
    put_labels(writer, metrics, -1);
    end_sample(writer, get(&metrics->grouped));
    begin_sample(writer, "_count");
    put_labels(writer, metrics, -1);
    end_sample(writer, total);
}

static void write_groups(struct writer *writer)
{
    const struct quipu_metrics *metrics;

    for (size_t i = 0; (metrics = quipu_metrics_at(i)); i++) {
        write_group(writer, metrics);
    }
}

/* ---------------------------------------------------------------- consumers */

static void put_consumer(struct writer *writer, const struct quipu_lag_sum *sum)
{
    char store[QUIPU_UUID_TEXT_SIZE];

    quipu_uuid_format(&sum->store, store);
    begin_sample(writer, "");
    put_label(writer, "driver", sum->driver);
    put_label(writer, "consumer", sum->consumer);
    put_label(writer, "log", sum->log);
    put_label(writer, "store", store);
}

static void write_states(struct writer *writer,
                         const struct quipu_lag_sum *sums, size_t count)
{
    static const char *const states[] = { "catching_up", "live",   "retrying",
                                          "stopped",     "failed", "standby" };

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < sizeof(states) / sizeof(states[0]); j++) {
            put_consumer(writer, &sums[i]);
            put_label(writer, "state", states[j]);
            end_sample(writer, sums[i].states[j]);
        }
    }
}

static void write_consumers(struct writer *writer,
                            const struct quipu_lag_sum *sums, size_t count)
{
    begin_family(writer, "quipu_consumers", "gauge",
                 "Open consumers, by state.");
    write_states(writer, sums, count);
    begin_family(writer, "quipu_consumer_position", "gauge",
                 "Notification id up to which a consumer has processed its "
                 "log.");
    for (size_t i = 0; i < count; i++) {
        put_consumer(writer, &sums[i]);
        end_sample(writer, (uint64_t)sums[i].position);
    }
    begin_family(writer, "quipu_consumer_lag_items", "gauge",
                 "Items between the position of a consumer and the head of its "
                 "log as it was read last.");
    for (size_t i = 0; i < count; i++) {
        put_consumer(writer, &sums[i]);
        end_sample(writer, (uint64_t)sums[i].behind);
    }
    begin_family(writer, "quipu_consumer_lag_seconds", "gauge",
                 "Age of the oldest item that a consumer has not processed; "
                 "absent if it is unknown.");
    for (size_t i = 0; i < count; i++) {
        if (sums[i].behind_microseconds >= 0) {
            put_consumer(writer, &sums[i]);
            put_text(writer, "} ");
            put_seconds(writer, (uint64_t)sums[i].behind_microseconds * 1000);
            put_text(writer, "\n");
        }
    }
}

static void write_drivers(struct writer *writer)
{
    begin_family(writer, "quipu_build_info", "gauge", "The version of quipu.");
    begin_sample(writer, "");
    put_label(writer, "version", QUIPU_VERSION);
    end_sample(writer, 1);
    begin_family(writer, "quipu_calls_total", "counter",
                 "Operations that have ended, by status.");
    write_statuses(writer, false);
    begin_family(writer, "quipu_call_duration_seconds", "histogram",
                 "Time that operations took.");
    write_durations(writer);
    begin_family(writer, "quipu_call_items_total", "counter",
                 "Items that operations appended, read or applied.");
    write_sizes(writer, false);
    begin_family(writer, "quipu_call_bytes_total", "counter",
                 "Bytes of these items.");
    write_sizes(writer, true);
    write_all_appends(writer);
    begin_family(writer, "quipu_retries_total", "counter",
                 "Failures after which an operation was tried again, by "
                 "status.");
    write_statuses(writer, true);
    begin_family(writer, "quipu_commit_appends", "histogram",
                 "Appends of several threads that shared one commit.");
    write_groups(writer);
    begin_family(writer, "quipu_append_queue_seconds", "histogram",
                 "Time that appends and transactions waited for the commits of "
                 "other threads.");
    write_queued(writer);
}

int quipu_metrics_write(quipu_metrics_output output, void *context,
                        quipu_error *error)
{
    struct writer writer = {
        .output = output, .context = context, .error = error, .status = QUIPU_OK
    };
    struct quipu_lag_sum *sums = NULL;
    size_t count = 0;

    if (!output) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_metrics_write: output is NULL");
    }
    int status = quipu_lag_list(&sums, &count, error);

    if (status != QUIPU_OK) {
        return status;
    }
    write_drivers(&writer);
    write_consumers(&writer, sums, count);
    flush(&writer);
    quipu_release(sums);
    return writer.status;
}
