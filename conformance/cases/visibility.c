/* SPDX-License-Identifier: Apache-2.0 */
/* V1 and V4: the items that reads and cursors return, and from when on. */
#include "case.h"

#include <inttypes.h>
#include <string.h>

static void own_writes(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_position head;
    int64_t last;

    for (int64_t i = 0; i < 30; i++) {
        OK(quipu_builder_append_next(ctx, r, s));
        CHECK(quipu_item_list_count(ctx, r, s) == (size_t)i + 1,
              "the sequence lacks an acknowledged item");
        OK(quipu_records_last(r, s, &last, ERR));
        CHECK(last == i, "the last position lags behind");
        OK(quipu_records_head(r, &head, ERR));
        CHECK(head.notification_id == i + 1, "the log lags behind");
    }
}

static void other_datastore(struct quipu_context *ctx)
{
    quipu_records *a = quipu_context_records(ctx, 0);
    quipu_records *b = quipu_context_bind(ctx, quipu_context_open(ctx, NULL),
                                          quipu_records_schema(a));
    quipu_bytes s = quipu_context_sequence(ctx);

    for (size_t i = 0; i < 30; i++) {
        OK(quipu_builder_append_next(ctx, i % 2 ? a : b, s));
        CHECK(quipu_item_list_count(ctx, i % 2 ? b : a, s) == i + 1,
              "the other datastore does not read the item");
        RETURNS(QUIPU_CONFLICT,
                quipu_builder_append_at(ctx, i % 2 ? b : a, s, (int64_t)i));
    }
    CHECK(quipu_item_list_check_log(ctx, b).count == 30,
          "the log has another length than expected");
}

/* ------------------------------------------------------------- V4 */

/* Reads the rest of a cursor and returns the number of items.  Their ids must
 * not exceed `until`; stores the last one. */
static size_t count_rest(quipu_cursor *cursor, int64_t until, int64_t *last_id)
{
    const quipu_item *item;
    size_t count = 0;

    for (;;) {
        OK(quipu_cursor_next(cursor, &item, ERR));
        if (!item) {
            return count;
        }
        count++;
        *last_id = item->notification_id;
        CHECK(item->notification_id <= until,
              "the cursor returns item %" PRId64
              ", which was stored after opening",
              item->notification_id);
    }
}

/* Opens a cursor, makes 0 to 11 steps, appends, and reads the rest. */
static void append_during_read(struct quipu_context *ctx, bool log,
                               uint32_t flags)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_query q = { .struct_size = sizeof(q), .flags = flags };

    quipu_builder_append_many(ctx, r, s, 10);
    for (size_t steps = 0; steps <= 11; steps++) {
        size_t seen = 0;
        size_t there = quipu_item_list_count(ctx, r, s);
        int64_t last_id;
        quipu_cursor *cursor;
        const quipu_item *item;

        OK(log ? quipu_records_read_log(r, &q, &cursor, ERR)
               : quipu_records_read(r, s, &q, &cursor, ERR));
        for (size_t i = 0; i < steps && i < there; i++) {
            OK(quipu_cursor_next(cursor, &item, ERR));
            CHECK(item, "the cursor ended early");
            seen++;
        }
        quipu_builder_append_many(ctx, r, s, 5);
        seen += count_rest(cursor, (int64_t)there, &last_id);
        CHECK(seen == there, "after %zu steps: %zu items in all instead of %zu",
              steps, seen, there);
        quipu_cursor_close(cursor);
    }
}

static void sequence_up(struct quipu_context *ctx)
{
    append_during_read(ctx, false, 0);
}

static void sequence_down(struct quipu_context *ctx)
{
    append_during_read(ctx, false, QUIPU_QUERY_DESCENDING);
}

static void log_up(struct quipu_context *ctx)
{
    append_during_read(ctx, true, 0);
}

static void log_down(struct quipu_context *ctx)
{
    append_during_read(ctx, true, QUIPU_QUERY_DESCENDING);
}

/* Appends items at every tenth position, in one append. */
static void fill_sparse(struct quipu_context *ctx, quipu_records *r,
                        quipu_bytes s, int64_t first, int64_t count)
{
    struct quipu_builder *batch = quipu_builder_create(ctx, r, (size_t)count);

    for (int64_t i = 0; i < count; i++) {
        quipu_builder_add_at(batch, s, first + 10 * i, "x");
    }
    OK(quipu_builder_append(batch));
}

/* More items than a driver fetches at once. */
#define MANY 3000

