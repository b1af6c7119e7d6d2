/* SPDX-License-Identifier: Apache-2.0 */
/* U3: repeated appends of each form, and appends that only look like repeats.
 */
#include "case.h"

#include <inttypes.h>
#include <string.h>

#define NEXT true
#define AT false

/* An append of n items to two sequences alternately, stored once. */
struct original {
    quipu_records *records;
    quipu_bytes s[2];
    struct quipu_builder *builder;
    int64_t first;
    int64_t positions[8];
    size_t stored; /* length of the log after it */
};

static void fill(struct original *o, size_t n, bool next)
{
    for (size_t i = 0; i < n; i++) {
        if (next) {
            quipu_builder_add_next(o->builder, o->s[i % 2], "state");
        } else {
            quipu_builder_add_at(o->builder, o->s[i % 2], (int64_t)(i / 2),
                                 "state");
        }
    }
}

static void store(struct quipu_context *ctx, struct original *o)
{
    OK(quipu_builder_append(o->builder));
    CHECK(!(o->builder->result.flags & QUIPU_RESULT_REPEATED),
          "a first append is reported as a repeat");
    o->first = o->builder->result.first_notification_id;
    memcpy(o->positions, o->builder->positions,
           o->builder->append.item_count * sizeof(*o->positions));
    o->stored = quipu_item_list_count_log(ctx, o->records);
}

static struct original begin(struct quipu_context *ctx, size_t n, bool next)
{
    struct original o = { .records = quipu_context_records(ctx, 0) };

    o.s[0] = quipu_context_sequence(ctx);
    o.s[1] = quipu_context_sequence(ctx);
    o.builder = quipu_builder_create(ctx, o.records, 8);
    OK(quipu_builder_append_next(ctx, o.records, quipu_context_sequence(ctx)));
    fill(&o, n, next);
    store(ctx, &o);
    return o;
}

/* Repeats the append, which must return the same result as the first time. */
static void check_repeat(struct quipu_context *ctx, struct original *o)
{
    const struct quipu_builder *b = o->builder;
    size_t before = quipu_item_list_count_log(ctx, o->records);

    OK(quipu_builder_append(o->builder));
    CHECK(b->result.flags & QUIPU_RESULT_REPEATED,
          "the repeat is not reported as one");
    CHECK(b->result.first_notification_id == o->first,
          "the first notification id is %" PRId64 " instead of %" PRId64,
          b->result.first_notification_id, o->first);
    for (size_t i = 0; i < b->append.item_count; i++) {
        CHECK(b->positions[i] == o->positions[i],
              "item %zu: position %" PRId64 " instead of %" PRId64, i,
              b->positions[i], o->positions[i]);
    }
    CHECK(quipu_item_list_count_log(ctx, o->records) == before,
          "a repeat stored an item");
}

/* The changed append must conflict because of the event id of item `index`. */
static void check_conflict(struct quipu_context *ctx, struct original *o,
                           size_t index)
{
    size_t before = quipu_item_list_count_log(ctx, o->records);

    RETURNS(QUIPU_CONFLICT, quipu_builder_append(o->builder));
    CHECK(o->builder->result.cause == QUIPU_CAUSE_EVENT_ID,
          "result.cause is %d", o->builder->result.cause);
    CHECK(o->builder->result.index == index,
          "result.index is %zu instead of %zu", o->builder->result.index,
          index);
    CHECK(quipu_item_list_count_log(ctx, o->records) == before,
          "a refused append stored an item");
}

/* ----------------------------------------------------------- repeats */

static void explicit_repeat(struct quipu_context *ctx)
{
    struct original o = begin(ctx, 5, AT);

    check_repeat(ctx, &o);
    check_repeat(ctx, &o);
}

static void next_repeat(struct quipu_context *ctx)
{
    struct original o = begin(ctx, 5, NEXT);

    check_repeat(ctx, &o);
    check_repeat(ctx, &o);
}

static void single_repeat(struct quipu_context *ctx)
{
    struct original o = begin(ctx, 1, NEXT);

    check_repeat(ctx, &o);
}

static void after_others(struct quipu_context *ctx, bool next)
{
    struct original o = begin(ctx, 4, next);

    quipu_builder_append_many(ctx, o.records, o.s[0], 3);
    quipu_builder_append_many(ctx, o.records, o.s[1], 1);
    check_repeat(ctx, &o);
}

static void after_others_explicit(struct quipu_context *ctx)
{
    after_others(ctx, AT);
}

static void after_others_next(struct quipu_context *ctx)
{
    after_others(ctx, NEXT);
}

/* The guard no longer holds, because the append itself has grown the sequence.
 */
