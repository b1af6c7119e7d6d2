/* SPDX-License-Identifier: Apache-2.0 */
/* E2: appends after an erasure find positions, ids and event ids as they would
 * without it.  Also, erasing by handles that may not erase. */
#include "item_texts.h"

#include <inttypes.h>
#include <string.h>

static const quipu_bytes of_log = { NULL, 0 };

static int erase_all_of(quipu_records *records, quipu_bytes sequence,
                        int64_t *erased)
{
    const quipu_erasure erasure = { .struct_size = sizeof(erasure),
                                    .sequence_id = sequence,
                                    .lower = INT64_MIN,
                                    .upper = INT64_MAX };

    return quipu_records_erase(records, &erasure, erased, ERR);
}

static void positions(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);
    quipu_position kept, head;
    int64_t last = -1;

    quipu_builder_append_many(ctx, r, s, 4);
    OK(quipu_records_head(r, &kept, ERR));
    OK(erase_all_of(r, s, NULL));
    OK(quipu_records_last(r, s, &last, ERR));
    CHECK(last == 3, "the last position is %" PRId64 " after an erasure", last);
    OK(quipu_records_check_position(r, &kept, ERR));
    for (int64_t i = 0; i < 4; i++) {
        quipu_builder_clear(b);
        quipu_builder_add_at(b, s, i, "x");
        RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
        CHECK(b->result.cause == QUIPU_CAUSE_POSITION &&
                  (b->result.flags & QUIPU_RESULT_HAS_LAST) &&
                  b->result.last_position == 3,
              "an append at the position of an erased item conflicts with "
              "cause %d and last position %" PRId64,
              b->result.cause, b->result.last_position);
    }
    quipu_builder_clear(b);
    quipu_builder_add_next(b, s, "x");
    quipu_builder_guard(b, s, QUIPU_DEMAND_LAST, 3);
    OK(quipu_builder_append(b));
    CHECK(b->positions[0] == 4 && b->result.first_notification_id == 5,
          "the item after 4 erased ones is at position %" PRId64
          " with notification id %" PRId64,
          b->positions[0], b->result.first_notification_id);
    OK(quipu_records_head(r, &head, ERR));
    CHECK(head.notification_id == 5, "the head is %" PRId64,
          head.notification_id);
    CHECK(quipu_item_list_check_log(ctx, r).count == 5,
          "the log has not 5 items");
}

static void sparse_positions(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_SPARSE);
    quipu_bytes s = quipu_context_sequence(ctx);

    OK(quipu_builder_append_at(ctx, r, s, 7));
    OK(erase_all_of(r, s, NULL));
    RETURNS(QUIPU_CONFLICT, quipu_builder_append_at(ctx, r, s, 7));
    OK(quipu_builder_append_at(ctx, r, s, 6));
}

/* Appends the erased item again, changed in one member: *repeated tells whether
 * it was a repeat. */
static int append_again(struct quipu_builder *b, quipu_item item,
                        bool *repeated)
{
    int status;

    b->items[0] = item;
    status = quipu_builder_append(b);
    *repeated = (b->result.flags & QUIPU_RESULT_REPEATED) != 0;
    return status;
}

static void event_ids(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);
    quipu_item original, changed;
    bool repeated = false;

    OK(quipu_builder_append_next(ctx, r, s));
    original = *quipu_builder_add_next(b, s, "the original");
    OK(quipu_builder_append(b));
    OK(erase_all_of(r, of_log, NULL));
    OK(append_again(b, original, &repeated));
    CHECK(repeated && b->positions[0] == 1 &&
              b->result.first_notification_id == 2,
          "the repeated append of an item that was erased meanwhile is not "
          "reported as a repeat");
    changed = original;
    changed.state = quipu_bytes_of_text("another");
    OK(append_again(b, changed, &repeated));
    CHECK(repeated, "an item that was erased is compared by its state");
    changed = original;
    changed.topic = quipu_bytes_of_text("another");
    RETURNS(QUIPU_CONFLICT, append_again(b, changed, &repeated));
    changed = original;
    changed.sequence_id = quipu_context_sequence(ctx);
    RETURNS(QUIPU_CONFLICT, append_again(b, changed, &repeated));
    CHECK(b->result.cause == QUIPU_CAUSE_EVENT_ID, "result.cause is %d",
          b->result.cause);
    CHECK(quipu_item_list_count_log(ctx, r) == 2, "a repeat is stored");
}

/* -------------------------------------------------------------- who may */

