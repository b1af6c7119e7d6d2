/* SPDX-License-Identifier: Apache-2.0 */
/* T1 and T2: expected positions of tracking records, and rewinding. */
#include "cases/case.h"
#include "cases/entry_list.h"

#include <inttypes.h>

#define NO_RECORD INT64_C(0)

struct tracker {
    struct quipu_context *ctx;
    quipu_datastore *datastore;
    quipu_records *records;
    struct quipu_builder *builder;
    const char *consumer;
    quipu_bytes sequence;
};

static struct tracker begin(struct quipu_context *ctx)
{
    struct tracker t = { .ctx = ctx, .records = quipu_context_records(ctx, 0) };

    t.datastore = quipu_context_datastore(ctx);
    t.builder = quipu_builder_create(ctx, t.records, 2);
    t.consumer = quipu_context_name(ctx, "consumer");
    t.sequence = quipu_context_sequence(ctx);
    return t;
}

/* Builds an append of one item that moves the record. */
static void build(struct tracker *t, int64_t from, int64_t to, bool rewind)
{
    quipu_builder_clear(t->builder);
    quipu_builder_add_next(t->builder, t->sequence, "x");
    quipu_builder_track(t->builder, t->consumer, "log", to);
    quipu_builder_track_from(t->builder, from, rewind);
}

static int move(struct tracker *t, int64_t from, int64_t to)
{
    build(t, from, to, false);
    return quipu_builder_append(t->builder);
}

static int rewind_to(struct tracker *t, int64_t from, int64_t to)
{
    build(t, from, to, true);
    return quipu_builder_append(t->builder);
}

/* Checks the position of the record and the number of items that were stored
 * with it. */
static void check_at(struct tracker *t, int64_t position, size_t items)
{
    quipu_position p = { 0 };
    int status = quipu_tracking_read(t->datastore, t->consumer, "log", &p, ERR);

    RETURNS(position == NO_RECORD ? QUIPU_NOT_FOUND : QUIPU_OK, status);
    CHECK(position == NO_RECORD || p.notification_id == position,
          "the tracking record is at %" PRId64 " instead of %" PRId64,
          p.notification_id, position);
    CHECK(quipu_item_list_count(t->ctx, t->records, t->sequence) == items,
          "%zu items are stored instead of %zu",
          quipu_item_list_count(t->ctx, t->records, t->sequence), items);
}

/* Checks a refusal, which tells where the record is. */
static void check_refused(struct tracker *t, int status, int64_t position)
{
    const quipu_result *result = &t->builder->result;

    RETURNS(QUIPU_CONFLICT, status);
    CHECK(result->cause == QUIPU_CAUSE_TRACKING, "result.cause is %d",
          result->cause);
    CHECK(!(result->flags & QUIPU_RESULT_HAS_LAST) == (position == NO_RECORD),
          "the refusal does not tell whether there is a record");
    CHECK(position == NO_RECORD || result->last_position == position,
          "the refusal tells position %" PRId64 " instead of %" PRId64,
          result->last_position, position);
}

static void expected(struct quipu_context *ctx)
{
    struct tracker t = begin(ctx);

    check_refused(&t, move(&t, 3, 5), NO_RECORD);
    check_at(&t, NO_RECORD, 0);
    OK(move(&t, NO_RECORD, 5));
    check_at(&t, 5, 1);
    check_refused(&t, move(&t, NO_RECORD, 9), 5);
    check_refused(&t, move(&t, 4, 9), 5);
    check_refused(&t, move(&t, 6, 9), 5);
    check_refused(&t, move(&t, INT64_MAX, 9), 5);
    check_at(&t, 5, 1);
    OK(move(&t, 5, 9));
    check_at(&t, 9, 2);
    OK(move(&t, 9, INT64_MAX));
    check_at(&t, INT64_MAX, 3);
}

/* The expected position is judged before U4, and both hold. */
static void still_only_grows(struct quipu_context *ctx)
{
    struct tracker t = begin(ctx);

    OK(move(&t, NO_RECORD, 5));
    check_refused(&t, move(&t, 4, 5), 5);
    check_refused(&t, move(&t, 4, 3), 5);
    RETURNS(QUIPU_ALREADY, move(&t, 5, 5));
    RETURNS(QUIPU_ALREADY, move(&t, 5, 3));
    check_at(&t, 5, 1);
}

