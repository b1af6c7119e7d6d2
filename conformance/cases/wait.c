/* SPDX-License-Identifier: Apache-2.0 */
/* L4: waiting for the log to grow. */
#include "suite.h"

#include <inttypes.h>
#include <pthread.h>
#include <time.h>

#define LONG_WAIT 15000 /* milliseconds; far above the second allowed */

struct sleeper {
    quipu_records *records;
    int64_t after;
    int64_t milliseconds;
    pthread_t thread;
    int status;
    int64_t head;
    int64_t woken; /* when */
};

static void *sleep_in_thread(void *argument)
{
    struct sleeper *s = argument;

    s->status =
        quipu_records_wait(s->records, s->after, s->milliseconds, &s->head, E);
    s->woken = quipu_trial_now();
    return NULL;
}

static void start(struct sleeper *s)
{
    CHECK(pthread_create(&s->thread, NULL, sleep_in_thread, s) == 0,
          "the system gives no thread");
}

/* The sleeper ended within a second (and slack for a loaded machine).  Gives
 * how long it took. */
static int64_t check_woken(struct quipu_trial *t, struct sleeper *s,
                           int64_t since, int64_t head)
{
    int64_t took;

    pthread_join(s->thread, NULL);
    took = s->woken - since;
    ANSWERS(QUIPU_OK, s->status);
    CHECK(s->head == head, "woken with head %" PRId64 ", not %" PRId64, s->head,
          head);
    CHECK(took < (int64_t)2000 * t->patience, "woken after %" PRId64 " ms",
          took);
    return took;
}

static void at_once(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    int64_t begin, head = -1;

    quipu_batch_fill(t, r, quipu_trial_sequence(t), 3);
    begin = quipu_trial_now();
    OK(quipu_records_wait(r, 2, LONG_WAIT, &head, E));
    CHECK(head == 3, "the head is %" PRId64, head);
    OK(quipu_records_wait(r, 0, -1, &head, E));
    OK(quipu_records_wait(r, 0, 0, &head, E));
    CHECK(quipu_trial_now() - begin < (int64_t)2000 * t->patience,
          "it waited for what was there");
}

static void timeouts(struct quipu_trial *t)
{
    static const int64_t spans[] = { 0, 1, 150 };
    quipu_records *r = quipu_trial_records(t, 0);
    int64_t head;

    OK(quipu_batch_one_next(t, r, quipu_trial_sequence(t)));
    for (size_t i = 0; i < 3; i++) {
        int64_t begin = quipu_trial_now(), took;

        ANSWERS(QUIPU_TIMEOUT, quipu_records_wait(r, 1, spans[i], &head, E));
        took = quipu_trial_now() - begin;
        CHECK(took >= spans[i] - 1, "it gave up after %" PRId64 " ms", took);
        CHECK(took < spans[i] + (int64_t)2000 * t->patience,
              "it gave up after %" PRId64 " ms only", took);
    }
    ANSWERS(QUIPU_TIMEOUT, quipu_records_wait(r, 100, 1, &head, E));
    ANSWERS(QUIPU_TIMEOUT, quipu_records_wait(r, INT64_MAX, 1, &head, E));
}

/* Who is asleep is woken at once, usually: in one round of ten at least.  (A
 * wait that ends by its own second's slice comes later in each.) */
static void check_usual(struct quipu_trial *t, int64_t best)
{
    CHECK(best < (int64_t)500 * t->patience,
          "of ten that slept the first was woken after %" PRId64 " ms", best);
}

/* Many rounds: sometimes the append comes before the wait, sometimes after. */
static void wake(struct quipu_trial *t, quipu_records *reader,
                 quipu_records *writer)
{
    quipu_bytes s = quipu_trial_sequence(t);
    int64_t best = INT64_MAX;

    for (int64_t i = 0; i < 20; i++) {
        struct sleeper sleeper = { .records = reader,
                                   .after = i,
                                   .milliseconds = LONG_WAIT * t->patience };
        int64_t since, took;

        start(&sleeper);
        if (i % 2) {
            struct timespec nap = { .tv_nsec = 20000000 };

            nanosleep(&nap, NULL); /* likelier, not surer, to be asleep */
        }
        OK(quipu_batch_one_next(t, writer, s));
        since = quipu_trial_now();
        took = check_woken(t, &sleeper, since, i + 1);
        if (i % 2 && took < best) {
            best = took;
        }
    }
    check_usual(t, best);
}

static void by_thread(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);

    wake(t, r, r);
}

static void by_other_datastore(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);

    wake(t, r,
         quipu_trial_bind(t, quipu_trial_open(t, NULL),
                          quipu_records_schema(r)));
}

/* Who only reads may not share what writers tell each other by. */
static void while_readonly(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);

    wake(t,
         quipu_trial_bind(t, quipu_trial_open(t, "readonly=yes"),
                          quipu_records_schema(r)),
         r);
}

