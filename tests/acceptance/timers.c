/* SPDX-License-Identifier: Apache-2.0 */
/*
 * B3: timers that are due within a minute, and three runners of which one after
 * the other is killed.  Each event must be appended once; a timer in ten is
 * cancelled at the moment when it is due, and its event, if there is one, must
 * be before the event that is stored with the cancellation (R4).  A process
 * that follows the log takes the time at which each event is there.
 */
#include "acceptance.h"

#include <inttypes.h>

#define MILLISECOND INT64_C(1000)
#define SECOND INT64_C(1000000)

enum {
    TIMERS_MOST = 10000,
    RUNNERS = 3,
    SEQUENCES = 100,
    CANCELLED = 10, /* each tenth timer */
    UNIT_TIMERS = 50
};

/* Memory of all processes. */
struct shared {
    char name[96]; /* of the store */
    int timers;
    int64_t begin; /* when the first timer is due */
    int64_t time;  /* in which all are due */
    atomic_bool is_over;
    atomic_bool has_begun[RUNNERS];
    atomic_llong arrived[TIMERS_MOST]; /* when its event was seen */
};

/* ------------------------------------------------------------- the timers */

static int64_t due(const struct shared *shared, int number)
{
    return shared->begin + shared->time * number / shared->timers;
}

static bool is_cancelled(int number)
{
    return number % CANCELLED == 3;
}

static quipu_id sequence(int number)
{
    quipu_error error;
    char text[32];
    quipu_id id;

    name_sequence(number % SEQUENCES, text);
    assert_ok(quipu_id_of_text(&id, text, &error), &error);
    return id;
}

static void name_timer(int number, char name[32])
{
    (void)snprintf(name, 32, "timer-%d", number);
}

static void init_event(struct credited *event, const quipu_id *id, int number)
{
    *event = (struct credited){ .cents = number };
    quipu_event_init(&event->base, &credited, id, 0);
}

/* Fills a unit with the timers from `first`. */
static void fill(quipu_unit *unit, const struct shared *shared, int first)
{
    quipu_error error;
    char name[32];

    for (int i = first; i < first + UNIT_TIMERS && i < shared->timers; i++) {
        struct credited event;
        quipu_id id = sequence(i);

        init_event(&event, &id, i);
        name_timer(i, name);
        assert_ok(quipu_unit_timer_set(unit, name,
                                       (quipu_time){ due(shared, i) },
                                       &event.base, &error),
                  &error);
    }
}

static void commit(quipu_unit *unit)
{
    quipu_error error;
    int status;

    do {
        status = quipu_unit_commit(unit, NULL, &error);
    } while (quipu_status_is_transient(status));
    assert_ok(status, &error);
    quipu_unit_destroy(unit);
}

static void set_all(const struct shared *shared)
{
    struct opened_log log;
    quipu_unit *unit;
    quipu_error error;

    open_log(&log, shared->name);
    for (int i = 0; i < shared->timers; i += UNIT_TIMERS) {
        assert_ok(quipu_unit_create(log.store, &unit, &error), &error);
        fill(unit, shared, i);
        commit(unit);
    }
    close_log(&log);
}

/* ---------------------------------------------------------- the processes */

static void run_timers(void *context)
{
    atomic_bool *has_begun = ((void **)context)[0];
    struct shared *shared = ((void **)context)[1];
    quipu_timer_runner *runner;
    struct opened_log log;
    quipu_error error;

    open_log(&log, shared->name);
    atomic_store(has_begun, true);
    assert_ok(quipu_timer_runner_open(log.store, NULL, &runner, &error),
              &error);
    assert_ok(quipu_timer_runner_run(runner, &error), &error);
}

/* Cancels each tenth timer when it is due, or up to a millisecond earlier or
 * later. */
static void cancel(void *context)
{
    struct shared *shared = context;
    struct opened_log log;
    quipu_unit *unit;
    quipu_error error;
    char name[32];
    quipu_id calls;

    open_log(&log, shared->name);
    assert_ok(quipu_id_of_text(&calls, "calls", &error), &error);
    for (int i = 0; i < shared->timers; i++) {
        struct credited event;
        quipu_id id = sequence(i);

        if (!is_cancelled(i)) {
            continue;
        }
        int64_t left = due(shared, i) - quipu_time_now().microseconds +
                       process_random(2 * MILLISECOND) - MILLISECOND;

        process_sleep(left > 0 ? left : 0);
        name_timer(i, name);
        init_event(&event, &calls, i);
        assert_ok(quipu_unit_create(log.store, &unit, &error), &error);
        assert_ok(quipu_unit_timer_cancel(unit, &id, name, &error), &error);
        assert_ok(quipu_unit_event(unit, &event.base, &error), &error);
        commit(unit);
    }
    close_log(&log);
}

/* Takes the time of each event of a timer. */
static void watch(void *context)
{
    struct shared *shared = context;
    quipu_subscription *subscription;
    const quipu_event *event;
    const quipu_item *item;
    struct opened_log log;
    quipu_error error;

    open_log(&log, shared->name);
    assert_ok(
        quipu_subscription_open_events(log.store, NULL, &subscription, &error),
        &error);
    while (!atomic_load(&shared->is_over)) {
        int status = quipu_subscription_next(subscription, &item, 100, &error);

        if (status == QUIPU_OK) {
            int64_t now = quipu_time_now().microseconds;

            assert_ok(quipu_subscription_event(subscription, &event, &error),
                      &error);
            if (event->originator_id.data[1] == '-') {
                atomic_store(
                    &shared->arrived[((const struct credited *)event)->cents],
                    now);
            }
        }
    }
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    close_log(&log);
}

