/* SPDX-License-Identifier: Apache-2.0 */
/* F2: topics and ids; and what an item of a schema has. */
#include "suite.h"

#include <string.h>

static void check_topic(const quipu_item *item, const void *wanted)
{
    CHECK(quipu_bytes_equal(item->topic, *(const quipu_bytes *)wanted),
          "the topic came back with other bytes");
}

static void topics(struct quipu_trial *t)
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
    quipu_records *r = quipu_trial_records(t, 0);
    struct quipu_batch *b = quipu_batch_create(t, r, 1);

    memset(longest, 'T', sizeof(longest));
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        quipu_bytes s = quipu_trial_sequence(t);

        quipu_batch_clear(b);
        quipu_batch_next(b, s, "x")->topic = good[i];
        OK(quipu_batch_append(b));
        quipu_list_only(r, s, check_topic, &good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        int status;

        quipu_batch_clear(b);
        quipu_batch_next(b, quipu_trial_sequence(t), "x")->topic = bad[i];
        status = quipu_batch_append(b);
        CHECK(status == QUIPU_INVALID, "wrong topic %zu answered %s", i,
              quipu_status_name(status));
    }
}

static void wrong_ids(struct quipu_trial *t)
{
    static const char longer[256] = "x";
    const quipu_bytes uuids[] = { { NULL, 0 },
                                  { "", 0 },
                                  { "0123456789abcde", 15 },
                                  { "0123456789abcdef0", 17 } };
    const quipu_bytes texts[] = {
        { NULL, 0 }, { "", 0 }, { longer, 256 }, { "a\0", 2 }, { "\xfe", 1 }
    };
    quipu_records *u = quipu_trial_records(t, 0);
    quipu_records *x = quipu_trial_records(t, QUIPU_SHAPE_TEXT);

    for (size_t i = 0; i < sizeof(uuids) / sizeof(*uuids); i++) {
        ANSWERS(QUIPU_INVALID, quipu_batch_one_next(t, u, uuids[i]));
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        ANSWERS(QUIPU_INVALID, quipu_batch_one_next(t, x, texts[i]));
    }
}

/* What the schema has no column for must be absent, what it has, present. */
static void wrong_items(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    quipu_records *bare = quipu_trial_records(t, QUIPU_SHAPE_NO_EVENT_ID);
    quipu_bytes s = quipu_trial_sequence(t);
    quipu_value value = { .kind = QUIPU_VALUE_NULL };

    for (unsigned wrong = 0; wrong < 9; wrong++) {
        struct quipu_batch *b = quipu_batch_create(t, wrong ? r : bare, 1);
        quipu_item *item = quipu_batch_next(b, s, "x");
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
        status = quipu_batch_append(b);
        CHECK(status == QUIPU_INVALID, "wrong item %u answered %s", wrong,
              quipu_status_name(status));
    }
    CHECK(quipu_list_count(t, r, s) + quipu_list_count(t, bare, s) == 0,
          "something was stored");
}

static void long_text_ids(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_TEXT);
    char a[255], b[255];

    memset(a, 'i', sizeof(a));
    memset(b, 'i', sizeof(b));
    b[254] = 'j';
    quipu_batch_fill(t, r, (quipu_bytes){ a, 255 }, 2);
    quipu_batch_fill(t, r, (quipu_bytes){ b, 255 }, 1);
    quipu_batch_fill(t, r, (quipu_bytes){ a, 254 }, 3);
    CHECK(quipu_list_count(t, r, (quipu_bytes){ a, 255 }) == 2 &&
              quipu_list_count(t, r, (quipu_bytes){ b, 255 }) == 1 &&
              quipu_list_count(t, r, (quipu_bytes){ a, 254 }) == 3,
          "long ids that differ at their end are mixed up");
}

static const struct quipu_case cases[] = {
    { "F1.items-fit-their-schema",
      "What has no column would be lost in silence.", wrong_items, 0, 0, 0 },
    { "F2.topics-are-utf8", "Text is checked once, and comes back the same.",
      topics, 0, 0, 0 },
    { "F2.wrong-ids-are-invalid",
      "An id that is cut or padded names another sequence.", wrong_ids, 0, 0,
      0 },
    { "F2.long-ids-differ-at-their-end",
      "An index that keeps only a prefix conflates sequences.", long_text_ids,
      0, 0, 0 },
};
QUIPU_FAMILY(texts);
