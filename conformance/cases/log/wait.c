/* SPDX-License-Identifier: Apache-2.0 */
/* L4: waiting for the log to grow. */
#include "cases/case.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Milliseconds.  A wait may return a second late.  On a busy machine some
 * return later than LATE, but most do not, and none later than TOO_LATE. */
#define LATE 2000
#define TOO_LATE 20000
#define LONG_WAIT 60000

struct sleeper {
    quipu_records *records;
    int64_t after;
    int64_t milliseconds;
    pthread_t thread;
    _Atomic pid_t id; /* of the thread for the kernel; 0: not known yet */
    int status;
    int64_t head;
    int64_t woken; /* time at which the wait returned */
};

static void *sleep_in_thread(void *argument)
{
    struct sleeper *s = argument;

    atomic_store(&s->id, gettid());
    s->status = quipu_records_wait(s->records, s->after, s->milliseconds,
                                   &s->head, ERR);
    s->woken = quipu_context_now();
    return NULL;
}

static void start(struct sleeper *s)
{
    CHECK(pthread_create(&s->thread, NULL, sleep_in_thread, s) == 0,
          "cannot create a thread");
}

/* Sleeps a while, longer in each of ten rounds. */
static void pause_of(unsigned round)
{
    struct timespec span = { .tv_nsec = 20000000L * (1 + (long)round % 10) };

    nanosleep(&span, NULL);
}

/* Returns true if the kernel has nothing to run in the sleeper's thread. */
static bool is_asleep(struct sleeper *s)
{
    char path[64], text[64] = "";
    FILE *file;

    snprintf(path, sizeof(path), "/proc/self/task/%d/stat",
             (int)atomic_load(&s->id));
    file = fopen(path, "re");
    if (file) {
        (void)!fgets(text, sizeof(text), file);
        (void)fclose(file);
    }
    return strstr(text, ") S "); /* "4711 (name) S ..." */
}

/* Waits until the sleeper has been found asleep several times, and a while
 * longer.  On a busy machine it may take long until a new thread waits.  A
 * driver that never sleeps, since it polls, ends the attempt. */
static void let_sleep(struct sleeper *s, unsigned round)
{
    unsigned found = 0;

    for (unsigned i = 0; i < 100 && found < 4; i++) {
        quipu_context_sleep(2000);
        found += is_asleep(s);
    }
    pause_of(round);
}

/* Durations of several waits. */
struct spans {
    const char *what; /* for messages */
    unsigned count, late;
    int64_t best; /* the shortest */
};

static void add_span(struct quipu_context *ctx, struct spans *spans,
                     int64_t took)
{
    CHECK(took < (int64_t)TOO_LATE * ctx->patience,
          "one %s after %" PRId64 " ms", spans->what, took);
    spans->best = spans->count == 0 || took < spans->best ? took : spans->best;
    spans->late += took >= (int64_t)LATE * ctx->patience;
    spans->count++;
    CHECK(spans->late <= 3, "%u of %u %s after more than a second", spans->late,
          spans->count, spans->what);
}

/* Checks that the shortest wait was shorter than `most`.  One of many is, on a
 * slow machine too, so the patience of the run does not extend this limit. */
static void check_best(const struct spans *spans, int64_t most)
{
    CHECK(spans->best < most, "of %u the first %s after %" PRId64 " ms",
          spans->count, spans->what, spans->best);
}

/* Waits for the sleeper's end, checks its result and adds its duration. */
static void check_woken(struct quipu_context *ctx, struct sleeper *s,
                        struct spans *spans, int64_t since, int64_t head)
{
    pthread_join(s->thread, NULL);
    RETURNS(QUIPU_OK, s->status);
    CHECK(s->head == head,
          "the wait returned the head %" PRId64 " instead of %" PRId64, s->head,
          head);
    add_span(ctx, spans, s->woken - since);
}

