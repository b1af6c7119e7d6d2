/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that converting an event to an item and back gives the same event. */
#include <stdio.h>

#include "harness.h"

static const quipu_event_type *const types[] = { &sample_type };

/* The caller frees the arena of the event that is lent. */
static const struct sample *lend(struct harness *harness,
                                 const quipu_item *item,
                                 struct quipu_lent_event *lent)
{
    assert_ok(quipu_mapper_lend(harness->mapper, item, lent, &harness->error),
              &harness->error);
    return (const struct sample *)lent->event;
}

static void assert_round_trip(struct harness *harness,
                              const struct sample *sample)
{
    const quipu_item *item = harness_encode(harness, &sample->base);
    struct quipu_lent_event lent = { .event = NULL };
    quipu_event *event = NULL;

    sample_assert_equal(lend(harness, item, &lent), sample);
    quipu_arena_finish(&lent.arena);
    sample_assert_equal(harness_decode(harness, item), sample);
    assert_ok(
        quipu_mapper_event(harness->mapper, item, &event, &harness->error),
        &harness->error);
    quipu_items_clear(harness->items);
    sample_assert_equal((const struct sample *)event, sample);
    quipu_event_destroy(event);
}

static void assert_all_round_trips(const quipu_schema *schema)
{
    const quipu_mapping mapping = harness_mapping(types);
    struct harness harness;
    struct sample sample;

    harness_open(&harness, schema, &mapping);
    sample_full(&sample);
    assert_round_trip(&harness, &sample);
    sample_extreme(&sample);
    assert_round_trip(&harness, &sample);
    sample_sparse(&sample);
    assert_round_trip(&harness, &sample);
    memset(&sample.base.event_id, 0, sizeof(sample.base.event_id));
    sample.base.time.microseconds = 0;
    assert_round_trip(&harness, &sample);
    harness_close(&harness);
}

static void event_comes_back_from_columns(void **state)
{
    quipu_schema schema = harness_schema();

    (void)state;
    schema.event_id = "event_id";
    schema.metadata = "metadata";
    schema.time = "time";
    assert_all_round_trips(&schema);
}

static void event_comes_back_from_envelope(void **state)
{
    quipu_schema schema = harness_schema();

    (void)state;
    assert_all_round_trips(&schema);
}

static void attributes_go_into_their_columns(void **state)
{
    quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);
    struct harness harness;
    struct sample sample;
    quipu_item *item;

    (void)state;
    schema.event_id = "event_id";
    schema.metadata = "metadata";
    schema.time = "time";
    harness_open(&harness, &schema, &mapping);
    sample_full(&sample);
    item = harness_encode(&harness, &sample.base);
    assert_bytes(item->sequence_id.data, item->sequence_id.size,
                 "0123456789abcdef", 16);
    assert_int_equal(item->position, 7);
    assert_bytes(item->topic.data, item->topic.size, "Sample.Taken", 12);
    assert_bytes(item->event_id.data, item->event_id.size,
                 &sample.base.event_id, 16);
    assert_bytes(item->metadata.data, item->metadata.size, "meta\0data", 9);
    assert_int_equal(item->flags, QUIPU_ITEM_TIME);
    assert_true(item->time.microseconds == sample.base.time.microseconds);
    assert_int_equal(item->notification_id, 0);
    assert_null(item->columns);
    assert_int_not_equal(((const uint8_t *)item->state.data)[0], 0xC1);

    sample_sparse(&sample);
    memset(&sample.base.event_id, 0, sizeof(sample.base.event_id));
    sample.base.time.microseconds = 0;
    item = harness_encode(&harness, &sample.base);
    assert_null(item->event_id.data);
    assert_null(item->metadata.data);
    assert_int_equal(item->flags, 0);
    harness_close(&harness);
}

