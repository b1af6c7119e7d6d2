/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, set-up, appends and closing without memory: see fault.h. */
#include "fault.h"

/* ------------------------------------------------------ opening and schemas */

static int open_and_close(struct quipu_memory_fault *f)
{
    quipu_datastore *datastore;
    int status = quipu_datastore_open(f->ctx->uri, NULL, &datastore, ERR);

    if (status == QUIPU_OK) {
        OK(quipu_datastore_close(datastore, ERR));
    }
    return status;
}

static void open_without_memory(struct quipu_context *ctx)
{
    static const struct quipu_memory_operation operation = { "open",
                                                             open_and_close,
                                                             NULL, NULL };
    struct quipu_memory_fault f = { .ctx = ctx };

    quipu_memory_fault_install();
    quipu_memory_fault_try(&f, &operation);
    quipu_memory_fault_end(ctx);
}

static void name_schema(struct quipu_memory_fault *f)
{
    f->schema =
        quipu_context_schema(f->ctx, QUIPU_SHAPE_COLUMNS | QUIPU_SHAPE_TIME);
}

static int set_up(struct quipu_memory_fault *f)
{
    return quipu_datastore_setup(f->ctx->main, f->schema, ERR);
}

/* Checks that the schema is set up as a whole or not at all. */
static void check_set_up(struct quipu_memory_fault *f, bool done)
{
    quipu_records *records;
    int status = quipu_records_open(f->ctx->main, f->schema, &records, ERR);

    CHECK(status == (done ? QUIPU_OK : QUIPU_NOT_FOUND),
          "set-up %s, but binding the schema returns %s",
          done ? "succeeded" : "failed", quipu_status_name(status));
    if (done) {
        CHECK(quipu_item_list_count(f->ctx, records, f->sequence) == 0,
              "the new schema is not empty");
        OK(quipu_records_close(records, ERR));
        OK(quipu_datastore_teardown(f->ctx->main, f->schema, ERR));
    }
}

static void setup_without_memory(struct quipu_context *ctx)
{
    static const struct quipu_memory_operation operation = { "setup", set_up,
                                                             name_schema,
                                                             check_set_up };
    struct quipu_memory_fault f = quipu_memory_fault_begin(ctx);

    quipu_memory_fault_try(&f, &operation);
    quipu_memory_fault_end(ctx);
}

static void name_and_set_up(struct quipu_memory_fault *f)
{
    name_schema(f);
    OK(set_up(f));
}

static int tear_down(struct quipu_memory_fault *f)
{
    return quipu_datastore_teardown(f->ctx->main, f->schema, ERR);
}

static void teardown_without_memory(struct quipu_context *ctx)
{
    static const struct quipu_memory_operation operation = {
        "teardown", tear_down, name_and_set_up, NULL
    };
    struct quipu_memory_fault f = quipu_memory_fault_begin(ctx);

    quipu_memory_fault_try(&f, &operation);
    quipu_memory_fault_end(ctx);
}

static int bind_and_unbind(struct quipu_memory_fault *f)
{
    quipu_records *records;
    int status = quipu_records_open(
        f->ctx->main, quipu_records_schema(f->records), &records, ERR);

    if (status == QUIPU_OK) {
        OK(quipu_records_close(records, ERR));
    }
    return status;
}

static void bind_without_memory(struct quipu_context *ctx)
{
    static const struct quipu_memory_operation operation = { "bind",
                                                             bind_and_unbind,
                                                             NULL, NULL };
    struct quipu_memory_fault f = quipu_memory_fault_begin(ctx);

    quipu_memory_fault_try(&f, &operation);
    quipu_memory_fault_end(ctx);
}

/* ---------------------------------------------------------------- appending */

static void build_append(struct quipu_memory_fault *f)
{
    quipu_builder_clear(f->builder);
    for (int i = 0; i < 3; i++) {
        quipu_builder_add_next(f->builder, f->sequence, "more");
    }
    quipu_builder_guard(f->builder, f->sequence, QUIPU_DEMAND_LAST,
                        f->stored - 1);
    if (f->ctx->traits & QUIPU_CAN_TRACK) {
        quipu_builder_track(f->builder, f->ctx->prefix, "log", f->stored + 1);
    }
    f->pending = 3;
}

