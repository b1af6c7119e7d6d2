/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work that is measured: events with states of 200 bytes, appended to
 * records and read again.  Every way to do the work that the benchmarks compare
 * stores this topic and this state.
 *
 * The functions return the status of the quipu call that failed.
 */
#ifndef MEASURE_WORKLOAD_H
#define MEASURE_WORKLOAD_H

#include <quipu/quipu.h>

#define MEASURE_STATE_SIZE 200
#define MEASURE_TOPIC "ledger.account:Credited"
#define MEASURE_BATCH_MAX 1000 /* items of an append */

#define MEASURE_NEXT_POSITION (-1)

/* A MessagePack map with one field of binary data. */
extern const unsigned char measure_workload_state[MEASURE_STATE_SIZE];

/* One event to store. */
struct measure_event {
    quipu_uuid sequence;
    int64_t position; /* or MEASURE_NEXT_POSITION */
};

/* Memory for the items of one append; belongs to one thread. */
struct measure_batch {
    quipu_item items[MEASURE_BATCH_MAX];
    quipu_uuid event_ids[MEASURE_BATCH_MAX];
};

/* Appends up to MEASURE_BATCH_MAX events with one request. */
int measure_workload_append(quipu_records *records, struct measure_batch *batch,
                            const struct measure_event *events, size_t count,
                            quipu_error *error);

/* Reads one sequence; *count becomes the number of its items. */
int measure_workload_read(quipu_records *records, const quipu_uuid *sequence,
                          size_t *count, quipu_error *error);

/* Reads the whole log; *count becomes the number of its items. */
int measure_workload_scan(quipu_records *records, size_t *count,
                          quipu_error *error);

/* Reads up to `limit` further items of a cursor; *count becomes their number,
 * which is lower only at the end. */
int measure_workload_next(quipu_cursor *cursor, size_t limit, size_t *count,
                          quipu_error *error);

/* Returns the id of the n-th sequence.  The ids are spread over the key space
 * as random ids are, and are the same in each run. */
quipu_uuid measure_workload_sequence(size_t n);

/* Reads the first and the last byte of data in a way that the compiler cannot
 * remove, so that a back end which reads lazily has to fetch them. */
void measure_workload_touch(const void *data, size_t size);

#endif
