/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is short.  In every operation the n-th allocation through the
 * host's table fails, alone or with all after it, n = 1, 2, 3 ... until the
 * operation makes no such allocation.  Each time it answers NO_MEMORY or
 * succeeds, nothing is half done, and the next attempt succeeds; and when all
 * is closed, all memory has been given back.
 */
#include "case.h"

#include <quipu/memory.h>

#include <limits.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* -------------------------------------------------------------- allocating */

static atomic_long held;       /* allocations that were not released */
static atomic_ulong made;      /* since `arm` */
static atomic_ulong fail_from; /* 0: none fails */
static atomic_ulong fail_to;
static atomic_bool failed;

static bool fails(void)
{
    unsigned long n = atomic_fetch_add(&made, 1) + 1;
    unsigned long from = atomic_load(&fail_from);

    if (from == 0 || n < from || n > atomic_load(&fail_to)) {
        return false;
    }
    atomic_store(&failed, true);
    return true;
}

static void *allocate(size_t size)
{
    void *memory = fails() ? NULL : malloc(size);

    held += memory != NULL;
    return memory;
}

static void *reallocate(void *memory, size_t size)
{
    if (!memory) {
        return allocate(size);
    }
    return fails() ? NULL : realloc(memory, size);
}

static void release(void *memory)
{
    held -= memory != NULL;
    free(memory);
}

static void use_allocator(void)
{
    static const quipu_allocator allocator = { .struct_size = sizeof(allocator),
                                               .allocate = allocate,
                                               .reallocate = reallocate,
                                               .release = release };

    OK(quipu_allocator_use(&allocator, ERR));
}

static void arm(unsigned long n, bool all)
{
    atomic_store(&failed, false);
    atomic_store(&made, 0);
    atomic_store(&fail_to, all ? ULONG_MAX : n);
    atomic_store(&fail_from, n);
}

/* Whether an allocation has failed. */
static bool disarm(void)
{
    atomic_store(&fail_from, 0);
    return atomic_load(&failed);
}

/* ------------------------------------------------------------- the attempts */

/* What an operation works on.  `prepare` and `check` are not disturbed. */
struct ground {
    struct quipu_context *ctx;
    quipu_records *records;
    quipu_bytes sequence;
    const quipu_schema *schema; /* a new one */
    struct quipu_builder *batch;
    int64_t stored;  /* items in the sequence */
    int64_t pending; /* that the append under way adds */
};

struct operation {
    const char *name;
    int (*run)(struct ground *g);
    void (*prepare)(struct ground *g);              /* or NULL */
    void (*check)(struct ground *g, bool happened); /* or NULL */
};

/* Whether an allocation has failed. */
static bool attempt(struct ground *g, const struct operation *operation,
                    unsigned long n, bool all)
{
    bool short_of;
    int status;

    if (operation->prepare) {
        operation->prepare(g);
    }
    arm(n, all);
    status = operation->run(g);
    short_of = disarm();
    CHECK(status == QUIPU_OK || (short_of && status == QUIPU_NO_MEMORY),
          "%s answers %s when allocation %lu %s: %s", operation->name,
          quipu_status_name(status), n, short_of ? "fails" : "does not fail",
          ERR->message);
    if (operation->check) {
        operation->check(g, status == QUIPU_OK);
    }
    if (status != QUIPU_OK) {
        OK(operation->run(g));
        if (operation->check) {
            operation->check(g, true);
        }
    }
    return short_of;
}

static void torture(struct ground *g, const struct operation *operation)
{
    unsigned most = quipu_context_scale(g->ctx, 40, 100000, 100000);

    for (int all = 0; all < 2; all++) {
        for (unsigned long n = 1;
             n <= most && attempt(g, operation, n, all != 0); n++) {
            quipu_context_count(g->ctx, "faults", 1);
        }
    }
}

static void end(struct quipu_context *ctx)
{
    quipu_context_close_all(ctx);
    CHECK(atomic_load(&held) == 0,
          "all is closed, and %ld allocations are not released",
          atomic_load(&held));
}

static struct ground begin(struct quipu_context *ctx)
{
    struct ground g = { .ctx = ctx };

    use_allocator();
    g.records = quipu_context_records(ctx, 0);
    g.sequence = quipu_context_sequence(ctx);
    g.batch = quipu_builder_create(ctx, g.records, 3);
    quipu_builder_append_many(ctx, g.records, g.sequence, 5);
    g.stored = 5;
    return g;
}

