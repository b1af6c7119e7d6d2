/* SPDX-License-Identifier: Apache-2.0 */
/*
 * W1 to W3: filtered reads of the log, compared with a model.
 *
 * The state of each item is its topic, so that a list of the whole log has all
 * that a filter can ask for.  The model passes the items of that list through
 * the filter by itself, and then applies bounds, direction and limit.
 */
#include "cases/case.h"

#include <inttypes.h>
#include <string.h>

#define TOPICS 5
#define IDS 40

static const char *const topics[TOPICS] = { "Order.Placed", "Order.Paid",
                                            "Order", "order.placed",
                                            "Zahlung" };
static const char *const prefixes[] = { "order-", "order-1", "o",   "Order-",
                                        "user-",  "üser",    "zzz", "order-%" };
#define PREFIXES (sizeof(prefixes) / sizeof(*prefixes))

struct filtered {
    struct quipu_context *ctx;
    quipu_records *records;
    bool has_text_ids;
    quipu_bytes ids[IDS];
    struct quipu_builder *builder;
};

static void append_random(struct filtered *f, size_t count)
{
    quipu_builder_clear(f->builder);
    for (size_t i = 0; i < count; i++) {
        const char *topic = topics[quipu_context_random(f->ctx, TOPICS)];
        quipu_item *item = quipu_builder_add_next(
            f->builder, f->ids[quipu_context_random(f->ctx, IDS)], topic);

        item->topic = quipu_bytes_of_text(topic);
    }
    OK(quipu_builder_append(f->builder));
}

static struct filtered begin(struct quipu_context *ctx, unsigned shape)
{
    static const char *const forms[] = { "order-", "order-%", "Order-",
                                         "user-",  "üser",    "o" };
    struct filtered f = { .ctx = ctx,
                          .has_text_ids = shape & QUIPU_SHAPE_TEXT };

    f.records = quipu_context_records(ctx, shape);
    f.builder = quipu_builder_create(ctx, f.records, 10);
    for (size_t i = 0; i < IDS; i++) {
        const char *text = quipu_context_format(ctx, "%s%zu", forms[i % 6], i);

        f.ids[i] = f.has_text_ids ? quipu_bytes_of_text(text)
                                  : quipu_context_sequence(ctx);
    }
    for (int i = 0; i < 40; i++) {
        append_random(&f, 1 + (size_t)quipu_context_random(ctx, 10));
    }
    return f;
}

/* ------------------------------------------------------------------ filters */

/* A filter with all that it refers to. */
struct random_filter {
    quipu_filter filter;
    quipu_match matches[2];
    quipu_bytes topics[2][2];
    quipu_bytes prefixes[3];
};

static void choose_matches(struct quipu_context *ctx, struct random_filter *r)
{
    r->filter.matches = r->matches;
    r->filter.match_count = (size_t)quipu_context_random(ctx, 3);
    for (size_t i = 0; i < r->filter.match_count; i++) {
        size_t count = (size_t)quipu_context_random(ctx, 3);

        for (size_t k = 0; k < count; k++) {
            r->topics[i][k] =
                quipu_bytes_of_text(topics[quipu_context_random(ctx, TOPICS)]);
        }
        r->matches[i] = (quipu_match){ .topics = count ? r->topics[i] : NULL,
                                       .topic_count = count };
    }
}

static void choose_filter(struct filtered *f, struct random_filter *r)
{
    static const uint32_t counts[] = { 0, 0, 1, 2, 3, 8, 64 };
    struct quipu_context *ctx = f->ctx;
    uint32_t count = counts[quipu_context_random(ctx, 7)];

    memset(r, 0, sizeof(*r));
    r->filter.struct_size = sizeof(r->filter);
    choose_matches(ctx, r);
    if (f->has_text_ids) {
        r->filter.prefix_count = (size_t)quipu_context_random(ctx, 4);
        r->filter.prefixes = r->prefixes;
        for (size_t i = 0; i < r->filter.prefix_count; i++) {
            r->prefixes[i] = quipu_bytes_of_text(
                prefixes[quipu_context_random(ctx, PREFIXES)]);
        }
    }
    r->filter.partition_count = count;
    if (count > 0) {
        uint64_t all = count == 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;

        r->filter.partitions = (quipu_context_random(ctx, UINT64_MAX) & all) |
                               UINT64_C(1) << quipu_context_random(ctx, count);
    }
}

/* --------------------------------------------------------------- the model */

