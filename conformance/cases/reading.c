/* SPDX-License-Identifier: Apache-2.0 */
/* S4: all bounds, directions and limits, compared with a model that filters a
 * list of keys. */
#include "case.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MODEL_MAX 64

/* The stored keys in ascending order: positions or notification ids. */
struct model {
    int64_t keys[MODEL_MAX];
    size_t count;
};

static bool admits(const quipu_query *q, int64_t key)
{
    return !(q->flags & QUIPU_QUERY_GT && key <= q->gt) &&
           !(q->flags & QUIPU_QUERY_GTE && key < q->gte) &&
           !(q->flags & QUIPU_QUERY_LT && key >= q->lt) &&
           !(q->flags & QUIPU_QUERY_LTE && key > q->lte);
}

/* Returns the keys that a read must return. */
static struct model expected_keys(const struct model *model,
                                  const quipu_query *q)
{
    struct model found = { .count = 0 };

    for (size_t i = 0; i < model->count; i++) {
        size_t k = q->flags & QUIPU_QUERY_DESCENDING ? model->count - 1 - i : i;

        if (q->flags & QUIPU_QUERY_LIMIT && (int64_t)found.count >= q->limit) {
            break;
        }
        if (admits(q, model->keys[k])) {
            found.keys[found.count++] = model->keys[k];
        }
    }
    return found;
}

static int64_t key_of(const struct quipu_item_copy *copy, bool log)
{
    return log ? copy->notification_id : copy->position;
}

static void compare(const struct quipu_item_list *list,
                    const struct model *expected, const quipu_query *q,
                    bool log)
{
    bool equal = list->count == expected->count;

    for (size_t i = 0; equal && i < expected->count; i++) {
        equal = key_of(&list->at[i], log) == expected->keys[i];
    }
    CHECK(equal,
          "flags 0x%x gt %" PRId64 " gte %" PRId64 " lt %" PRId64
          " lte %" PRId64 " limit %" PRId64 ": %zu items, the first at %" PRId64
          ", instead of %zu, the first at %" PRId64,
          q->flags, q->gt, q->gte, q->lt, q->lte, q->limit, list->count,
          list->count > 0 ? key_of(&list->at[0], log) : 0, expected->count,
          expected->count > 0 ? expected->keys[0] : 0);
}

/* Returns a bound: near a stored key, or an extreme of the type. */
static int64_t pick(struct quipu_context *ctx, const struct model *model)
{
    static const int64_t extremes[] = { INT64_MIN, INT64_MIN + 1, -1,       0,
                                        1,         INT64_MAX - 1, INT64_MAX };
    int64_t near;

    if (model->count == 0 || quipu_context_random(ctx, 3) == 0) {
        return extremes[quipu_context_random(ctx, 7)];
    }
    near = model->keys[quipu_context_random(ctx, model->count)];
    switch (quipu_context_random(ctx, 3)) {
    case 0:
        return near > INT64_MIN ? near - 1 : near;
    case 1:
        return near < INT64_MAX ? near + 1 : near;
    default:
        return near;
    }
}

static int64_t pick_limit(struct quipu_context *ctx, const struct model *model)
{
    switch (quipu_context_random(ctx, 4)) {
    case 0:
        return 0;
    case 1:
        return INT64_MAX;
    default:
        return (int64_t)quipu_context_random(ctx, model->count + 3);
    }
}

/* Tries all 64 combinations of flags, each with several bounds. */
static void sweep(struct quipu_context *ctx, quipu_records *r, quipu_bytes s,
                  const struct model *model, bool log)
{
    for (uint32_t round = 0; round < 64 * 12; round++) {
        quipu_query q = {
            .struct_size = sizeof(q),
            .flags = round % 64,
            .gt = pick(ctx, model),
            .gte = pick(ctx, model),
            .lt = pick(ctx, model),
            .lte = pick(ctx, model),
            .limit = pick_limit(ctx, model),
        };
        struct model expected = expected_keys(model, &q);
        struct quipu_item_list list = log ? quipu_item_list_read_log(ctx, r, &q)
                                          : quipu_item_list_read(ctx, r, s, &q);

        compare(&list, &expected, &q, log);
    }
}

static void sweep_contiguous(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx),
                other = quipu_context_sequence(ctx);
    struct model model = { .count = 23 };

    for (size_t i = 0; i < model.count; i++) {
        model.keys[i] = (int64_t)i;
        OK(quipu_builder_append_next(ctx, r, s));
        OK(quipu_builder_append_next(ctx, r, other));
    }
    sweep(ctx, r, s, &model, false);
}