static void at_once(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    struct spans spans = { .what = "wait for existing items returned" };

    quipu_builder_append_many(ctx, r, quipu_context_sequence(ctx), 3);
    for (unsigned i = 0; i < 6; i++) {
        int64_t begin = quipu_context_now(), head = -1;

        OK(quipu_records_wait(r, 2, (int64_t)LONG_WAIT * ctx->patience, &head,
                              ERR));
        CHECK(head == 3, "the head is %" PRId64, head);
        OK(quipu_records_wait(r, 0, -1, &head, ERR));
        OK(quipu_records_wait(r, 0, 0, &head, ERR));
        add_span(ctx, &spans, quipu_context_now() - begin);
    }
    check_best(&spans, LATE);
}

static void timeouts(struct quipu_context *ctx)
{
    static const int64_t spans[] = { 0, 1, 150 };
    quipu_records *r = quipu_context_records(ctx, 0);
    int64_t head;

    OK(quipu_builder_append_next(ctx, r, quipu_context_sequence(ctx)));
    for (size_t i = 0; i < 3; i++) {
        int64_t begin = quipu_context_now(), took;

        RETURNS(QUIPU_TIMEOUT, quipu_records_wait(r, 1, spans[i], &head, ERR));
        took = quipu_context_now() - begin;
        CHECK(took >= spans[i] - 1,
              "the wait returned already after %" PRId64 " ms", took);
        CHECK(took < spans[i] + (int64_t)TOO_LATE * ctx->patience,
              "the wait returned only after %" PRId64 " ms", took);
    }
    RETURNS(QUIPU_TIMEOUT, quipu_records_wait(r, 100, 1, &head, ERR));
    RETURNS(QUIPU_TIMEOUT, quipu_records_wait(r, INT64_MAX, 1, &head, ERR));
}

/* In at least one round of many a sleeping thread must be woken within this
 * time. (A driver that only polls once a second is later in each round.) */
#define AT_ONCE 500

/* Many rounds: the append is made before or after the wait begins. */
static void wake(struct quipu_context *ctx, quipu_records *reader,
                 quipu_records *writer)
{
    quipu_bytes s = quipu_context_sequence(ctx);
    struct spans awake = { .what = "woken" }, asleep = awake;

    for (unsigned i = 0; i < 20 * ctx->patience; i++) {
        struct sleeper sleeper = { .records = reader,
                                   .after = i,
                                   .milliseconds = LONG_WAIT * ctx->patience };

        start(&sleeper);
        if (i % 2) {
            let_sleep(&sleeper, i / 2);
        }
        OK(quipu_builder_append_next(ctx, writer, s));
        check_woken(ctx, &sleeper, i % 2 ? &asleep : &awake,
                    quipu_context_now(), i + 1);
    }
    check_best(&asleep, AT_ONCE);
}

static void by_thread(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);

    wake(ctx, r, r);
}

static void by_other_datastore(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);

    wake(ctx, r,
         quipu_context_bind(ctx, quipu_context_open(ctx, NULL),
                            quipu_records_schema(r)));
}

/* A read-only datastore may lack access to the writers' commit counter. */
static void while_readonly(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);

    wake(ctx,
         quipu_context_bind(ctx, quipu_context_open(ctx, "readonly=yes"),
                            quipu_records_schema(r)),
         r);
}

/* Items of another schema do not end the wait. */
static void not_by_other_schema(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_records *other = quipu_context_records(ctx, 0);
    struct sleeper sleeper = { .records = r, .after = 0, .milliseconds = 400 };

    start(&sleeper);
    for (unsigned i = 0; i < 10; i++) {
        OK(quipu_builder_append_next(ctx, other, quipu_context_sequence(ctx)));
    }
    pthread_join(sleeper.thread, NULL);
    CHECK(sleeper.status == QUIPU_TIMEOUT ||
              (sleeper.status == QUIPU_OK && sleeper.head == 0),
          "the wait returned %s with head %" PRId64,
          quipu_status_name(sleeper.status), sleeper.head);
}

