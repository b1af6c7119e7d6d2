/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V4: memory stays constant whatever the length of a read.  Half of the items
 * are in one sequence, and each other is in one of its own; a process without a
 * past, where the store lets it, reads the log, the sequence, and the list of
 * sequences, while its anonymous memory is watched.
 */
#include "case.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EACH 1000        /* items of an append */
#define MOST 5120        /* KiB by which memory may grow */
#define HOARD (12 << 20) /* bytes of all states, at least: more than that */

struct length {
    int64_t items;
    size_t state_size;
    const quipu_schema *schema;
};

static struct length length_of(const struct quipu_context *ctx)
{
    int64_t items = quipu_context_scale(ctx, 30000, 1000000, 10000000);

    return (struct length){ .items = items,
                            .state_size = (size_t)(HOARD / items + 100) };
}

/* The sequence of an item: the first for the even ones. */
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
    struct quipu_builder *b = quipu_builder_create(ctx, r, EACH);
    quipu_uuid *ids = quipu_context_allocate(ctx, EACH * sizeof(*ids));
    char *state = quipu_context_allocate(ctx, length->state_size + 1);

    memset(state, '.', length->state_size);
    for (int64_t i = 0; i < length->items; i += EACH) {
        quipu_builder_clear(b);
        for (int64_t k = 0; k < EACH; k++) {
            ids[k] = sequence_of(i + k);
            quipu_builder_add_next(b, (quipu_bytes){ ids[k].bytes, 16 }, state);
        }
        OK(quipu_builder_append(b));
    }
}

/* --------------------------------------------------------------- the memory */

/* Anonymous memory of this process, in KiB. */
static long anonymous(void)
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
        quipu_assertion_skip("the system does not tell anonymous memory");
    }
    return size;
}

/* What a read has when it is under way is what it may have. */
struct watch {
    const char *what;
    long first;
    int64_t count;
};

static void look(struct watch *watch)
{
    long now;

    if (++watch->count % EACH != 0) {
        return;
    }
    now = anonymous();
    if (watch->first == 0) {
        watch->first = now;
    }
    CHECK(now - watch->first <= MOST,
          "after %" PRId64 " of %s it has %ld KiB more than after %d",
          watch->count, watch->what, now - watch->first, EACH);
}

static void read_items(quipu_cursor *cursor, struct watch *watch,
                       int64_t wanted)
{
    const quipu_item *item;
    int status;

    while ((status = quipu_cursor_next(cursor, &item, ERR)) == QUIPU_OK &&
           item) {
        look(watch);
    }
    OK(status);
    quipu_cursor_close(cursor);
    CHECK(watch->count == wanted, "%" PRId64 " of %s are read, not %" PRId64,
          watch->count, watch->what, wanted);
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
        look(&all);
    } while (sequence);
    quipu_sequences_close(list);
    CHECK(all.count == length->items / 2 + 2, "not all sequences are listed");
}

static void be_reader(struct quipu_context *ctx, void *shared, unsigned i)
{
    (void)i;
    read_all(ctx, shared);
}

static void long_reads(struct quipu_context *ctx)
{
    struct length length = length_of(ctx);
    bool shares = ctx->traits & QUIPU_CAN_SHARE;
    struct quipu_workers crew;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    quipu_assertion_skip("a sanitizer has memory of its own");
#endif
    length.schema = quipu_context_schema(ctx, 0);
    if (shares) {
        crew = quipu_workers_start(ctx, 1, be_reader, &length);
    }
    quipu_context_setup(ctx, length.schema);
    append_all(ctx, &length);
    if (!shares) {
        read_all(ctx, &length);
        return;
    }
    quipu_workers_release(&crew);
    quipu_workers_join(&crew);
}

static const struct quipu_case cases[] = {
    { "V4.long-reads-in-constant-memory",
      "A program that reads a log of years must not need memory for all of it.",
      long_reads, 0, 0, 600 },
};
QUIPU_FAMILY(long_reads);
