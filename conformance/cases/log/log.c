/* SPDX-License-Identifier: Apache-2.0 */
/* L1, L3 and L5: the log of one writer, and positions that are kept outside. */
#include "cases/case.h"

#include <inttypes.h>
#include <string.h>

static void gapless(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s[3] = { quipu_context_sequence(ctx),
                         quipu_context_sequence(ctx),
                         quipu_context_sequence(ctx) };
    size_t stored = 0;

    for (unsigned round = 0; round < 50; round++) {
        size_t n = 1 + (size_t)quipu_context_random(ctx, 5);

        quipu_builder_append_many(ctx, r, s[quipu_context_random(ctx, 3)], n);
        stored += n;
        CHECK(quipu_item_list_check_log(ctx, r).count == stored,
              "the log has another length than expected");
    }
}

/* Appends refused for each cause, between appends that succeed. */
static void refusals_use_none(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 2);
    quipu_uuid stored;

    quipu_builder_add_next(b, s, "x");
    OK(quipu_builder_append(b));
    stored = b->event_ids[0];
    for (int64_t i = 2; i < 20; i++) {
        quipu_builder_clear(b);
        quipu_builder_add_next(b, quipu_context_sequence(ctx), "good");
        switch (i % 3) {
        case 0:
            quipu_builder_add_at(b, s, 0, "taken");
            break;
        case 1:
            quipu_builder_add_next(b, s, "other");
            b->event_ids[1] = stored;
            break;
        default:
            quipu_builder_guard(b, s, QUIPU_DEMAND_EMPTY, 0);
        }
        RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
        quipu_builder_clear(b);
        quipu_builder_add_next(b, quipu_context_sequence(ctx), "good");
        OK(quipu_builder_append(b));
        CHECK(b->result.first_notification_id == i,
              "notification id %" PRId64 " instead of %" PRId64,
              b->result.first_notification_id, i);
    }
    quipu_item_list_check_log(ctx, r);
}

static void consecutive(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 40);
    struct quipu_item_list log;

    OK(quipu_builder_append_next(ctx, r, quipu_context_sequence(ctx)));
    for (size_t i = 0; i < 40; i++) {
        quipu_builder_add_next(b, quipu_context_sequence(ctx),
                               quipu_context_format(ctx, "%zu", i));
    }
    OK(quipu_builder_append(b));
    CHECK(b->result.first_notification_id == 2,
          "the append did not get the next notification id");
    log = quipu_item_list_check_log(ctx, r);
    for (size_t i = 0; i < 40; i++) {
        CHECK(strcmp(log.at[i + 1].state, b->items[i].state.data) == 0,
              "item %zu is not in the order of the append", i);
    }
}

static void separate_logs(struct quipu_context *ctx)
{
    quipu_records *a = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_records *b = quipu_context_records(ctx, QUIPU_SHAPE_SPARSE);

    for (int64_t i = 0; i < 5; i++) {
        OK(quipu_builder_append_next(ctx, a, quipu_context_sequence(ctx)));
        OK(quipu_builder_append_at(ctx, b, quipu_context_sequence(ctx), i));
    }
    CHECK(quipu_item_list_check_log(ctx, a).count == 5,
          "the first log has another length than expected");
    CHECK(quipu_item_list_count_log(ctx, b) == 5,
          "the second log has another length than expected");
}

static void sparse_by_commit(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_SPARSE);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_item_list log;

    for (int64_t i = 10; i > -10; i--) {
        OK(quipu_builder_append_at(ctx, r, s, i));
    }
    log = quipu_item_list_read_log(ctx, r, NULL);
    CHECK(log.count == 20, "%zu items", log.count);
    for (int64_t i = 0; i < 20; i++) {
        CHECK(log.at[i].notification_id == i + 1 &&
                  log.at[i].position == 10 - i,
              "the log is not in the order of the appends");
    }
}

static void equal_times(struct quipu_context *ctx)
{
    quipu_records *r =
        quipu_context_records(ctx, QUIPU_SHAPE_PLAIN | QUIPU_SHAPE_TIME);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 4);

    for (unsigned round = 0; round < 3; round++) {
        quipu_builder_clear(b);
        for (unsigned i = 0; i < 4; i++) {
            quipu_item *item =
                quipu_builder_add_next(b, quipu_context_sequence(ctx), "x");

            item->flags |= QUIPU_ITEM_TIME;
            item->time.microseconds = 1000000;
        }
        OK(quipu_builder_append(b));
    }
    CHECK(quipu_item_list_check_log(ctx, r).count == 12,
          "the log ends before its last item");
}