static bool has_topic(const quipu_filter *filter, const char *topic)
{
    for (size_t i = 0; i < filter->match_count; i++) {
        const quipu_match *match = &filter->matches[i];

        if (match->topic_count == 0) {
            return true;
        }
        for (size_t k = 0; k < match->topic_count; k++) {
            if (quipu_bytes_equal(match->topics[k],
                                  quipu_bytes_of_text(topic))) {
                return true;
            }
        }
    }
    return filter->match_count == 0;
}

static bool has_prefix(const quipu_filter *filter, quipu_bytes id)
{
    for (size_t i = 0; i < filter->prefix_count; i++) {
        quipu_bytes prefix = filter->prefixes[i];

        if (prefix.size <= id.size &&
            memcmp(prefix.data, id.data, prefix.size) == 0) {
            return true;
        }
    }
    return filter->prefix_count == 0;
}

static bool passes(const struct filtered *f, const quipu_filter *filter,
                   const struct quipu_item_copy *copy)
{
    quipu_bytes id = { copy->sequence.data, copy->sequence.size };

    return has_topic(filter, copy->state) && has_prefix(filter, id) &&
           (filter->partition_count == 0 ||
            (filter->partitions >>
                 quipu_filter_partition(quipu_records_schema(f->records), id,
                                        filter->partition_count) &
             1));
}

static bool within(const quipu_query *query, int64_t id)
{
    return (!(query->flags & QUIPU_QUERY_GT) || id > query->gt) &&
           (!(query->flags & QUIPU_QUERY_GTE) || id >= query->gte) &&
           (!(query->flags & QUIPU_QUERY_LT) || id < query->lt) &&
           (!(query->flags & QUIPU_QUERY_LTE) || id <= query->lte);
}

static struct quipu_item_list drain(struct filtered *f,
                                    const quipu_query *query,
                                    const quipu_filter *filter)
{
    quipu_cursor *cursor;

    OK(quipu_records_read_filtered(f->records, query, filter, &cursor, ERR));
    return quipu_item_list_drain(f->ctx, cursor);
}

/* Compares what a filtered read has yielded with the model's choice from the
 * log of `whole`. */
static void check_same(const struct filtered *f,
                       const struct quipu_item_list *whole,
                       const struct quipu_item_list *found,
                       const quipu_query *query, const quipu_filter *filter)
{
    bool descending = query->flags & QUIPU_QUERY_DESCENDING;
    size_t limit =
        query->flags & QUIPU_QUERY_LIMIT ? (size_t)query->limit : SIZE_MAX;
    size_t count = 0;

    for (size_t i = 0; i < whole->count && count < limit; i++) {
        const struct quipu_item_copy *copy =
            &whole->at[descending ? whole->count - 1 - i : i];

        if (!within(query, copy->notification_id) || !passes(f, filter, copy)) {
            continue;
        }
        CHECK(count < found->count &&
                  found->at[count].notification_id == copy->notification_id,
              "item %zu of a filtered read is notification %" PRId64
              " instead of %" PRId64,
              count,
              count < found->count ? found->at[count].notification_id
                                   : INT64_C(-1),
              copy->notification_id);
        CHECK(found->at[count].position == copy->position &&
                  strcmp(found->at[count].state, copy->state) == 0,
              "notification %" PRId64 " is read otherwise with a filter",
              copy->notification_id);
        count++;
    }
    CHECK(count == found->count,
          "a filtered read yields %zu items instead of %zu", found->count,
          count);
}

static quipu_query choose_query(struct quipu_context *ctx, int64_t head)
{
    static const uint32_t bounds[] = {
        QUIPU_QUERY_GT,  QUIPU_QUERY_GTE,   QUIPU_QUERY_LT,
        QUIPU_QUERY_LTE, QUIPU_QUERY_LIMIT, QUIPU_QUERY_DESCENDING
    };
    uint64_t range = (uint64_t)head + 10;
    quipu_query query = { .struct_size = sizeof(query) };

    for (size_t i = 0; i < 6; i++) {
        query.flags |= quipu_context_random(ctx, 3) == 0 ? bounds[i] : 0;
    }
    query.gt = (int64_t)quipu_context_random(ctx, range) - 5;
    query.gte = (int64_t)quipu_context_random(ctx, range) - 5;
    query.lt = (int64_t)quipu_context_random(ctx, range) - 5;
    query.lte = (int64_t)quipu_context_random(ctx, range) - 5;
    query.limit = (int64_t)quipu_context_random(ctx, 20);
    return query;
}

/* -------------------------------------------------------------------- cases */

