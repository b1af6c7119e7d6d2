/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics of all calls of quipu, in the text format of Prometheus, and an
 * observer that is called around each call, for tracers.
 *
 *     quipu_metrics_enable(true);
 *     ...
 *     quipu_metrics_write(send_text, connection, &error); // GET /metrics
 *
 * An observer serves tracers and metrics of the program's own:
 *
 *     static void ended(void *context, const quipu_call_info *call)
 *     {
 *         if (call->nanoseconds > 100000000) {
 *             fprintf(stderr, "slow: %s on %s took %lld ms\n",
 *                     call->operation_name, call->driver,
 *                     (long long)call->nanoseconds / 1000000);
 *         }
 *     }
 *     static const quipu_observer observer = { .struct_size = sizeof(observer),
 *                                              .ended = ended };
 *     quipu_observer_set(&observer, &error);
 *
 * Without an observer and without metrics a call costs one load of a variable
 * more.  docs/operations.md lists the metrics, and shows how a span of
 * OpenTelemetry is made.
 *
 * Threads: all functions may be called from any thread at any time.  The
 * observer and the metrics are global to the process; a child of fork goes on
 * with a copy of them.
 */
#ifndef QUIPU_OBSERVE_H
#define QUIPU_OBSERVE_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- observer */

/*
 * The operations that an observer sees, and their names.  Operations nest: one
 * run of a unit of work includes reads and appends, which begin and end
 * meanwhile in the same thread.
 */
enum quipu_call_operation {
    /* "append": an append without a function, through any layer. */
    QUIPU_OPERATION_APPEND = 0,
    /* "transact": an append with a function in the transaction. */
    QUIPU_OPERATION_TRANSACT = 1,
    /* "read": a cursor or a listing, from opening to closing; or a single
     * value, such as the head of a log or the last position of a sequence. */
    QUIPU_OPERATION_READ = 2,
    /* "wait": a wait for the log to grow.  TIMEOUT: it did not. */
    QUIPU_OPERATION_WAIT = 3,
    /* "unit": one attempt of quipu_unit_run: its function, and the commit. */
    QUIPU_OPERATION_UNIT = 4,
    /* "project": events that a projection applies in one transaction. */
    QUIPU_OPERATION_PROJECT = 5,
    /* "react": events that a process manager reacts to in one append. */
    QUIPU_OPERATION_REACT = 6,
    /* "publish": events that an outbox publishes, and the record of that. */
    QUIPU_OPERATION_PUBLISH = 7,
    /* "erase": a call of quipu_records_erase, with all its commits. */
    QUIPU_OPERATION_ERASE = 8,
    QUIPU_OPERATION_COUNT = 9
};

/* An operation.  All is borrowed for the call of the observer. */
typedef struct quipu_call_info {
    uint32_t struct_size;
    int32_t operation;          /* enum quipu_call_operation */
    const char *operation_name; /* "append" */
    const char *driver;         /* "sqlite" */
    const char *schema;         /* its table; NULL: the call concerns none */
    quipu_bytes consumer;       /* text; absent: none */
    /* The value "traceparent" of the metadata (metadata.h) of the first event
     * that is appended or that the consumer applies; absent: there is none. */
    quipu_bytes traceparent;
    /* Of UNIT, and of what consumers do: 1 for the first attempt, 2 for the
     * second ...; otherwise 0. */
    uint32_t attempt;

    /* These are known at the end. */
    int32_t status; /* enum quipu_status, or what a function returned */
    uint64_t items; /* appended, read, applied, erased; of entries, listed */
    uint64_t bytes; /* of these: states, metadata, further columns, entries */
    /* How long it took.  Of READ, the time in quipu: not that of the program
     * between two items. */
    int64_t nanoseconds;
    /* Of that, for APPEND and TRANSACT, the time before the driver was called:
     * other threads' appends were committed meanwhile. */
    int64_t queued_nanoseconds;
    /* Of APPEND: the number of appends in the call of the driver, one or more,
     * since threads share commits; 0: the driver was not called. */
    uint32_t group;
    int32_t cause;         /* with CONFLICT: enum quipu_cause */
    void *span;            /* returned by `began`; NULL without that */
    uint32_t result_flags; /* of APPEND, TRANSACT: enum quipu_result_flag */
    uint32_t reserved;
} quipu_call_info;

/*
 * The functions run in the thread of the call, before and after the work.  They
 * must be short, and must not call quipu, except quipu_status_name.  Calls that
 * are refused because an argument is wrong are not observed.
 */
typedef struct quipu_observer {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    /* NULL: not called.  Returns the `span` of the call for `ended`. */
    void *(*began)(void *context, const quipu_call_info *call);
    /* NULL: not called. */
    void (*ended)(void *context, const quipu_call_info *call);
    void *context;
} quipu_observer;

/*
 * Makes an observer the one of the process; NULL: none.  *observer is borrowed:
 * it must exist until it is replaced and the operations that began before have
 * ended, because a call that began with an observer ends with it.  INVALID: its
 * struct_size is wrong, or `reserved` is not 0; nothing changes then.
 */
QUIPU_API int quipu_observer_set(const quipu_observer *observer,
                                 quipu_error *error);

/* ----------------------------------------------------------------- metrics */

/* Counts operations from now on, or no longer.  Counters keep their values;
 * they are 0 when the process begins. */
QUIPU_API void quipu_metrics_enable(bool enable);

/* Receives a part of the text; any part may end anywhere.  A status other than
 * QUIPU_OK ends the writing. */
typedef int (*quipu_metrics_output)(void *context, const char *text,
                                    size_t size, quipu_error *error);

/*
 * Writes all metrics in the text format of Prometheus, version 0.0.4 (content
 * type "text/plain; version=0.0.4"): the counters of all datastores of the
 * process by driver, and the lag of each consumer (subscription, projection,
 * process manager, outbox) that is open now.  `output` may call quipu.
 *
 * A metric that has never been counted is left out.  Numbers are read one after
 * the other while other threads count on, but the buckets of a histogram always
 * add up to its count.
 *
 * Returns the status of `output`; INVALID: it is NULL; NO_MEMORY.
 */
QUIPU_API int quipu_metrics_write(quipu_metrics_output output, void *context,
                                  quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
