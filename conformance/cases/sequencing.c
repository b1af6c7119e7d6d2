/* SPDX-License-Identifier: Apache-2.0 */
/* S1, S2 and S5: the positions that are accepted, assigned and reported. */
#include "case.h"

#include <inttypes.h>

static void from_zero(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_item_list list;

    for (int64_t position = 0; position < 20; position++) {
        OK(quipu_builder_append_at(ctx, r, s, position));
    }
    list = quipu_item_list_read(ctx, r, s, NULL);
    CHECK(list.count == 20, "%zu items", list.count);
    for (size_t i = 0; i < 20; i++) {
        CHECK(list.at[i].position == (int64_t)i,
              "item %zu is at position %" PRId64, i, list.at[i].position);
    }
}

/* In a sequence of 0 to 4 items every position but the next one conflicts. */
static void no_other(struct quipu_context *ctx)
{
    static const int64_t wrong[] = {
        INT64_MIN, INT64_MIN + 1, -2,       -1, 0, 1, 2, 3, 4, 5,
        6,         4294967296,    INT64_MAX
    };
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);

    for (int64_t last = -1; last < 4; last++) {
        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
            if (wrong[i] != last + 1) {
                RETURNS(QUIPU_CONFLICT,
                        quipu_builder_append_at(ctx, r, s, wrong[i]));
            }
        }
        OK(quipu_builder_append_at(ctx, r, s, last + 1));
    }
    CHECK(quipu_item_list_count(ctx, r, s) == 5, "a refused item was stored");
}

static void any_sparse(struct quipu_context *ctx)
{
    static const int64_t given[] = { 5,  INT64_MAX, -1, 0,
                                     77, INT64_MIN, 6,  INT64_MAX - 1 };
    static const int64_t sorted[] = { INT64_MIN,     -1,       0, 5, 6, 77,
                                      INT64_MAX - 1, INT64_MAX };
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_SPARSE);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_item_list list;
    int64_t last;

    for (size_t i = 0; i < 8; i++) {
        OK(quipu_builder_append_at(ctx, r, s, given[i]));
    }
    list = quipu_item_list_read(ctx, r, s, NULL);
    CHECK(list.count == 8, "%zu items", list.count);
    for (size_t i = 0; i < 8; i++) {
        CHECK(list.at[i].position == sorted[i],
              "item %zu has position %" PRId64 " instead of %" PRId64, i,
              list.at[i].position, sorted[i]);
    }
    OK(quipu_records_last(r, s, &last, ERR));
    CHECK(last == INT64_MAX, "the last position is %" PRId64, last);
}

static void extremes_sparse(struct quipu_context *ctx)
{
    static const int64_t lone[] = { INT64_MIN, -1, 0, INT64_MAX };
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_SPARSE);

    for (size_t i = 0; i < 4; i++) {
        quipu_bytes s = quipu_context_sequence(ctx);
        int64_t last;

        OK(quipu_builder_append_at(ctx, r, s, lone[i]));
        OK(quipu_records_last(r, s, &last, ERR));
        CHECK(last == lone[i], "the last position is %" PRId64, last);
        CHECK(quipu_item_list_count(ctx, r, s) == 1, "the item cannot be read");
    }
}

static void next_from_zero(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    for (int64_t i = 0; i < 5; i++) {
        quipu_builder_clear(b);
        /* Any position is ignored. */
        quipu_builder_add_next(b, s, "x")->position = i % 2 ? INT64_MAX : -7;
        OK(quipu_builder_append(b));
        CHECK(b->positions[0] == i, "position %" PRId64 " instead of %" PRId64,
              b->positions[0], i);
    }
}

/* NEXT and explicit positions, of two sequences in one append. */
static void mixed(struct quipu_context *ctx)
{
    static const int64_t expected[] = { 0, 0, 1, 2, 1, 3, 4, 2 };
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes a = quipu_context_sequence(ctx),
                c = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 8);
    struct quipu_item_list list;

    quipu_builder_add_next(b, a, "a0");
    quipu_builder_add_at(b, c, 0, "c0");
    quipu_builder_add_at(b, a, 1, "a1");
    quipu_builder_add_next(b, a, "a2");
    quipu_builder_add_next(b, c, "c1");
    quipu_builder_add_at(b, a, 3, "a3");
    quipu_builder_add_next(b, a, "a4");
    quipu_builder_add_at(b, c, 2, "c2");
    OK(quipu_builder_append(b));
    list = quipu_item_list_read_log(ctx, r, NULL);
    CHECK(list.count == 8, "%zu items", list.count);
    for (size_t i = 0; i < 8; i++) {
        CHECK(b->positions[i] == expected[i],
              "item %zu has position %" PRId64 " instead of %" PRId64, i,
              b->positions[i], expected[i]);
        CHECK(list.at[i].position == expected[i],
              "item %zu is stored at another position", i);
    }
}

