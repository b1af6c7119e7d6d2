/* SPDX-License-Identifier: Apache-2.0 */
/* U1 and U2 for appends one after the other; races/ has the races. */
#include "case.h"

#include <inttypes.h>
#include <string.h>

/* Checks that the append was refused because of the position of item `index`,
 * and reported the last position (-1: that the sequence is empty). */
static void check_refusal(const struct quipu_builder *batch, size_t index,
                          int64_t last)
{
    const quipu_result *result = &batch->result;
    bool has_last = result->flags & QUIPU_RESULT_HAS_LAST;

    CHECK(result->status == QUIPU_CONFLICT, "result.status is %d",
          result->status);
    CHECK(result->cause == QUIPU_CAUSE_POSITION, "result.cause is %d",
          result->cause);
    CHECK(result->index == index, "result.index is %zu instead of %zu",
          result->index, index);
    CHECK(has_last == (last >= 0), "HAS_LAST is %d", has_last);
    CHECK(!has_last || result->last_position == last,
          "result.last_position is %" PRId64, result->last_position);
}

static void taken_contiguous(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);
    struct quipu_item_list list;

    quipu_builder_append_many(ctx, r, s, 3);
    for (int64_t position = 0; position < 3; position++) {
        quipu_builder_clear(b);
        quipu_builder_add_at(b, s, position, "late");
        RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
        check_refusal(b, 0, 2);
    }
    list = quipu_item_list_read(ctx, r, s, NULL);
    CHECK(list.count == 3, "%zu items", list.count);
    for (size_t i = 0; i < 3; i++) {
        CHECK(strcmp(list.at[i].state, "late") != 0,
              "a refused item has replaced a stored one");
    }
}

static void taken_sparse(struct quipu_context *ctx)
{
    static const int64_t positions[] = { INT64_MIN, -5, 0, 7, INT64_MAX };
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_SPARSE);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    for (size_t i = 0; i < 5; i++) {
        OK(quipu_builder_append_at(ctx, r, s, positions[i]));
    }
    for (size_t i = 0; i < 5; i++) {
        quipu_builder_clear(b);
        quipu_builder_add_at(b, s, positions[i], "late");
        RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
        check_refusal(b, 0, INT64_MAX);
    }
    CHECK(quipu_item_list_count(ctx, r, s) == 5, "a refused item was stored");
}

static void empty_reported(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    quipu_builder_add_at(b, quipu_context_sequence(ctx), 3, "x");
    RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
    check_refusal(b, 0, -1);
    CHECK(quipu_item_list_count_log(ctx, r) == 0, "a refused item was stored");
}

/* The reported last position is that before the append. */
static void twice_in_one(struct quipu_context *ctx, unsigned shape)
{
    quipu_records *r = quipu_context_records(ctx, shape);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 3);

    OK(quipu_builder_append_at(ctx, r, s, 0));
    quipu_builder_add_at(b, s, 1, "a");
    quipu_builder_add_at(b, quipu_context_sequence(ctx), 0, "b");
    quipu_builder_add_at(b, s, 1, "c");
    RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
    check_refusal(b, 2, 0);
    CHECK(quipu_item_list_count_log(ctx, r) == 1,
          "a refused append stored an item");
}

static void twice_contiguous(struct quipu_context *ctx)
{
    twice_in_one(ctx, QUIPU_SHAPE_PLAIN);
}

static void twice_sparse(struct quipu_context *ctx)
{
    twice_in_one(ctx, QUIPU_SHAPE_SPARSE);
}

static void other_sequence_free(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_TEXT);
    static const char *const ids[] = { "a", "A", "aa", "b", "a ", " a" };

    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
        OK(quipu_builder_append_at(ctx, r, quipu_bytes_of_text(ids[i]), 0));
    }
    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
        CHECK(quipu_item_list_count(ctx, r, quipu_bytes_of_text(ids[i])) == 1,
              "sequence \"%s\" has items of another one", ids[i]);
    }
}

/* With a 16-bit hash as the key thousands of sequences would collide, with one
 * of 30 bits about five. */
static void no_collision(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 10000);

    for (unsigned round = 0; round < 10; round++) {
        quipu_builder_clear(b);
        for (size_t i = 0; i < 10000; i++) {
            quipu_builder_add_next(b, quipu_context_sequence(ctx), "x");
        }
        OK(quipu_builder_append(b));
        for (size_t i = 0; i < 10000; i++) {
            CHECK(b->positions[i] == 0,
                  "a new sequence begins at position %" PRId64
                  ": its id collides with another one",
                  b->positions[i]);
        }
    }
}

static void other_schema_free(struct quipu_context *ctx)
{
    quipu_records *a = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_records *b = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);

    OK(quipu_builder_append_at(ctx, a, s, 0));
    OK(quipu_builder_append_at(ctx, b, s, 0));
    RETURNS(QUIPU_CONFLICT, quipu_builder_append_at(ctx, b, s, 0));
}