/* The scenario of T1 in docs/guarantees.md. */
static void batches(struct quipu_context *ctx)
{
    struct tracker t = begin(ctx);

    OK(move(&t, NO_RECORD, 400));
    OK(move(&t, 400, 450)); /* the other runner */
    check_refused(&t, move(&t, 400, 500), 450);
    check_at(&t, 450, 2);
    OK(move(&t, 450, 500));
    check_at(&t, 500, 3);
}

/* Appends without items and without a schema. */
static void without_items(struct quipu_context *ctx)
{
    struct quipu_builder *b = quipu_builder_create(ctx, NULL, 0);
    const char *consumer = quipu_context_name(ctx, "consumer");
    quipu_datastore *datastore = quipu_context_datastore(ctx);
    quipu_position p;

    for (int64_t i = 0; i < 10; i++) {
        quipu_builder_clear(b);
        quipu_builder_track(b, consumer, "log", 10 * i + 10);
        quipu_builder_track_from(b, 10 * i, false);
        OK(quipu_builder_commit(b, datastore));
        RETURNS(QUIPU_CONFLICT, quipu_builder_commit(b, datastore));
        CHECK(b->result.cause == QUIPU_CAUSE_TRACKING, "result.cause is %d",
              b->result.cause);
        OK(quipu_tracking_read(datastore, consumer, "log", &p, ERR));
        CHECK(p.notification_id == 10 * i + 10,
              "the tracking record is at %" PRId64, p.notification_id);
    }
}

static void each_record(struct quipu_context *ctx)
{
    struct tracker t = begin(ctx), other = t;

    other.consumer = quipu_context_name(ctx, "another");
    OK(move(&t, NO_RECORD, 5));
    check_refused(&other, move(&other, 5, 6), NO_RECORD);
    OK(move(&other, NO_RECORD, 3));
    check_refused(&other, move(&other, 5, 6), 3);
    OK(move(&t, 5, 6));
}

/* A repeat is found by its event ids, before its expectation is checked. */
static void repeat(struct quipu_context *ctx)
{
    struct tracker t = begin(ctx);

    OK(move(&t, NO_RECORD, 5));
    OK(quipu_builder_append(t.builder));
    CHECK(t.builder->result.flags & QUIPU_RESULT_REPEATED,
          "the repeat is not reported as one");
    check_at(&t, 5, 1);
}

/* -------------------------------------------------------------- T2: rewind */

static void rewound(struct quipu_context *ctx)
{
    struct tracker t = begin(ctx);

    OK(move(&t, NO_RECORD, 100));
    check_refused(&t, rewind_to(&t, 99, 10), 100);
    check_at(&t, 100, 1);
    OK(rewind_to(&t, 100, 10));
    check_at(&t, 10, 2);
    check_refused(&t, move(&t, 100, 101), 10); /* was at work meanwhile */
    OK(rewind_to(&t, 10, 10));                 /* the same position */
    check_at(&t, 10, 3);
    OK(rewind_to(&t, 10, 20)); /* and a higher one */
    check_at(&t, 20, 4);
    OK(move(&t, 20, 21));
    check_at(&t, 21, 5);
}

/* Position 0 removes the record, also from listings. */
static void removed(struct quipu_context *ctx)
{
    struct tracker t = begin(ctx);
    quipu_trackings *list;
    const quipu_tracking *row;

    OK(rewind_to(&t, NO_RECORD, 0)); /* there is none */
    check_at(&t, NO_RECORD, 1);
    OK(move(&t, NO_RECORD, 100));
    OK(rewind_to(&t, 100, 0));
    check_at(&t, NO_RECORD, 3);
    OK(quipu_trackings_open(t.datastore, &list, ERR));
    for (;;) {
        OK(quipu_trackings_next(list, &row, ERR));
        if (!row) {
            break;
        }
        CHECK(
            !quipu_bytes_equal(row->consumer, quipu_bytes_of_text(t.consumer)),
            "a removed tracking record is listed");
    }
    quipu_trackings_close(list);
    check_refused(&t, move(&t, 100, 101), NO_RECORD);
    OK(move(&t, NO_RECORD, 1));
    check_at(&t, 1, 4);
}