static void readonly(struct quipu_context *ctx)
{
    quipu_schema *schema = quipu_context_schema(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    const quipu_erasure all = { .struct_size = sizeof(all),
                                .sequence_id = s,
                                .upper = INT64_MAX };
    quipu_records *writer, *reader;
    struct quipu_item_texts texts;
    int64_t count = -1;

    quipu_context_setup(ctx, schema);
    writer = quipu_context_bind(ctx, quipu_context_datastore(ctx), schema);
    quipu_builder_append_many(ctx, writer, s, 3);
    reader = quipu_context_bind(ctx, quipu_context_open(ctx, "readonly=yes"),
                                schema);
    RETURNS(QUIPU_DENIED, erase_all_of(reader, s, &count));
    CHECK(count == 0, "a refused erasure reports %" PRId64 " items", count);
    OK(quipu_records_erasable(reader, &all, &count, ERR));
    CHECK(count == 3, "%" PRId64 " items of 3 can be erased", count);
    OK(erase_all_of(writer, s, NULL));
    texts = quipu_item_texts_read(ctx, reader, s);
    CHECK(texts.count == 3 && quipu_item_text_is_erased(&texts.at[0]),
          "a readonly handle does not see an erasure");
}

static void torn_down(struct quipu_context *ctx)
{
    quipu_schema *schema = quipu_context_schema(ctx, QUIPU_SHAPE_PLAIN);
    quipu_datastore *d = quipu_context_datastore(ctx);
    quipu_bytes s = quipu_context_sequence(ctx);
    const quipu_erasure all = { .struct_size = sizeof(all),
                                .upper = INT64_MAX };
    quipu_records *r, *again;
    struct quipu_item_texts texts;
    int64_t count = -1;
    int status;

    OK(quipu_datastore_setup(d, schema, ERR));
    r = quipu_context_bind(ctx, d, schema);
    quipu_builder_append_many(ctx, r, s, 3);
    OK(erase_all_of(r, s, NULL));
    OK(quipu_datastore_teardown(d, schema, ERR));
    /* Nothing is left that could be erased. */
    status = quipu_records_erase(r, &all, &count, ERR);
    CHECK(status == QUIPU_NOT_FOUND || (status == QUIPU_OK && count == 0),
          "an erasure after the teardown returns %s",
          quipu_status_name(status));
    quipu_context_setup(ctx, schema);
    again = quipu_context_bind(ctx, d, schema);
    OK(quipu_records_erasures(again, &count, ERR));
    CHECK(count == 0, "a new schema has %" PRId64 " erasures", count);
    quipu_builder_append_many(ctx, again, s, 3);
    status = quipu_records_erase(r, &all, &count, ERR);
    CHECK(status == QUIPU_NOT_FOUND || (status == QUIPU_OK && count == 0),
          "an erasure in a schema that was torn down returns %s",
          quipu_status_name(status));
    texts = quipu_item_texts_read(ctx, again, s);
    for (size_t i = 0; i < texts.count; i++) {
        CHECK(!quipu_item_text_is_erased(&texts.at[i]),
              "item %zu of a new schema of the same name is erased", i + 1);
    }
}

static void undeclared(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);
    quipu_bytes s = quipu_context_sequence(ctx);
    int64_t commits = -1;

    OK(quipu_builder_append_next(ctx, r, s));
    RETURNS(QUIPU_UNSUPPORTED, erase_all_of(r, s, NULL));
    OK(quipu_records_erasures(r, &commits, ERR));
    CHECK(commits == 0, "a store that cannot erase has %" PRId64 " erasures",
          commits);
    quipu_item_texts_erase(quipu_builder_add_next(b, s, ""));
    RETURNS(QUIPU_UNSUPPORTED, quipu_builder_append(b));
    CHECK(quipu_item_list_count(ctx, r, s) == 1, "a refused append is stored");
}

static void undeclared_scrubbing(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    const quipu_erasure scrub = { .struct_size = sizeof(scrub),
                                  .flags = QUIPU_ERASURE_SCRUB,
                                  .sequence_id = s,
                                  .upper = INT64_MAX };
    struct quipu_item_texts texts;

    OK(quipu_builder_append_next(ctx, r, s));
    RETURNS(QUIPU_UNSUPPORTED, quipu_records_erase(r, &scrub, NULL, ERR));
    texts = quipu_item_texts_read(ctx, r, s);
    CHECK(!quipu_item_text_is_erased(&texts.at[0]),
          "an erasure that is not supported has erased an item");
}

static const struct quipu_case cases[] = {
    { "E2.positions-are-taken",
      "An erased position that is given again makes two events of one.",
      positions, QUIPU_CAN_ERASE | QUIPU_CAN_LOG, 0, 0 },
    { "E2.sparse-positions-are-taken",
      "The same in a sequence whose positions the program chooses.",
      sparse_positions, QUIPU_CAN_ERASE, 0, 0 },
    { "E2.event-ids-are-taken",
      "A retry that arrives after the erasure must not store the event again.",
      event_ids, QUIPU_CAN_ERASE | QUIPU_CAN_LOG, 0, 0 },
    { "E2.torn-down-schema",
      "A schema that is set up again has nothing of the former one.", torn_down,
      QUIPU_CAN_ERASE | QUIPU_CAN_LOG, 0, 0 },
    { "E1.readonly-handle",
      "A report that reads only can count, and must not be able to erase.",
      readonly, QUIPU_CAN_ERASE | QUIPU_TRAIT_MULTI_OPEN, 0, 0 },
    { "contract.erasing-not-declared",
      "A program must learn that a store cannot erase, before it promises to.",
      undeclared, 0, QUIPU_CAN_ERASE, 0 },
    { "contract.scrubbing-not-declared",
      "A program must learn that bytes may stay in files, before it promises "
      "the contrary.",
      undeclared_scrubbing, QUIPU_CAN_ERASE, QUIPU_CAN_SCRUB, 0 },
};
QUIPU_FAMILY_IN(erasure, places);
