/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closing a store gives back all that was taken for it: memory, descriptors and
 * threads of this process.
 *
 * The store is opened, used and closed CYCLES times.  Memory or threads that a
 * driver takes once, such as a pool for all stores, are there after the first
 * cycles; a leak is added by each further one.  So the least growth of a cycle
 * counts, and one cycle without growth is proof.
 */
#include "case.h"

#include "usage.h"

#include <limits.h>
#include <stdint.h>

#define CYCLES 12
#define FIRST 2    /* cycles that may take something for good */
#define CALLS 400  /* of each kind in a cycle */
#define MAX_LEAK 8 /* KiB in a cycle: less than 32 bytes for each call */
#define GRACE 200  /* milliseconds until an ended thread has disappeared */

static quipu_records *open_store(struct quipu_context *ctx,
                                 const quipu_schema *schema)
{
    ctx->main = quipu_context_open(ctx, "durability=relaxed");
    OK(quipu_datastore_setup(ctx->main, schema, ERR));
    return quipu_context_bind(ctx, ctx->main, schema);
}

/* Appends that are stored, repeated and refused. */
static void append_all(struct quipu_context *ctx, quipu_records *r,
                       quipu_bytes s, unsigned cycle)
{
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    for (unsigned i = 0; i < CALLS; i++) {
        quipu_builder_clear(b);
        quipu_builder_add_next(b, s, "an append");
        if (ctx->traits & QUIPU_CAN_TRACK) {
            quipu_builder_track(b, ctx->prefix, "log",
                                (int64_t)cycle * CALLS + i + 1);
        }
        OK(quipu_builder_append(b));
        OK(quipu_builder_append(b));
        quipu_builder_clear(b);
        quipu_builder_add_at(b, s, 0, "a conflict");
        RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
    }
}

/* Short reads, because a long one may be a single step for the driver. */
static void read_all(struct quipu_context *ctx, quipu_records *r, quipu_bytes s)
{
    quipu_query query = { .struct_size = sizeof(query),
                          .flags = QUIPU_QUERY_LIMIT,
                          .limit = 1 };
    const quipu_item *item;
    quipu_cursor *cursor;
    int64_t last;

    for (unsigned i = 0; i < CALLS; i++) {
        OK(quipu_records_read(r, s, &query, &cursor, ERR));
        OK(quipu_cursor_next(cursor, &item, ERR));
        OK(quipu_cursor_next(cursor, &item, ERR));
        quipu_cursor_close(cursor);
        OK(quipu_records_last(r, s, &last, ERR));
        if (ctx->traits & QUIPU_CAN_LOG) {
            OK(quipu_records_read_log(r, &query, &cursor, ERR));
            OK(quipu_cursor_next(cursor, &item, ERR));
            OK(quipu_cursor_next(cursor, &item, ERR));
            quipu_cursor_close(cursor);
        }
    }
}

/* Runs the cycles; stores the memory after each. */
static void use_repeatedly(struct quipu_context *ctx, long after[])
{
    const quipu_schema *schema = quipu_context_schema(ctx, 0);

    for (unsigned i = 0; i < CYCLES; i++) {
        const void *mark = quipu_context_mark(ctx);
        quipu_records *r = open_store(ctx, schema);
        quipu_bytes s = quipu_context_sequence(ctx);

        append_all(ctx, r, s, i);
        read_all(ctx, r, s);
        quipu_context_close_all(ctx);
        quipu_context_release(ctx, mark);
        after[i] = quipu_usage_memory_in_use();
    }
}

static void memory(struct quipu_context *ctx)
{
    long after[CYCLES], least = LONG_MAX;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    quipu_assertion_skip("a sanitizer uses memory of its own");
#endif
    use_repeatedly(ctx, after);
    for (unsigned i = FIRST; i < CYCLES; i++) {
        long growth = after[i] - after[i - 1];

        least = growth < least ? growth : least;
    }
    CHECK(least <= MAX_LEAK,
          "each time the store is opened, used for %d calls of each kind and "
          "closed, the process keeps %ld KiB or more",
          CALLS, least);
}

static void open_and_close(struct quipu_context *ctx,
                           const quipu_schema *schema)
{
    quipu_records *r = open_store(ctx, schema);

    OK(quipu_builder_append_next(ctx, r, quipu_context_sequence(ctx)));
    quipu_context_close_all(ctx);
}

static void descriptors(struct quipu_context *ctx)
{
    const quipu_schema *schema = quipu_context_schema(ctx, 0);
    size_t before = 0, least = SIZE_MAX;

    for (unsigned i = 0; i < CYCLES; i++) {
        size_t now;

        open_and_close(ctx, schema);
        now = quipu_usage_descriptors();
        if (i >= FIRST) {
            size_t growth = now > before ? now - before : 0;

            least = growth < least ? growth : least;
        }
        before = now;
    }
    CHECK(least == 0,
          "each time the store is opened and closed, %zu descriptors more stay "
          "open",
          least);
}

/* ----------------------------------------------------------------- threads */

struct threads {
    pid_t ids[QUIPU_USAGE_THREADS];
    size_t count;
};

static bool is_among(const struct threads *threads, pid_t id)
{
    for (size_t i = 0; i < threads->count; i++) {
        if (threads->ids[i] == id) {
            return true;
        }
    }
    return false;
}

/* Returns the number of threads that were not there before, after those that
 * are about to end have had time for it. */
static size_t count_new(struct quipu_context *ctx, const struct threads *before,
                        struct threads *now)
{
    int64_t until = quipu_context_now() + (int64_t)GRACE * ctx->patience;
    size_t new;

    do {
        new = 0;
        now->count = quipu_usage_threads(now->ids);
        for (size_t i = 0; i < now->count; i++) {
            new += !is_among(before, now->ids[i]);
        }
        if (new > 0) {
            quipu_context_sleep(5000);
        }
    } while (new > 0 && quipu_context_now() < until);
    return new;
}

static void threads(struct quipu_context *ctx)
{
    const quipu_schema *schema = quipu_context_schema(ctx, 0);
    struct threads before = { .count = 0 }, now;
    size_t least = SIZE_MAX;

    for (unsigned i = 0; i < CYCLES; i++) {
        size_t new;

        open_and_close(ctx, schema);
        new = count_new(ctx, &before, &now);
        least = i >= FIRST && new < least ? new : least;
        before = now;
    }
    CHECK(least == 0,
          "each time the store is closed, %zu threads that were started for it "
          "go on",
          least);
}

static const struct quipu_case cases[] = {
    { "contract.calls-leak-no-memory",
      "A program that runs for months makes the same calls again and again.",
      memory, QUIPU_CAN_PERSIST, 0, 600 },
    { "contract.closing-releases-descriptors",
      "A program that opens and closes stores runs out of descriptors.",
      descriptors, 0, 0, 0 },
    { "contract.closing-ends-threads",
      "A thread that outlives its store uses memory that was released.",
      threads, 0, 0, 0 },
};
QUIPU_FAMILY(leaks);