static void head(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    struct quipu_builder *b = quipu_builder_create(ctx, r, 3);
    quipu_position p;

    OK(quipu_datastore_describe(quipu_context_datastore(ctx), &info, ERR));
    OK(quipu_records_head(r, &p, ERR));
    CHECK(p.notification_id == 0, "the head of an empty log is %" PRId64,
          p.notification_id);
    CHECK(quipu_uuid_is_nil(&p.event_id),
          "the head of an empty log has an event id");
    for (int64_t i = 1; i < 4; i++) {
        quipu_builder_clear(b);
        quipu_builder_add_next(b, quipu_context_sequence(ctx), "a");
        quipu_builder_add_next(b, quipu_context_sequence(ctx), "b");
        OK(quipu_builder_append(b));
        OK(quipu_records_head(r, &p, ERR));
        CHECK(p.notification_id == 2 * i, "the head is %" PRId64,
              p.notification_id);
        CHECK(memcmp(&p.event_id, &b->event_ids[1], 16) == 0,
              "the head has the event id of another item");
        CHECK(memcmp(&p.store, &info.identity, 16) == 0,
              "the head has the identity of another store");
    }
    CHECK(!quipu_uuid_is_nil(&info.identity), "the store has no identity");
}

static void head_without_ids(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_NO_EVENT_ID);
    quipu_position p;

    OK(quipu_builder_append_next(ctx, r, quipu_context_sequence(ctx)));
    OK(quipu_records_head(r, &p, ERR));
    CHECK(p.notification_id == 1 && quipu_uuid_is_nil(&p.event_id),
          "the head has an event id without a column for it");
    OK(quipu_records_check_position(r, &p, ERR));
}

static void positions(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    struct quipu_item_list log;
    quipu_position p;

    quipu_builder_append_many(ctx, r, quipu_context_sequence(ctx), 5);
    log = quipu_item_list_read_log(ctx, r, NULL);
    for (int64_t i = 1; i <= 5; i++) {
        OK(quipu_records_position(r, i, &p, ERR));
        CHECK(p.notification_id == i &&
                  memcmp(&p.event_id, &log.at[i - 1].event_id, 16) == 0,
              "position %" PRId64 " has the event id of another item", i);
        OK(quipu_records_check_position(r, &p, ERR));
    }
    RETURNS(QUIPU_NOT_FOUND, quipu_records_position(r, 6, &p, ERR));
    RETURNS(QUIPU_NOT_FOUND, quipu_records_position(r, INT64_MAX, &p, ERR));
}

static void old_positions(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_position before, middle;

    OK(quipu_records_head(r, &before, ERR));
    quipu_builder_append_many(ctx, r, s, 3);
    OK(quipu_records_position(r, 2, &middle, ERR));
    quipu_builder_append_many(ctx, r, s, 3);
    OK(quipu_records_check_position(r, &before, ERR));
    OK(quipu_records_check_position(r, &middle, ERR));
}

/* Positions that differ from one of this log in one member each. */
static void foreign_positions(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_position p, wrong;

    quipu_builder_append_many(ctx, r, quipu_context_sequence(ctx), 3);
    OK(quipu_records_position(r, 2, &p, ERR));
    wrong = p;
    wrong.store.bytes[5] ^= 1;
    RETURNS(QUIPU_CONFLICT, quipu_records_check_position(r, &wrong, ERR));
    wrong = p;
    wrong.event_id.bytes[15] ^= 1;
    RETURNS(QUIPU_CONFLICT, quipu_records_check_position(r, &wrong, ERR));
    wrong = p;
    wrong.notification_id = 3;
    RETURNS(QUIPU_CONFLICT, quipu_records_check_position(r, &wrong, ERR));
    wrong.notification_id = 4;
    RETURNS(QUIPU_CONFLICT, quipu_records_check_position(r, &wrong, ERR));
    OK(quipu_records_check_position(r, &p, ERR));
}