static void check_against_model(struct quipu_context *ctx, unsigned shape)
{
    struct filtered f = begin(ctx, shape);
    unsigned rounds = quipu_context_scale(ctx, 300, 5000, 50000);

    for (unsigned i = 0; i < rounds; i++) {
        const void *mark = quipu_context_mark(ctx);
        struct quipu_item_list whole =
            quipu_item_list_read_log(ctx, f.records, NULL);
        quipu_query query = choose_query(ctx, (int64_t)whole.count);
        struct random_filter r;
        struct quipu_item_list found;

        choose_filter(&f, &r);
        found = drain(&f, &query, &r.filter);
        check_same(&f, &whole, &found, &query, &r.filter);
        quipu_context_release(ctx, mark);
        if (i % 50 == 49) {
            append_random(&f, 3);
        }
    }
}

static void text_ids(struct quipu_context *ctx)
{
    check_against_model(ctx, QUIPU_SHAPE_TEXT);
}

static void uuid_ids(struct quipu_context *ctx)
{
    check_against_model(ctx, QUIPU_SHAPE_PLAIN);
}

static void sparse(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(
        ctx, QUIPU_SHAPE_TEXT | QUIPU_SHAPE_SPARSE | QUIPU_SHAPE_NO_EVENT_ID);
    const quipu_bytes prefix = quipu_bytes_of_text("b");
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .prefixes = &prefix,
                                  .prefix_count = 1 };
    quipu_cursor *cursor;
    struct quipu_item_list list;

    for (int64_t i = 0; i < 30; i++) {
        OK(quipu_builder_append_at(
            ctx, r, quipu_bytes_of_text(i % 3 ? "a" : "b"), 100 - i));
    }
    OK(quipu_records_read_filtered(r, NULL, &filter, &cursor, ERR));
    list = quipu_item_list_drain(ctx, cursor);
    CHECK(list.count == 10, "%zu items pass instead of 10", list.count);
    for (int64_t i = 0; i < 10; i++) {
        CHECK(list.at[i].position == 100 - 3 * i &&
                  list.at[i].notification_id == 3 * i + 1,
              "a filtered read of a sparse log is not in its order");
    }
}

/* A filter that asks for nothing, and none at all. */
static void no_filter(struct quipu_context *ctx)
{
    struct filtered f = begin(ctx, QUIPU_SHAPE_TEXT);
    const quipu_filter empty = { .struct_size = sizeof(empty) };
    const quipu_filter one = { .struct_size = sizeof(one),
                               .partition_count = 1,
                               .partitions = 1 };
    const quipu_query query = { .struct_size = sizeof(query) };
    struct quipu_item_list whole =
        quipu_item_list_read_log(ctx, f.records, NULL);
    struct quipu_item_list found = drain(&f, NULL, NULL);

    check_same(&f, &whole, &found, &query, &empty);
    found = drain(&f, &query, &empty);
    check_same(&f, &whole, &found, &query, &empty);
    found = drain(&f, NULL, &one);
    check_same(&f, &whole, &found, &query, &one);
}

/* Items that are appended while a filtered read goes on are not in it, however
 * long it takes; those up to the head at its opening all are (W2). */
static void appended_meanwhile(struct quipu_context *ctx)
{
    struct filtered f = begin(ctx, QUIPU_SHAPE_TEXT);
    unsigned rounds = quipu_context_scale(ctx, 20, 100, 1000);

    for (unsigned i = 0; i < rounds; i++) {
        quipu_query query = { .struct_size = sizeof(query),
                              .flags = i % 3 == 2
                                           ? (uint32_t)QUIPU_QUERY_DESCENDING
                                           : 0 };
        struct quipu_item_list whole =
            quipu_item_list_read_log(ctx, f.records, NULL);
        struct quipu_item_list found = { NULL, 0 };
        struct random_filter r;
        quipu_cursor *cursor;
        const quipu_item *item;

        choose_filter(&f, &r);
        found.at =
            quipu_context_allocate(ctx, (whole.count + 1) * sizeof(*found.at));
        OK(quipu_records_read_filtered(f.records, &query, &r.filter, &cursor,
                                       ERR));
        append_random(&f, 5);
        for (;;) {
            OK(quipu_cursor_next(cursor, &item, ERR));
            if (!item) {
                break;
            }
            CHECK(item->notification_id <= (int64_t)whole.count,
                  "a filtered read yields notification %" PRId64
                  ", which was appended after it was opened",
                  item->notification_id);
            found.at[found.count] = whole.at[item->notification_id - 1];
            found.count++;
            if (found.count % 20 == 1) {
                append_random(&f, 2);
            }
        }
        quipu_cursor_close(cursor);
        check_same(&f, &whole, &found, &query, &r.filter);
    }
}