/* New items have positions before, between and after the old ones. */
static void sparse(struct quipu_context *ctx)
{
    for (uint32_t flags = 0; flags <= QUIPU_QUERY_DESCENDING;
         flags += QUIPU_QUERY_DESCENDING) {
        quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_SPARSE);
        quipu_bytes s = quipu_context_sequence(ctx);
        quipu_query q = { .struct_size = sizeof(q), .flags = flags };
        quipu_cursor *cursor;
        int64_t last_id;
        const quipu_item *item;

        fill_sparse(ctx, r, s, 0, MANY);
        OK(quipu_records_read(r, s, &q, &cursor, ERR));
        OK(quipu_cursor_next(cursor, &item, ERR));
        fill_sparse(ctx, r, s, 5 - 10 * MANY, 3 * MANY);
        CHECK(count_rest(cursor, MANY, &last_id) == MANY - 1,
              "the cursor does not return all items that were stored");
        quipu_cursor_close(cursor);
    }
}

static void limited_at(struct quipu_context *ctx, int64_t there)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_query q = { .struct_size = sizeof(q),
                      .flags = QUIPU_QUERY_LIMIT,
                      .limit = there + 2 };
    quipu_cursor *cursor;
    int64_t last_id;

    quipu_builder_append_many(ctx, r, s, (size_t)there);
    OK(quipu_records_read(r, s, &q, &cursor, ERR));
    quipu_builder_append_many(ctx, r, s, 5);
    CHECK(count_rest(cursor, there, &last_id) == (size_t)there,
          "newer items were returned up to the limit");
    quipu_cursor_close(cursor);
}

static void limited(struct quipu_context *ctx)
{
    limited_at(ctx, 3);
    limited_at(ctx, MANY);
}

/* Newer items, which are not returned, do not count for the limit. */
static void limited_between(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_SPARSE);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_query q = { .struct_size = sizeof(q),
                      .flags = QUIPU_QUERY_LIMIT,
                      .limit = MANY - 1 };
    quipu_cursor *cursor;
    int64_t last_id;

    fill_sparse(ctx, r, s, 0, MANY);
    OK(quipu_records_read(r, s, &q, &cursor, ERR));
    fill_sparse(ctx, r, s, 5, MANY);
    CHECK(count_rest(cursor, MANY, &last_id) == MANY - 1,
          "newer items were counted for the limit");
    quipu_cursor_close(cursor);
}

static void of_empty(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_cursor *a, *b;
    int64_t last_id;

    OK(quipu_records_read(r, s, NULL, &a, ERR));
    OK(quipu_records_read_log(r, NULL, &b, ERR));
    quipu_builder_append_many(ctx, r, s, 3);
    CHECK(count_rest(a, 0, &last_id) == 0 && count_rest(b, 0, &last_id) == 0,
          "a read of an empty sequence returns items");
    quipu_cursor_close(a);
    quipu_cursor_close(b);
}

static void closed_early(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    const quipu_item *item;
    quipu_cursor *cursor;

    quipu_builder_append_many(ctx, r, s, 10);
    for (size_t i = 0; i < 300; i++) {
        OK(i % 2 ? quipu_records_read_log(r, NULL, &cursor, ERR)
                 : quipu_records_read(r, s, NULL, &cursor, ERR));
        for (size_t k = 0; k < i % 4; k++) {
            OK(quipu_cursor_next(cursor, &item, ERR));
        }
        quipu_cursor_close(cursor);
    }
    quipu_cursor_close(NULL);
    OK(quipu_builder_append_next(ctx, r, s));
}

/* Two hundred cursors at different positions, with appends between the steps.
 */
static void many(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_cursor *cursors[200];
    const quipu_item *item;

    quipu_builder_append_many(ctx, r, s, 20);
    for (size_t i = 0; i < 200; i++) {
        OK(i % 2 ? quipu_records_read_log(r, NULL, &cursors[i], ERR)
                 : quipu_records_read(r, s, NULL, &cursors[i], ERR));
        if (i % 10 == 0) {
            OK(quipu_builder_append_next(ctx, r, s));
        }
    }
    for (int64_t step = 0; step < 20; step++) {
        for (size_t i = 0; i < 200; i++) {
            OK(quipu_cursor_next(cursors[i], &item, ERR));
            CHECK(item && item->position == step,
                  "cursor %zu is not at position %" PRId64, i, step);
        }
        OK(quipu_builder_append_next(ctx, r, s));
    }
    for (size_t i = 0; i < 200; i++) {
        int64_t last_id = 20;

        count_rest(cursors[i], 40, &last_id);
        CHECK(last_id == 20 + (int64_t)(i + 9) / 10,
              "cursor %zu ended with item %" PRId64, i, last_id);
        quipu_cursor_close(cursors[i]);
    }
}

