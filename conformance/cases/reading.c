/* SPDX-License-Identifier: Apache-2.0 */
/* S4: every bound, direction and limit, against a model that tries each item.
 */
#include "suite.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MODEL_MAX 64

/* What is stored, by ascending key: a position or a notification id. */
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

/* The model's answer, as plainly as can be. */
static struct model answer(const struct model *model, const quipu_query *q)
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

static int64_t key_of(const struct quipu_seen *seen, bool log)
{
    return log ? seen->notification_id : seen->position;
}

static void compare(const struct quipu_list *list, const struct model *wanted,
                    const quipu_query *q, bool log)
{
    bool equal = list->count == wanted->count;

    for (size_t i = 0; equal && i < wanted->count; i++) {
        equal = key_of(&list->at[i], log) == wanted->keys[i];
    }
    CHECK(equal,
          "flags 0x%x gt %" PRId64 " gte %" PRId64 " lt %" PRId64
          " lte %" PRId64 " limit %" PRId64 ": %zu items from %" PRId64
          " on instead of %zu from %" PRId64,
          q->flags, q->gt, q->gte, q->lt, q->lte, q->limit, list->count,
          list->count > 0 ? key_of(&list->at[0], log) : 0, wanted->count,
          wanted->count > 0 ? wanted->keys[0] : 0);
}

/* A bound: near something that is stored, or an extreme. */
static int64_t pick(struct quipu_trial *t, const struct model *model)
{
    static const int64_t extremes[] = { INT64_MIN, INT64_MIN + 1, -1,       0,
                                        1,         INT64_MAX - 1, INT64_MAX };
    int64_t near;

    if (model->count == 0 || quipu_trial_random(t, 3) == 0) {
        return extremes[quipu_trial_random(t, 7)];
    }
    near = model->keys[quipu_trial_random(t, model->count)];
    switch (quipu_trial_random(t, 3)) {
    case 0:
        return near > INT64_MIN ? near - 1 : near;
    case 1:
        return near < INT64_MAX ? near + 1 : near;
    default:
        return near;
    }
}

static int64_t pick_limit(struct quipu_trial *t, const struct model *model)
{
    switch (quipu_trial_random(t, 4)) {
    case 0:
        return 0;
    case 1:
        return INT64_MAX;
    default:
        return (int64_t)quipu_trial_random(t, model->count + 3);
    }
}

/* All 64 combinations of flags, each with several bounds. */
static void sweep(struct quipu_trial *t, quipu_records *r, quipu_bytes s,
                  const struct model *model, bool log)
{
    for (uint32_t round = 0; round < 64 * 12; round++) {
        quipu_query q = {
            .struct_size = sizeof(q),
            .flags = round % 64,
            .gt = pick(t, model),
            .gte = pick(t, model),
            .lt = pick(t, model),
            .lte = pick(t, model),
            .limit = pick_limit(t, model),
        };
        struct model wanted = answer(model, &q);
        struct quipu_list list =
            log ? quipu_list_log(t, r, &q) : quipu_list_sequence(t, r, s, &q);

        compare(&list, &wanted, &q, log);
    }
}

static void sweep_contiguous(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_trial_sequence(t), other = quipu_trial_sequence(t);
    struct model model = { .count = 23 };

    for (size_t i = 0; i < model.count; i++) {
        model.keys[i] = (int64_t)i;
        OK(quipu_batch_one_next(t, r, s));
        OK(quipu_batch_one_next(t, r, other));
    }
    sweep(t, r, s, &model, false);
}

static void sweep_sparse(struct quipu_trial *t)
{
    static const int64_t keys[] = {
        INT64_MIN, INT64_MIN + 1, -4294967297, -3, -1, 0, 1, 2, 77,
        78,        INT64_MAX - 1, INT64_MAX
    };
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_SPARSE);
    quipu_bytes s = quipu_trial_sequence(t), other = quipu_trial_sequence(t);
    struct model model = { .count = sizeof(keys) / sizeof(*keys) };

    memcpy(model.keys, keys, sizeof(keys));
    for (size_t i = 0; i < model.count; i++) {
        /* 5 and 12 have no common divisor: all, in another order. */
        OK(quipu_batch_one_at(t, r, s, keys[i * 5 % 12]));
        OK(quipu_batch_one_at(t, r, other, keys[i] / 2 + (int64_t)i));
    }
    sweep(t, r, s, &model, false);
}