static int append(struct quipu_memory_fault *f)
{
    return quipu_builder_append(f->builder);
}

static void check_stored(struct quipu_memory_fault *f, bool done)
{
    quipu_position p = { 0 };
    int64_t last;

    OK(quipu_records_last(f->records, f->sequence, &last, ERR));
    f->stored += done ? f->pending : 0;
    f->pending = done ? 0 : f->pending;
    CHECK(last + 1 == f->stored, "%lld items are stored instead of %lld",
          (long long)last + 1, (long long)f->stored);
    if (done && (f->ctx->traits & QUIPU_CAN_TRACK)) {
        OK(quipu_tracking_read(f->ctx->main, f->ctx->prefix, "log", &p, ERR));
        CHECK(p.notification_id == f->stored - 2,
              "the tracking record of the append is not stored");
    }
}

static void append_without_memory(struct quipu_context *ctx)
{
    static const struct quipu_memory_operation operation = { "append", append,
                                                             build_append,
                                                             check_stored };
    struct quipu_memory_fault f = quipu_memory_fault_begin(ctx);

    quipu_memory_fault_try(&f, &operation);
    if (ctx->traits & QUIPU_CAN_LOG) {
        quipu_item_list_check_log(ctx, f.records);
    }
    quipu_memory_fault_end(ctx);
}

static int repeat(struct quipu_memory_fault *f)
{
    int status = quipu_builder_append(f->builder);

    CHECK(status != QUIPU_OK ||
              f->builder->result.flags & QUIPU_RESULT_REPEATED,
          "the repeat is not reported as one");
    return status;
}

static void repeat_without_memory(struct quipu_context *ctx)
{
    static const struct quipu_memory_operation operation = {
        "a repeated append", repeat, NULL, NULL
    };
    struct quipu_memory_fault f = quipu_memory_fault_begin(ctx);

    build_append(&f);
    OK(append(&f));
    quipu_memory_fault_try(&f, &operation);
    CHECK(quipu_item_list_count(ctx, f.records, f.sequence) == 8,
          "the append is stored twice");
    quipu_memory_fault_end(ctx);
}

static int conflict(struct quipu_memory_fault *f)
{
    int status = quipu_builder_append(f->builder);

    return status == QUIPU_CONFLICT ? QUIPU_OK : status;
}

static void refuse_without_memory(struct quipu_context *ctx)
{
    static const struct quipu_memory_operation operation = { "a refused append",
                                                             conflict, NULL,
                                                             NULL };
    struct quipu_memory_fault f = quipu_memory_fault_begin(ctx);

    quipu_builder_add_next(f.builder, f.sequence, "x");
    quipu_builder_guard(f.builder, f.sequence, QUIPU_DEMAND_EMPTY, 0);
    quipu_memory_fault_try(&f, &operation);
    CHECK(quipu_item_list_count(ctx, f.records, f.sequence) == 5,
          "the refused append is stored");
    quipu_memory_fault_end(ctx);
}

static int nothing(void *native, void *context, quipu_error *error)
{
    (void)native;
    (void)context;
    (void)error;
    return QUIPU_OK;
}

static int transact(struct quipu_memory_fault *f)
{
    f->builder->result = (quipu_result){ .positions = f->builder->positions };
    return quipu_records_transact(f->records, &f->builder->append, nothing,
                                  NULL, &f->builder->result, ERR);
}

static void transact_without_memory(struct quipu_context *ctx)
{
    static const struct quipu_memory_operation operation = {
        "transact", transact, build_append, check_stored
    };
    struct quipu_memory_fault f = quipu_memory_fault_begin(ctx);

    quipu_memory_fault_try(&f, &operation);
    quipu_memory_fault_end(ctx);
}

/* ----------------------------------------------------------------- closing */

/* Closing succeeds without memory. */
static void close_without_memory(struct quipu_context *ctx)
{
    struct quipu_memory_fault f;
    quipu_cursor *cursor;

    quipu_memory_fault_install();
    for (int i = 0; i < 3; i++) {
        f = quipu_memory_fault_begin(ctx);
        OK(quipu_records_read(f.records, f.sequence, NULL, &cursor, ERR));
        quipu_memory_fault_arm(1, true);
        quipu_cursor_close(cursor);
        quipu_context_close_all(ctx);
        quipu_memory_fault_disarm();
    }
    quipu_memory_fault_end(ctx);
}