/* A borrowed item stays valid until the next call on its cursor, also
 * while other cursors and the store change. */
static void borrowed(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_cursor *a, *b;
    const quipu_item *one, *two;

    quipu_builder_append_many(ctx, r, s, 3);
    OK(quipu_records_read(r, s, NULL, &a, ERR));
    OK(quipu_records_read(r, s, NULL, &b, ERR));
    OK(quipu_cursor_next(a, &one, ERR));
    OK(quipu_cursor_next(b, &two, ERR));
    OK(quipu_cursor_next(b, &two, ERR));
    quipu_builder_append_many(ctx, r, s, 200);
    CHECK(one->position == 0 && memcmp(one->state.data, "0", 1) == 0,
          "the borrowed item has changed");
    CHECK(two->position == 1 && memcmp(two->state.data, "1", 1) == 0,
          "the borrowed item has changed");
    quipu_cursor_close(b);
    CHECK(one->position == 0 && memcmp(one->state.data, "0", 1) == 0,
          "the borrowed item has changed");
    quipu_cursor_close(a);
}

#define LOG QUIPU_CAN_LOG

/* ------------------------------------------- a schema that is torn down */

/* Items, with states of this size: more than a driver reads at once. */
#define FORMER 300
#define FORMER_SIZE 4000
#define LATER 7

/* How a cursor is opened. */
enum way { OF_LOG, OF_SEQUENCE, OF_SEQUENCES, WAYS };

struct torn_down {
    struct quipu_context *ctx;
    quipu_records *records; /* bound before the tear-down */
    quipu_bytes sequence;
    quipu_cursor *cursor;
    quipu_sequences *sequences;
};

static void open_way(struct torn_down *t, enum way way)
{
    quipu_bytes all = { 0 };

    OK(way == OF_LOG ? quipu_records_read_log(t->records, NULL, &t->cursor, ERR)
       : way == OF_SEQUENCE
           ? quipu_records_read(t->records, t->sequence, NULL, &t->cursor, ERR)
           : quipu_sequences_open(t->records, all, &t->sequences, ERR));
}

/* Makes a step; *more: there was a row.  Only former items have long states. */
static int make_step(struct torn_down *t, bool *more)
{
    const quipu_item *item = NULL;
    const quipu_sequence *sequence = NULL;
    int status;

    if (t->sequences) {
        status = quipu_sequences_next(t->sequences, &sequence, ERR);
        *more = status == QUIPU_OK && sequence;
        CHECK(!*more || sequence->last_position != LATER - 1,
              "a listing goes on into the schema that was set up again");
        return status;
    }
    status = quipu_cursor_next(t->cursor, &item, ERR);
    *more = status == QUIPU_OK && item;
    CHECK(!*more || item->state.size == FORMER_SIZE,
          "a cursor goes on into the schema that was set up again, with item "
          "%" PRId64,
          item->notification_id);
    return status;
}

/* Appends to `count` sequences, or that many items to one. */
static void fill(struct torn_down *t, quipu_records *r, enum way way,
                 size_t count, const char *state)
{
    struct quipu_builder *b = quipu_builder_create(t->ctx, r, count);

    for (size_t i = 0; i < count; i++) {
        quipu_builder_add_next(
            b,
            way == OF_SEQUENCES ? quipu_context_sequence(t->ctx) : t->sequence,
            state);
    }
    OK(quipu_builder_append(b));
}

/* A cursor that was begun returns all former items, or fails. */
static void end_cursor(struct torn_down *t, enum way way)
{
    size_t count = 1;
    bool more = true;
    int status = QUIPU_OK;

    while (status == QUIPU_OK && more) {
        status = make_step(t, &more);
        count += more;
    }
    CHECK(status == QUIPU_NOT_FOUND || status == QUIPU_OK,
          "the step returns %s: %s", quipu_status_name(status), ERR->message);
    CHECK(status == QUIPU_NOT_FOUND || way == OF_SEQUENCES || count == FORMER,
          "the cursor ends with OK after %zu of %d items", count, FORMER);
    quipu_cursor_close(t->cursor);
    quipu_sequences_close(t->sequences);
    t->cursor = NULL;
    t->sequences = NULL;
}