/* Interrupts a wait.  Repeats the interrupt after a while, because one that
 * comes before the wait begins has no effect on it. */
static int64_t interrupt_sleeper(struct quipu_context *ctx, quipu_records *r,
                                 unsigned round)
{
    struct sleeper sleeper = { .records = r, .after = 0, .milliseconds = -1 };
    int64_t since;

    start(&sleeper);
    let_sleep(&sleeper, round);
    since = quipu_context_now();
    quipu_datastore_interrupt(ctx->main);
    while (pthread_tryjoin_np(sleeper.thread, NULL) != 0) {
        if (quipu_context_now() - since > 1500) {
            quipu_datastore_interrupt(ctx->main);
        }
        pause_of(0);
    }
    RETURNS(QUIPU_OK, sleeper.status);
    CHECK(sleeper.head == 0, "the head is %" PRId64, sleeper.head);
    return sleeper.woken - since;
}

static void interrupted(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    int64_t best = INT64_MAX;

    for (unsigned i = 0; i < 10 * ctx->patience; i++) {
        int64_t took = interrupt_sleeper(ctx, r, i);

        best = took < best ? took : best;
    }
    CHECK(best < AT_ONCE,
          "the shortest of many interrupted waits took %" PRId64 " ms", best);
}

static void later_waits(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    int64_t head;

    quipu_datastore_interrupt(quipu_context_datastore(ctx));
    quipu_datastore_interrupt(quipu_context_datastore(ctx));
    RETURNS(QUIPU_TIMEOUT, quipu_records_wait(r, 0, 100, &head, ERR));
}

/* ------------------------------------------------------ another process */

#define REQUESTS 10

/* Appends that the parent requests of another process. */
struct requests {
    const quipu_schema *schema;
    atomic_uint count;
    _Atomic int64_t appended[REQUESTS]; /* time; all processes share a clock */
};

static void append_on_request(struct quipu_context *ctx, void *shared,
                              unsigned index)
{
    struct requests *requests = shared;
    quipu_records *r =
        quipu_context_bind(ctx, quipu_context_datastore(ctx), requests->schema);

    (void)index;
    for (unsigned i = 0; i < REQUESTS; i++) {
        while (atomic_load(&requests->count) <= i) {
            pause_of(0);
        }
        OK(quipu_builder_append_next(ctx, r, quipu_context_sequence(ctx)));
        atomic_store(&requests->appended[i], quipu_context_now());
    }
}

static void by_process(struct quipu_context *ctx)
{
    struct requests *requests = quipu_workers_share_memory(sizeof(*requests));
    struct spans spans = { .what = "woken" };
    struct quipu_workers workers;
    quipu_records *r;

    requests->schema = quipu_context_schema(ctx, 0);
    workers = quipu_workers_start(ctx, 1, append_on_request, requests);
    quipu_context_setup(ctx, requests->schema);
    r = quipu_context_bind(ctx, quipu_context_datastore(ctx), requests->schema);
    quipu_workers_release(&workers);
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct sleeper sleeper = { .records = r,
                                   .after = i,
                                   .milliseconds = LONG_WAIT * ctx->patience };

        start(&sleeper);
        let_sleep(&sleeper, i);
        atomic_store(&requests->count, i + 1);
        while (atomic_load(&requests->appended[i]) == 0) {
            if (quipu_workers_any_ended(&workers)) {
                quipu_workers_join(&workers); /* it has failed */
            }
            pause_of(0);
        }
        check_woken(ctx, &sleeper, &spans, requests->appended[i], i + 1);
    }
    quipu_workers_join(&workers);
}

#define LOG QUIPU_CAN_LOG

/* -------------------------------------------------- appends beside waits */

#define WAITERS 4
#define TIMED 11   /* appends */
#define PAUSE 4000 /* microseconds before each */