static void own_guard(struct quipu_context *ctx)
{
    struct original o = { .records = quipu_context_records(ctx, 0) };

    o.s[0] = o.s[1] = quipu_context_sequence(ctx);
    o.builder = quipu_builder_create(ctx, o.records, 8);
    fill(&o, 2, NEXT);
    quipu_builder_guard(o.builder, o.s[0], QUIPU_DEMAND_EMPTY, 0);
    store(ctx, &o);
    check_repeat(ctx, &o);
}

static struct original begin_tracked(struct quipu_context *ctx,
                                     const char *consumer)
{
    struct original o = { .records = quipu_context_records(ctx, 0) };

    o.s[0] = o.s[1] = quipu_context_sequence(ctx);
    o.builder = quipu_builder_create(ctx, o.records, 8);
    fill(&o, 2, NEXT);
    quipu_builder_track(o.builder, consumer, "log", 5);
    store(ctx, &o);
    return o;
}

static void tracked(struct quipu_context *ctx)
{
    struct original o = begin_tracked(ctx, quipu_context_name(ctx, "c"));

    check_repeat(ctx, &o);
}

static void tracking_advanced(struct quipu_context *ctx)
{
    const char *consumer = quipu_context_name(ctx, "c");
    struct original o = begin_tracked(ctx, consumer);
    struct quipu_builder *b = quipu_builder_create(ctx, o.records, 1);

    quipu_builder_track(b, consumer, "log", 9);
    OK(quipu_builder_append(b));
    check_repeat(ctx, &o);
}

static void other_tracking(struct quipu_context *ctx)
{
    struct original o = begin_tracked(ctx, quipu_context_name(ctx, "c"));
    const char *other = quipu_context_name(ctx, "other");
    quipu_position p;

    quipu_builder_track(o.builder, other, "log", 5);
    check_conflict(ctx, &o, 0);
    RETURNS(QUIPU_NOT_FOUND, quipu_tracking_read(quipu_context_datastore(ctx),
                                                 other, "log", &p, ERR));
}

/* The last three items of five: consecutive and in the same order. */
static void part(struct quipu_context *ctx)
{
    struct original o = begin(ctx, 5, AT);

    o.builder->append.items += 2;
    o.builder->append.item_count = 3;
    o.first += 2;
    memmove(o.positions, o.positions + 2, 3 * sizeof(*o.positions));
    check_repeat(ctx, &o);
}

/* --------------------------------------------------------- conflicts */

static void partial(struct quipu_context *ctx, bool next)
{
    struct original o = begin(ctx, 2, next);

    if (next) {
        quipu_builder_add_next(o.builder, o.s[0], "new");
    } else {
        quipu_builder_add_at(o.builder, o.s[0], 1, "new");
    }
    check_conflict(ctx, &o, 0);
}

static void new_after_old(struct quipu_context *ctx)
{
    partial(ctx, NEXT);
}

static void new_after_old_explicit(struct quipu_context *ctx)
{
    partial(ctx, AT);
}

static void old_after_new(struct quipu_context *ctx)
{
    struct original o = begin(ctx, 2, NEXT);
    quipu_uuid old = o.builder->event_ids[0];

    quipu_builder_clear(o.builder);
    fill(&o, 3, NEXT);
    o.builder->event_ids[2] = old;
    check_conflict(ctx, &o, 2);
}

static void other_order(struct quipu_context *ctx)
{
    struct original o = { .records = quipu_context_records(ctx, 0) };
    quipu_item swap;

    o.s[0] = o.s[1] = quipu_context_sequence(ctx);
    o.builder = quipu_builder_create(ctx, o.records, 8);
    fill(&o, 2, NEXT);
    store(ctx, &o);
    swap = o.builder->items[0];
    o.builder->items[0] = o.builder->items[1];
    o.builder->items[1] = swap;
    check_conflict(ctx, &o, 0);
}

static void other_topic(struct quipu_context *ctx)
{
    struct original o = begin(ctx, 3, NEXT);

    o.builder->items[1].topic = quipu_bytes_of_text("Example.Other");
    check_conflict(ctx, &o, 0);
}

static void other_state(struct quipu_context *ctx)
{
    struct original o = begin(ctx, 3, AT);

    o.builder->items[2].state = quipu_bytes_of_text("State");
    check_conflict(ctx, &o, 0);
}

static void other_sequence(struct quipu_context *ctx)
{
    struct original o = begin(ctx, 3, NEXT);

    o.builder->items[0].sequence_id = quipu_context_sequence(ctx);
    check_conflict(ctx, &o, 0);
}

static void not_consecutive(struct quipu_context *ctx)
{
    struct original o = begin(ctx, 3, NEXT);

    o.builder->items[1] = o.builder->items[2]; /* the first and the third */
    o.builder->append.item_count = 2;
    check_conflict(ctx, &o, 0);
}