/* ------------------------------------------------------ opening and schemas */

static int open_and_close(struct ground *g)
{
    quipu_datastore *datastore;
    int status = quipu_datastore_open(g->ctx->uri, NULL, &datastore, ERR);

    if (status == QUIPU_OK) {
        OK(quipu_datastore_close(datastore, ERR));
    }
    return status;
}

static void open_short(struct quipu_context *ctx)
{
    static const struct operation operation = { "open", open_and_close, NULL,
                                                NULL };
    struct ground g = { .ctx = ctx };

    use_allocator();
    torture(&g, &operation);
    end(ctx);
}

static void name_schema(struct ground *g)
{
    g->schema =
        quipu_context_schema(g->ctx, QUIPU_SHAPE_COLUMNS | QUIPU_SHAPE_TIME);
}

static int set_up(struct ground *g)
{
    return quipu_datastore_setup(g->ctx->main, g->schema, ERR);
}

/* It is set up whole, or not at all. */
static void check_set_up(struct ground *g, bool happened)
{
    quipu_records *records;
    int status = quipu_records_open(g->ctx->main, g->schema, &records, ERR);

    CHECK(status == (happened ? QUIPU_OK : QUIPU_NOT_FOUND),
          "after set-up %s the schema answers %s",
          happened ? "succeeded" : "failed", quipu_status_name(status));
    if (happened) {
        CHECK(quipu_item_list_count(g->ctx, records, g->sequence) == 0,
              "not empty");
        OK(quipu_records_close(records, ERR));
        OK(quipu_datastore_teardown(g->ctx->main, g->schema, ERR));
    }
}

static void setup_short(struct quipu_context *ctx)
{
    static const struct operation operation = { "setup", set_up, name_schema,
                                                check_set_up };
    struct ground g = begin(ctx);

    torture(&g, &operation);
    end(ctx);
}

static void name_and_set_up(struct ground *g)
{
    name_schema(g);
    OK(set_up(g));
}

static int tear_down(struct ground *g)
{
    return quipu_datastore_teardown(g->ctx->main, g->schema, ERR);
}

static void teardown_short(struct quipu_context *ctx)
{
    static const struct operation operation = { "teardown", tear_down,
                                                name_and_set_up, NULL };
    struct ground g = begin(ctx);

    torture(&g, &operation);
    end(ctx);
}

static int bind_and_unbind(struct ground *g)
{
    quipu_records *records;
    int status = quipu_records_open(
        g->ctx->main, quipu_records_schema(g->records), &records, ERR);

    if (status == QUIPU_OK) {
        OK(quipu_records_close(records, ERR));
    }
    return status;
}

static void bind_short(struct quipu_context *ctx)
{
    static const struct operation operation = { "bind", bind_and_unbind, NULL,
                                                NULL };
    struct ground g = begin(ctx);

    torture(&g, &operation);
    end(ctx);
}

/* ---------------------------------------------------------------- appending */

static void fill_batch(struct ground *g)
{
    quipu_builder_clear(g->batch);
    for (int i = 0; i < 3; i++) {
        quipu_builder_add_next(g->batch, g->sequence, "more");
    }
    quipu_builder_guard(g->batch, g->sequence, QUIPU_DEMAND_LAST,
                        g->stored - 1);
    if (g->ctx->traits & QUIPU_CAN_TRACK) {
        quipu_builder_track(g->batch, g->ctx->prefix, "log", g->stored + 1);
    }
    g->pending = 3;
}

static int append(struct ground *g)
{
    return quipu_builder_append(g->batch);
}

static void check_stored(struct ground *g, bool happened)
{
    quipu_position p = { 0 };
    int64_t last;

    OK(quipu_records_last(g->records, g->sequence, &last, ERR));
    g->stored += happened ? g->pending : 0;
    g->pending = happened ? 0 : g->pending;
    CHECK(last + 1 == g->stored, "%lld items are there instead of %lld",
          (long long)last + 1, (long long)g->stored);
    if (happened && (g->ctx->traits & QUIPU_CAN_TRACK)) {
        OK(quipu_tracking_read(g->ctx->main, g->ctx->prefix, "log", &p, ERR));
        CHECK(p.notification_id == g->stored - 2,
              "the tracking record is not the append's");
    }
}

static void append_short(struct quipu_context *ctx)
{
    static const struct operation operation = { "append", append, fill_batch,
                                                check_stored };
    struct ground g = begin(ctx);

    torture(&g, &operation);
    if (ctx->traits & QUIPU_CAN_LOG) {
        quipu_item_list_check_log(ctx, g.records);
    }
    end(ctx);
}

