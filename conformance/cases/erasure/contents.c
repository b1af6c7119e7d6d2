/* SPDX-License-Identifier: Apache-2.0 */
/* E1, E2, E3, E5, E7, E9: the items that an erasure empties, and those that it
 * leaves. */
#include "item_texts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SEQUENCES 3
#define ROUNDS 5 /* items of each sequence */
#define ITEMS (SEQUENCES * ROUNDS)

static const quipu_bytes of_log = { NULL, 0 };

/* Records with items of which one follows another of another sequence, and the
 * texts of their log. */
struct stored {
    struct quipu_context *ctx;
    quipu_records *records;
    const quipu_schema *schema;
    bool is_sparse;
    quipu_bytes s[SEQUENCES];
    struct quipu_item_texts log;
};

/* The position of a sequence's n-th item. */
static int64_t position_of(const struct stored *stored, int64_t n)
{
    return stored->is_sparse ? 10 * n - 20 : n;
}

static void store(struct quipu_context *ctx, unsigned shape,
                  struct stored *stored)
{
    quipu_schema *schema = quipu_context_schema(ctx, shape);
    struct quipu_builder *b;
    bool is_text = shape & QUIPU_SHAPE_TEXT;

    quipu_context_setup(ctx, schema);
    *stored = (struct stored){
        .ctx = ctx,
        .records =
            quipu_context_bind(ctx, quipu_context_datastore(ctx), schema),
        .schema = schema,
        .is_sparse = shape & QUIPU_SHAPE_SPARSE,
    };
    for (size_t i = 0; i < SEQUENCES; i++) {
        stored->s[i] = is_text ? quipu_bytes_of_text(quipu_context_format(
                                     ctx, "sequence-%zu", i))
                               : quipu_context_sequence(ctx);
    }
    b = quipu_builder_create(ctx, stored->records, ITEMS);
    for (int64_t i = 0; i < ITEMS; i++) {
        quipu_item *item =
            quipu_builder_add_at(b, stored->s[i % SEQUENCES],
                                 position_of(stored, i / SEQUENCES), "");

        quipu_item_texts_fill(ctx, schema, item, i + 1);
    }
    OK(quipu_builder_append(b));
    stored->log = quipu_item_texts_read(ctx, stored->records, of_log);
}

static quipu_erasure erasure_of(quipu_bytes sequence, int64_t lower,
                                int64_t upper)
{
    return (quipu_erasure){ .struct_size = sizeof(quipu_erasure),
                            .sequence_id = sequence,
                            .lower = lower,
                            .upper = upper };
}

/* Erases a range, of which `items` are not erased yet. */
static void erase(const struct stored *stored, quipu_bytes sequence,
                  int64_t lower, int64_t upper, int64_t items)
{
    const quipu_erasure erasure = erasure_of(sequence, lower, upper);
    int64_t erasable = -1, erased = -1;

    OK(quipu_records_erasable(stored->records, &erasure, &erasable, ERR));
    CHECK(erasable == items,
          "%" PRId64 " items are counted that can be erased, of %" PRId64,
          erasable, items);
    OK(quipu_records_erase(stored->records, &erasure, &erased, ERR));
    CHECK(erased == items, "%" PRId64 " items are reported erased, of %" PRId64,
          erased, items);
}

/* Items 2 to 4 of the second sequence, and the items 10 to 12 of the log: ids
 * 5, 8, 11 and 10 to 12. */
static bool is_to_be_erased(int64_t id)
{
    return id == 5 || id == 8 || (id >= 10 && id <= 12);
}

static void erase_some(const struct stored *stored)
{
    erase(stored, stored->s[1], position_of(stored, 1), position_of(stored, 3),
          3);
    erase(stored, of_log, 10, 12, 2); /* 11 is erased already */
}

/* ------------------------------------------------------- ways to read */

static struct quipu_item_texts read_descending(const struct stored *stored)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_DESCENDING };
    quipu_cursor *cursor;

    OK(quipu_records_read_log(stored->records, &query, &cursor, ERR));
    return quipu_item_texts_drain(stored->ctx, cursor);
}

static struct quipu_item_texts read_filtered(const struct stored *stored)
{
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .partition_count = 2,
                                  .partitions = 3 };
    quipu_cursor *cursor;

    OK(quipu_records_read_filtered(stored->records, NULL, &filter, &cursor,
                                   ERR));
    return quipu_item_texts_drain(stored->ctx, cursor);
}

static struct quipu_item_texts find_event(const struct stored *stored,
                                          int64_t id)
{
    struct quipu_item_texts found = { NULL, 0 };
    quipu_position position;
    quipu_cursor *cursor;
    int status;

    if (!stored->schema->event_id) {
        return found;
    }
    OK(quipu_records_position(stored->records, id, &position, ERR));
    status = quipu_records_find_event(stored->records, &position.event_id,
                                      &cursor, ERR);
    if (status == QUIPU_UNSUPPORTED) {
        return found;
    }
    OK(status);
    return quipu_item_texts_drain(stored->ctx, cursor);
}