/* A guard fails, the position of the first item is wrong, and the event id of
 * the second is stored. */
static void before_positions(struct quipu_context *ctx)
{
    struct original o = begin(ctx, 1, NEXT);
    quipu_uuid old = o.builder->event_ids[0];

    quipu_builder_clear(o.builder);
    quipu_builder_add_at(o.builder, o.s[0], 77, "not the next position");
    quipu_builder_add_at(o.builder, o.s[0], 78, "not the next position");
    quipu_builder_guard(o.builder, o.s[0], QUIPU_DEMAND_EMPTY, 0);
    o.builder->event_ids[1] = old;
    check_conflict(ctx, &o, 1);
}

static void before_tracking(struct quipu_context *ctx)
{
    const char *consumer = quipu_context_name(ctx, "c");
    struct original o = begin_tracked(ctx, consumer);

    o.builder->items[1].state = quipu_bytes_of_text("State");
    quipu_builder_track(o.builder, consumer, "log",
                        4); /* alone it would return ALREADY */
    check_conflict(ctx, &o, 0);
}

static void twice_in_one(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 2);
    int status;

    quipu_builder_add_next(b, quipu_context_sequence(ctx), "a");
    quipu_builder_add_next(b, quipu_context_sequence(ctx), "b");
    b->event_ids[1] = b->event_ids[0];
    status = quipu_builder_append(b);
    CHECK(status == QUIPU_CONFLICT || status == QUIPU_INVALID,
          "an append with one event id twice returned %s",
          quipu_status_name(status));
    CHECK(quipu_item_list_count_log(ctx, r) == 0,
          "a refused append stored an item");
}

/* ----------------------------------------------------- related cases */

static void other_schema(struct quipu_context *ctx)
{
    struct original o = begin(ctx, 2, NEXT);
    quipu_records *other = quipu_context_records(ctx, 0);
    quipu_result result = { 0 };

    OK(quipu_records_append(other, &o.builder->append, &result, ERR));
    CHECK(!(result.flags & QUIPU_RESULT_REPEATED),
          "an append to another schema is reported as a repeat");
    CHECK(quipu_item_list_count_log(ctx, other) == 2,
          "the append to another schema is not stored");
}

static void without_ids(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_NO_EVENT_ID);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    quipu_builder_add_at(b, s, 0, "x");
    OK(quipu_builder_append(b));
    RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
    b->items[0].flags = QUIPU_ITEM_NEXT;
    OK(quipu_builder_append(b));
    CHECK(b->positions[0] == 1, "NEXT gave position %" PRId64, b->positions[0]);
    CHECK(quipu_item_list_count(ctx, r, s) == 2,
          "the sequence does not have two items");
}

static void uses_no_id(struct quipu_context *ctx)
{
    struct original o = begin(ctx, 3, NEXT);

    check_repeat(ctx, &o);
    o.builder->items[0].state = quipu_bytes_of_text("State");
    check_conflict(ctx, &o, 0);
    OK(quipu_builder_append_next(ctx, o.records, o.s[0]));
    CHECK(quipu_item_list_check_log(ctx, o.records).count == o.stored + 1,
          "the log has another length than expected");
}

/* ------------------------------------------ copies in one group commit */

struct copies {
    quipu_records *records;
    struct quipu_builder *builder[8];
    int status[8];
};

static void append_copy(void *context, unsigned i)
{
    struct copies *copies = context;

    copies->status[i] = quipu_builder_append(copies->builder[i]);
}

/* One round: eight threads make the same append. */
static void race_copies(struct quipu_context *ctx, struct copies *c, bool next)
{
    quipu_bytes s = quipu_context_sequence(ctx);
    unsigned firsts = 0;

    for (unsigned i = 0; i < 8; i++) {
        c->builder[i] = quipu_builder_create(ctx, c->records, 2);
        for (int64_t k = 0; k < 2; k++) {
            quipu_item *item =
                next ? quipu_builder_add_next(c->builder[i], s, "x")
                     : quipu_builder_add_at(c->builder[i], s, k, "x");

            item->event_id.data = c->builder[0]->event_ids[k].bytes;
        }
    }
    quipu_workers_run_threads(8, append_copy, c);
    for (unsigned i = 0; i < 8; i++) {
        CHECK(c->status[i] == QUIPU_OK, "copy %u returned %s", i,
              quipu_status_name(c->status[i]));
        CHECK(c->builder[i]->result.first_notification_id ==
                      c->builder[0]->result.first_notification_id &&
                  c->builder[i]->positions[1] == 1,
              "copy %u got another result", i);
        firsts += !(c->builder[i]->result.flags & QUIPU_RESULT_REPEATED);
    }
    CHECK(firsts == 1, "%u copies were not reported as repeats", firsts);
    CHECK(quipu_item_list_count(ctx, c->records, s) == 2,
          "the append was stored more than once");
}