/* Threads append at the same time, so that the core groups their requests, and
 * an allocation fails: each append is stored whole, or returns NO_MEMORY and is
 * not stored. */
#define THREADS 6

struct crowd {
    struct quipu_builder *builders[THREADS];
    quipu_bytes sequences[THREADS];
    int status[THREADS];
};

static void append_in_crowd(void *context, unsigned i)
{
    struct crowd *crowd = context;

    crowd->status[i] = quipu_builder_append(crowd->builders[i]);
    CHECK(crowd->status[i] == QUIPU_OK || crowd->status[i] == QUIPU_NO_MEMORY,
          "an append of several at the same time returns %s: %s",
          quipu_status_name(crowd->status[i]), ERR->message);
}

static void group_without_memory(struct quipu_context *ctx)
{
    struct quipu_memory_fault f = quipu_memory_fault_begin(ctx);
    unsigned most = quipu_context_scale(ctx, 40, 400, 4000);
    struct crowd crowd;
    size_t stored = 5;

    for (unsigned i = 0; i < THREADS; i++) {
        crowd.builders[i] = quipu_builder_create(ctx, f.records, 2);
    }
    for (unsigned long n = 1; n <= most; n++) {
        for (unsigned i = 0; i < THREADS; i++) {
            crowd.sequences[i] = quipu_context_sequence(ctx);
            quipu_builder_clear(crowd.builders[i]);
            quipu_builder_add_next(crowd.builders[i], crowd.sequences[i], "a");
            quipu_builder_add_next(crowd.builders[i], crowd.sequences[i], "b");
        }
        quipu_memory_fault_pause();
        quipu_memory_fault_arm(n, false);
        quipu_workers_run_threads(THREADS, append_in_crowd, &crowd);
        quipu_context_count(ctx, "faults", quipu_memory_fault_disarm());
        for (unsigned i = 0; i < THREADS; i++) {
            size_t count =
                quipu_item_list_count(ctx, f.records, crowd.sequences[i]);

            CHECK(count == (crowd.status[i] == QUIPU_OK ? 2 : 0),
                  "allocation %lu failed; an append of two items returned %s, "
                  "and %zu are stored",
                  n, quipu_status_name(crowd.status[i]), count);
            stored += count;
        }
    }
    if (ctx->traits & QUIPU_CAN_LOG) {
        CHECK(quipu_item_list_check_log(ctx, f.records).count == stored,
              "the log has another length than expected");
    }
    quipu_memory_fault_end(ctx);
}

static const struct quipu_case cases[] = {
    { "contract.open-without-memory",
      "After NO_MEMORY the caller can free memory and open the store.",
      open_without_memory, 0, 0, 0 },
    { "F4.set-up-without-memory",
      "A schema is set up as a whole or not at all.", setup_without_memory, 0,
      0, 0 },
    { "F4.teardown-without-memory",
      "After NO_MEMORY the tear-down can be repeated.", teardown_without_memory,
      0, 0, 0 },
    { "contract.bind-without-memory",
      "After NO_MEMORY the open handles stay usable.", bind_without_memory, 0,
      0, 0 },
    { "U2.append-without-memory",
      "After NO_MEMORY nothing of the append is stored, and its repeat is "
      "stored once.",
      append_without_memory, 0, 0, 0 },
    { "U2.group-without-memory",
      "Requests that are committed together do not leave parts of each other.",
      group_without_memory, 0, 0, 0 },
    { "U3.repeat-without-memory", "A repeat is still detected after NO_MEMORY.",
      repeat_without_memory, 0, 0, 0 },
    { "U2.refused-append-without-memory",
      "A refused append stays refused after NO_MEMORY.", refuse_without_memory,
      0, 0, 0 },
    { "U2.transact-without-memory",
      "After NO_MEMORY neither the function's work nor the items are stored.",
      transact_without_memory, QUIPU_CAN_TRANSACT, 0, 0 },
    { "contract.close-needs-no-memory",
      "Closing succeeds without memory, and releases all of it.",
      close_without_memory, 0, 0, 0 },
};
QUIPU_FAMILY_IN(memory, writes);