static int repeat(struct ground *g)
{
    int status = quipu_builder_append(g->batch);

    CHECK(status != QUIPU_OK || g->batch->result.flags & QUIPU_RESULT_REPEATED,
          "not called a repeat");
    return status;
}

static void repeat_short(struct quipu_context *ctx)
{
    static const struct operation operation = { "a repeated append", repeat,
                                                NULL, NULL };
    struct ground g = begin(ctx);

    fill_batch(&g);
    OK(append(&g));
    torture(&g, &operation);
    CHECK(quipu_item_list_count(ctx, g.records, g.sequence) == 8,
          "stored twice");
    end(ctx);
}

static int conflict(struct ground *g)
{
    int status = quipu_builder_append(g->batch);

    return status == QUIPU_CONFLICT ? QUIPU_OK : status;
}

static void refuse_short(struct quipu_context *ctx)
{
    static const struct operation operation = { "a refused append", conflict,
                                                NULL, NULL };
    struct ground g = begin(ctx);

    quipu_builder_add_next(g.batch, g.sequence, "x");
    quipu_builder_guard(g.batch, g.sequence, QUIPU_DEMAND_EMPTY, 0);
    torture(&g, &operation);
    CHECK(quipu_item_list_count(ctx, g.records, g.sequence) == 5, "stored");
    end(ctx);
}

static int nothing(void *native, void *context, quipu_error *error)
{
    (void)native;
    (void)context;
    (void)error;
    return QUIPU_OK;
}

static int transact(struct ground *g)
{
    g->batch->result = (quipu_result){ .positions = g->batch->positions };
    return quipu_records_transact(g->records, &g->batch->append, nothing, NULL,
                                  &g->batch->result, ERR);
}

static void transact_short(struct quipu_context *ctx)
{
    static const struct operation operation = { "transact", transact,
                                                fill_batch, check_stored };
    struct ground g = begin(ctx);

    torture(&g, &operation);
    end(ctx);
}

/* ------------------------------------------------------------------ reading */

static int drain(quipu_cursor *cursor, int status, size_t wanted)
{
    const quipu_item *item = NULL;
    size_t count = 0;

    if (status != QUIPU_OK) {
        return status;
    }
    while (!(status = quipu_cursor_next(cursor, &item, ERR)) && item) {
        count++;
    }
    quipu_cursor_close(cursor);
    CHECK(status != QUIPU_OK || count == wanted,
          "%zu items were read instead of %zu", count, wanted);
    return status;
}

static int read_up(struct ground *g)
{
    quipu_cursor *cursor;
    int status =
        quipu_records_read(g->records, g->sequence, NULL, &cursor, ERR);

    return drain(cursor, status, 5);
}

static int read_log_down(struct ground *g)
{
    quipu_query query = { .struct_size = sizeof(query),
                          .flags = QUIPU_QUERY_DESCENDING | QUIPU_QUERY_LT,
                          .lt = 5 };
    quipu_cursor *cursor;
    int status = quipu_records_read_log(g->records, &query, &cursor, ERR);

    return drain(cursor, status, 4);
}

static int last_position(struct ground *g)
{
    int64_t last;

    return quipu_records_last(g->records, g->sequence, &last, ERR);
}

static int log_position(struct ground *g)
{
    quipu_position head, third;
    int64_t id;
    int status = quipu_records_head(g->records, &head, ERR);

    if (status == QUIPU_OK) {
        status = quipu_records_position(g->records, 3, &third, ERR);
    }
    if (status == QUIPU_OK) {
        status = quipu_records_check_position(g->records, &third, ERR);
    }
    return status == QUIPU_OK ? quipu_records_wait(g->records, 4, 0, &id, ERR)
                              : status;
}

static int list_schemas(struct ground *g)
{
    const quipu_schema *schema = NULL;
    quipu_schemas *list;
    int status = quipu_schemas_open(g->ctx->main, &list, ERR);

    if (status != QUIPU_OK) {
        return status;
    }
    while (!(status = quipu_schemas_next(list, &schema, ERR)) && schema) {
    }
    quipu_schemas_close(list);
    return status;
}