/* After a column was added, attributes in envelopes are still read. */
static void column_takes_precedence_over_envelope(void **state)
{
    const quipu_schema schema = harness_schema();
    quipu_schema later = schema;
    const quipu_mapping mapping = harness_mapping(types);
    struct harness first;
    struct harness second;
    struct sample sample;
    const struct sample *decoded;
    quipu_item *item;

    (void)state;
    later.event_id = "event_id";
    later.metadata = "metadata";
    later.time = "time";
    harness_open(&first, &schema, &mapping);
    harness_open(&second, &later, &mapping);
    sample_full(&sample);
    item = harness_encode(&first, &sample.base);
    sample_assert_equal(harness_decode(&second, item), &sample);
    item->event_id = (quipu_bytes){ "0123456789ABCDEF", 16 };
    item->metadata = (quipu_bytes){ "m", 1 };
    item->time.microseconds = 5;
    item->flags = QUIPU_ITEM_TIME;
    decoded = harness_decode(&second, item);
    assert_memory_equal(&decoded->base.event_id, "0123456789ABCDEF", 16);
    assert_bytes(decoded->base.metadata.data, decoded->base.metadata.size, "m",
                 1);
    assert_ptr_not_equal(decoded->base.metadata.data, item->metadata.data);
    assert_int_equal(decoded->base.time.microseconds, 5);
    item->event_id.size = 15;
    harness_reject(&second, item, QUIPU_CORRUPT,
                   "event id does not have 16 bytes");
    harness_close(&first);
    harness_close(&second);
}

static void list_keeps_all_items_in_order(void **state)
{
    const quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);
    struct harness harness;
    struct sample sample;
    quipu_item *items;
    size_t count;

    (void)state;
    harness_open(&harness, &schema, &mapping);
    sample_full(&sample);
    for (int round = 0; round < 2; round++) {
        quipu_items_clear(harness.items);
        for (int i = 0; i < 1000; i++) {
            sample.base.originator_version = i;
            assert_ok(quipu_items_add(harness.items, &sample.base, NULL), NULL);
        }
        sample.text = NULL; /* refused; the list is as before */
        assert_status(quipu_items_add(harness.items, &sample.base, NULL),
                      QUIPU_INVALID);
        sample.text = "bar";
        items = quipu_items_array(harness.items, &count);
        assert_int_equal(count, 1000);
        for (int i = 0; i < 1000; i++) {
            sample.base.originator_version = i;
            sample_assert_equal(harness_decode(&harness, &items[i]), &sample);
        }
    }
    harness_close(&harness);
    quipu_items_destroy(NULL);
    quipu_mapper_close(NULL);
}

static void state_of_16_mebibytes_comes_back(void **state)
{
    const size_t size = (size_t)16 << 20;
    const quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);
    char *large = quipu_allocate(size);
    struct harness harness;
    struct sample sample;

    (void)state;
    assert_non_null(large);
    for (size_t i = 0; i < size; i++) {
        large[i] = (char)(i * 7);
    }
    harness_open(&harness, &schema, &mapping);
    sample_full(&sample);
    sample.bytes = (quipu_bytes){ large, size };
    assert_round_trip(&harness, &sample);
    sample_sparse(&sample); /* the list can still be used */
    assert_round_trip(&harness, &sample);
    harness_close(&harness);
    quipu_release(large);
}

static void similar_topics_are_distinguished(void **state)
{
    static char topics[64][24];
    static quipu_event_type many[64];
    const quipu_event_type *list[64];
    const quipu_schema schema = harness_schema();
    quipu_mapping mapping = harness_mapping(list);
    struct harness harness;

    (void)state;
    for (int i = 0; i < 64; i++) {
        snprintf(topics[i], sizeof(topics[i]), "%.*s%d", i % 12, "Long.Prefix.",
                 i);
        many[i] = (quipu_event_type){ .topic = topics[i],
                                      .size = sizeof(quipu_event) };
        list[i] = &many[i];
    }
    mapping.type_count = 64;
    harness_open(&harness, &schema, &mapping);
    for (int i = 0; i < 64; i++) {
        assert_ptr_equal(quipu_mapper_type(harness.mapper, topics[i]),
                         &many[i]);
    }
    assert_null(quipu_mapper_type(harness.mapper, "Long"));
    assert_null(quipu_mapper_type(harness.mapper, ""));
    assert_null(quipu_mapper_type(harness.mapper, NULL));
    harness_close(&harness);
}

static void mapper_without_types_finds_none(void **state)
{
    const quipu_schema schema = harness_schema();
    const quipu_mapping mapping = { .struct_size = sizeof(mapping) };
    const quipu_item item = { .topic = { NULL, 0 } };
    struct harness harness;

    (void)state;
    harness_open(&harness, &schema, &mapping);
    assert_null(quipu_mapper_type(harness.mapper, "Sample.Taken"));
    harness_reject(&harness, &item, QUIPU_NOT_FOUND, "topic");
    harness_close(&harness);
}