/* A read model is thrown away and built again: its entries and the record are
 * changed together or not at all. */
static void together(struct quipu_context *ctx)
{
    struct tracker t = begin(ctx);
    const char *key = quipu_context_name(ctx, "key");
    int64_t revision;

    build(&t, NO_RECORD, 100, false);
    quipu_builder_entry(t.builder, key, "model", 0, 0);
    OK(quipu_builder_append(t.builder));
    revision = quipu_entry_list_revision(t.datastore, key);

    build(&t, 99, 0, true);
    quipu_builder_entry(t.builder, key, NULL, QUIPU_ENTRY_DELETE, 0);
    RETURNS(QUIPU_CONFLICT, quipu_builder_append(t.builder));
    quipu_entry_list_check(t.datastore, key, "model", revision);

    build(&t, 100, 0, true);
    quipu_builder_entry(t.builder, key, NULL,
                        QUIPU_ENTRY_DELETE | QUIPU_ENTRY_EXPECT, revision + 1);
    RETURNS(QUIPU_CONFLICT, quipu_builder_append(t.builder));
    check_at(&t, 100, 1);

    build(&t, 100, 0, true);
    quipu_builder_entry(t.builder, key, NULL,
                        QUIPU_ENTRY_DELETE | QUIPU_ENTRY_EXPECT, revision);
    OK(quipu_builder_append(t.builder));
    quipu_entry_list_check(t.datastore, key, NULL, 0);
    check_at(&t, NO_RECORD, 2);
}

/* The repeat of a rewinding append finds its items, wherever the record is. */
static void repeated_rewind(struct quipu_context *ctx)
{
    struct tracker t = begin(ctx);
    struct tracker other = t;

    OK(move(&t, NO_RECORD, 100));
    OK(rewind_to(&t, 100, 10));
    other.builder = quipu_builder_create(ctx, t.records, 2);
    OK(quipu_builder_append(t.builder));
    CHECK(t.builder->result.flags & QUIPU_RESULT_REPEATED,
          "the repeat is not reported as one");
    OK(rewind_to(&other, 10, 5));
    OK(quipu_builder_append(t.builder));
    CHECK(t.builder->result.flags & QUIPU_RESULT_REPEATED,
          "the repeat is not reported as one after another rewinding");
    check_at(&t, 5, 3);
}

#define ALL (QUIPU_CAN_ENTRIES | QUIPU_CAN_TRACK)

static const struct quipu_case cases[] = {
    { "T1.expected-position",
      "A consumer that is not where it believes to be would apply events "
      "twice, or leave some out.",
      expected, ALL, 0, 0 },
    { "T1.record-still-only-grows",
      "The expectation is a further condition, and replaces none.",
      still_only_grows, ALL, 0, 0 },
    { "T1.overlapping-batch-is-refused",
      "Two copies of a consumer with batches of other sizes must not apply "
      "events twice.",
      batches, ALL, 0, 0 },
    { "T1.without-a-schema",
      "A consumer that writes to another store keeps only its position here.",
      without_items, ALL, 0, 0 },
    { "T1.each-record-by-itself",
      "The position of another consumer is no answer.", each_record, ALL, 0,
      0 },
    { "T1.repeat-is-found-first",
      "After an unknown outcome the record is where the append has put it.",
      repeat, ALL, 0, 0 },
    { "T2.rewind",
      "A read model that was wrong is built again from an earlier event.",
      rewound, ALL, 0, 0 },
    { "T2.rewind-to-nothing",
      "A consumer that begins again must look like one that never ran.",
      removed, ALL, 0, 0 },
    { "T2.rewind-together-with-entries",
      "A read model that is empty while its consumer stands at the end stays "
      "empty.",
      together, ALL, 0, 0 },
    { "T2.repeat-of-a-rewind",
      "A repeat must not set the record back a second time.", repeated_rewind,
      ALL, 0, 0 },
};
QUIPU_FAMILY_IN(entries, positions);
