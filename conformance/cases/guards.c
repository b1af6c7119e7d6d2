/* SPDX-License-Identifier: Apache-2.0 */
/* S3: guards, with each demand in each state of the sequence. */
#include "case.h"

#include <inttypes.h>

/* One guard on a sequence of `count` items, and whether it holds. */
struct row {
    int64_t count;
    int demand;
    int64_t position;
    bool holds;
};

static const struct row table[] = {
    { 0, QUIPU_DEMAND_EMPTY, 0, true },
    { 0, QUIPU_DEMAND_EMPTY, 7, true }, /* the position is ignored */
    { 0, QUIPU_DEMAND_NOT_EMPTY, 0, false },
    { 0, QUIPU_DEMAND_LAST, 0, false },
    { 0, QUIPU_DEMAND_LAST, -1, false },
    { 0, QUIPU_DEMAND_LAST, INT64_MIN, false },
    { 0, QUIPU_DEMAND_LAST, INT64_MAX, false },
    { 1, QUIPU_DEMAND_EMPTY, 0, false },
    { 1, QUIPU_DEMAND_NOT_EMPTY, 0, true },
    { 1, QUIPU_DEMAND_NOT_EMPTY, 7, true },
    { 1, QUIPU_DEMAND_LAST, 0, true },
    { 1, QUIPU_DEMAND_LAST, -1, false },
    { 1, QUIPU_DEMAND_LAST, 1, false },
    { 3, QUIPU_DEMAND_EMPTY, 0, false },
    { 3, QUIPU_DEMAND_NOT_EMPTY, 0, true },
    { 3, QUIPU_DEMAND_LAST, 1, false },
    { 3, QUIPU_DEMAND_LAST, 2, true },
    { 3, QUIPU_DEMAND_LAST, 3, false },
    { 3, QUIPU_DEMAND_LAST, INT64_MAX, false },
    { 3, QUIPU_DEMAND_LAST, INT64_MIN, false },
};

static void check_guard_refusal(const struct quipu_builder *b, size_t index,
                                int64_t last)
{
    bool has_last = b->result.flags & QUIPU_RESULT_HAS_LAST;

    CHECK(b->result.cause == QUIPU_CAUSE_GUARD, "result.cause is %d",
          b->result.cause);
    CHECK(b->result.index == index, "result.index is %zu instead of %zu",
          b->result.index, index);
    CHECK(has_last == (last >= 0), "HAS_LAST is %d", has_last);
    CHECK(!has_last || b->result.last_position == last,
          "result.last_position is %" PRId64 " instead of %" PRId64,
          b->result.last_position, last);
}

/* Sequence that the append writes: the guarded one, another one, or none. */
enum written { GUARDED, ANOTHER, NONE };

static void check_row(struct quipu_context *ctx, quipu_records *r,
                      const struct row *row, enum written written)
{
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 2);
    size_t before;

    if (row->count > 0) {
        quipu_builder_append_many(ctx, r, s, (size_t)row->count);
    }
    before = quipu_item_list_count_log(ctx, r);
    if (written != NONE) {
        quipu_bytes to = written == GUARDED ? s : quipu_context_sequence(ctx);

        quipu_builder_add_next(b, to, "x");
        quipu_builder_add_next(b, to, "y");
    }
    quipu_builder_guard(b, s, row->demand, row->position);
    if (row->holds) {
        OK(quipu_builder_append(b));
        before += b->append.item_count;
    } else {
        RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
        check_guard_refusal(b, 0, row->count - 1);
    }
    CHECK(quipu_item_list_count_log(ctx, r) == before,
          "demand %d at position %" PRId64 " with %" PRId64
          " items: the log has another length than expected",
          row->demand, row->position, row->count);
}

static void check_table(struct quipu_context *ctx, enum written written)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        check_row(ctx, r, &table[i], written);
    }
}

static void on_written(struct quipu_context *ctx)
{
    check_table(ctx, GUARDED);
}

static void on_another(struct quipu_context *ctx)
{
    check_table(ctx, ANOTHER);
}

