/* SPDX-License-Identifier: Apache-2.0 */
/* Tests filters: partitions, validation, the core's copy, and the decision. */
#include "quipu_test.h"

#include "fake_driver.h"
#include "quipu_test_memory.h"
#include "records/filter.h"

static const quipu_schema text_schema = { .struct_size = sizeof(quipu_schema),
                                          .flags = QUIPU_SCHEMA_TEXT_IDS };
static const quipu_schema uuid_schema = { .struct_size = sizeof(quipu_schema) };
static quipu_error error;

/* --------------------------------------------------------------- partitions */

/* FNV-1a values of 64 bits, as the authors of the hash have published them. */
static void partition_of_text_is_by_fnv_1a(void **state)
{
    static const struct {
        const char *text;
        uint64_t hash;
    } rows[] = {
        { "", UINT64_C(0xcbf29ce484222325) },
        { "a", UINT64_C(0xaf63dc4c8601ec8c) },
        { "b", UINT64_C(0xaf63df4c8601f1a5) },
        { "c", UINT64_C(0xaf63de4c8601eff2) },
        { "fo", UINT64_C(0x08985907b541d342) },
        { "foo", UINT64_C(0xdcb27518fed9d577) },
        { "foob", UINT64_C(0xdd120e790c2512af) },
        { "fooba", UINT64_C(0xcac165afa2fef40a) },
        { "foobar", UINT64_C(0x85944171f73967e8) },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint64_t folded = (rows[i].hash >> 32) ^ (rows[i].hash & UINT32_MAX);

        for (uint32_t count = 1; count <= QUIPU_PARTITIONS_MAX; count++) {
            assert_int_equal(
                quipu_filter_partition(
                    &text_schema, quipu_bytes_of_text(rows[i].text), count),
                folded % count);
        }
    }
}

static void partition_of_a_uuid_is_by_its_last_bytes(void **state)
{
    unsigned char id[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };

    (void)state;
    id[12] = 0x12;
    id[13] = 0x34;
    id[14] = 0x56;
    id[15] = 0x78;
    for (uint32_t count = 1; count <= QUIPU_PARTITIONS_MAX; count++) {
        const quipu_bytes bytes = { id, 16 };

        assert_int_equal(quipu_filter_partition(&uuid_schema, bytes, count),
                         0x12345678 % count);
    }
    memset(id, 0xff, sizeof(id)); /* no sign */
    assert_int_equal(
        quipu_filter_partition(&uuid_schema, (quipu_bytes){ id, 16 }, 10),
        UINT32_MAX % 10);
}

static void no_partitions_and_no_id_are_partition_0(void **state)
{
    (void)state;
    assert_int_equal(
        quipu_filter_partition(&text_schema, quipu_bytes_of_text("a"), 0), 0);
    assert_int_equal(
        quipu_filter_partition(&text_schema, (quipu_bytes){ NULL, 0 }, 7), 0);
}

/* --------------------------------------------------------------- validation */

static quipu_bytes texts[QUIPU_FILTER_TEXTS_MAX + 1];
static quipu_match matches[QUIPU_FILTER_TEXTS_MAX + 1];

static int fill_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i <= QUIPU_FILTER_TEXTS_MAX; i++) {
        texts[i] = quipu_bytes_of_text("text");
        matches[i] = (quipu_match){ .topics = texts, .topic_count = 1 };
    }
    return 0;
}

static void refuse(const quipu_schema *schema, const quipu_filter *filter,
                   const char *why)
{
    quipu_filter *copy = NULL;

    assert_refused(quipu_filter_copy(schema, filter, &copy, &error),
                   QUIPU_INVALID, &error, why);
    assert_null(copy);
}

static void accept(const quipu_schema *schema, const quipu_filter *filter)
{
    quipu_filter *copy = NULL;

    assert_ok(quipu_filter_copy(schema, filter, &copy, &error), &error);
    quipu_release(copy);
}