static void identities(struct quipu_context *ctx)
{
    quipu_datastore_info a = { .struct_size = sizeof(a) }, b = a, c = a;

    OK(quipu_datastore_describe(quipu_context_datastore(ctx), &a, ERR));
    OK(quipu_datastore_describe(quipu_context_open(ctx, NULL), &b, ERR));
    CHECK(memcmp(&a.identity, &b.identity, 16) == 0,
          "one store has two identities");
    OK(quipu_datastore_describe(quipu_context_open(ctx, "namespace=other"), &c,
                                ERR));
    CHECK(memcmp(&a.identity, &c.identity, 16) != 0,
          "two namespaces have one identity");
}

#define LOG QUIPU_CAN_LOG

/* Another process reports the identity, and finds the position in its log. */
struct seen_elsewhere {
    const quipu_schema *schema;
    quipu_position head;
    quipu_uuid identity;
};

static void look(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct seen_elsewhere *seen = shared;
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_records *r =
        quipu_context_bind(ctx, quipu_context_datastore(ctx), seen->schema);

    (void)i;
    OK(quipu_datastore_describe(ctx->main, &info, ERR));
    seen->identity = info.identity;
    OK(quipu_records_check_position(r, &seen->head, ERR));
}

static void identity_elsewhere(struct quipu_context *ctx)
{
    struct seen_elsewhere *seen = quipu_workers_share_memory(sizeof(*seen));
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    struct quipu_workers process;
    quipu_records *r = quipu_context_records(ctx, 0);

    OK(quipu_builder_append_next(ctx, r, quipu_context_sequence(ctx)));
    OK(quipu_records_head(r, &seen->head, ERR));
    OK(quipu_datastore_describe(ctx->main, &info, ERR));
    seen->schema = ctx->schemas[0];
    quipu_context_close_all(ctx);
    process = quipu_workers_start(ctx, 1, look, seen);
    quipu_workers_release(&process);
    quipu_workers_join(&process);
    CHECK(memcmp(&info.identity, &seen->identity, 16) == 0,
          "another process finds another identity");
}

static const struct quipu_case cases[] = {
    { "L1.ids-are-gapless",
      "A consumer cannot distinguish a gap from an event that it must wait "
      "for.",
      gapless, LOG, 0, 0 },
    { "L1.refused-appends-use-no-id",
      "Ids that refused appends have used up leave gaps without explanation.",
      refusals_use_none, LOG, 0, 0 },
    { "L1.schemas-have-separate-logs", "Each schema has a log of its own.",
      separate_logs, LOG, 0, 0 },
    { "L1.sparse-log-is-in-commit-order",
      "The log tells when an item was stored, the position when it happened.",
      sparse_by_commit, LOG, 0, 0 },
    { "L1.equal-times-do-not-end-the-log",
      "Times are set by the program, and many events can have the same.",
      equal_times, LOG, 0, 0 },
    { "L3.one-append-is-consecutive",
      "A consumer sees the events of one decision next to each other.",
      consecutive, LOG, 0, 0 },
    { "L5.head-identifies-the-last-item",
      "A consumer that begins at the head must be able to verify later that "
      "the item is still there.",
      head, LOG, 0, 0 },
    { "L5.head-without-event-ids",
      "Without event ids the identity of the store is still verified.",
      head_without_ids, LOG, 0, 0 },
    { "L5.position-identifies-its-item",
      "A position that is kept outside the store reveals that the log was "
      "rewound.",
      positions, LOG, 0, 0 },
    { "L5.position-stays-valid-after-appends",
      "A consumer that lags behind is not in conflict.", old_positions, LOG, 0,
      0 },
    { "L5.position-of-another-log-conflicts",
      "To read on from a position of another log would skip events silently.",
      foreign_positions, LOG, 0, 0 },
    { "L5.identity-is-of-store-and-namespace",
      "All datastores that open one store must report the same identity.",
      identities, LOG | QUIPU_TRAIT_MULTI_OPEN, 0, 0 },
    { "L5.identity-is-the-same-in-each-process",
      "A position that one process has written down is read by another.",
      identity_elsewhere, LOG | QUIPU_CAN_PERSIST, 0, 0 },
};
QUIPU_FAMILY_IN(log, log);