static void copies_in_one_group_commit(struct quipu_context *ctx)
{
    struct copies copies = { .records = quipu_context_records(ctx, 0) };

    for (unsigned round = 0; round < 40; round++) {
        race_copies(ctx, &copies, round % 2);
    }
}

#define LOG QUIPU_CAN_LOG
#define TRACK (QUIPU_CAN_LOG | QUIPU_CAN_TRACK)

static const struct quipu_case cases[] = {
    { "U3.repeat-with-positions",
      "If an answer is lost, the only safe reaction is to repeat the append, "
      "which must return the same result.",
      explicit_repeat, LOG, 0, 0 },
    { "U3.repeat-with-next",
      "If the store chooses the position, a repeat that is not detected stores "
      "the event twice.",
      next_repeat, LOG, 0, 0 },
    { "U3.repeat-of-one-item", "Most appends have one item.", single_repeat,
      LOG, 0, 0 },
    { "U3.repeat-after-others-with-positions",
      "Other appends can be stored between the lost answer and the repeat.",
      after_others_explicit, LOG, 0, 0 },
    { "U3.repeat-after-others-with-next",
      "Other appends can be stored between the lost answer and the repeat.",
      after_others_next, LOG, 0, 0 },
    { "U3.repeat-is-detected-before-guards",
      "After the append its own guard no longer holds.", own_guard, LOG, 0, 0 },
    { "U3.repeat-with-tracking",
      "The retry of a projection must return OK and not ALREADY, because it is "
      "complete.",
      tracked, TRACK, 0, 0 },
    { "U3.repeat-after-tracking-advanced",
      "A tracking record only grows, so a higher one includes the repeated "
      "one.",
      tracking_advanced, TRACK, 0, 0 },
    { "U3.repeat-with-another-tracking-record-conflicts",
      "OK would claim that a tracking record is stored which is not.",
      other_tracking, TRACK, 0, 0 },
    { "U3.consecutive-part-is-a-repeat",
      "All its event ids are stored in that order, with consecutive "
      "notification ids.",
      part, LOG, 0, 0 },
    { "U3.repeat-with-further-items-conflicts",
      "An append of stored and new events is neither a repeat nor new.",
      new_after_old, LOG, 0, 0 },
    { "U3.repeat-with-further-items-conflicts-with-positions",
      "An append of stored and new events is neither a repeat nor new.",
      new_after_old_explicit, LOG, 0, 0 },
    { "U3.stored-id-after-new-items-conflicts",
      "Every event id is looked up, not only the first.", old_after_new, LOG, 0,
      0 },
    { "U3.other-order-conflicts", "The order is part of the stored append.",
      other_order, LOG, 0, 0 },
    { "U3.other-topic-conflicts",
      "An event id that is used for another event reveals an error of the "
      "program.",
      other_topic, LOG, 0, 0 },
    { "U3.other-state-conflicts",
      "OK would lose the state of the second append.", other_state, LOG, 0, 0 },
    { "U3.other-sequence-conflicts",
      "OK would lose the sequence of the second append.", other_sequence, LOG,
      0, 0 },
    { "U3.not-consecutive-conflicts",
      "An append has consecutive notification ids, so these items were not one "
      "append.",
      not_consecutive, LOG, 0, 0 },
    { "U3.ids-are-checked-before-positions-and-guards",
      "Otherwise a repeat looks like a lost race, and the program decides "
      "again.",
      before_positions, LOG, 0, 0 },
    { "U3.ids-are-checked-before-tracking",
      "ALREADY would tell the program that its work is done.", before_tracking,
      TRACK, 0, 0 },
    { "U3.one-id-twice-in-one-append-is-refused",
      "Two items with one event id cannot be distinguished later.",
      twice_in_one, LOG, 0, 0 },
    { "U3.ids-are-unique-within-a-schema",
      "The event ids of one schema do not affect another.", other_schema, LOG,
      0, 0 },
    { "U3.without-event-ids-nothing-is-a-repeat",
      "Two items with equal content are two events.", without_ids, LOG, 0, 0 },
    { "U3.repeats-use-no-notification-id",
      "A retry must not leave gaps in the log.", uses_no_id, LOG, 0, 0 },
    { "U3.copies-in-one-group-commit",
      "A retry can be committed in the same group as its original.",
      copies_in_one_group_commit, LOG, 0, 0 },
};
QUIPU_FAMILY(repeats);