static void events_of_unknown_types_are_refused(void **state)
{
    static const quipu_event_type namesake = { .topic = "Sample.Taken",
                                               .size = sizeof(struct sample) };
    static const quipu_event_type other = { .topic = "Other",
                                            .size = sizeof(quipu_event) };
    static const quipu_event_type nameless = { .size = sizeof(quipu_event) };
    const quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);
    struct harness harness;
    struct sample sample;

    (void)state;
    harness_open(&harness, &schema, &mapping);
    sample_full(&sample);
    sample.base.type = &namesake;
    harness_refuse(&harness, &sample.base, "Sample.Taken is not among");
    sample.base.type = &other;
    harness_refuse(&harness, &sample.base, "Other is not among");
    sample.base.type = &nameless;
    harness_refuse(&harness, &sample.base, "without a topic is not among");
    sample.base.type = NULL;
    harness_refuse(&harness, &sample.base, "without a type");
    harness_refuse(&harness, NULL, "without a type");
    harness_close(&harness);
}

static void values_that_cannot_be_stored_are_refused(void **state)
{
    const quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);
    const char *names[] = { "good", "bad\xFF" };
    struct line lines[] = { { "one", 1, false, { 0, 0 } },
                            { NULL, 1, false, { 0, 0 } } };
    struct harness harness;
    struct sample sample;

    (void)state;
    harness_open(&harness, &schema, &mapping);
    sample_full(&sample);
    sample.text = NULL;
    harness_refuse(&harness, &sample.base,
                   "event Sample.Taken: field text is NULL");
    sample.text = "\xC3(";
    harness_refuse(&harness, &sample.base, "field text is not UTF-8");
    sample_full(&sample);
    sample.bytes.data = NULL;
    harness_refuse(&harness, &sample.base, "field bytes is NULL");
    sample_full(&sample);
    sample.names = names;
    sample.name_count = 2;
    harness_refuse(&harness, &sample.base, "field names[1] is not UTF-8");
    sample.names = NULL;
    harness_refuse(&harness, &sample.base,
                   "field names is NULL, but its count");
    sample_full(&sample);
    sample.lines = lines;
    sample.line_count = 2;
    harness_refuse(&harness, &sample.base, "field lines[1].what is NULL");
    sample_full(&sample);
    sample.when.microseconds = QUIPU_TIME_MAX + 1;
    harness_refuse(&harness, &sample.base, "field when is not in the years");
    sample_full(&sample);
    sample.base.time.microseconds = QUIPU_TIME_MIN - 1;
    harness_refuse(&harness, &sample.base, "its time is not in the years");
    harness_close(&harness);
}

#if SIZE_MAX > UINT32_MAX
static void sizes_above_32_bits_are_refused(void **state)
{
    const quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);
    const size_t large = (size_t)UINT32_MAX + 1;
    struct harness harness;
    struct sample sample;

    (void)state;
    harness_open(&harness, &schema, &mapping);
    sample_full(&sample);
    sample.bytes = (quipu_bytes){ "x", large };
    harness_refuse(&harness, &sample.base, "field bytes is larger than 4 GiB");
    sample_full(&sample);
    sample.name_count = large;
    harness_refuse(&harness, &sample.base, "field names is larger");
    sample_full(&sample);
    sample.base.metadata.size = large;
    harness_refuse(&harness, &sample.base, "metadata are larger");
    harness_close(&harness);
}
#endif

static void unknown_topic_and_erased_item_are_not_found(void **state)
{
    const quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);
    struct harness harness;
    struct sample sample;
    quipu_item item;

    (void)state;
    harness_open(&harness, &schema, &mapping);
    sample_full(&sample);
    item = *harness_encode(&harness, &sample.base);
    item.topic = (quipu_bytes){ "Sample.Lost", 11 };
    harness_reject(&harness, &item, QUIPU_NOT_FOUND,
                   "event Sample.Lost of sequence "
                   "30313233-3435-3637-3839-616263646566 at position 7");
    item.topic = (quipu_bytes){ "Sample.Taken", 12 };
    item.flags = QUIPU_ITEM_ERASED;
    item.state = (quipu_bytes){ "", 0 };
    harness_reject(&harness, &item, QUIPU_NOT_FOUND, "it was erased");
    harness_close(&harness);
}

static bool is_within(quipu_bytes inner, quipu_bytes outer)
{
    const uintptr_t from = (uintptr_t)inner.data;
    const uintptr_t start = (uintptr_t)outer.data;

    return from >= start && from + inner.size <= start + outer.size;
}