/* Few items pass, among them the first and the last of many. */
static void rare(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_TEXT);
    size_t blocks = quipu_context_scale(ctx, 6, 40, 200);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1000);
    const quipu_bytes topic = quipu_bytes_of_text("Rare");
    const quipu_match match = { .topics = &topic, .topic_count = 1 };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    quipu_cursor *cursor;
    struct quipu_item_list list;

    for (size_t i = 0; i < blocks; i++) {
        quipu_builder_clear(b);
        for (size_t k = 0; k < 1000; k++) {
            quipu_item *item =
                quipu_builder_add_next(b, quipu_bytes_of_text("common"), "x");

            if (k == 0 || k == 499 || k == 999) {
                item->sequence_id = quipu_bytes_of_text("rare");
                item->topic = topic;
            }
        }
        OK(quipu_builder_append(b));
    }
    for (int descending = 0; descending < 2; descending++) {
        quipu_query query = { .struct_size = sizeof(query),
                              .flags = descending
                                           ? (uint32_t)QUIPU_QUERY_DESCENDING
                                           : 0 };

        OK(quipu_records_read_filtered(r, &query, &filter, &cursor, ERR));
        list = quipu_item_list_drain(ctx, cursor);
        CHECK(list.count == 3 * blocks, "%zu of %zu items pass", list.count,
              3 * blocks);
        for (size_t i = 0; i < list.count; i++) {
            size_t at = descending ? list.count - 1 - i : i;

            CHECK(list.at[i].position == (int64_t)at,
                  "a filtered read is not in order");
        }
    }
}

/* Nothing passes, which a reader learns at the end only. */
static void nothing_passes(struct quipu_context *ctx)
{
    const quipu_bytes topic = quipu_bytes_of_text("Never.Happened");
    const quipu_match match = { .topics = &topic, .topic_count = 1 };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    unsigned blocks = quipu_context_scale(ctx, 8, 50, 500);
    quipu_records *r = quipu_context_records(ctx, 0);

    for (unsigned i = 0; i < blocks; i++) {
        quipu_builder_append_many(ctx, r, quipu_context_sequence(ctx), 1000);
    }
    for (unsigned i = 0; i < 4; i++) {
        const quipu_query query = {
            .struct_size = sizeof(query),
            .flags = (i % 2 ? (uint32_t)QUIPU_QUERY_DESCENDING : 0) |
                     (i / 2 ? (uint32_t)QUIPU_QUERY_LIMIT : 0),
            .limit = 1
        };
        quipu_cursor *cursor;

        OK(quipu_records_read_filtered(r, &query, &filter, &cursor, ERR));
        CHECK(quipu_item_list_drain(ctx, cursor).count == 0,
              "an item passes that has another topic");
    }
}

/* ------------------------------------------------------------ W3: partitions
 */

/* Partitions of text ids, computed from published FNV-1a values, and of UUIDs.
 * They must never change. */
