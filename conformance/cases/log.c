/* SPDX-License-Identifier: Apache-2.0 */
/* L1, L3 and L5: the log of one writer, and positions kept outside. */
#include "suite.h"

#include <inttypes.h>
#include <string.h>

static void gapless(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_PLAIN);
    quipu_bytes s[3] = { quipu_trial_sequence(t), quipu_trial_sequence(t),
                         quipu_trial_sequence(t) };
    size_t stored = 0;

    for (unsigned round = 0; round < 50; round++) {
        size_t n = 1 + quipu_trial_random(t, 5);

        quipu_batch_fill(t, r, s[quipu_trial_random(t, 3)], n);
        stored += n;
        CHECK(quipu_list_whole(t, r).count == stored, "the log is not whole");
    }
}

/* A refusal for each cause, between appends that succeed. */
static void refusals_use_none(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_trial_sequence(t);
    struct quipu_batch *b = quipu_batch_create(t, r, 2);
    quipu_uuid stored;

    quipu_batch_next(b, s, "x");
    OK(quipu_batch_append(b));
    stored = b->event_ids[0];
    for (int64_t i = 2; i < 20; i++) {
        quipu_batch_clear(b);
        quipu_batch_next(b, quipu_trial_sequence(t), "good");
        switch (i % 3) {
        case 0:
            quipu_batch_at(b, s, 0, "taken");
            break;
        case 1:
            quipu_batch_next(b, s, "other");
            b->event_ids[1] = stored;
            break;
        default:
            quipu_batch_demand(b, s, QUIPU_DEMAND_EMPTY, 0);
        }
        ANSWERS(QUIPU_CONFLICT, quipu_batch_append(b));
        quipu_batch_clear(b);
        quipu_batch_next(b, quipu_trial_sequence(t), "good");
        OK(quipu_batch_append(b));
        CHECK(b->result.first_notification_id == i,
              "id %" PRId64 ", and %" PRId64 " comes next",
              b->result.first_notification_id, i);
    }
    quipu_list_whole(t, r);
}

static void consecutive(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_PLAIN);
    struct quipu_batch *b = quipu_batch_create(t, r, 40);
    struct quipu_list log;

    OK(quipu_batch_one_next(t, r, quipu_trial_sequence(t)));
    for (size_t i = 0; i < 40; i++) {
        quipu_batch_next(b, quipu_trial_sequence(t),
                         quipu_trial_text(t, "%zu", i));
    }
    OK(quipu_batch_append(b));
    CHECK(b->result.first_notification_id == 2, "not the next id");
    log = quipu_list_whole(t, r);
    for (size_t i = 0; i < 40; i++) {
        CHECK(strcmp(log.at[i + 1].state, b->items[i].state.data) == 0,
              "item %zu is not in the order given", i);
    }
}

static void schemas_count_apart(struct quipu_trial *t)
{
    quipu_records *a = quipu_trial_records(t, QUIPU_SHAPE_PLAIN);
    quipu_records *b = quipu_trial_records(t, QUIPU_SHAPE_SPARSE);

    for (int64_t i = 0; i < 5; i++) {
        OK(quipu_batch_one_next(t, a, quipu_trial_sequence(t)));
        OK(quipu_batch_one_at(t, b, quipu_trial_sequence(t), i));
    }
    CHECK(quipu_list_whole(t, a).count == 5, "not the items of the one");
    CHECK(quipu_list_log_count(t, b) == 5, "not the items of the other");
}

static void sparse_by_commit(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_SPARSE);
    quipu_bytes s = quipu_trial_sequence(t);
    struct quipu_list log;

    for (int64_t i = 10; i > -10; i--) {
        OK(quipu_batch_one_at(t, r, s, i));
    }
    log = quipu_list_log(t, r, NULL);
    CHECK(log.count == 20, "%zu items", log.count);
    for (int64_t i = 0; i < 20; i++) {
        CHECK(log.at[i].notification_id == i + 1 &&
                  log.at[i].position == 10 - i,
              "the log is not in the order of the appends");
    }
}

static void equal_times(struct quipu_trial *t)
{
    quipu_records *r =
        quipu_trial_records(t, QUIPU_SHAPE_PLAIN | QUIPU_SHAPE_TIME);
    struct quipu_batch *b = quipu_batch_create(t, r, 4);

    for (unsigned round = 0; round < 3; round++) {
        quipu_batch_clear(b);
        for (unsigned i = 0; i < 4; i++) {
            quipu_item *item =
                quipu_batch_next(b, quipu_trial_sequence(t), "x");

            item->flags |= QUIPU_ITEM_TIME;
            item->time.microseconds = 1000000;
        }
        OK(quipu_batch_append(b));
    }
    CHECK(quipu_list_whole(t, r).count == 12, "the log ends before its end");
}

static void head(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_PLAIN);
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    struct quipu_batch *b = quipu_batch_create(t, r, 3);
    quipu_position p;

    OK(quipu_datastore_describe(quipu_trial_datastore(t), &info, E));
    OK(quipu_records_head(r, &p, E));
    CHECK(p.notification_id == 0, "an empty log ends at %" PRId64,
          p.notification_id);
    CHECK(quipu_uuid_is_nil(&p.event_id), "an empty log has an event id");
    for (int64_t i = 1; i < 4; i++) {
        quipu_batch_clear(b);
        quipu_batch_next(b, quipu_trial_sequence(t), "a");
        quipu_batch_next(b, quipu_trial_sequence(t), "b");
        OK(quipu_batch_append(b));
        OK(quipu_records_head(r, &p, E));
        CHECK(p.notification_id == 2 * i, "the head is %" PRId64,
              p.notification_id);
        CHECK(memcmp(&p.event_id, &b->event_ids[1], 16) == 0,
              "the head has another item's event id");
        CHECK(memcmp(&p.store, &info.identity, 16) == 0,
              "the head has another store's identity");
    }
    CHECK(!quipu_uuid_is_nil(&info.identity), "the store has no identity");
}