/* One wrong item, at each index, prevents four valid ones. */
static void one_bad_item(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes full = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 5);
    quipu_bytes others[5];

    quipu_builder_append_many(ctx, r, full, 2);
    for (size_t bad = 0; bad < 5; bad++) {
        quipu_builder_clear(b);
        for (size_t i = 0; i < 5; i++) {
            others[i] = i == bad ? full : quipu_context_sequence(ctx);
            quipu_builder_add_at(b, others[i], 0, "x");
        }
        RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
        check_refusal(b, bad, 1);
        for (size_t i = 0; i < 5; i++) {
            CHECK(quipu_item_list_count(ctx, r, others[i]) ==
                      (i == bad ? 2 : 0),
                  "item %zu was refused, but item %zu was stored", bad, i);
        }
        CHECK(quipu_item_list_count_log(ctx, r) == 2, "the log grew");
    }
}

static void many_sequences(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 60);
    quipu_bytes s[20];

    for (size_t i = 0; i < 60; i++) {
        if (i < 20) {
            s[i] = quipu_context_sequence(ctx);
        }
        quipu_builder_add_at(b, s[i % 20], (int64_t)i / 20, "x");
    }
    OK(quipu_builder_append(b));
    for (size_t i = 0; i < 20; i++) {
        CHECK(quipu_item_list_count(ctx, r, s[i]) == 3,
              "sequence %zu does not have three items", i);
    }
    CHECK(quipu_item_list_check_log(ctx, r).count == 60,
          "the log does not have 60 items");
}

static void refused_with_tracking(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_datastore *d = quipu_context_datastore(ctx);
    const char *consumer = quipu_context_name(ctx, "consumer");
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 2);
    quipu_position p;

    quipu_builder_add_at(b, s, 0, "good");
    quipu_builder_add_at(b, s, 5, "bad");
    quipu_builder_track(b, consumer, "log", 7);
    RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
    RETURNS(QUIPU_NOT_FOUND, quipu_tracking_read(d, consumer, "log", &p, ERR));
    b->append.item_count = 1;
    OK(quipu_builder_append(b));
    OK(quipu_tracking_read(d, consumer, "log", &p, ERR));
    CHECK(p.notification_id == 7, "the tracking record is not stored");
}

/* A corrected append, with the same event ids, succeeds. */
static void corrected_append(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 3);

    quipu_builder_add_at(b, s, 0, "a");
    quipu_builder_add_at(b, s, 1, "b");
    quipu_builder_add_at(b, s, 3, "c");
    RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
    b->items[2].position = 2;
    OK(quipu_builder_append(b)); /* the same event ids */
    CHECK(!(b->result.flags & QUIPU_RESULT_REPEATED),
          "a refused append has stored its event ids");
    CHECK(quipu_item_list_check_log(ctx, r).count == 3,
          "the log does not have three items");
}

static const struct quipu_case cases[] = {
    { "U1.taken-position-conflicts",
      "Two writers that both believe to be first would overwrite each other's "
      "decision.",
      taken_contiguous, 0, 0, 0 },
    { "U1.taken-position-conflicts-when-sparse",
      "In a sparse schema only the position separates writers, also at the "
      "extremes of its type.",
      taken_sparse, 0, 0, 0 },
    { "U1.conflict-reports-an-empty-sequence",
      "The loser reads on from the reported position, and position 0 differs "
      "from none.",
      empty_reported, QUIPU_CAN_LOG, 0, 0 },
    { "U1.position-twice-in-one-append-conflicts",
      "The items of an append are also checked against each other.",
      twice_contiguous, QUIPU_CAN_LOG, 0, 0 },
    { "U1.position-twice-in-one-append-conflicts-when-sparse",
      "The items of an append are also checked against each other.",
      twice_sparse, QUIPU_CAN_LOG, 0, 0 },
    { "U1.sequences-do-not-share-positions",
      "Ids that differ in case, length or spaces identify different sequences; "
      "a store that confuses them refuses valid appends.",
      other_sequence_free, 0, 0, 0 },
    { "U1.many-sequences-do-not-collide",
      "The key is the id and not its hash: this is tried with 100,000 "
      "sequences.",
      no_collision, 0, 0, 0 },
    { "U1.schemas-do-not-share-positions",
      "Positions are unique only within a schema.", other_schema_free, 0, 0,
      0 },
    { "U2.one-refused-item-refuses-the-append",
      "Events that belong together are stored together or not at all.",
      one_bad_item, QUIPU_CAN_LOG, 0, 0 },
    { "U2.many-sequences-in-one-append",
      "One decision can concern many aggregates.", many_sequences,
      QUIPU_CAN_LOG, 0, 0 },
    { "U2.refused-append-leaves-no-tracking",
      "A tracking record of refused work makes the consumer skip it forever.",
      refused_with_tracking, QUIPU_CAN_TRACK, 0, 0 },
    { "U2.refused-append-leaves-no-trace",
      "Remains of a refused append would prevent its corrected version.",
      corrected_append, QUIPU_CAN_LOG, 0, 0 },
};
QUIPU_FAMILY(uniqueness);