static void lent_bytes_are_those_of_the_item(void **state)
{
    quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);
    struct quipu_lent_event lent = { .event = NULL };
    const struct sample *event;
    struct harness harness;
    struct sample sample;
    const quipu_item *item;

    (void)state;
    schema.metadata = "metadata";
    harness_open(&harness, &schema, &mapping);
    sample_full(&sample);
    item = harness_encode(&harness, &sample.base);
    event = lend(&harness, item, &lent);
    assert_true(is_within(event->bytes, item->state));
    assert_true(is_within(event->blob, item->state));
    assert_ptr_equal(event->base.metadata.data, item->metadata.data);
    event = harness_decode(&harness, item);
    assert_false(is_within(event->bytes, item->state));
    assert_ptr_not_equal(event->base.metadata.data, item->metadata.data);
    quipu_arena_finish(&lent.arena);
    harness_close(&harness);
}

/* The topic of the item before is remembered, also if it was of no use. */
static void lent_events_have_the_type_of_their_topic(void **state)
{
    static const quipu_event_type first = { .topic = "Sample.A",
                                            .size = sizeof(quipu_event) };
    static const quipu_event_type second = { .topic = "Sample.B",
                                             .size = sizeof(quipu_event) };
    static const quipu_event_type *const both[] = { &first, &second };
    static const char *const retired[] = { "Sample.C", NULL };
    static const struct row {
        quipu_bytes topic;
        uint32_t flags;
        const quipu_event_type *type; /* NULL: passed over, or not known */
        int status;
    } rows[] = {
        { { "Sample.A", 8 }, 0, &first, QUIPU_OK },
        { { "Sample.A", 8 }, 0, &first, QUIPU_OK },
        { { "Sample.B", 8 }, 0, &second, QUIPU_OK },
        { { "Sample.C", 8 }, 0, NULL, QUIPU_OK },
        { { "Sample.C", 8 }, 0, NULL, QUIPU_OK },
        { { "Sample.A", 8 }, QUIPU_ITEM_ERASED, NULL, QUIPU_OK },
        { { "Sample.A", 8 }, 0, &first, QUIPU_OK },
        { { "Sample", 6 }, 0, NULL, QUIPU_NOT_FOUND },
        { { "", 0 }, 0, NULL, QUIPU_NOT_FOUND },
        { { "", 0 }, 0, NULL, QUIPU_NOT_FOUND },
        { { NULL, 0 }, 0, NULL, QUIPU_NOT_FOUND },
        { { "Sample.B", 8 }, 0, &second, QUIPU_OK },
        { { "Sample.A and more", 17 }, 0, NULL, QUIPU_NOT_FOUND },
    };
    const quipu_schema schema = harness_schema();
    quipu_mapping mapping = harness_mapping(both);
    struct quipu_lent_event lent = { .event = NULL };
    struct harness harness;

    (void)state;
    mapping.type_count = 2;
    mapping.retired = retired;
    harness_open(&harness, &schema, &mapping);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const quipu_item item = { .sequence_id = { "0123456789abcdef", 16 },
                                  .topic = rows[i].topic,
                                  .flags = rows[i].flags,
                                  .state = { "\x80", 1 } };

        assert_status(
            quipu_mapper_lend(harness.mapper, &item, &lent, &harness.error),
            rows[i].status);
        assert_ptr_equal(lent.event ? lent.event->type : NULL, rows[i].type);
    }
    quipu_arena_finish(&lent.arena);
    harness_close(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_comes_back_from_columns),
        cmocka_unit_test(event_comes_back_from_envelope),
        cmocka_unit_test(attributes_go_into_their_columns),
        cmocka_unit_test(column_takes_precedence_over_envelope),
        cmocka_unit_test(list_keeps_all_items_in_order),
        cmocka_unit_test(state_of_16_mebibytes_comes_back),
        cmocka_unit_test(similar_topics_are_distinguished),
        cmocka_unit_test(mapper_without_types_finds_none),
        cmocka_unit_test(events_of_unknown_types_are_refused),
        cmocka_unit_test(values_that_cannot_be_stored_are_refused),
#if SIZE_MAX > UINT32_MAX
        cmocka_unit_test(sizes_above_32_bits_are_refused),
#endif
        cmocka_unit_test(unknown_topic_and_erased_item_are_not_found),
        cmocka_unit_test(lent_bytes_are_those_of_the_item),
        cmocka_unit_test(lent_events_have_the_type_of_their_topic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
