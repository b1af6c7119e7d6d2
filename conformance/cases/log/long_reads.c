/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V4: the memory of a read does not depend on its length.
 *
 * There are two logs, of which one is FACTOR times as long as the other.  One
 * item in five is in a sequence that they share, with a large state; each other
 * item has a sequence of its own, with a long id.  The log, that sequence and
 * the list of sequences are read, and the growth of the process from before the
 * cursor is opened to its highest point is measured.  A reader that keeps what
 * it reads, or collects it before the first row, grows with the length; so the
 * growth of the long read may exceed that of the short one by at most half of
 * the difference of what they return.
 *
 * A driver may have caches of constant size.  They are filled first, by reads
 * with a small limit.  A driver may also work in the background and take memory
 * while a cursor is open: then the next attempt shows less, and the least
 * growth of all attempts is the cursor's.  Each attempt is made by a new
 * process, if the store outlives its process, since memory that was taken and
 * released does not grow again.
 */
#include "cases/case.h"

#include "cases/usage.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define APPEND_ITEMS 1000 /* of an append */
#define FACTOR 4
#define SHARE 5          /* one item in so many is in the shared sequence */
#define STATE_SIZE 1024  /* of an item in the shared sequence */
#define ID_SIZE 200      /* of the other sequences' ids */
#define WINDOW 1000      /* items of a read that only fills caches */
#define OBSERVE_EVERY 50 /* rows */
#define ATTEMPTS 4

enum length { SHORT, LONG, LENGTHS };
enum reading { LOG, SEQUENCE, LIST, READINGS };

static const char *const names[READINGS] = { "the log", "a sequence",
                                             "the list of sequences" };

/* In memory that the processes share. */
struct test {
    const quipu_schema *schemas[LENGTHS];
    int64_t items[LENGTHS];
    long growth[LENGTHS][READINGS]; /* KiB, of the last attempt */
};

static quipu_bytes shared_sequence(void)
{
    return quipu_bytes_of_text("shared");
}

/* Stores the id of an item's sequence: a number and filling. */
static quipu_bytes sequence_of(int64_t i, char id[static ID_SIZE + 1])
{
    if (i % SHARE == 0) {
        return shared_sequence();
    }
    snprintf(id, ID_SIZE + 1, "%0*" PRId64, ID_SIZE, i);
    return quipu_bytes_of_text(id);
}

static void append_all(struct quipu_context *ctx, const struct test *test,
                       enum length length)
{
    quipu_records *r;
    struct quipu_builder *b;
    char *state = quipu_context_allocate(ctx, STATE_SIZE + 1);
    char(*ids)[ID_SIZE + 1] =
        quipu_context_allocate(ctx, APPEND_ITEMS * sizeof(*ids));

    quipu_context_setup(ctx, test->schemas[length]);
    r = quipu_context_bind(ctx, ctx->main, test->schemas[length]);
    b = quipu_builder_create(ctx, r, APPEND_ITEMS);
    memset(state, '.', STATE_SIZE);
    for (int64_t i = 0; i < test->items[length]; i += APPEND_ITEMS) {
        quipu_builder_clear(b);
        for (int64_t k = 0; k < APPEND_ITEMS; k++) {
            quipu_bytes sequence = sequence_of(i + k, ids[k]);

            quipu_builder_add_next(b, sequence, k % SHARE == 0 ? state : "");
        }
        OK(quipu_builder_append(b));
    }
}

/* ------------------------------------------------------------- measurements */

/* Opens and reads one of the three, and observes memory if `highest` is given.
 * Items after `*after` (a list: from its beginning), at most `limit`; stores
 * where it ended.  Returns the number of rows. */
struct range {
    int64_t after, limit;
    char id[ID_SIZE + 1]; /* of a list: the last one, or "" */
    long *highest;
};

static void observe(const struct range *range, int64_t count)
{
    long now;

    if (range->highest && (count == 1 || count % OBSERVE_EVERY == 0)) {
        now = quipu_usage_memory();
        *range->highest = now > *range->highest ? now : *range->highest;
    }
}

static int64_t read_items(quipu_records *r, enum reading reading,
                          struct range *range)
{
    quipu_query query = { .struct_size = sizeof(query),
                          .flags = QUIPU_QUERY_GT | QUIPU_QUERY_LIMIT,
                          .gt = range->after,
                          .limit = range->limit };
    const quipu_item *item;
    quipu_cursor *cursor;
    int64_t count = 0;

    if (reading == LOG) {
        OK(quipu_records_read_log(r, &query, &cursor, ERR));
    } else {
        OK(quipu_records_read(r, shared_sequence(), &query, &cursor, ERR));
    }
    for (;;) {
        OK(quipu_cursor_next(cursor, &item, ERR));
        observe(range, count + 1);
        if (!item) {
            break;
        }
        range->after = reading == LOG ? item->notification_id : item->position;
        count++;
    }
    quipu_cursor_close(cursor);
    return count;
}

