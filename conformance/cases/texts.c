/* SPDX-License-Identifier: Apache-2.0 */
/* F1 and F2: topics, ids, and the members of an item. */
#include "case.h"

#include <string.h>

static void check_topic(const quipu_item *item, const void *expected)
{
    CHECK(quipu_bytes_equal(item->topic, *(const quipu_bytes *)expected),
          "the topic was read with other bytes");
}

static void topics(struct quipu_context *ctx)
{
    static char longest[256];
    quipu_bytes good[] = { { "x", 1 },
                           { longest, 255 },
                           { "naïve ☃", 10 },
                           { "'\"`;--%", 7 },
                           { "\xf4\x8f\xbf\xbf", 4 } };
    quipu_bytes bad[] = { { NULL, 0 },           { "", 0 },
                          { longest, 256 },      { "a\0b", 3 },
                          { "\xff", 1 },         { "\xc0\x80", 2 },
                          { "\xed\xa0\x80", 3 }, { "\xf4\x90\x80\x80", 4 },
                          { "\xc3", 1 } };
    quipu_records *r = quipu_context_records(ctx, 0);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    memset(longest, 'T', sizeof(longest));
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        quipu_bytes s = quipu_context_sequence(ctx);

        quipu_builder_clear(b);
        quipu_builder_add_next(b, s, "x")->topic = good[i];
        OK(quipu_builder_append(b));
        quipu_item_list_check_only(r, s, check_topic, &good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        int status;

        quipu_builder_clear(b);
        quipu_builder_add_next(b, quipu_context_sequence(ctx), "x")->topic =
            bad[i];
        status = quipu_builder_append(b);
        CHECK(status == QUIPU_INVALID,
              "for wrong topic %zu the append returned %s", i,
              quipu_status_name(status));
    }
}

static void wrong_ids(struct quipu_context *ctx)
{
    static const char longer[256] = "x";
    const quipu_bytes uuids[] = { { NULL, 0 },
                                  { "", 0 },
                                  { "0123456789abcde", 15 },
                                  { "0123456789abcdef0", 17 } };
    const quipu_bytes texts[] = {
        { NULL, 0 }, { "", 0 }, { longer, 256 }, { "a\0", 2 }, { "\xfe", 1 }
    };
    quipu_records *u = quipu_context_records(ctx, 0);
    quipu_records *x = quipu_context_records(ctx, QUIPU_SHAPE_TEXT);

    for (size_t i = 0; i < sizeof(uuids) / sizeof(*uuids); i++) {
        RETURNS(QUIPU_INVALID, quipu_builder_append_next(ctx, u, uuids[i]));
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        RETURNS(QUIPU_INVALID, quipu_builder_append_next(ctx, x, texts[i]));
    }
}

/* Members without a column in the schema must be absent, all others present. */
static void wrong_items(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_records *bare = quipu_context_records(ctx, QUIPU_SHAPE_NO_EVENT_ID);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_value value = { .kind = QUIPU_VALUE_NULL };

    for (unsigned wrong = 0; wrong < 9; wrong++) {
        struct quipu_builder *b =
            quipu_builder_create(ctx, wrong ? r : bare, 1);
        quipu_item *item = quipu_builder_add_next(b, s, "x");
        int status;

        switch (wrong) {
        case 0:
            item->event_id = (quipu_bytes){ "0123456789abcdef", 16 };
            break;
        case 1:
            item->event_id = (quipu_bytes){ NULL, 0 };
            break;
        case 2:
            item->event_id.size = 15;
            break;
        case 3:
            item->metadata = quipu_bytes_of_text("x");
            break;
        case 4:
            item->flags |= QUIPU_ITEM_TIME;
            break;
        case 5:
            item->columns = &value;
            item->column_count = 1;
            break;
        case 6:
            item->state = (quipu_bytes){ NULL, 0 };
            break;
        case 7:
            item->flags |= 1u << 30;
            break;
        default:
            item->notification_id = 5;
        }
        status = quipu_builder_append(b);
        CHECK(status == QUIPU_INVALID,
              "for wrong item %u the append returned %s", wrong,
              quipu_status_name(status));
    }
    CHECK(quipu_item_list_count(ctx, r, s) +
                  quipu_item_list_count(ctx, bare, s) ==
              0,
          "an item was stored");
}

static void long_text_ids(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_TEXT);
    char a[255], b[255];

    memset(a, 'i', sizeof(a));
    memset(b, 'i', sizeof(b));
    b[254] = 'j';
    quipu_builder_append_many(ctx, r, (quipu_bytes){ a, 255 }, 2);
    quipu_builder_append_many(ctx, r, (quipu_bytes){ b, 255 }, 1);
    quipu_builder_append_many(ctx, r, (quipu_bytes){ a, 254 }, 3);
    CHECK(quipu_item_list_count(ctx, r, (quipu_bytes){ a, 255 }) == 2 &&
              quipu_item_list_count(ctx, r, (quipu_bytes){ b, 255 }) == 1 &&
              quipu_item_list_count(ctx, r, (quipu_bytes){ a, 254 }) == 3,
          "long ids that differ at their end identify the same sequence");
}

static const struct quipu_case cases[] = {
    { "F1.items-fit-their-schema",
      "A value for which the schema has no column would be lost silently.",
      wrong_items, 0, 0, 0 },
    { "F2.topics-are-utf8", "A topic is validated, and comes back unchanged.",
      topics, 0, 0, 0 },
    { "F2.wrong-ids-are-invalid",
      "An id that was truncated or padded identifies another sequence.",
      wrong_ids, 0, 0, 0 },
    { "F2.long-ids-differ-at-their-end",
      "An index that keeps only a prefix of the id confuses sequences.",
      long_text_ids, 0, 0, 0 },
};
QUIPU_FAMILY(texts);