static void partitions_must_be_below_their_number(void **state)
{
    static const struct {
        uint32_t count;
        uint64_t partitions;
        const char *why;
    } rows[] = {
        { 0, 1, "partitions is set, but partition_count is 0" },
        { 1, 0, "partitions has no bit set" },
        { 64, 0, "partitions has no bit set" },
        { 1, 2, "partitions has a bit at or above partition_count" },
        { 3, 9, "partitions has a bit at or above partition_count" },
        { 63, UINT64_C(1) << 63, "partitions has a bit at or above" },
        { 65, 1, "partition_count is above 64" },
        { UINT32_MAX, 1, "partition_count is above 64" },
        { 1, 1, NULL },
        { 3, 7, NULL },
        { 63, UINT64_MAX >> 1, NULL },
        { 64, UINT64_MAX, NULL },
        { 0, 0, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const quipu_filter filter = { .struct_size = sizeof(filter),
                                      .partition_count = rows[i].count,
                                      .partitions = rows[i].partitions };

        if (rows[i].why) {
            refuse(&text_schema, &filter, rows[i].why);
        } else {
            accept(&text_schema, &filter);
        }
    }
}

static void prefixes_are_of_text_ids(void **state)
{
    quipu_filter filter = { .struct_size = sizeof(filter),
                            .prefixes = texts,
                            .prefix_count = 1 };

    (void)state;
    accept(&text_schema, &filter);
    refuse(&uuid_schema, &filter, "the sequence ids of the schema are UUIDs");
    filter.prefix_count = QUIPU_FILTER_TEXTS_MAX;
    accept(&text_schema, &filter);
    filter.prefix_count++;
    refuse(&text_schema, &filter, "filter: prefixes");
    filter.prefix_count = 1;
    filter.prefixes = NULL;
    refuse(&text_schema, &filter, "filter: prefixes is NULL");
}

static void texts_must_be_text(void **state)
{
    static const struct {
        const char *data;
        size_t size;
        const char *why;
    } rows[] = {
        { NULL, 0, "[1]: text" },   { "", 0, "[1]: text" },
        { "\xff", 1, "[1]: text" }, { "a\0b", 3, "[1]: text" },
        { NULL, 5, "[1]: text" },
    };
    const quipu_match match = { .topics = texts, .topic_count = 2 };
    const quipu_filter by_prefix = { .struct_size = sizeof(by_prefix),
                                     .prefixes = texts,
                                     .prefix_count = 2 };
    const quipu_filter by_topic = { .struct_size = sizeof(by_topic),
                                    .matches = &match,
                                    .match_count = 1 };
    char longer[256];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        texts[1] = (quipu_bytes){ rows[i].data, rows[i].size };
        refuse(&text_schema, &by_prefix, rows[i].why);
        refuse(&text_schema, &by_topic, rows[i].why);
    }
    memset(longer, 'x', sizeof(longer));
    texts[1] = (quipu_bytes){ longer, 255 };
    accept(&text_schema, &by_prefix);
    accept(&text_schema, &by_topic);
    texts[1].size++;
    refuse(&text_schema, &by_prefix, "[1]: text");
    refuse(&text_schema, &by_topic, "[1]: text");
}

static void matches_must_be_whole(void **state)
{
    quipu_filter filter = { .struct_size = sizeof(filter),
                            .matches = matches,
                            .match_count = 1 };

    (void)state;
    accept(&uuid_schema, &filter);
    matches[0].topics = NULL;
    refuse(&text_schema, &filter, "filter: topics is NULL");
    matches[0].topic_count = 0; /* any topic */
    accept(&text_schema, &filter);
    matches[0].tags = texts;
    refuse(&text_schema, &filter, "tags, which are reserved");
    matches[0].tags = NULL;
    matches[0].tag_count = 1;
    refuse(&text_schema, &filter, "tags, which are reserved");
    matches[0].tag_count = 0;
    for (size_t i = 0; i < 4; i++) {
        matches[0].reserved[i] = 1;
        refuse(&text_schema, &filter, "a reserved member that is not 0");
        matches[0].reserved[i] = 0;
    }
    matches[0].topics = texts;
    matches[0].topic_count = QUIPU_FILTER_TEXTS_MAX + 1;
    refuse(&text_schema, &filter, "filter: topics");
    matches[0].topic_count = 1;
    filter.match_count = QUIPU_FILTER_TEXTS_MAX;
    accept(&text_schema, &filter);
    filter.match_count++;
    refuse(&text_schema, &filter, "filter: matches");
    filter.match_count = 1;
    filter.matches = NULL;
    refuse(&text_schema, &filter, "filter: matches is NULL");
}

static void wrong_struct_size_is_refused(void **state)
{
    const quipu_filter filter = { .struct_size = 0 };

    (void)state;
    refuse(&text_schema, &filter, "filter");
}

/* --------------------------------------------------------------- the copy */

static void filter_that_passes_all_is_none(void **state)
{
    const quipu_filter empty = { .struct_size = sizeof(empty) };
    quipu_filter other;
    quipu_filter *copy = &other;

    (void)state;
    assert_ok(quipu_filter_copy(&text_schema, NULL, &copy, &error), &error);
    assert_null(copy);
    assert_ok(quipu_filter_copy(&text_schema, &empty, &copy, &error), &error);
    assert_null(copy);
}