static int64_t read_list(quipu_records *r, struct range *range)
{
    quipu_bytes after = quipu_bytes_of_text(range->id);
    const quipu_sequence *sequence = NULL;
    quipu_sequences *list;
    int64_t count = 0;

    OK(quipu_sequences_open(r, range->id[0] ? after : (quipu_bytes){ NULL, 0 },
                            &list, ERR));
    while (count < range->limit) {
        OK(quipu_sequences_next(list, &sequence, ERR));
        observe(range, count + 1);
        if (!sequence) {
            break;
        }
        snprintf(range->id, sizeof(range->id), "%.*s", (int)sequence->id.size,
                 (const char *)sequence->id.data);
        count++;
    }
    quipu_sequences_close(list);
    return count;
}

static int64_t read_rows(quipu_records *r, enum reading reading,
                         struct range *range)
{
    return reading == LIST ? read_list(r, range)
                           : read_items(r, reading, range);
}

/* Reads everything, in windows. */
static void fill_caches(quipu_records *r, enum reading reading)
{
    struct range range = { .after = reading == LOG ? 0 : -1, .limit = WINDOW };

    while (read_rows(r, reading, &range) == WINDOW) {
    }
}

/* Returns how much the process grows while it reads everything at once. */
static long measure(quipu_records *r, enum reading reading, int64_t expected)
{
    long before, highest = 0;
    struct range range = { .after = reading == LOG ? 0 : -1,
                           .limit = INT64_MAX,
                           .highest = &highest };
    int64_t count;

    fill_caches(r, reading);
    before = quipu_usage_memory_in_use();
    count = read_rows(r, reading, &range);
    CHECK(count == expected,
          "%" PRId64 " rows of %s were read instead of %" PRId64, count,
          names[reading], expected);
    return highest > before ? highest - before : 0;
}

static void measure_all(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct test *test = shared;

    (void)i;
    for (int length = SHORT; length < LENGTHS; length++) {
        quipu_records *r = quipu_context_bind(ctx, quipu_context_datastore(ctx),
                                              test->schemas[length]);
        int64_t items = test->items[length], own = items - items / SHARE;

        test->growth[length][SEQUENCE] = measure(r, SEQUENCE, items - own);
        test->growth[length][LIST] = measure(r, LIST, own + 1);
        test->growth[length][LOG] =
            ctx->traits & QUIPU_CAN_LOG ? measure(r, LOG, items) : 0;
        quipu_context_unbind(ctx, r);
    }
}

/* Returns the bytes that a read returns, in KiB: a lower bound. */
static long returned(int64_t items, enum reading reading)
{
    int64_t states = items / SHARE * STATE_SIZE;
    int64_t ids = (items - items / SHARE) * ID_SIZE;

    return (long)((reading == SEQUENCE ? states
                   : reading == LIST   ? ids
                                       : states + ids) /
                  1024);
}

/* Makes one attempt; lowers `least` to what it shows. */
static void attempt(struct quipu_context *ctx, struct test *test,
                    long least[static READINGS])
{
    if (ctx->traits & (QUIPU_CAN_SHARE | QUIPU_CAN_PERSIST)) {
        struct quipu_workers reader;

        quipu_context_close_all(ctx);
        reader = quipu_workers_start(ctx, 1, measure_all, test);
        quipu_workers_release(&reader);
        quipu_workers_join(&reader);
    } else {
        measure_all(ctx, test, 0);
    }
    for (int k = 0; k < READINGS; k++) {
        long more = test->growth[LONG][k] - test->growth[SHORT][k];

        least[k] = more < least[k] ? more : least[k];
    }
}

static void long_reads(struct quipu_context *ctx)
{
    struct test *test = quipu_workers_share_memory(sizeof(*test));
    long least[READINGS] = { LONG_MAX, LONG_MAX, LONG_MAX };
    long allowed[READINGS];
    bool passed = false;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    quipu_assertion_skip("a sanitizer uses memory of its own");
#endif
    test->items[SHORT] = quipu_context_scale(ctx, 8000, 100000, 500000);
    test->items[LONG] = FACTOR * test->items[SHORT];
    for (int length = SHORT; length < LENGTHS; length++) {
        test->schemas[length] = quipu_context_schema(ctx, QUIPU_SHAPE_TEXT);
        append_all(ctx, test, (enum length)length);
    }
    for (int k = 0; k < READINGS; k++) {
        allowed[k] = (returned(test->items[LONG], (enum reading)k) -
                      returned(test->items[SHORT], (enum reading)k)) /
                     2;
    }
    for (int i = 0; i < ATTEMPTS && !passed; i++) {
        attempt(ctx, test, least);
        passed = true;
        for (int k = 0; k < READINGS; k++) {
            passed = passed && least[k] <= allowed[k];
        }
    }
    for (int k = 0; k < READINGS; k++) {
        CHECK(least[k] <= allowed[k],
              "while %s was read, the process grew by %ld KiB more if %s is %d "
              "times as long; %ld KiB more are allowed",
              names[k], least[k], names[k], FACTOR, allowed[k]);
    }
}

static const struct quipu_case cases[] = {
    { "V4.long-reads-in-constant-memory",
      "A program that reads a log of years must not need memory for all of it.",
      long_reads, 0, 0, 600 },
};
QUIPU_FAMILY_IN(log, long_reads);
