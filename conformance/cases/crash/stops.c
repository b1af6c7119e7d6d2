/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V3 and V5: the store's server is stopped immediately, as by a crash, while
 * eight threads append, and started again.  Acknowledged appends must be
 * stored; appends whose outcome is unknown are repeated (U3).
 */
#include "cases/case.h"

#include "context/paired_append.h"

#define WRITERS 8
#define STALL INT64_C(60000) /* milliseconds without an append: a failure */

struct test {
    struct quipu_context *ctx;
    quipu_records *records;
    struct quipu_writer_progress progress[WRITERS];
    _Atomic uint64_t unknown;
    atomic_bool over;
};

/* Returns true for a status that is true while the server is stopped. */
static bool is_expected(int status)
{
    return status == QUIPU_IO || status == QUIPU_BUSY ||
           status == QUIPU_TIMEOUT || status == QUIPU_UNKNOWN_OUTCOME;
}

/* Makes one append, in as many attempts as it takes. */
static void append_with_retries(struct test *test, struct quipu_builder *b,
                                unsigned i)
{
    int status;

    while ((status = quipu_paired_append_next(
                test->ctx, b, i, &test->progress[i])) != QUIPU_OK) {
        CHECK(is_expected(status), "an append returns %s: %s",
              quipu_status_name(status), ERR->message);
        test->unknown += status == QUIPU_UNKNOWN_OUTCOME;
        quipu_context_sleep(5000);
    }
}

static void append_until_over(void *context, unsigned i)
{
    struct test *test = context;
    struct quipu_builder *b = quipu_builder_create(test->ctx, test->records, 2);

    while (!atomic_load(&test->over)) {
        append_with_retries(test, b, i);
    }
}

/* Waits until each writer has made an append. */
static void wait_for_all(struct test *test)
{
    int64_t until = quipu_context_now() + STALL * test->ctx->patience;

    for (unsigned i = 0; i < WRITERS; i++) {
        int64_t before = test->progress[i].acknowledged;

        while (test->progress[i].acknowledged <= before) {
            CHECK(quipu_context_now() < until,
                  "the server runs, but writer %u appends nothing", i);
            quipu_context_sleep(1000);
        }
    }
}

static void stop_repeatedly(struct test *test)
{
    unsigned stops = quipu_context_scale(test->ctx, 3, 30, 300);

    for (unsigned i = 0; i < stops; i++) {
        wait_for_all(test);
        quipu_context_sleep(quipu_context_random(test->ctx, 100000));
        quipu_context_server_stop(test->ctx);
        quipu_context_sleep(quipu_context_random(test->ctx, 50000));
        quipu_context_server_start(test->ctx);
        quipu_context_count(test->ctx, "stops", 1);
    }
    wait_for_all(test);
    atomic_store(&test->over, true);
}

static void run_thread(void *context, unsigned i)
{
    if (i < WRITERS) {
        append_until_over(context, i);
    } else {
        stop_repeatedly(context);
    }
}

static void server_stopped(struct quipu_context *ctx)
{
    struct test *test = quipu_context_allocate(ctx, sizeof(*test));

    test->ctx = ctx;
    test->records = quipu_paired_append_open(ctx);
    quipu_workers_run_threads(WRITERS + 1, run_thread, test);
    quipu_paired_append_verify(ctx, test->records, WRITERS, test->progress);
    quipu_context_count(ctx, "unknown outcomes", test->unknown);
    quipu_context_close_all(ctx);
}

static const struct quipu_case cases[] = {
    { "V3.server-stopped-under-eight-threads",
      "Acknowledged appends stay, and an append in doubt is stored at most "
      "once.",
      server_stopped, QUIPU_CAN_PERSIST | QUIPU_CAN_LOG | QUIPU_TRAIT_SERVER, 0,
      600 },
};
QUIPU_FAMILY_IN(crash, stops);
