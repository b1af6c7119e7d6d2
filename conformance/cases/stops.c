/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V3, V5: a server that is stopped at once, as a crash would, under eight
 * threads that append, and started again.  What a thread was told holds; what
 * it was left in doubt about it repeats (U3).
 */
#include "case.h"

#include "context/paired_append.h"

#include <time.h>

#define WRITERS 8
#define WORDLESS INT64_C(60000) /* milliseconds without an append: too long */

struct scene {
    struct quipu_context *ctx;
    quipu_records *records;
    struct quipu_writer_progress fates[WRITERS];
    _Atomic uint64_t unknown;
    atomic_bool over;
};

static void nap(long milliseconds)
{
    struct timespec span = { .tv_sec = milliseconds / 1000,
                             .tv_nsec = milliseconds % 1000 * 1000000 };

    nanosleep(&span, NULL);
}

/* While the server is away these are true. */
static bool is_excused(int status)
{
    return status == QUIPU_IO || status == QUIPU_BUSY ||
           status == QUIPU_TIMEOUT || status == QUIPU_UNKNOWN_OUTCOME;
}

/* One append, however often it takes. */
static void append_surely(struct scene *scene, struct quipu_builder *b,
                          unsigned i)
{
    int status;

    while ((status = quipu_paired_append_next(scene->ctx, b, i,
                                              &scene->fates[i])) != QUIPU_OK) {
        CHECK(is_excused(status), "an append answers %s: %s",
              quipu_status_name(status), ERR->message);
        scene->unknown += status == QUIPU_UNKNOWN_OUTCOME;
        nap(5);
    }
}

static void append_all_along(void *context, unsigned i)
{
    struct scene *scene = context;
    struct quipu_builder *b =
        quipu_builder_create(scene->ctx, scene->records, 2);

    while (!atomic_load(&scene->over)) {
        append_surely(scene, b, i);
    }
}

/* Until each writer has appended something. */
static void wait_for_all(struct scene *scene)
{
    int64_t until = quipu_context_now() + WORDLESS * scene->ctx->patience;

    for (unsigned i = 0; i < WRITERS; i++) {
        int64_t before = scene->fates[i].acknowledged;

        while (scene->fates[i].acknowledged <= before) {
            CHECK(quipu_context_now() < until,
                  "the server runs, and writer %u appends nothing", i);
            nap(1);
        }
    }
}

static void stop_often(struct scene *scene)
{
    unsigned stops = quipu_context_scale(scene->ctx, 3, 30, 300);

    for (unsigned i = 0; i < stops; i++) {
        wait_for_all(scene);
        nap((long)quipu_context_random(scene->ctx, 100));
        quipu_context_server_stop(scene->ctx);
        nap((long)quipu_context_random(scene->ctx, 50));
        quipu_context_server_start(scene->ctx);
        quipu_context_count(scene->ctx, "stops", 1);
    }
    wait_for_all(scene);
    atomic_store(&scene->over, true);
}

static void act(void *context, unsigned i)
{
    if (i < WRITERS) {
        append_all_along(context, i);
    } else {
        stop_often(context);
    }
}

static void server_stopped(struct quipu_context *ctx)
{
    struct scene *scene = quipu_context_allocate(ctx, sizeof(*scene));

    scene->ctx = ctx;
    scene->records = quipu_paired_append_open(ctx);
    quipu_workers_run_threads(WRITERS + 1, act, scene);
    quipu_paired_append_verify(ctx, scene->records, WRITERS, scene->fates);
    quipu_context_count(ctx, "unknown outcomes", scene->unknown);
    quipu_context_close_all(ctx);
}

static const struct quipu_case cases[] = {
    { "V3.server-stopped-under-eight-threads",
      "Acknowledged appends stay, and an append in doubt is stored at most "
      "once.",
      server_stopped, QUIPU_CAN_PERSIST | QUIPU_CAN_LOG | QUIPU_TRAIT_SERVER, 0,
      600 },
};
QUIPU_FAMILY(stops);