/* Reads that begin after the tear-down. */
static void read_anew(struct torn_down *t)
{
    quipu_position head;
    int64_t number = 0;
    int status = quipu_records_last(t->records, t->sequence, &number, ERR);

    CHECK(status == QUIPU_NOT_FOUND ||
              (status == QUIPU_OK && number == FORMER - 1),
          "last returns %s and %" PRId64, quipu_status_name(status), number);
    if (!(t->ctx->traits & QUIPU_CAN_LOG)) {
        return;
    }
    status = quipu_records_head(t->records, &head, ERR);
    CHECK(status == QUIPU_NOT_FOUND ||
              (status == QUIPU_OK && head.notification_id != LATER),
          "head returns %s and %" PRId64, quipu_status_name(status),
          status == QUIPU_OK ? head.notification_id : 0);
    status = quipu_records_wait(t->records, -1, 1000, &number, ERR);
    CHECK(status != QUIPU_OK || number != LATER,
          "wait returns the head of the schema that was set up again");
}

static void torn_down_by(struct torn_down *t, enum way way, bool again)
{
    quipu_datastore *d = quipu_context_datastore(t->ctx);
    quipu_schema *schema = quipu_context_schema(t->ctx, 0);
    quipu_records *later = NULL;
    char *state = quipu_context_allocate(t->ctx, FORMER_SIZE + 1);
    bool more;

    memset(state, 'x', FORMER_SIZE);
    quipu_context_setup(t->ctx, schema);
    t->records = quipu_context_bind(t->ctx, d, schema);
    t->sequence = quipu_context_sequence(t->ctx);
    fill(t, t->records, way, FORMER, state);
    open_way(t, way);
    OK(make_step(t, &more));
    OK(quipu_datastore_teardown(d, schema, ERR));
    if (again) {
        quipu_context_setup(t->ctx, schema);
        later = quipu_context_bind(t->ctx, d, schema);
        fill(t, later, OF_SEQUENCE, LATER, "later");
    }
    end_cursor(t, way);
    if (way != OF_SEQUENCES) {
        read_anew(t);
    }
    quipu_context_unbind(t->ctx, t->records);
    if (again) {
        quipu_context_unbind(t->ctx, later);
        OK(quipu_datastore_teardown(d, schema, ERR));
    }
}

static void torn_down(struct quipu_context *ctx)
{
    struct torn_down t = { .ctx = ctx };

    for (int way = OF_LOG; way < WAYS; way++) {
        if (way == OF_LOG && !(ctx->traits & QUIPU_CAN_LOG)) {
            continue;
        }
        torn_down_by(&t, (enum way)way, false);
        torn_down_by(&t, (enum way)way, true);
    }
}

static const struct quipu_case cases[] = {
    { "V1.own-writes-are-seen", "A program reads its own writes at once.",
      own_writes, LOG, 0, 0 },
    { "V1.writes-are-seen-by-other-datastores",
      "An acknowledged append is visible to every datastore.", other_datastore,
      LOG | QUIPU_TRAIT_MULTI_OPEN, 0, 0 },
    { "V4.sequence-read-ignores-later-appends",
      "A replay that mixes two states builds an aggregate that never existed.",
      sequence_up, 0, 0, 0 },
    { "V4.sequence-read-backwards-ignores-later-appends",
      "In a backward read the new items would come first.", sequence_down, 0, 0,
      0 },
    { "V4.log-read-ignores-later-appends",
      "A page of the log ends where the log ended when the cursor was opened.",
      log_up, LOG, 0, 0 },
    { "V4.log-read-backwards-ignores-later-appends",
      "In a backward read the new items would come first.", log_down, LOG, 0,
      0 },
    { "V4.sparse-read-ignores-later-items-between",
      "A new item at a position between the old ones is newer all the same.",
      sparse, 0, 0, 0 },
    { "V4.limit-is-not-used-up-by-newer-items",
      "A page of ten items has ten, if there are ten.", limited_between, 0, 0,
      0 },
    { "V4.limit-is-not-filled-with-newer-items",
      "A limit removes items, and adds none.", limited, 0, 0, 0 },
    { "V4.cursor-on-an-empty-sequence-stays-empty",
      "A read that was empty when it was opened returns no items.", of_empty,
      LOG, 0, 0 },
    { "V4.cursors-closed-early",
      "A cursor that is closed before its end must not hold resources that the "
      "next writer needs.",
      closed_early, LOG, 0, 0 },
    { "V4.two-hundred-cursors-at-once",
      "Slow readers do not block writers, nor do two hundred of them.", many,
      LOG, 0, 0 },
    { "V4.torn-down-under-a-cursor",
      "A cursor whose schema is torn down returns the former items, or fails; "
      "it neither ends as if it were complete nor returns later items.",
      torn_down, 0, 0, 0 },
    { "V4.borrowed-items-stay-valid",
      "A borrowed item is valid until the next call on its cursor.", borrowed,
      0, 0, 0 },
};
QUIPU_FAMILY(visibility);