typedef void check_text(const struct stored *stored,
                        const struct quipu_item_text *text, const char *read);

static void check_all(const struct stored *stored, struct quipu_item_texts list,
                      check_text *check, const char *read)
{
    for (size_t i = 0; i < list.count; i++) {
        check(stored, &list.at[i], read);
    }
}

/* Checks each item in each way to read it. */
static void check_reads(const struct stored *stored, check_text *check)
{
    struct quipu_item_texts log =
        quipu_item_texts_read(stored->ctx, stored->records, of_log);

    CHECK(log.count == ITEMS, "%zu items of %d are left in the log", log.count,
          ITEMS);
    check_all(stored, log, check, "the log");
    check_all(stored, read_descending(stored), check, "the log, descending,");
    check_all(stored, read_filtered(stored), check, "a filtered read");
    for (size_t i = 0; i < SEQUENCES; i++) {
        struct quipu_item_texts list =
            quipu_item_texts_read(stored->ctx, stored->records, stored->s[i]);

        CHECK(list.count == ROUNDS, "%zu items of %d are left in a sequence",
              list.count, ROUNDS);
        check_all(stored, list, check, "a sequence");
    }
    for (int64_t id = 1; id <= ITEMS; id++) {
        check_all(stored, find_event(stored, id), check,
                  "the look-up of an event id");
    }
}

/* ------------------------------------------------------------- the cases */

static void check_erased(const struct stored *stored,
                         const struct quipu_item_text *text, const char *read)
{
    (void)stored;
    CHECK(!is_to_be_erased(text->notification_id) ||
              quipu_item_text_is_erased(text),
          "%s yields contents of item %" PRId64 ", which was erased: %s", read,
          text->notification_id, text->contents);
}

static void erased_range(struct quipu_context *ctx)
{
    for (size_t i = 0; i < QUIPU_ITEM_TEXTS_SHAPES; i++) {
        struct stored stored;

        store(ctx, quipu_item_texts_shapes[i], &stored);
        erase_some(&stored);
        check_reads(&stored, check_erased);
    }
}

static void check_unchanged(const struct stored *stored,
                            const struct quipu_item_text *text,
                            const char *read)
{
    const struct quipu_item_text *before =
        &stored->log.at[text->notification_id - 1];

    CHECK(is_to_be_erased(text->notification_id) ||
              strcmp(before->contents, text->contents) == 0,
          "item %" PRId64
          " is outside of what was erased, and %s yields other contents: %s "
          "instead of %s",
          text->notification_id, read, text->contents, before->contents);
}

static void nothing_else(struct quipu_context *ctx)
{
    for (size_t i = 0; i < QUIPU_ITEM_TEXTS_SHAPES; i++) {
        struct stored stored, other;

        store(ctx, quipu_item_texts_shapes[i], &stored);
        store(ctx, quipu_item_texts_shapes[i], &other);
        erase_some(&stored);
        check_reads(&stored, check_unchanged);
        check_all(&other, quipu_item_texts_read(ctx, other.records, of_log),
                  check_unchanged, "another schema");
        for (size_t j = 0; j < ITEMS; j++) {
            CHECK(!quipu_item_text_is_erased(
                      &quipu_item_texts_read(ctx, other.records, of_log).at[j]),
                  "an item of another schema is erased");
        }
    }
}

static void check_place(const struct stored *stored,
                        const struct quipu_item_text *text, const char *read)
{
    const struct quipu_item_text *before =
        &stored->log.at[text->notification_id - 1];

    CHECK(strcmp(before->place, text->place) == 0,
          "after an erasure %s yields another place of item %" PRId64
          ": %s instead of %s",
          read, text->notification_id, text->place, before->place);
}

static void places(struct quipu_context *ctx)
{
    for (size_t i = 0; i < QUIPU_ITEM_TEXTS_SHAPES; i++) {
        struct stored stored;

        store(ctx, quipu_item_texts_shapes[i], &stored);
        erase_some(&stored);
        check_reads(&stored, check_place);
    }
}

/* -------------------------------------------------------- cursors before */

#define MANY 1200 /* more than a page of any driver */

