/* SPDX-License-Identifier: Apache-2.0 */
/* W5: the look-up of items by their event ids. */
#include "cases/case.h"

#include <inttypes.h>
#include <string.h>

/* A driver without the operation declares that by a NULL pointer, and the core
 * answers; nothing of W5 is then to be tested. */
static bool is_supported(quipu_records *records)
{
    quipu_uuid id = { { 0 } };
    quipu_cursor *cursor = NULL;
    int status = quipu_records_find_event(records, &id, &cursor, ERR);

    if (status == QUIPU_UNSUPPORTED) {
        return false;
    }
    OK(status);
    quipu_cursor_close(cursor);
    return true;
}

static quipu_cursor *open_event(quipu_records *records,
                                const quipu_uuid *event_id)
{
    quipu_cursor *cursor = NULL;

    OK(quipu_records_find_event(records, event_id, &cursor, ERR));
    return cursor;
}

/* Checks that the event id finds the item of a log, or with NULL nothing. */
static void check_found(struct quipu_context *ctx, quipu_records *records,
                        const quipu_uuid *event_id,
                        const struct quipu_item_copy *expected)
{
    struct quipu_item_list found =
        quipu_item_list_drain(ctx, open_event(records, event_id));

    CHECK(found.count == (expected ? 1 : 0),
          "%zu items are found by an event id that %s", found.count,
          expected ? "is stored" : "is not");
    CHECK(!expected ||
              (found.at[0].notification_id == expected->notification_id &&
               found.at[0].position == expected->position &&
               memcmp(&found.at[0].event_id, event_id, 16) == 0 &&
               strcmp(found.at[0].state, expected->state) == 0),
          "an event id finds another item");
}

static void present_and_absent(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_METADATA);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 5);
    struct quipu_item_list log;
    quipu_uuid id;

    if (!is_supported(r)) {
        return;
    }
    quipu_uuid_random(&id);
    check_found(ctx, r, &id, NULL);
    for (int i = 0; i < 12; i++) {
        quipu_builder_clear(b);
        for (int n = 0; n < 5; n++) {
            quipu_builder_add_next(b, quipu_context_sequence(ctx),
                                   quipu_context_format(ctx, "%d.%d", i, n));
        }
        OK(quipu_builder_append(b));
        /* Just appended: the first and the last of the append. */
        CHECK(
            quipu_item_list_drain(ctx, open_event(r, &b->event_ids[0])).count ==
                    1 &&
                quipu_item_list_drain(ctx, open_event(r, &b->event_ids[4]))
                        .count == 1,
            "an event that was just appended is not found");
    }
    log = quipu_item_list_read_log(ctx, r, NULL);
    for (size_t i = 0; i < log.count; i++) {
        quipu_uuid other = log.at[i].event_id;

        check_found(ctx, r, &log.at[i].event_id, &log.at[i]);
        other.bytes[15] ^= 1; /* the next one, which is not stored */
        check_found(ctx, r, &other, NULL);
        other = log.at[i].event_id;
        other.bytes[0] ^= 0x80;
        check_found(ctx, r, &other, NULL);
    }
    memset(&id, 0, sizeof(id));
    check_found(ctx, r, &id, NULL);
    memset(&id, 0xff, sizeof(id));
    check_found(ctx, r, &id, NULL);
}

/* All of the item is yielded, as other reads yield it. */
static void whole(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(
        ctx, QUIPU_SHAPE_METADATA | QUIPU_SHAPE_TIME | QUIPU_SHAPE_TEXT);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);
    const quipu_item *item;
    quipu_item *given =
        quipu_builder_add_next(b, quipu_bytes_of_text("naïve id"), "state");
    quipu_cursor *cursor;

    if (!is_supported(r)) {
        return;
    }
    given->metadata = quipu_bytes_of_text("metadata");
    given->flags |= QUIPU_ITEM_TIME;
    given->time.microseconds = 1234567;
    OK(quipu_builder_append(b));
    cursor = open_event(r, &b->event_ids[0]);
    OK(quipu_cursor_next(cursor, &item, ERR));
    CHECK(item, "a stored event is not found");
    CHECK(quipu_bytes_equal(item->sequence_id, given->sequence_id) &&
              quipu_bytes_equal(item->topic, given->topic) &&
              quipu_bytes_equal(item->state, given->state) &&
              quipu_bytes_equal(item->metadata, given->metadata) &&
              quipu_bytes_equal(item->event_id, given->event_id) &&
              item->time.microseconds == 1234567 && item->position == 0 &&
              item->notification_id == b->result.first_notification_id,
          "the item found is not the one that was appended");
    OK(quipu_cursor_next(cursor, &item, ERR));
    CHECK(!item, "a second item is found");
    quipu_cursor_close(cursor);
}

