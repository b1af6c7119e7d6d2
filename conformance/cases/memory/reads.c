/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and listings without memory: see fault.h. */
#include "fault.h"

static int drain(quipu_cursor *cursor, int status, size_t expected)
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
    CHECK(status != QUIPU_OK || count == expected,
          "%zu items were read instead of %zu", count, expected);
    return status;
}

static int read_up(struct quipu_memory_fault *f)
{
    quipu_cursor *cursor;
    int status =
        quipu_records_read(f->records, f->sequence, NULL, &cursor, ERR);

    return drain(cursor, status, 5);
}

static int read_together(struct quipu_memory_fault *f)
{
    const quipu_sequence_query queries[] = { { f->sequence, NULL },
                                             { f->sequence, NULL } };
    quipu_cursor *cursors[2];
    int status =
        quipu_records_read_many(f->records, queries, 2, cursors, NULL, ERR);

    if (status != QUIPU_OK) {
        return status;
    }
    status = drain(cursors[0], status, 5);
    int second = drain(cursors[1], QUIPU_OK, 5);

    return status == QUIPU_OK ? second : status;
}

static int read_log_down(struct quipu_memory_fault *f)
{
    quipu_query query = { .struct_size = sizeof(query),
                          .flags = QUIPU_QUERY_DESCENDING | QUIPU_QUERY_LT,
                          .lt = 5 };
    quipu_cursor *cursor;
    int status = quipu_records_read_log(f->records, &query, &cursor, ERR);

    return drain(cursor, status, 4);
}

static int last_position(struct quipu_memory_fault *f)
{
    int64_t last;

    return quipu_records_last(f->records, f->sequence, &last, ERR);
}

static int log_position(struct quipu_memory_fault *f)
{
    quipu_position head, third;
    int64_t id;
    int status = quipu_records_head(f->records, &head, ERR);

    if (status == QUIPU_OK) {
        status = quipu_records_position(f->records, 3, &third, ERR);
    }
    if (status == QUIPU_OK) {
        status = quipu_records_check_position(f->records, &third, ERR);
    }
    return status == QUIPU_OK ? quipu_records_wait(f->records, 4, 0, &id, ERR)
                              : status;
}

static int list_schemas(struct quipu_memory_fault *f)
{
    const quipu_schema *schema = NULL;
    quipu_schemas *list;
    int status = quipu_schemas_open(f->ctx->main, &list, ERR);

    if (status != QUIPU_OK) {
        return status;
    }
    while (!(status = quipu_schemas_next(list, &schema, ERR)) && schema) {
    }
    quipu_schemas_close(list);
    return status;
}

static int list_sequences(struct quipu_memory_fault *f)
{
    const quipu_sequence *sequence = NULL;
    quipu_bytes none = { NULL, 0 };
    quipu_sequences *list;
    int status = quipu_sequences_open(f->records, none, &list, ERR);

    if (status != QUIPU_OK) {
        return status;
    }
    while (!(status = quipu_sequences_next(list, &sequence, ERR)) && sequence) {
    }
    quipu_sequences_close(list);
    return status;
}

static int list_tracking(struct quipu_memory_fault *f)
{
    const quipu_tracking *tracking = NULL;
    quipu_trackings *list;
    int status = quipu_trackings_open(f->ctx->main, &list, ERR);

    if (status != QUIPU_OK) {
        return status;
    }
    while (!(status = quipu_trackings_next(list, &tracking, ERR)) && tracking) {
    }
    quipu_trackings_close(list);
    return status;
}

static int read_tracking(struct quipu_memory_fault *f)
{
    quipu_position p;

    return quipu_tracking_read(f->ctx->main, f->ctx->prefix, "log", &p, ERR);
}

static void read_without_memory(struct quipu_context *ctx)
{
    static const struct quipu_memory_operation operations[] = {
        { "a read", read_up, NULL, NULL },
        { "a read of two sequences", read_together, NULL, NULL },
        { "the last position", last_position, NULL, NULL },
        { "the list of schemas", list_schemas, NULL, NULL },
        { "the list of sequences", list_sequences, NULL, NULL },
    };
    struct quipu_memory_fault f = quipu_memory_fault_begin(ctx);

    for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
        quipu_memory_fault_try(&f, &operations[i]);
    }
    quipu_memory_fault_end(ctx);
}

static void log_without_memory(struct quipu_context *ctx)
{
    static const struct quipu_memory_operation operations[] = {
        { "a read of the log", read_log_down, NULL, NULL },
        { "a position of the log", log_position, NULL, NULL },
    };
    struct quipu_memory_fault f = quipu_memory_fault_begin(ctx);

    for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
        quipu_memory_fault_try(&f, &operations[i]);
    }
    quipu_memory_fault_end(ctx);
}

static void tracking_without_memory(struct quipu_context *ctx)
{
    static const struct quipu_memory_operation operations[] = {
        { "the list of tracking records", list_tracking, NULL, NULL },
        { "a tracking record", read_tracking, NULL, NULL },
    };
    struct quipu_memory_fault f = quipu_memory_fault_begin(ctx);

    quipu_builder_track(f.builder, ctx->prefix, "log", 6);
    OK(quipu_builder_append(f.builder));
    for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
        quipu_memory_fault_try(&f, &operations[i]);
    }
    quipu_memory_fault_end(ctx);
}

static const struct quipu_case cases[] = {
    { "contract.reads-without-memory",
      "A read that runs out of memory reports an error, and not the end of the "
      "items.",
      read_without_memory, 0, 0, 0 },
    { "contract.log-without-memory",
      "A read of the log that runs out of memory reports an error, and not the "
      "end of the log.",
      log_without_memory, QUIPU_CAN_LOG, 0, 0 },
    { "contract.tracking-without-memory",
      "A failed read of a tracking record must not look like a consumer that "
      "starts from the beginning.",
      tracking_without_memory, QUIPU_CAN_TRACK, 0, 0 },
};
QUIPU_FAMILY_IN(memory, reads);