static void cursor_before(struct quipu_context *ctx)
{
    quipu_records *r =
        quipu_context_records(ctx, QUIPU_SHAPE_METADATA | QUIPU_SHAPE_COLUMNS);
    const quipu_schema *schema = quipu_records_schema(r);
    struct quipu_builder *b = quipu_builder_create(ctx, r, MANY);
    quipu_bytes s = quipu_context_sequence(ctx);
    const quipu_erasure erasure = erasure_of(s, 300, 799);
    struct quipu_item_texts before, after;
    quipu_cursor *cursors[2];
    const quipu_item *item;

    for (int64_t i = 0; i < MANY; i++) {
        quipu_item *added = quipu_builder_add_next(b, s, "");

        quipu_item_texts_fill(ctx, schema, added, i);
        if (i % 3 == 0) { /* looks erased, and is not */
            added->state = (quipu_bytes){ "", 0 };
        }
    }
    OK(quipu_builder_append(b));
    before = quipu_item_texts_read(ctx, r, s);
    OK(quipu_records_read(r, s, NULL, &cursors[0], ERR));
    OK(quipu_records_read_log(r, NULL, &cursors[1], ERR));
    for (size_t c = 0; c < 2; c++) {
        OK(quipu_cursor_next(cursors[c], &item, ERR));
    }
    OK(quipu_records_erase(r, &erasure, NULL, ERR));
    for (size_t c = 0; c < 2; c++) {
        after = quipu_item_texts_drain(ctx, cursors[c]);
        CHECK(after.count == MANY - 1,
              "a cursor that was opened before an erasure yields %zu items "
              "instead of %d",
              after.count, MANY - 1);
        for (size_t i = 0; i < after.count; i++) {
            const struct quipu_item_text *old = &before.at[i + 1];
            bool may = i + 1 >= 300 && i + 1 <= 799 &&
                       quipu_item_text_is_erased(&after.at[i]);

            CHECK(strcmp(old->place, after.at[i].place) == 0 &&
                      (may || strcmp(old->contents, after.at[i].contents) == 0),
                  "a cursor that was opened before an erasure yields item %zu "
                  "as %s, which it never was",
                  i + 1, after.at[i].contents);
        }
    }
}

/* -------------------------------------------------------------- repeated */

static int64_t commits_of(quipu_records *records)
{
    int64_t commits = -1;

    OK(quipu_records_erasures(records, &commits, ERR));
    return commits;
}

static void again(struct quipu_context *ctx)
{
    struct stored stored;
    quipu_erasure one_by_one;
    quipu_position before, after;
    struct quipu_item_texts erased;
    int64_t count = -1, commits;

    store(ctx, quipu_item_texts_shapes[1], &stored);
    OK(quipu_records_head(stored.records, &before, ERR));
    erase(&stored, of_log, INT64_MIN, 6, 6);
    commits = commits_of(stored.records);
    erase(&stored, of_log, INT64_MIN, 6, 0);
    erase(&stored, of_log, 1, 1, 0);
    erase(&stored, of_log, 0, 0, 0);
    erase(&stored, of_log, ITEMS + 1, INT64_MAX, 0);
    erase(&stored, stored.s[0], 100, INT64_MAX, 0);
    erase(&stored, stored.s[0], INT64_MIN, -1, 0);
    erase(&stored, quipu_bytes_of_text("no such sequence"), INT64_MIN,
          INT64_MAX, 0);
    CHECK(commits_of(stored.records) == commits,
          "an erasure of nothing counts as one that has erased something");
    one_by_one = erasure_of(of_log, INT64_MIN, INT64_MAX);
    one_by_one.limit = 1;
    OK(quipu_records_erase(stored.records, &one_by_one, &count, ERR));
    CHECK(count == ITEMS - 6, "%" PRId64 " items were erased, of %d", count,
          ITEMS - 6);
    erased = quipu_item_texts_read(ctx, stored.records, of_log);
    for (size_t i = 0; i < erased.count; i++) {
        CHECK(quipu_item_text_is_erased(&erased.at[i]),
              "an erasure in commits of one item has left item %zu", i + 1);
    }
    OK(quipu_records_head(stored.records, &after, ERR));
    CHECK(memcmp(&before, &after, sizeof(before)) == 0,
          "an erasure has changed the head of the log");
}

static void counted(struct quipu_context *ctx)
{
    struct stored stored, other;
    int64_t commits = 0;

    store(ctx, quipu_item_texts_shapes[0], &stored);
    store(ctx, quipu_item_texts_shapes[0], &other);
    CHECK(commits_of(stored.records) == 0,
          "erasures are counted, and nothing was erased");
    for (int64_t id = 1; id <= 5; id++) {
        int64_t now;

        erase(&stored, of_log, id, id, 1);
        now = commits_of(stored.records);
        CHECK(now > commits,
              "after erasure %" PRId64 " %" PRId64 " are counted, as before",
              id, now);
        commits = now;
        OK(quipu_builder_append_next(ctx, stored.records, stored.s[0]));
    }
    CHECK(commits_of(stored.records) == commits,
          "an append counts as an erasure");
    CHECK(commits_of(other.records) == 0,
          "erasures in another schema are counted");
    if (ctx->traits & QUIPU_TRAIT_MULTI_OPEN) {
        quipu_records *second = quipu_context_bind(
            ctx, quipu_context_open(ctx, NULL), stored.schema);

        CHECK(commits_of(second) == commits,
              "another handle counts other erasures");
    }
}