static const struct {
    const char *id;
    uint32_t partitions[5]; /* of 2, 3, 8, 10 and 64 */
} text_table[] = {
    { "a", { 0, 1, 0, 4, 0 } },
    { "b", { 1, 1, 1, 3, 41 } },
    { "c", { 0, 0, 6, 8, 62 } },
    { "d", { 1, 0, 7, 9, 63 } },
    { "e", { 0, 1, 4, 0, 12 } },
    { "fo", { 1, 1, 5, 3, 5 } },
    { "foo", { 1, 1, 7, 7, 47 } },
    { "foob", { 0, 2, 6, 6, 22 } },
    { "fooba", { 1, 0, 5, 7, 37 } },
    { "foobar", { 1, 1, 1, 3, 25 } },
    { "order-1", { 0, 1, 2, 0, 50 } },
    { "order-2", { 1, 1, 3, 5, 11 } },
    { "user-17", { 0, 2, 4, 8, 28 } },
    { "é", { 0, 2, 6, 2, 6 } },
    { "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      { 1, 0, 5, 3, 13 } },
};

static const struct {
    const char *id;
    uint32_t partitions[5];
} uuid_table[] = {
    { "00000000-0000-0000-0000-000000000000", { 0, 0, 0, 0, 0 } },
    { "00000000-0000-0000-0000-000000000001", { 1, 1, 1, 1, 1 } },
    { "00000000-0000-0000-0000-0000ffffffff", { 1, 0, 7, 5, 63 } },
    { "ffffffff-ffff-ffff-ffff-ffff00000000", { 0, 0, 0, 0, 0 } },
    { "23c08a33-3406-5691-81d2-21ef3cffed10", { 0, 1, 0, 8, 16 } },
    { "6ba7b810-9dad-11d1-80b4-00c04fd430c8", { 0, 2, 0, 4, 8 } },
    { "886313e1-3b8a-5372-9b90-0c9aee199e5d", { 1, 1, 5, 9, 29 } },
    { "01890a5d-ac96-774b-bcce-b302099a8057", { 1, 0, 7, 3, 23 } },
};

static const uint32_t partition_counts[] = { 2, 3, 8, 10, 64 };

/* Reads one partition after the other; the item must be in the expected one. */
static void check_partition(struct quipu_context *ctx, quipu_records *r,
                            quipu_bytes id, uint32_t count, uint32_t expected)
{
    uint32_t partition =
        quipu_filter_partition(quipu_records_schema(r), id, count);

    CHECK(partition == expected,
          "the partition of a sequence is %" PRIu32 " of %" PRIu32
          " instead of %" PRIu32,
          partition, count, expected);
    for (uint32_t i = 0; i < count; i++) {
        const quipu_filter filter = { .struct_size = sizeof(filter),
                                      .partition_count = count,
                                      .partitions = UINT64_C(1) << i };
        quipu_cursor *cursor;
        const quipu_item *item;
        bool found = false;

        OK(quipu_records_read_filtered(r, NULL, &filter, &cursor, ERR));
        for (;;) {
            OK(quipu_cursor_next(cursor, &item, ERR));
            if (!item) {
                break;
            }
            found = found || quipu_bytes_equal(item->sequence_id, id);
        }
        quipu_cursor_close(cursor);
        CHECK(found == (i == expected),
              "a sequence of partition %" PRIu32 " is %s in the read of "
              "partition %" PRIu32 " of %" PRIu32,
              expected, found ? "found" : "missing", i, count);
    }
    (void)ctx;
}

static void text_partitions(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_TEXT);
    size_t count = sizeof(text_table) / sizeof(*text_table);

    for (size_t i = 0; i < count; i++) {
        OK(quipu_builder_append_next(ctx, r,
                                     quipu_bytes_of_text(text_table[i].id)));
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < 5; k++) {
            check_partition(ctx, r, quipu_bytes_of_text(text_table[i].id),
                            partition_counts[k], text_table[i].partitions[k]);
        }
    }
}

static void uuid_partitions(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    size_t count = sizeof(uuid_table) / sizeof(*uuid_table);
    quipu_uuid *ids = quipu_context_allocate(ctx, count * sizeof(*ids));

    for (size_t i = 0; i < count; i++) {
        OK(quipu_uuid_parse(&ids[i], uuid_table[i].id, ERR));
        OK(quipu_builder_append_next(ctx, r,
                                     (quipu_bytes){ ids[i].bytes, 16 }));
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < 5; k++) {
            check_partition(ctx, r, (quipu_bytes){ ids[i].bytes, 16 },
                            partition_counts[k], uuid_table[i].partitions[k]);
        }
    }
}

#define LOG QUIPU_CAN_LOG

static const struct quipu_case cases[] = {
    { "W1.filtered-reads",
      "A consumer that misses an item of its topic is wrong for ever.",
      text_ids, LOG, 0, 0 },
    { "W1.filtered-reads-with-uuids",
      "Filters mean the same for each kind of ids.", uuid_ids, LOG, 0, 0 },
    { "W1.filtered-reads-of-a-sparse-log",
      "The order is that of the log, and not of positions.", sparse, LOG, 0,
      0 },
    { "W1.filter-that-passes-all", "A consumer without a filter reads the log.",
      no_filter, LOG, 0, 0 },
    { "W2.complete",
      "What a read has passed over without looking at it is never read again.",
      appended_meanwhile, LOG, 0, 0 },
    { "W2.rare-items-in-a-long-log",
      "A consumer often wants one item in a thousand.", rare, LOG, 0, 0 },
    { "W4.nothing-passes",
      "A consumer of a rare event reads all others, however many there are.",
      nothing_passes, LOG, 0, 0 },
    { "W3.partitions-of-text-ids",
      "Two consumers that share a log by partitions must agree on them.",
      text_partitions, LOG, 0, 0 },
    { "W3.partitions-of-uuids",
      "Two consumers that share a log by partitions must agree on them.",
      uuid_partitions, LOG, 0, 0 },
};
QUIPU_FAMILY_IN(log, filters);