/* Another schema's growth is no growth of this one. */
static void not_by_other_schema(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    quipu_records *other = quipu_trial_records(t, 0);
    struct sleeper sleeper = { .records = r, .after = 0, .milliseconds = 400 };

    start(&sleeper);
    for (unsigned i = 0; i < 10; i++) {
        OK(quipu_batch_one_next(t, other, quipu_trial_sequence(t)));
    }
    pthread_join(sleeper.thread, NULL);
    CHECK(sleeper.status == QUIPU_TIMEOUT ||
              (sleeper.status == QUIPU_OK && sleeper.head == 0),
          "it answered %s with head %" PRId64,
          quipu_status_name(sleeper.status), sleeper.head);
}

/* One interrupt ends a wait.  More come after a while, since one that comes
 * before the wait begins does not concern it. */
static int64_t interrupt_sleeper(struct quipu_trial *t, quipu_records *r)
{
    struct sleeper sleeper = { .records = r, .after = 0, .milliseconds = -1 };
    struct timespec nap = { .tv_nsec = 20000000 };
    int64_t since;

    start(&sleeper);
    nanosleep(&nap, NULL);
    since = quipu_trial_now();
    quipu_datastore_interrupt(t->main);
    while (pthread_tryjoin_np(sleeper.thread, NULL) != 0) {
        if (quipu_trial_now() - since > 1500) {
            quipu_datastore_interrupt(t->main);
        }
        nanosleep(&nap, NULL);
    }
    ANSWERS(QUIPU_OK, sleeper.status);
    CHECK(sleeper.head == 0, "the head is %" PRId64, sleeper.head);
    return sleeper.woken - since;
}

static void interrupted(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    int64_t best = INT64_MAX;

    for (unsigned i = 0; i < 10; i++) {
        int64_t took = interrupt_sleeper(t, r);

        best = took < best ? took : best;
    }
    check_usual(t, best);
}

static void later_waits(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    int64_t head;

    quipu_datastore_interrupt(quipu_trial_datastore(t));
    quipu_datastore_interrupt(quipu_trial_datastore(t));
    ANSWERS(QUIPU_TIMEOUT, quipu_records_wait(r, 0, 100, &head, E));
}

/* ------------------------------------------------------ another process */

struct parcel {
    const quipu_schema *schema;
    int64_t appended; /* when; the clock is one for all processes */
};

static void append_soon(struct quipu_trial *t, void *shared, unsigned index)
{
    struct parcel *parcel = shared;
    quipu_records *r =
        quipu_trial_bind(t, quipu_trial_datastore(t), parcel->schema);
    struct timespec nap = { .tv_nsec = 100000000 };

    (void)index;
    nanosleep(&nap, NULL);
    OK(quipu_batch_one_next(t, r, quipu_trial_sequence(t)));
    parcel->appended = quipu_trial_now();
}

static void by_process(struct quipu_trial *t)
{
    struct parcel *parcel = quipu_crew_share(sizeof *parcel);
    struct quipu_crew crew;
    struct sleeper sleeper = { .after = 0,
                               .milliseconds = LONG_WAIT * t->patience };

    parcel->schema = quipu_trial_schema(t, 0);
    crew = quipu_crew_start(t, 1, append_soon, parcel);
    quipu_trial_setup(t, parcel->schema);
    sleeper.records =
        quipu_trial_bind(t, quipu_trial_datastore(t), parcel->schema);
    start(&sleeper);
    quipu_crew_go(&crew);
    quipu_crew_join(&crew);
    check_woken(t, &sleeper, parcel->appended, 1);
}

#define LOG QUIPU_CAN_LOG

static const struct quipu_case cases[] = {
    { "L4.what-is-there-is-not-waited-for",
      "A consumer that lags behind must not sleep.", at_once, LOG, 0, 30 },
    { "L4.wait-ends-in-time", "A wait is no longer than it was asked for.",
      timeouts, LOG, 0, 60 },
    { "L4.woken-by-a-thread",
      "A missed wake-up is a consumer that stands still.", by_thread, LOG, 0,
      120 },
    { "L4.woken-by-another-datastore",
      "The writer is seldom the one that waits.", by_other_datastore,
      LOG | QUIPU_TRAIT_JOINT, 0, 120 },
    { "L4.woken-while-readonly", "A consumer may lack the right to write.",
      while_readonly, LOG | QUIPU_TRAIT_JOINT | QUIPU_CAN_PERSIST, 0, 120 },
    { "L4.woken-by-a-process", "Consumers live in processes of their own.",
      by_process, LOG | QUIPU_CAN_SHARE, 0, 60 },
    { "L4.other-schemas-do-not-count", "The head that is told is this log's.",
      not_by_other_schema, LOG, 0, 0 },
    { "L4.interrupt-ends-a-wait",
      "A program that stops must not wait for the next event.", interrupted,
      LOG, 0, 60 },
    { "L4.interrupt-concerns-no-later-wait",
      "One that is left over would make the next consumer spin or stop.",
      later_waits, LOG, 0, 0 },
};
QUIPU_FAMILY(wait);