/* An event id belongs to its schema. */
static void other_schema(struct quipu_context *ctx)
{
    quipu_records *one = quipu_context_records(ctx, 0);
    quipu_records *two = quipu_context_records(ctx, 0);
    struct quipu_builder *b = quipu_builder_create(ctx, one, 1);
    struct quipu_builder *c = quipu_builder_create(ctx, two, 1);
    struct quipu_item_list log;

    if (!is_supported(one)) {
        return;
    }
    quipu_builder_add_next(b, quipu_context_sequence(ctx), "one");
    OK(quipu_builder_append(b));
    check_found(ctx, two, &b->event_ids[0], NULL);
    quipu_builder_add_next(c, quipu_context_sequence(ctx), "two");
    c->event_ids[0] = b->event_ids[0];
    OK(quipu_builder_append(c));
    log = quipu_item_list_read_log(ctx, two, NULL);
    check_found(ctx, two, &b->event_ids[0], &log.at[0]);
    log = quipu_item_list_read_log(ctx, one, NULL);
    check_found(ctx, one, &b->event_ids[0], &log.at[0]);
}

static void by_other_datastore(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_records *other = quipu_context_bind(
        ctx, quipu_context_open(ctx, NULL), quipu_records_schema(r));
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    if (!is_supported(r)) {
        return;
    }
    for (int i = 0; i < 20; i++) {
        struct quipu_item_list log;

        quipu_builder_clear(b);
        quipu_builder_add_next(b, quipu_context_sequence(ctx), "x");
        check_found(ctx, other, &b->event_ids[0], NULL);
        OK(quipu_builder_append(b));
        log = quipu_item_list_read_log(ctx, other, NULL);
        check_found(ctx, other, &b->event_ids[0], &log.at[i]);
    }
}

static void refused_append(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 2);

    if (!is_supported(r)) {
        return;
    }
    quipu_builder_add_next(b, quipu_context_sequence(ctx), "x");
    quipu_builder_add_at(b, quipu_context_sequence(ctx), 9, "not the next");
    RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
    check_found(ctx, r, &b->event_ids[0], NULL);
    check_found(ctx, r, &b->event_ids[1], NULL);
}

/* After the teardown the former item, none, or NOT_FOUND. */
static void torn_down(struct quipu_context *ctx)
{
    quipu_datastore *datastore = quipu_context_datastore(ctx);
    const quipu_schema *schema = quipu_context_schema(ctx, 0);
    struct quipu_builder *b;
    quipu_cursor *cursor = NULL;
    const quipu_item *item = NULL;
    quipu_records *r;
    int status;

    OK(quipu_datastore_setup(datastore, schema, ERR));
    r = quipu_context_bind(ctx, datastore, schema);
    if (!is_supported(r)) {
        return;
    }
    b = quipu_builder_create(ctx, r, 1);
    quipu_builder_add_next(b, quipu_context_sequence(ctx), "x");
    OK(quipu_builder_append(b));
    quipu_cursor_close(open_event(r, &b->event_ids[0]));
    OK(quipu_datastore_teardown(datastore, schema, ERR));
    status = quipu_records_find_event(r, &b->event_ids[0], &cursor, ERR);
    if (status == QUIPU_OK) {
        status = quipu_cursor_next(cursor, &item, ERR);
        CHECK(status != QUIPU_OK || !item ||
                  memcmp(item->event_id.data, &b->event_ids[0], 16) == 0,
              "after the teardown another item is found");
        quipu_cursor_close(cursor);
    }
    CHECK(status == QUIPU_OK || status == QUIPU_NOT_FOUND,
          "after the teardown the look-up returns %s",
          quipu_status_name(status));
    quipu_context_unbind(ctx, r);

    /* Set up again, it is empty. */
    OK(quipu_datastore_setup(datastore, schema, ERR));
    r = quipu_context_bind(ctx, datastore, schema);
    check_found(ctx, r, &b->event_ids[0], NULL);
    quipu_context_unbind(ctx, r);
    OK(quipu_datastore_teardown(datastore, schema, ERR));
}

static void without_column(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_NO_EVENT_ID);
    quipu_uuid id;
    quipu_cursor *cursor;
    int status;

    quipu_uuid_random(&id);
    status = quipu_records_find_event(r, &id, &cursor, ERR);
    CHECK(status == QUIPU_INVALID || status == QUIPU_UNSUPPORTED,
          "the look-up in a schema without event ids returns %s",
          quipu_status_name(status));
}

#define LOG QUIPU_CAN_LOG

static const struct quipu_case cases[] = {
    { "W5.find-event",
      "After an unknown outcome the look-up decides whether a command is given "
      "again.",
      present_and_absent, LOG, 0, 0 },
    { "W5.finds-the-whole-item",
      "The item that is found is the event, and not only a sign of it.", whole,
      LOG, 0, 0 },
    { "W5.finds-in-its-own-schema",
      "Two schemas may have the same event, in copies.", other_schema, LOG, 0,
      0 },
    { "W5.finds-what-another-datastore-appends",
      "The process that asks is rarely the one that has appended.",
      by_other_datastore, LOG | QUIPU_TRAIT_MULTI_OPEN, 0, 0 },
    { "W5.refused-append-is-not-found",
      "A refused append that is found is taken for done.", refused_append, LOG,
      0, 0 },
    { "W5.find-after-teardown",
      "A schema that was removed and set up again has no old events.",
      torn_down, LOG, 0, 0 },
    { "W5.find-without-event-ids",
      "A schema without event ids has nothing to look up, which is an error of "
      "the program.",
      without_column, LOG, 0, 0 },
};
QUIPU_FAMILY_IN(log, find_event);
