/* SPDX-License-Identifier: Apache-2.0 */
/* Timers of the sequences of a log (consumer_fixture.h), and a runner whose
 * clock a test sets. */
#ifndef QUIPU_TESTS_TIMER_FIXTURE_H
#define QUIPU_TESTS_TIMER_FIXTURE_H

#include "core/consumer/model_fixture.h"

#include "timer/timer_runner.h"

/* A time in the past, from which those of the tests are counted. */
#define BEGIN INT64_C(1700000000000000)
#define SECOND INT64_C(1000000)

/* The clock of the runners, in microseconds. */
extern int64_t test_clock;

/* One change of a timer. */
struct timer_change {
    const char *sequence;
    const char *name;
    int64_t due;   /* microseconds behind BEGIN */
    int64_t cents; /* of its event; negative: it is cancelled */
};

/* Adds it to a unit. */
void add_change(quipu_unit *unit, const struct timer_change *change);
/* Commits it in a unit of its own. */
void change_timer(struct opened_log *log, const struct timer_change *change);
void set_timer(struct opened_log *log, const char *sequence, const char *name,
               int64_t due, int64_t cents);
void cancel_timer(struct opened_log *log, const char *sequence,
                  const char *name);

/* A runner with the clock of the tests. */
quipu_timer_runner *open_runner(struct opened_log *log,
                                const quipu_timer_runner_options *options);
void close_runner(quipu_timer_runner *runner);

/* Steps at that time behind BEGIN until nothing is due. */
void run_until(quipu_timer_runner *runner, int64_t time);

/* Writes the events of the log as "sequence:cents ", in its order, except those
 * of add_events. */
const char *events_of(struct opened_log *log);

/* Returns the number of entries whose keys begin with the prefix. */
int count_entries(struct opened_log *log, const char *prefix);
#define assert_no_timers(log) \
    assert_int_equal(count_entries((log), "quipu/timer"), 0)

quipu_timer_status status_of(quipu_timer_runner *runner);

#endif
