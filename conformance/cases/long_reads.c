/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V4: the memory of a read does not depend on its length.
 *
 * Half of the items are in one sequence, and each other item is in a sequence
 * of its own.  The log, the sequence and the list of sequences are read while
 * the anonymous memory of the process (RssAnon) is observed: it may grow by
 * MAX_GROWTH after the first items, while all states together are larger.  If
 * the store can be shared, the reader is a process that has not written.
 */
#include "case.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPEND_ITEMS 1000
#define MAX_GROWTH 5120       /* KiB */
#define MIN_STATES (12 << 20) /* bytes of all states */

struct length {
    int64_t items;
    size_t state_size;
    const quipu_schema *schema;
};

static struct length length_of(const struct quipu_context *ctx)
{
    int64_t items = quipu_context_scale(ctx, 30000, 1000000, 10000000);

    return (struct length){ .items = items,
                            .state_size = (size_t)(MIN_STATES / items + 100) };
}

/* Returns the sequence of item i: the same one for all even i. */
static quipu_uuid sequence_of(int64_t i)
{
    quipu_uuid id = { { 0 } };

    for (unsigned k = 0; i % 2 != 0 && k < 8; k++) {
        id.bytes[15 - k] = (uint8_t)((uint64_t)i >> (8 * k));
    }
    return id;
}

static void append_all(struct quipu_context *ctx, const struct length *length)
{
    quipu_records *r =
        quipu_context_bind(ctx, quipu_context_datastore(ctx), length->schema);
    struct quipu_builder *b = quipu_builder_create(ctx, r, APPEND_ITEMS);
    quipu_uuid *ids = quipu_context_allocate(ctx, APPEND_ITEMS * sizeof(*ids));
    char *state = quipu_context_allocate(ctx, length->state_size + 1);

    memset(state, '.', length->state_size);
    for (int64_t i = 0; i < length->items; i += APPEND_ITEMS) {
        quipu_builder_clear(b);
        for (int64_t k = 0; k < APPEND_ITEMS; k++) {
            ids[k] = sequence_of(i + k);
            quipu_builder_add_next(b, (quipu_bytes){ ids[k].bytes, 16 }, state);
        }
        OK(quipu_builder_append(b));
    }
}

/* --------------------------------------------------------------- the memory */

/* Returns the anonymous memory of this process, in KiB. */
static long anonymous_memory(void)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    long size = -1;

    while (file && size < 0 && fgets(line, sizeof(line), file)) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            size = strtol(line + 8, NULL, 10);
        }
    }
    if (file) {
        (void)fclose(file);
    }
    if (size < 0) {
        quipu_assertion_skip("/proc/self/status has no RssAnon");
    }
    return size;
}

/* Growth of memory during a read. */
struct watch {
    const char *what;
    long first; /* memory after APPEND_ITEMS items */
    int64_t count;
};

static void observe(struct watch *watch)
{
    long now;

    if (++watch->count % APPEND_ITEMS != 0) {
        return;
    }
    now = anonymous_memory();
    if (watch->first == 0) {
        watch->first = now;
    }
    CHECK(now - watch->first <= MAX_GROWTH,
          "after %" PRId64 " of %s the process has %ld KiB more than after %d",
          watch->count, watch->what, now - watch->first, APPEND_ITEMS);
}

static void read_items(quipu_cursor *cursor, struct watch *watch,
                       int64_t expected)
{
    const quipu_item *item;
    int status;

    while ((status = quipu_cursor_next(cursor, &item, ERR)) == QUIPU_OK &&
           item) {
        observe(watch);
    }
    OK(status);
    quipu_cursor_close(cursor);
    CHECK(watch->count == expected,
          "%" PRId64 " of %s were read instead of %" PRId64, watch->count,
          watch->what, expected);
}

static void read_all(struct quipu_context *ctx, const struct length *length)
{
    quipu_records *r =
        quipu_context_bind(ctx, quipu_context_datastore(ctx), length->schema);
    struct watch log = { .what = "the log" }, one = { .what = "a sequence" };
    struct watch all = { .what = "the sequences" };
    quipu_query down = { .struct_size = sizeof(down),
                         .flags = QUIPU_QUERY_DESCENDING };
    const quipu_sequence *sequence;
    quipu_uuid first = sequence_of(0);
    quipu_sequences *list;
    quipu_cursor *cursor;

    OK(quipu_records_read(r, (quipu_bytes){ first.bytes, 16 }, &down, &cursor,
                          ERR));
    read_items(cursor, &one, length->items / 2);
    if (ctx->traits & QUIPU_CAN_LOG) {
        OK(quipu_records_read_log(r, NULL, &cursor, ERR));
        read_items(cursor, &log, length->items);
    }
    OK(quipu_sequences_open(r, (quipu_bytes){ NULL, 0 }, &list, ERR));
    do {
        OK(quipu_sequences_next(list, &sequence, ERR));
        observe(&all);
    } while (sequence);
    quipu_sequences_close(list);
    CHECK(all.count == length->items / 2 + 2,
          "another number of sequences is listed than there are");
}

static void read_in_process(struct quipu_context *ctx, void *shared, unsigned i)
{
    (void)i;
    read_all(ctx, shared);
}

static void long_reads(struct quipu_context *ctx)
{
    struct length length = length_of(ctx);
    bool shares = ctx->traits & QUIPU_CAN_SHARE;
    struct quipu_workers reader;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    quipu_assertion_skip("a sanitizer uses memory of its own");
#endif
    length.schema = quipu_context_schema(ctx, 0);
    if (shares) {
        reader = quipu_workers_start(ctx, 1, read_in_process, &length);
    }
    quipu_context_setup(ctx, length.schema);
    append_all(ctx, &length);
    if (!shares) {
        read_all(ctx, &length);
        return;
    }
    quipu_workers_release(&reader);
    quipu_workers_join(&reader);
}

static const struct quipu_case cases[] = {
    { "V4.long-reads-in-constant-memory",
      "A program that reads a log of years must not need memory for all of it.",
      long_reads, 0, 0, 600 },
};
QUIPU_FAMILY(long_reads);