/* ------------------------------------------------------------- the result */

struct outcome {
    int appended[TIMERS_MOST];
    bool is_called_off[TIMERS_MOST]; /* the cancellation is in the log */
    int twice;
    int missing;
    int after; /* appended after they were cancelled */
    int called_off;
    int remaining; /* entries of timers */
};

static void count(struct outcome *outcome, const struct credited *event)
{
    bool is_timer = event->base.originator_id.data[1] == '-';

    if (is_timer) {
        outcome->after += outcome->is_called_off[event->cents];
        outcome->appended[event->cents]++;
    } else {
        outcome->is_called_off[event->cents] = true;
    }
}

static void read_outcome(const struct shared *shared, struct outcome *outcome)
{
    const quipu_event *event;
    const quipu_timer *timer;
    quipu_events *events;
    quipu_timers *timers;
    struct opened_log log;
    quipu_error error;

    open_log(&log, shared->name);
    assert_ok(quipu_store_read_log(log.store, NULL, &events, &error), &error);
    do {
        assert_ok(quipu_events_next(events, &event, &error), &error);
        if (event) {
            count(outcome, (const struct credited *)event);
        }
    } while (event);
    quipu_events_close(events);
    assert_ok(quipu_timers_open(log.datastore, &timers, &error), &error);
    do {
        assert_ok(quipu_timers_next(timers, &timer, &error), &error);
        outcome->remaining += timer != NULL;
    } while (timer);
    quipu_timers_close(timers);
    close_log(&log);
    for (int i = 0; i < shared->timers; i++) {
        outcome->twice += outcome->appended[i] > 1;
        outcome->missing +=
            outcome->appended[i] == 0 && !outcome->is_called_off[i];
        outcome->called_off += outcome->appended[i] == 0;
    }
}

static void check(struct acceptance *run, const struct shared *shared,
                  int kills)
{
    static struct outcome outcome;
    static int64_t late[TIMERS_MOST];
    size_t seen = 0;
    int64_t first = INT64_MAX;

    read_outcome(shared, &outcome);
    for (int i = 0; i < shared->timers; i++) {
        if (outcome.appended[i] > 0 && atomic_load(&shared->arrived[i]) > 0) {
            late[seen] = atomic_load(&shared->arrived[i]) - due(shared, i);
            first = late[seen] < first ? late[seen] : first;
            seen++;
        }
    }
    assert_true(seen > 0);
    int64_t median = acceptance_quantile(late, seen, 0.5);
    int64_t most = acceptance_quantile(late, seen, 1);

    acceptance_note(
        run,
        "%d timers in %" PRId64 " s, %d kills, %d called off in "
        "time of %d, twice %d, missing %d, after cancelling %d, "
        "left %d; late %" PRId64 " to %" PRId64 " ms, median %" PRId64 " ms",
        shared->timers, shared->time / SECOND, kills, outcome.called_off,
        shared->timers / CANCELLED, outcome.twice, outcome.missing,
        outcome.after, outcome.remaining, first / MILLISECOND,
        most / MILLISECOND, median / MILLISECOND);
    assert_int_equal(outcome.twice, 0);
    assert_int_equal(outcome.missing, 0);
    assert_int_equal(outcome.after, 0);
    assert_int_equal(outcome.remaining, 0);
    assert_true(first >= 0);
    /* The short form runs beside other tests. */
    assert_true(most <= (run->is_short ? 10 : 1) * SECOND);
}

/* --------------------------------------------------------------- the test */

static void start(pid_t *process, struct shared *shared, int index)
{
    void *context[] = { &shared->has_begun[index], shared };

    *process = process_start(run_timers, context);
}

/* Kills a runner at a random time again and again, until all timers are due. */
static int disturb(struct shared *shared, int kills)
{
    pid_t runners[RUNNERS];
    int done = 0;

    for (int i = 0; i < RUNNERS; i++) {
        start(&runners[i], shared, i);
    }
    while (quipu_time_now().microseconds < shared->begin + shared->time) {
        int i = (int)process_random(RUNNERS);

        process_sleep(process_random(2 * shared->time / kills));
        if (atomic_load(&shared->has_begun[i])) {
            atomic_store(&shared->has_begun[i], false);
            assert_true(process_kill(runners[i]));
            start(&runners[i], shared, i);
            done++;
        }
    }
    process_sleep(3 * SECOND);
    for (int i = 0; i < RUNNERS; i++) {
        assert_true(process_kill(runners[i]));
    }
    return done;
}

static void run(struct acceptance *run)
{
    struct shared *shared = process_share(sizeof(*shared));

    shared->timers = run->is_short ? 400 : TIMERS_MOST;
    shared->time = (run->is_short ? 6 : 60) * SECOND;
    run->model->prepare("timers", "durability=relaxed", shared->name);
    shared->begin =
        quipu_time_now().microseconds + (run->is_short ? 4 : 40) * SECOND;
    set_all(shared);
    assert_true(quipu_time_now().microseconds < shared->begin);
    pid_t watcher = process_start(watch, shared);
    pid_t canceller = process_start(cancel, shared);
    int kills = disturb(shared, run->is_short ? 10 : 55);

    assert_false(process_wait_killed(canceller));
    atomic_store(&shared->is_over, true);
    assert_false(process_wait_killed(watcher));
    check(run, shared, kills);
}

const struct acceptance_test acceptance_timers = {
    .name = "B3",
    .title = "timers, three runners that are killed",
    .run = run,
    .has_short = true,
};