static void mixed_wrong(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 2);

    quipu_builder_add_next(b, s, "0");
    quipu_builder_add_at(b, s, 0, "taken by the one before");
    RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
    CHECK(b->result.index == 1, "result.index is %zu", b->result.index);
    CHECK(
        !(b->result.flags & QUIPU_RESULT_HAS_LAST),
        "the sequence was empty, but its last position is reported as %" PRId64,
        b->result.last_position);
    CHECK(quipu_item_list_count(ctx, r, s) == 0, "an item was stored");
}

static void next_in_sparse(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_SPARSE);

    RETURNS(QUIPU_INVALID,
            quipu_builder_append_next(ctx, r, quipu_context_sequence(ctx)));
}

static int by_id(const struct quipu_item_copy *copy, const quipu_uuid *id)
{
    return quipu_bytes_equal((quipu_bytes){ copy->event_id.bytes, 16 },
                             (quipu_bytes){ id->bytes, 16 });
}

/* Random appends: the reported results are compared with the log. */
static void results_match(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 10);
    struct quipu_item_list log;
    quipu_bytes s[4];

    for (size_t i = 0; i < 4; i++) {
        s[i] = quipu_context_sequence(ctx);
    }
    for (unsigned round = 0; round < 60; round++) {
        size_t n = 1 + (size_t)quipu_context_random(ctx, 10);
        int64_t first;

        quipu_builder_clear(b);
        for (size_t i = 0; i < n; i++) {
            quipu_builder_add_next(b, s[quipu_context_random(ctx, 4)], "x");
        }
        OK(quipu_builder_append(b));
        first = b->result.first_notification_id;
        log = quipu_item_list_read_log(ctx, r, NULL);
        CHECK(first + (int64_t)n - 1 == (int64_t)log.count,
              "the first id of %zu items is %" PRId64
              ", but the log has %zu items",
              n, first, log.count);
        for (size_t i = 0; i < n; i++) {
            const struct quipu_item_copy *copy =
                &log.at[first - 1 + (int64_t)i];

            CHECK(by_id(copy, &b->event_ids[i]),
                  "another item has the reported notification id");
            CHECK(copy->position == b->positions[i],
                  "the reported position is %" PRId64
                  ", the stored one %" PRId64,
                  b->positions[i], copy->position);
        }
    }
    quipu_item_list_check_log(ctx, r);
}

static void result_is_optional(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);
    quipu_result bare = { 0 };

    quipu_builder_add_next(b, s, "x");
    OK(quipu_records_append(r, &b->append, NULL, ERR));
    quipu_builder_clear(b);
    quipu_builder_add_next(b, s, "y");
    OK(quipu_records_append(r, &b->append, &bare, NULL));
    quipu_builder_clear(b);
    quipu_builder_add_at(b, s, 0, "z");
    RETURNS(QUIPU_CONFLICT, quipu_records_append(r, &b->append, NULL, NULL));
    CHECK(quipu_item_list_count(ctx, r, s) == 2,
          "the sequence does not have two items");
}

static void last_of_each(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    int64_t last;

    RETURNS(QUIPU_NOT_FOUND, quipu_records_last(r, s, &last, ERR));
    for (int64_t i = 0; i < 4; i++) {
        OK(quipu_builder_append_next(ctx, r, s));
        OK(quipu_records_last(r, s, &last, ERR));
        CHECK(last == i, "the last position is %" PRId64, last);
    }
    RETURNS(QUIPU_NOT_FOUND,
            quipu_records_last(r, quipu_context_sequence(ctx), &last, ERR));
}

static const struct quipu_case cases[] = {
    { "S1.positions-begin-at-zero",
      "A sequence is the whole life of an aggregate, from position 0.",
      from_zero, 0, 0, 0 },
    { "S1.only-the-next-position-is-accepted",
      "A gap in a sequence is an event that a replay never sees.", no_other, 0,
      0, 0 },
    { "S1.sparse-accepts-any-position",
      "Timestamps arrive in any order, and snapshots skip positions.",
      any_sparse, 0, 0, 0 },
    { "S1.sparse-accepts-a-single-extreme-position",
      "A driver that uses -1 or INT64_MIN for an empty sequence fails here.",
      extremes_sparse, 0, 0, 0 },
    { "S2.next-counts-from-zero",
      "The position of an item with QUIPU_ITEM_NEXT is ignored.",
      next_from_zero, 0, 0, 0 },
    { "S2.next-and-explicit-in-one-append",
      "Items are checked in order, each after those before it.", mixed,
      QUIPU_CAN_LOG, 0, 0 },
    { "S2.explicit-after-next-conflicts",
      "The conflict reports the last position before the append.", mixed_wrong,
      0, 0, 0 },
    { "S2.next-is-invalid-in-sparse", "A sparse schema has no next position.",
      next_in_sparse, 0, 0, 0 },
    { "S5.results-match-the-store",
      "Programs keep the reported positions and ids, and read on from there.",
      results_match, QUIPU_CAN_LOG, 0, 0 },
    { "S5.result-is-optional",
      "A program that does not need the result passes NULL.",
      result_is_optional, 0, 0, 0 },
    { "S5.last-position", "Guards and retries are based on the last position.",
      last_of_each, 0, 0, 0 },
};
QUIPU_FAMILY(sequencing);