static void without_items(struct quipu_context *ctx)
{
    check_table(ctx, NONE);
}

static void sparse(struct quipu_context *ctx)
{
    static const int64_t at[] = { INT64_MIN, -1, 0, INT64_MAX };
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_SPARSE);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    for (size_t i = 0; i < 4; i++) {
        quipu_bytes s = quipu_context_sequence(ctx);

        OK(quipu_builder_append_at(ctx, r, s, at[i]));
        for (size_t k = 0; k < 4; k++) {
            quipu_builder_clear(b);
            quipu_builder_guard(b, s, QUIPU_DEMAND_LAST, at[k]);
            RETURNS(i == k ? QUIPU_OK : QUIPU_CONFLICT,
                    quipu_builder_append(b));
        }
    }
}

/* The last item is the one at the highest position, not the newest one. */
static void sparse_last(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_SPARSE);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    OK(quipu_builder_append_at(ctx, r, s, 100));
    OK(quipu_builder_append_at(ctx, r, s, 50));
    quipu_builder_guard(b, s, QUIPU_DEMAND_LAST, 50);
    RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
    check_guard_refusal(b, 0, 100);
    b->guards[0].position = 100;
    OK(quipu_builder_append(b));
}

static void several(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes full = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    quipu_builder_append_many(ctx, r, full, 4);
    for (size_t bad = 0; bad <= 4; bad++) {
        quipu_bytes s = quipu_context_sequence(ctx);

        quipu_builder_clear(b);
        quipu_builder_add_next(b, s, "x");
        for (size_t i = 0; i < 4; i++) {
            quipu_builder_guard(b, full, QUIPU_DEMAND_LAST, i == bad ? 2 : 3);
        }
        if (bad < 4) {
            RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
            check_guard_refusal(b, bad, 3);
        } else {
            OK(quipu_builder_append(b));
        }
        CHECK(quipu_item_list_count(ctx, r, s) == (bad < 4 ? 0 : 1),
              "guard %zu fails: the sequence has another length than expected",
              bad);
    }
}

static void before_positions(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    quipu_builder_append_many(ctx, r, s, 2);
    quipu_builder_add_at(b, s, 0, "taken");
    quipu_builder_guard(b, s, QUIPU_DEMAND_EMPTY, 0);
    RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
    check_guard_refusal(b, 0, 1);
}

static void unknown_demands(struct quipu_context *ctx)
{
    static const int demands[] = { 0, 4, -1 };
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    for (size_t i = 0; i < 3; i++) {
        quipu_builder_clear(b);
        quipu_builder_guard(b, quipu_context_sequence(ctx), demands[i], 0);
        RETURNS(QUIPU_INVALID, quipu_builder_append(b));
    }
}

static const struct quipu_case cases[] = {
    { "S3.guard-on-a-written-sequence",
      "A guard sees the sequence as it is before the items of its own append.",
      on_written, QUIPU_CAN_LOG, 0, 0 },
    { "S3.guard-on-another-sequence",
      "A decision can depend on a sequence that it does not write.", on_another,
      QUIPU_CAN_LOG, 0, 0 },
    { "S3.guard-without-items",
      "An append without items verifies that what was read still holds.",
      without_items, QUIPU_CAN_LOG, 0, 0 },
    { "S3.guard-at-extreme-positions",
      "No position may be used internally to represent an empty sequence.",
      sparse, 0, 0, 0 },
    { "S3.guard-sees-the-highest-position",
      "The newest item of a sparse sequence is not always the one with the "
      "highest position.",
      sparse_last, 0, 0, 0 },
    { "S3.every-guard-is-checked",
      "A store that checks only the first or the last guard loses updates.",
      several, 0, 0, 0 },
    { "S3.guards-are-checked-before-positions",
      "The reported cause decides what the program does next.",
      before_positions, 0, 0, 0 },
    { "S3.unknown-demand-is-invalid",
      "A demand that the store does not know must not be ignored.",
      unknown_demands, 0, 0, 0 },
};
QUIPU_FAMILY(guards);