static void sweep_sparse(struct quipu_context *ctx)
{
    static const int64_t keys[] = {
        INT64_MIN, INT64_MIN + 1, -4294967297, -3, -1, 0, 1, 2, 77,
        78,        INT64_MAX - 1, INT64_MAX
    };
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_SPARSE);
    quipu_bytes s = quipu_context_sequence(ctx),
                other = quipu_context_sequence(ctx);
    struct model model = { .count = sizeof(keys) / sizeof(*keys) };

    memcpy(model.keys, keys, sizeof(keys));
    for (size_t i = 0; i < model.count; i++) {
        /* 5 and 12 are coprime: all keys, in another order. */
        OK(quipu_builder_append_at(ctx, r, s, keys[i * 5 % 12]));
        OK(quipu_builder_append_at(ctx, r, other, keys[i] / 2 + (int64_t)i));
    }
    sweep(ctx, r, s, &model, false);
}

static void sweep_empty(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    struct model model = { .count = 0 };

    OK(quipu_builder_append_next(ctx, r, quipu_context_sequence(ctx)));
    sweep(ctx, r, quipu_context_sequence(ctx), &model, false);
}

static void sweep_log(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s[3] = { quipu_context_sequence(ctx),
                         quipu_context_sequence(ctx),
                         quipu_context_sequence(ctx) };
    struct model model = { .count = 31 };

    for (size_t i = 0; i < model.count; i++) {
        model.keys[i] = (int64_t)i + 1;
        OK(quipu_builder_append_next(ctx, r, s[quipu_context_random(ctx, 3)]));
    }
    sweep(ctx, r, s[0], &model, true);
}

static void sweep_empty_log(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    struct model model = { .count = 0 };

    sweep(ctx, r, quipu_context_sequence(ctx), &model, true);
}

/* Items that were stored in another order must be returned by position. */
static void by_position(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_SPARSE);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_item_list list;

    for (int64_t i = 0; i < 40; i++) {
        OK(quipu_builder_append_at(ctx, r, s, i * 7 % 40));
    }
    list = quipu_item_list_read(ctx, r, s, NULL);
    CHECK(list.count == 40, "%zu items", list.count);
    for (size_t i = 0; i < 40; i++) {
        CHECK(list.at[i].position == (int64_t)i,
              "the items are not in order of position");
        CHECK(list.at[i].notification_id * 7 % 40 == ((int64_t)i + 7) % 40,
              "position %zu has another item than stored", i);
    }
}

static void refused_queries(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_query q = { .struct_size = sizeof(q),
                      .flags = QUIPU_QUERY_LIMIT,
                      .limit = -1 };
    quipu_cursor *cursor;

    RETURNS(QUIPU_INVALID, quipu_records_read(r, s, &q, &cursor, ERR));
    q.flags = 1u << 20;
    RETURNS(QUIPU_INVALID, quipu_records_read(r, s, &q, &cursor, ERR));
    q = (quipu_query){ .struct_size = 0 };
    RETURNS(QUIPU_INVALID, quipu_records_read(r, s, &q, &cursor, ERR));
    RETURNS(QUIPU_INVALID, quipu_records_read(r, (quipu_bytes){ "short", 5 },
                                              NULL, &cursor, ERR));
    RETURNS(QUIPU_INVALID, quipu_records_read(r, (quipu_bytes){ NULL, 0 }, NULL,
                                              &cursor, ERR));
}

static const struct quipu_case cases[] = {
    { "S4.contiguous-against-model",
      "All bounds, directions and limits are combined: an error of one "
      "position loses an event.",
      sweep_contiguous, 0, 0, 0 },
    { "S4.sparse-against-model",
      "At the extremes of the type, adding or subtracting 1 overflows.",
      sweep_sparse, 0, 0, 0 },
    { "S4.empty-sequence-against-model",
      "A read of an empty sequence succeeds, and never returns items of "
      "another sequence.",
      sweep_empty, 0, 0, 0 },
    { "S4.log-against-model",
      "Consumers page through the log with these bounds.", sweep_log,
      QUIPU_CAN_LOG, 0, 0 },
    { "S4.empty-log-against-model", "The log of a new schema can be read.",
      sweep_empty_log, QUIPU_CAN_LOG, 0, 0 },
    { "S4.order-is-by-position",
      "A replay in order of insertion yields another aggregate.", by_position,
      0, 0, 0 },
    { "S4.wrong-queries-are-invalid",
      "A query that the store does not understand must not return other items.",
      refused_queries, 0, 0, 0 },
};
QUIPU_FAMILY(reading);