static void copy_is_independent(void **state)
{
    char topic[] = "topic";
    char prefix[] = "prefix";
    quipu_bytes topics[] = { { topic, 5 }, { "other", 5 } };
    quipu_bytes prefixes[] = { { prefix, 6 }, { "p", 1 } };
    quipu_match match[] = { { .topics = topics, .topic_count = 2 },
                            { .topic_count = 0 } };
    quipu_filter filter = { .struct_size = sizeof(filter),
                            .partition_count = 5,
                            .partitions = 3,
                            .matches = match,
                            .match_count = 2,
                            .prefixes = prefixes,
                            .prefix_count = 2 };
    quipu_filter *copy;

    (void)state;
    assert_ok(quipu_filter_copy(&text_schema, &filter, &copy, &error), &error);
    memset(topic, 'x', 5);
    memset(prefix, 'x', 6);
    memset(topics, 0, sizeof(topics));
    memset(prefixes, 0, sizeof(prefixes));
    memset(match, 0, sizeof(match));
    memset(&filter, 0, sizeof(filter));
    assert_int_equal(copy->struct_size, sizeof(quipu_filter));
    assert_int_equal(copy->partition_count, 5);
    assert_int_equal(copy->partitions, 3);
    assert_int_equal(copy->match_count, 2);
    assert_int_equal(copy->matches[0].topic_count, 2);
    assert_bytes(copy->matches[0].topics[0].data,
                 copy->matches[0].topics[0].size, "topic", 5);
    assert_bytes(copy->matches[0].topics[1].data,
                 copy->matches[0].topics[1].size, "other", 5);
    assert_int_equal(copy->matches[1].topic_count, 0);
    assert_null(copy->matches[1].topics);
    assert_int_equal(copy->prefix_count, 2);
    assert_bytes(copy->prefixes[0].data, copy->prefixes[0].size, "prefix", 6);
    assert_bytes(copy->prefixes[1].data, copy->prefixes[1].size, "p", 1);
    quipu_release(copy);
}

static int copy_and_release(void *context, quipu_error *out)
{
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = matches,
                                  .match_count = 3,
                                  .prefixes = texts,
                                  .prefix_count = 3 };
    quipu_filter *copy;
    int status = quipu_filter_copy(&text_schema, &filter, &copy, out);

    (void)context;
    if (status == QUIPU_OK) {
        quipu_release(copy);
    }
    return status;
}

static void failed_allocations_are_reported(void **state)
{
    (void)state;
    quipu_test_memory_sweep(copy_and_release, NULL);
}

/* ------------------------------------------------------------- the decision */

static bool passes(const quipu_filter *filter, const char *id,
                   const char *topic)
{
    const quipu_item item = { .sequence_id = quipu_bytes_of_text(id),
                              .topic = quipu_bytes_of_text(topic) };

    return quipu_filter_passes(filter, &text_schema, &item);
}

static void items_pass_by_topic_prefix_and_partition(void **state)
{
    const quipu_bytes topics[] = { { "Paid", 4 }, { "Placed", 6 } };
    const quipu_bytes sent[] = { { "Sent", 4 } };
    const quipu_match match[] = { { .topics = topics, .topic_count = 2 },
                                  { .topics = sent, .topic_count = 1 } };
    const quipu_bytes prefixes[] = { { "order-", 6 }, { "u", 1 } };
    quipu_filter filter = { .struct_size = sizeof(filter),
                            .matches = match,
                            .match_count = 2 };
    uint32_t partition =
        quipu_filter_partition(&text_schema, quipu_bytes_of_text("order-1"), 8);

    (void)state;
    assert_true(passes(NULL, "x", "y"));
    assert_true(passes(&filter, "x", "Paid"));
    assert_true(passes(&filter, "x", "Placed"));
    assert_true(passes(&filter, "x", "Sent"));
    assert_false(passes(&filter, "x", "paid")); /* whole topics, by bytes */
    assert_false(passes(&filter, "x", "Pai"));
    assert_false(passes(&filter, "x", "Paid2"));
    filter.prefixes = prefixes;
    filter.prefix_count = 2;
    assert_true(passes(&filter, "order-1", "Paid"));
    assert_true(passes(&filter, "order-", "Paid")); /* the prefix itself */
    assert_true(passes(&filter, "u", "Paid"));
    assert_false(passes(&filter, "order", "Paid"));
    assert_false(passes(&filter, "Order-1", "Paid"));
    assert_false(passes(&filter, "order-1", "Other"));
    filter.partition_count = 8;
    filter.partitions = UINT64_C(1) << partition;
    assert_true(passes(&filter, "order-1", "Paid"));
    filter.partitions = 0xff & ~filter.partitions;
    assert_false(passes(&filter, "order-1", "Paid"));
    filter.match_count = 0;
    filter.prefix_count = 0;
    assert_false(passes(&filter, "order-1", "any"));
}

static void match_without_topics_fits_any(void **state)
{
    const quipu_match match[] = { { .topic_count = 0 } };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = match,
                                  .match_count = 1 };

    (void)state;
    assert_true(passes(&filter, "x", "any"));
}

#define filter_test(test) cmocka_unit_test_setup(test, fill_texts)

int main(void)
{
    const struct CMUnitTest tests[] = {
        filter_test(partition_of_text_is_by_fnv_1a),
        filter_test(partition_of_a_uuid_is_by_its_last_bytes),
        filter_test(no_partitions_and_no_id_are_partition_0),
        filter_test(partitions_must_be_below_their_number),
        filter_test(prefixes_are_of_text_ids),
        filter_test(texts_must_be_text),
        filter_test(matches_must_be_whole),
        filter_test(wrong_struct_size_is_refused),
        filter_test(filter_that_passes_all_is_none),
        filter_test(copy_is_independent),
        filter_test(failed_allocations_are_reported),
        filter_test(items_pass_by_topic_prefix_and_partition),
        filter_test(match_without_topics_fits_any),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