static void head_without_ids(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_NO_EVENT_ID);
    quipu_position p;

    OK(quipu_batch_one_next(t, r, quipu_trial_sequence(t)));
    OK(quipu_records_head(r, &p, E));
    CHECK(p.notification_id == 1 && quipu_uuid_is_nil(&p.event_id),
          "an event id where there is no column for one");
    OK(quipu_records_check_position(r, &p, E));
}

static void positions(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_PLAIN);
    struct quipu_list log;
    quipu_position p;

    quipu_batch_fill(t, r, quipu_trial_sequence(t), 5);
    log = quipu_list_log(t, r, NULL);
    for (int64_t i = 1; i <= 5; i++) {
        OK(quipu_records_position(r, i, &p, E));
        CHECK(p.notification_id == i &&
                  memcmp(&p.event_id, &log.at[i - 1].event_id, 16) == 0,
              "position %" PRId64 " is another item's", i);
        OK(quipu_records_check_position(r, &p, E));
    }
    ANSWERS(QUIPU_NOT_FOUND, quipu_records_position(r, 6, &p, E));
    ANSWERS(QUIPU_NOT_FOUND, quipu_records_position(r, INT64_MAX, &p, E));
}

static void positions_outlived(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_trial_sequence(t);
    quipu_position before, middle;

    OK(quipu_records_head(r, &before, E));
    quipu_batch_fill(t, r, s, 3);
    OK(quipu_records_position(r, 2, &middle, E));
    quipu_batch_fill(t, r, s, 3);
    OK(quipu_records_check_position(r, &before, E));
    OK(quipu_records_check_position(r, &middle, E));
}

/* A position that does not fit this log in one respect each. */
static void misfits(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_PLAIN);
    quipu_position p, wrong;

    quipu_batch_fill(t, r, quipu_trial_sequence(t), 3);
    OK(quipu_records_position(r, 2, &p, E));
    wrong = p;
    wrong.store.bytes[5] ^= 1;
    ANSWERS(QUIPU_CONFLICT, quipu_records_check_position(r, &wrong, E));
    wrong = p;
    wrong.event_id.bytes[15] ^= 1;
    ANSWERS(QUIPU_CONFLICT, quipu_records_check_position(r, &wrong, E));
    wrong = p;
    wrong.notification_id = 3;
    ANSWERS(QUIPU_CONFLICT, quipu_records_check_position(r, &wrong, E));
    wrong.notification_id = 4;
    ANSWERS(QUIPU_CONFLICT, quipu_records_check_position(r, &wrong, E));
    OK(quipu_records_check_position(r, &p, E));
}

static void identities(struct quipu_trial *t)
{
    quipu_datastore_info a = { .struct_size = sizeof(a) }, b = a, c = a;

    OK(quipu_datastore_describe(quipu_trial_datastore(t), &a, E));
    OK(quipu_datastore_describe(quipu_trial_open(t, NULL), &b, E));
    CHECK(memcmp(&a.identity, &b.identity, 16) == 0,
          "one store, and two identities");
    OK(quipu_datastore_describe(quipu_trial_open(t, "namespace=other"), &c, E));
    CHECK(memcmp(&a.identity, &c.identity, 16) != 0,
          "two namespaces, and one identity");
}

#define LOG QUIPU_CAN_LOG

static const struct quipu_case cases[] = {
    { "L1.ids-are-gapless",
      "A gap is either a lost event or an endless wait for one.", gapless, LOG,
      0, 0 },
    { "L1.refused-appends-use-no-id",
      "A sequence that burns numbers leaves gaps that nobody can explain.",
      refusals_use_none, LOG, 0, 0 },
    { "L1.schemas-count-apart", "Each schema has a log of its own.",
      schemas_count_apart, LOG, 0, 0 },
    { "L1.log-is-in-commit-order-when-sparse",
      "The log is when it was stored, the position when it happened.",
      sparse_by_commit, LOG, 0, 0 },
    { "L1.equal-times-do-not-end-the-log",
      "Times are the program's; many events may have one.", equal_times, LOG, 0,
      0 },
    { "L3.one-append-is-consecutive",
      "A consumer sees what was decided together, together.", consecutive, LOG,
      0, 0 },
    { "L5.head-names-the-last-item",
      "Who begins at the head must be able to tell later that it was it.", head,
      LOG, 0, 0 },
    { "L5.head-without-event-ids", "The identity alone still counts.",
      head_without_ids, LOG, 0, 0 },
    { "L5.positions-name-their-items",
      "A position kept outside betrays a log that was rewound.", positions, LOG,
      0, 0 },
    { "L5.positions-outlive-appends", "Whoever lags behind is not in conflict.",
      positions_outlived, LOG, 0, 0 },
    { "L5.misfits-conflict",
      "Reading on from a position of another log skips events in silence.",
      misfits, LOG, 0, 0 },
    { "L5.identity-is-of-store-and-namespace",
      "All who open a store must agree on which it is.", identities,
      LOG | QUIPU_TRAIT_JOINT, 0, 0 },
};
QUIPU_FAMILY(log);