static int list_sequences(struct ground *g)
{
    const quipu_sequence *sequence = NULL;
    quipu_bytes none = { NULL, 0 };
    quipu_sequences *list;
    int status = quipu_sequences_open(g->records, none, &list, ERR);

    if (status != QUIPU_OK) {
        return status;
    }
    while (!(status = quipu_sequences_next(list, &sequence, ERR)) && sequence) {
    }
    quipu_sequences_close(list);
    return status;
}

static int list_tracking(struct ground *g)
{
    const quipu_tracking *tracking = NULL;
    quipu_trackings *list;
    int status = quipu_trackings_open(g->ctx->main, &list, ERR);

    if (status != QUIPU_OK) {
        return status;
    }
    while (!(status = quipu_trackings_next(list, &tracking, ERR)) && tracking) {
    }
    quipu_trackings_close(list);
    return status;
}

static int read_tracking(struct ground *g)
{
    quipu_position p;

    return quipu_tracking_read(g->ctx->main, g->ctx->prefix, "log", &p, ERR);
}

static void read_short(struct quipu_context *ctx)
{
    static const struct operation operations[] = {
        { "a read", read_up, NULL, NULL },
        { "the last position", last_position, NULL, NULL },
        { "the list of schemas", list_schemas, NULL, NULL },
        { "the list of sequences", list_sequences, NULL, NULL },
    };
    struct ground g = begin(ctx);

    for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
        torture(&g, &operations[i]);
    }
    end(ctx);
}

static void log_short(struct quipu_context *ctx)
{
    static const struct operation operations[] = {
        { "a read of the log", read_log_down, NULL, NULL },
        { "a position of the log", log_position, NULL, NULL },
    };
    struct ground g = begin(ctx);

    for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
        torture(&g, &operations[i]);
    }
    end(ctx);
}

static void tracking_short(struct quipu_context *ctx)
{
    static const struct operation operations[] = {
        { "the list of tracking records", list_tracking, NULL, NULL },
        { "a tracking record", read_tracking, NULL, NULL },
    };
    struct ground g = begin(ctx);

    fill_batch(&g);
    OK(append(&g));
    for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
        torture(&g, &operations[i]);
    }
    end(ctx);
}

/* What is released needs no memory. */
static void close_short(struct quipu_context *ctx)
{
    struct ground g;
    quipu_cursor *cursor;

    use_allocator();
    for (int i = 0; i < 3; i++) {
        g = begin(ctx);
        OK(quipu_records_read(g.records, g.sequence, NULL, &cursor, ERR));
        arm(1, true);
        quipu_cursor_close(cursor);
        quipu_context_close_all(ctx);
        disarm();
    }
    end(ctx);
}

static const struct quipu_case cases[] = {
    { "contract.open-without-memory",
      "After NO_MEMORY the caller can free memory and open the store.",
      open_short, 0, 0, 0 },
    { "F4.set-up-without-memory",
      "A schema is set up as a whole or not at all.", setup_short, 0, 0, 0 },
    { "F4.teardown-without-memory",
      "After NO_MEMORY the tear-down can be repeated.", teardown_short, 0, 0,
      0 },
    { "contract.bind-without-memory",
      "After NO_MEMORY the open handles stay usable.", bind_short, 0, 0, 0 },
    { "U2.append-without-memory",
      "After NO_MEMORY nothing of the append is stored, and its repeat is "
      "stored once.",
      append_short, 0, 0, 0 },
    { "U3.repeat-without-memory", "A repeat is still detected after NO_MEMORY.",
      repeat_short, 0, 0, 0 },
    { "U2.refused-append-without-memory",
      "A refused append stays refused after NO_MEMORY.", refuse_short, 0, 0,
      0 },
    { "U2.transact-without-memory",
      "After NO_MEMORY neither the function's work nor the items are stored.",
      transact_short, QUIPU_CAN_TRANSACT, 0, 0 },
    { "contract.reads-without-memory",
      "A read that runs out of memory reports an error, and not the end of the "
      "items.",
      read_short, 0, 0, 0 },
    { "contract.log-without-memory",
      "A read of the log that runs out of memory reports an error, and not the "
      "end of the log.",
      log_short, QUIPU_CAN_LOG, 0, 0 },
    { "contract.tracking-without-memory",
      "A failed read of a tracking record must not look like a consumer that "
      "starts from the beginning.",
      tracking_short, QUIPU_CAN_TRACK, 0, 0 },
    { "contract.close-needs-no-memory",
      "Closing succeeds without memory, and releases all of it.", close_short,
      0, 0, 0 },
};
QUIPU_FAMILY(memory);