/* -------------------------------------------------------------- appended */

static struct quipu_builder *build_three(struct quipu_context *ctx,
                                         quipu_records *records, quipu_bytes s)
{
    struct quipu_builder *b = quipu_builder_create(ctx, records, 3);

    for (int64_t i = 0; i < 3; i++) {
        quipu_item_texts_fill(ctx, quipu_records_schema(records),
                              quipu_builder_add_next(b, s, ""), i);
    }
    return b;
}

static void check_repeated(struct quipu_builder *b, const char *what)
{
    OK(quipu_builder_append(b));
    CHECK(b->result.flags & QUIPU_RESULT_REPEATED,
          "%s is not reported as a repeat", what);
}

static void appended(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, quipu_item_texts_shapes[1]);
    quipu_bytes s = quipu_bytes_of_text("sequence");
    struct quipu_builder *b = build_three(ctx, r, s);
    quipu_item full = b->items[1];
    struct quipu_item_texts list;
    int64_t count = -1;
    const quipu_erasure all = erasure_of(of_log, INT64_MIN, INT64_MAX);

    quipu_item_texts_erase(&b->items[1]);
    OK(quipu_builder_append(b));
    list = quipu_item_texts_read(ctx, r, s);
    for (size_t i = 0; i < 3; i++) {
        CHECK(quipu_item_text_is_erased(&list.at[i]) == (i == 1),
              "of three items the second was appended as erased, and the %zuth "
              "is %s",
              i + 1, list.at[i].contents);
    }
    check_repeated(b, "the same append, with an item that is erased,");
    b->items[1] = full;
    check_repeated(b, "the append of an item that is stored as erased");
    OK(quipu_records_erasable(r, &all, &count, ERR));
    CHECK(count == 2, "%" PRId64 " items of 2 can be erased", count);
    CHECK(commits_of(r) == 0, "an append counts as an erasure");
    quipu_item_texts_erase(&b->items[0]);
    RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
    CHECK(b->result.cause == QUIPU_CAUSE_EVENT_ID, "result.cause is %d",
          b->result.cause);
}

/* A state may be empty without being erased. */
static void empty_is_not_erased(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 2);
    const quipu_erasure first = erasure_of(s, 0, 0);
    struct quipu_item_texts list;

    quipu_builder_add_next(b, s, "");
    quipu_builder_add_next(b, s, "");
    OK(quipu_builder_append(b));
    OK(quipu_records_erase(r, &first, NULL, ERR));
    list = quipu_item_texts_read(ctx, r, s);
    CHECK(quipu_item_text_is_erased(&list.at[0]) &&
              !quipu_item_text_is_erased(&list.at[1]),
          "of two items with empty states the first was erased; they are read "
          "as \"%s\" and \"%s\"",
          list.at[0].contents, list.at[1].contents);
    /* The states are equal, and the item is no repeat of the other one. */
    quipu_item_texts_erase(&b->items[1]);
    RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
}

static const struct quipu_case cases[] = {
    { "E1.erased-range",
      "What a customer has had deleted must not come back by any read.",
      erased_range, QUIPU_CAN_ERASE | QUIPU_CAN_LOG, 0, 0 },
    { "E1.cursor-opened-before",
      "A reader that is under way must not combine an item's old and new "
      "contents.",
      cursor_before, QUIPU_CAN_ERASE | QUIPU_CAN_LOG, 0, 0 },
    { "E1.empty-is-not-erased",
      "An event without contents must not be taken for one that was erased.",
      empty_is_not_erased, QUIPU_CAN_ERASE | QUIPU_CAN_LOG, 0, 0 },
    { "E2.places-stay",
      "Consumers, heads and kept positions refer to the places of items.",
      places, QUIPU_CAN_ERASE | QUIPU_CAN_LOG, 0, 0 },
    { "E3.again",
      "A program that was interrupted erases again, and counts what it erases.",
      again, QUIPU_CAN_ERASE | QUIPU_CAN_LOG, 0, 0 },
    { "E5.nothing-else",
      "An erasure that reaches one item too far destroys another customer's "
      "data.",
      nothing_else, QUIPU_CAN_ERASE | QUIPU_CAN_LOG, 0, 0 },
    { "E7.appended-as-erased",
      "A copy of a store must neither fail at an erased item nor revive it.",
      appended, QUIPU_CAN_ERASE | QUIPU_CAN_LOG, 0, 0 },
    { "E9.counted", "Caches of the log must notice an erasure.", counted,
      QUIPU_CAN_ERASE | QUIPU_CAN_LOG, 0, 0 },
};
QUIPU_FAMILY_IN(erasure, contents);