static void sweep_empty(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_PLAIN);
    struct model model = { .count = 0 };

    OK(quipu_batch_one_next(t, r, quipu_trial_sequence(t)));
    sweep(t, r, quipu_trial_sequence(t), &model, false);
}

static void sweep_log(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_PLAIN);
    quipu_bytes s[3] = { quipu_trial_sequence(t), quipu_trial_sequence(t),
                         quipu_trial_sequence(t) };
    struct model model = { .count = 31 };

    for (size_t i = 0; i < model.count; i++) {
        model.keys[i] = (int64_t)i + 1;
        OK(quipu_batch_one_next(t, r, s[quipu_trial_random(t, 3)]));
    }
    sweep(t, r, s[0], &model, true);
}

static void sweep_empty_log(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_PLAIN);
    struct model model = { .count = 0 };

    sweep(t, r, quipu_trial_sequence(t), &model, true);
}

/* A sequence's items lie apart in the log, and must come by position. */
static void by_position(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_SPARSE);
    quipu_bytes s = quipu_trial_sequence(t);
    struct quipu_list list;

    for (int64_t i = 0; i < 40; i++) {
        OK(quipu_batch_one_at(t, r, s, i * 7 % 40));
    }
    list = quipu_list_sequence(t, r, s, NULL);
    CHECK(list.count == 40, "%zu items", list.count);
    for (size_t i = 0; i < 40; i++) {
        CHECK(list.at[i].position == (int64_t)i, "not in order of position");
        CHECK(list.at[i].notification_id * 7 % 40 == ((int64_t)i + 7) % 40,
              "position %zu holds another item", i);
    }
}

static void refused_queries(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_trial_sequence(t);
    quipu_query q = { .struct_size = sizeof(q),
                      .flags = QUIPU_QUERY_LIMIT,
                      .limit = -1 };
    quipu_cursor *cursor;

    ANSWERS(QUIPU_INVALID, quipu_records_read(r, s, &q, &cursor, E));
    q.flags = 1u << 20;
    ANSWERS(QUIPU_INVALID, quipu_records_read(r, s, &q, &cursor, E));
    q = (quipu_query){ .struct_size = 0 };
    ANSWERS(QUIPU_INVALID, quipu_records_read(r, s, &q, &cursor, E));
    ANSWERS(QUIPU_INVALID, quipu_records_read(r, (quipu_bytes){ "short", 5 },
                                              NULL, &cursor, E));
    ANSWERS(QUIPU_INVALID,
            quipu_records_read(r, (quipu_bytes){ NULL, 0 }, NULL, &cursor, E));
}

static const struct quipu_case cases[] = {
    { "S4.contiguous-against-model",
      "Every bound, direction and limit at once; off by one loses an event.",
      sweep_contiguous, 0, 0, 0 },
    { "S4.sparse-against-model",
      "With the extremes of the type, where plus one and minus one overflow.",
      sweep_sparse, 0, 0, 0 },
    { "S4.empty-sequence-against-model",
      "Nothing is an answer, not an error, and never a neighbour's items.",
      sweep_empty, 0, 0, 0 },
    { "S4.log-against-model", "Consumers page through the log by these bounds.",
      sweep_log, QUIPU_CAN_LOG, 0, 0 },
    { "S4.empty-log-against-model", "A new store has a log, too.",
      sweep_empty_log, QUIPU_CAN_LOG, 0, 0 },
    { "S4.order-is-by-position",
      "Replay in order of insertion gives another aggregate.", by_position, 0,
      0, 0 },
    { "S4.wrong-queries-are-invalid",
      "A query that is not understood must not yield something else.",
      refused_queries, 0, 0, 0 },
};
QUIPU_FAMILY(reading);