struct beside {
    struct quipu_context *ctx;
    quipu_records *records;
    atomic_bool over;
    int64_t median[2]; /* milliseconds of an append: alone, beside waits */
};

/* Waits for ids that never come. */
static void wait_in_vain(struct beside *b)
{
    int64_t head;

    while (!atomic_load(&b->over)) {
        int status =
            quipu_records_wait(b->records, INT64_MAX - 1, 100, &head, ERR);

        CHECK(status == QUIPU_OK || status == QUIPU_TIMEOUT,
              "a wait returns %s: %s", quipu_status_name(status), ERR->message);
    }
}

static int by_size(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

static int64_t median_append(struct beside *b)
{
    quipu_bytes s = quipu_context_sequence(b->ctx);
    int64_t took[TIMED];

    for (int i = 0; i < TIMED; i++) {
        int64_t begin;

        quipu_context_sleep(PAUSE); /* in which the waits go on */
        begin = quipu_context_now();
        OK(quipu_builder_append_next(b->ctx, b->records, s));
        took[i] = quipu_context_now() - begin;
    }
    qsort(took, TIMED, sizeof(*took), by_size);
    return took[TIMED / 2];
}

static void wait_or_append(void *context, unsigned i)
{
    struct beside *b = context;

    if (i > 0) {
        wait_in_vain(b);
        return;
    }
    b->median[1] = median_append(b);
    atomic_store(&b->over, true);
}

/* A driver that holds its lock while it waits lets it go now and then, so that
 * every append gets it, but late. */
static void appends_beside_waits(struct quipu_context *ctx)
{
    struct beside b = { .ctx = ctx };
    bool late = true;

    b.records = quipu_context_records(ctx, 0);
    for (int attempt = 0; attempt < 3 && late; attempt++) {
        b.median[0] = median_append(&b);
        atomic_store(&b.over, false);
        quipu_workers_run_threads(1 + WAITERS, wait_or_append, &b);
        late = b.median[1] > 10 * b.median[0] + 15;
    }
    CHECK(!late,
          "while %d threads wait, an append takes %" PRId64
          " ms, and otherwise %" PRId64 " ms",
          WAITERS, b.median[1], b.median[0]);
}

static const struct quipu_case cases[] = {
    { "L4.wait-returns-at-once-if-items-are-there",
      "A consumer that lags behind must not sleep.", at_once, LOG, 0, 0 },
    { "L4.wait-ends-in-time", "A wait does not exceed its timeout.", timeouts,
      LOG, 0, 0 },
    { "L4.woken-by-a-thread", "After a missed wake-up a consumer stands still.",
      by_thread, LOG, 0, 0 },
    { "L4.woken-by-another-datastore",
      "The writer rarely uses the datastore that waits.", by_other_datastore,
      LOG | QUIPU_TRAIT_MULTI_OPEN, 0, 0 },
    { "L4.woken-while-readonly", "A consumer may lack the right to write.",
      while_readonly, LOG | QUIPU_TRAIT_MULTI_OPEN | QUIPU_CAN_PERSIST, 0, 0 },
    { "L4.woken-by-a-process",
      "Consumers usually run in processes of their own.", by_process,
      LOG | QUIPU_CAN_SHARE, 0, 0 },
    { "L4.other-schemas-do-not-end-a-wait",
      "The reported head is the head of the awaited log.", not_by_other_schema,
      LOG, 0, 0 },
    { "L4.waits-do-not-delay-appends",
      "Consumers wait nearly all of the time, and must not slow writers down.",
      appends_beside_waits, LOG, 0, 0 },
    { "L4.interrupt-ends-a-wait",
      "A program that stops must not wait for the next event.", interrupted,
      LOG, 0, 0 },
    { "L4.interrupt-does-not-end-later-waits",
      "An interrupt that is left over would end the next wait at once.",
      later_waits, LOG, 0, 0 },
};
QUIPU_FAMILY_IN(log, wait);
