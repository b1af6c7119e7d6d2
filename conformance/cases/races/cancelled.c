/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that are cancelled (pthread_cancel) while they append beside others.
 *
 * The core disables cancellation during each of its calls, so a thread ends
 * between two appends, without a lock of the driver or a place in the commit
 * queue.  A driver or library that enables cancellation again lets the thread
 * end within the call, and all others wait for what it held.
 */
#include "cases/case.h"

#include <pthread.h>
#include <stdatomic.h>

#define OTHERS 3
#define STALL INT64_C(20000) /* milliseconds without an append: a failure */

struct test {
    struct quipu_context *ctx;
    quipu_records *records;
    quipu_bytes s[OTHERS + 1];        /* sequences; the last is that of the
                                         * threads that are cancelled */
    atomic_size_t stored[OTHERS + 1]; /* appends that have returned OK */
    struct quipu_builder *b[OTHERS + 1];
    atomic_bool over;
};

static void append(struct test *test, unsigned i)
{
    quipu_builder_clear(test->b[i]);
    quipu_builder_add_next(test->b[i], test->s[i], "x");
    OK(quipu_builder_append(test->b[i]));
    atomic_fetch_add(&test->stored[i], 1);
}

/* Appends until it is cancelled, which takes effect here, or in an append that
 * lets it. */
static void *append_until_cancelled(void *context)
{
    for (;;) {
        append(context, OTHERS);
        pthread_testcancel();
    }
    return NULL;
}

/* Waits until a thread has stored another item. */
static void wait_for(struct test *test, unsigned i)
{
    int64_t until = quipu_context_now() + STALL * test->ctx->patience;
    size_t before = atomic_load(&test->stored[i]);

    while (atomic_load(&test->stored[i]) == before) {
        CHECK(quipu_context_now() < until, "%s appends nothing any more",
              i == OTHERS ? "a new thread" : "a thread beside a cancelled one");
        quipu_context_sleep(100);
    }
}

static void cancel_one(struct test *test)
{
    int64_t until = quipu_context_now() + STALL * test->ctx->patience;
    pthread_t thread;

    CHECK(pthread_create(&thread, NULL, append_until_cancelled, test) == 0,
          "cannot create a thread");
    wait_for(test, OTHERS);
    quipu_context_sleep(quipu_context_random(test->ctx, 2000));
    CHECK(pthread_cancel(thread) == 0, "cannot cancel a thread");
    while (pthread_tryjoin_np(thread, NULL) != 0) {
        CHECK(quipu_context_now() < until,
              "a cancelled thread does not return from its append");
        quipu_context_sleep(100);
    }
    for (unsigned i = 0; i < OTHERS; i++) {
        wait_for(test, i);
    }
}

static void append_or_cancel(void *context, unsigned i)
{
    struct test *test = context;
    unsigned rounds = quipu_context_scale(test->ctx, 20, 200, 2000);

    if (i < OTHERS) {
        while (!atomic_load(&test->over)) {
            append(test, i);
        }
        return;
    }
    for (unsigned round = 0; round < rounds; round++) {
        cancel_one(test);
    }
    atomic_store(&test->over, true);
}

static void cancelled(struct quipu_context *ctx)
{
    struct test *test = quipu_context_allocate(ctx, sizeof(*test));

    test->ctx = ctx;
    test->records = quipu_context_records(ctx, 0);
    for (unsigned i = 0; i <= OTHERS; i++) {
        test->s[i] = quipu_context_sequence(ctx);
        test->b[i] = quipu_builder_create(ctx, test->records, 1);
    }
    quipu_workers_run_threads(OTHERS + 1, append_or_cancel, test);
    for (unsigned i = 0; i <= OTHERS; i++) {
        size_t count = quipu_item_list_count(ctx, test->records, test->s[i]);

        CHECK(count == test->stored[i],
              "%zu appends have returned OK, but the sequence has %zu items",
              (size_t)test->stored[i], count);
    }
}

static const struct quipu_case cases[] = {
    { "contract.cancelled-thread-stops-no-other",
      "A program that ends one of its threads must not lose the store for all.",
      cancelled, 0, 0, 600 },
};
QUIPU_FAMILY_OF_RACES(cancelled);
