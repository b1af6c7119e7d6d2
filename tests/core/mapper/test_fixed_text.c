/* SPDX-License-Identifier: Apache-2.0 */
/* Tests texts that stand in their struct, arrays of the kinds that are not a
 * sample's, and members that are not stored. */
#include "harness.h"

/* clang-format off */
enum color { RED, GREEN = -3, BLUE = 1000 };
typedef char tag[3];

QUIPU_EVENT(badge, "Badge",
            QUIPU_FIXED_TEXT(owner, 8),
            QUIPU_DEFAULT(enum color, color, BLUE),
            QUIPU_ARRAY(tag, tags, tag_count),
            QUIPU_ARRAY(bool, doors, door_count),
            QUIPU_ARRAY(enum color, stripes, stripe_count),
            QUIPU_IGNORED(void *, cache));

/* The same event, whose text is elsewhere. */
QUIPU_EVENT(pointing, "Badge",
            QUIPU_VALUE(const char *, owner),
            QUIPU_VALUE(int, color),
            QUIPU_ARRAY(const char *, tags, tag_count),
            QUIPU_ARRAY(bool, doors, door_count),
            QUIPU_ARRAY(int, stripes, stripe_count));

struct labelled {
    quipu_event base;
    char label[8];
};
static const quipu_field labelled_fields[] = {
    QUIPU_FIELD_DEFAULT(struct labelled, label, "none"),
    { 0 },
};
static const quipu_event_type labelled =
    QUIPU_EVENT_TYPE(struct labelled, "Labelled", labelled_fields);

static const quipu_event_type *const badges[] = { &badge, &labelled };
static const quipu_event_type *const pointings[] = { &pointing };
/* clang-format on */

static tag some_tags[] = { "", "ab", "\xC3\xB6" };
static bool some_doors[] = { true, false, true };
static enum color some_stripes[] = { BLUE, GREEN, RED };

static void open(struct harness *harness,
                 const quipu_event_type *const *of_types, size_t count)
{
    const quipu_schema schema = harness_schema();
    quipu_mapping mapping = harness_mapping(of_types);

    mapping.type_count = count;
    harness_open(harness, &schema, &mapping);
}

static struct badge full_badge(void)
{
    return (struct badge){
        .base = { .type = &badge,
                  .originator_id = { .size = 16, .data = "0123456789abcdef" } },
        .owner = "Ada",
        .color = GREEN,
        .tags = some_tags,
        .tag_count = 3,
        .doors = some_doors,
        .door_count = 3,
        .stripes = some_stripes,
        .stripe_count = 3,
        .cache = some_tags,
    };
}

static void events_come_back_as_they_were(void **state)
{
    struct harness harness;
    struct badge full = full_badge();
    const struct badge *read;
    (void)state;

    memcpy(full.owner + 4, "xyz", 3); /* behind the NUL */
    open(&harness, badges, 2);
    read = harness_decode(&harness, harness_encode(&harness, &full.base));
    assert_memory_equal(read->owner, "Ada\0\0\0\0", 8);
    assert_int_equal(read->color, GREEN);
    assert_memory_equal(read->tags, some_tags, sizeof(some_tags));
    assert_int_equal(read->tag_count, 3);
    assert_memory_equal(read->doors, some_doors, sizeof(some_doors));
    assert_memory_equal(read->stripes, some_stripes, sizeof(some_stripes));
    assert_null(read->cache);
    harness_close(&harness);
}

static void stored_bytes_are_those_of_pointers_and_numbers(void **state)
{
    struct harness one;
    struct harness other;
    struct badge full = full_badge();
    const struct pointing *read;
    quipu_item *item;
    quipu_item *again;
    (void)state;

    open(&one, badges, 2);
    open(&other, pointings, 1);
    item = harness_encode(&one, &full.base);
    read = harness_decode(&other, item);
    assert_string_equal(read->owner, "Ada");
    assert_int_equal(read->color, GREEN);
    assert_string_equal(read->tags[1], "ab");
    again = harness_encode(&other, &read->base);
    assert_bytes(again->state.data, again->state.size, item->state.data,
                 item->state.size);
    harness_close(&other);
    harness_close(&one);
}

static quipu_item item_of(const char *topic, quipu_bytes state)
{
    return (quipu_item){ .sequence_id = { "0123456789abcdef", 16 },
                         .topic = quipu_bytes_of_text(topic),
                         .state = state };
}
#define STATE(topic, text) \
    item_of((topic), (quipu_bytes){ (text), sizeof(text) - 1 })

static void text_that_does_not_fit_is_corrupt(void **state)
{
    struct harness harness;
    quipu_item item = STATE("Labelled", "\x81\xA5label\xA7Grace H");
    const struct labelled *read;
    (void)state;

    open(&harness, badges, 2);
    read = harness_decode(&harness, &item);
    assert_string_equal(read->label, "Grace H");
    item = STATE("Labelled", "\x81\xA5label\xA8Grace Ho");
    harness_reject(&harness, &item, QUIPU_CORRUPT,
                   "field label is a text of 8 bytes, and its member has room "
                   "for 7");
    item = STATE("Labelled", "\x81\xA5label\xA2\xC3(");
    harness_reject(&harness, &item, QUIPU_CORRUPT, "field label is not UTF-8");
    item = STATE("Labelled", "\x81\xA5label\x01");
    harness_reject(&harness, &item, QUIPU_CORRUPT, "instead of text");
    item = STATE("Labelled", "\x80");
    read = harness_decode(&harness, &item);
    assert_string_equal(read->label, "none");
    harness_close(&harness);
}

static void text_without_a_nul_is_refused(void **state)
{
    struct harness harness;
    struct badge full = full_badge();
    quipu_event *copy = NULL;
    quipu_error error;
    (void)state;

    memset(full.owner, 'x', sizeof(full.owner));
    open(&harness, badges, 2);
    harness_refuse(&harness, &full.base, "field owner has no NUL");
    assert_refused(quipu_event_copy(&full.base, &copy, &error), QUIPU_INVALID,
                   &error, "field owner has no NUL");
    harness_close(&harness);
}

static void ignored_member_is_neither_copied_nor_read(void **state)
{
    struct harness harness;
    struct badge full = full_badge();
    quipu_item item = STATE("Badge", "\x85\xA5owner\xA0\xA5"
                                     "cache\xC0\xA4tags\x90\xA5"
                                     "doors\x90\xA7stripes\x90");
    const struct badge *read;
    quipu_event *copy = NULL;
    quipu_error error;
    (void)state;

    assert_ok(quipu_event_copy(&full.base, &copy, &error), &error);
    assert_null(((struct badge *)copy)->cache);
    assert_string_equal(((struct badge *)copy)->tags[1], "ab");
    quipu_event_destroy(copy);
    open(&harness, badges, 2);
    read = harness_decode(&harness, &item);
    assert_null(read->cache);
    assert_int_equal(read->color, BLUE);
    harness_close(&harness);
}

static void fixed_text_can_be_the_sequence_id(void **state)
{
    quipu_schema schema = harness_schema();
    quipu_mapping mapping = harness_mapping(&badges[1]);
    struct harness harness;
    struct labelled event = { .base = { .type = &labelled }, .label = "desk" };
    const struct labelled *read;
    quipu_item item;
    (void)state;

    schema.flags = QUIPU_SCHEMA_TEXT_IDS;
    mapping.sequence_id = "label";
    harness_open(&harness, &schema, &mapping);
    item = *harness_encode(&harness, &event.base);
    assert_bytes(item.sequence_id.data, item.sequence_id.size, "desk", 4);
    read = harness_decode(&harness, &item);
    assert_string_equal(read->label, "desk");
    item.sequence_id = quipu_bytes_of_text("longer than it");
    harness_reject(&harness, &item, QUIPU_CORRUPT, "its sequence id is longer");
    harness_close(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_back_as_they_were),
        cmocka_unit_test(stored_bytes_are_those_of_pointers_and_numbers),
        cmocka_unit_test(text_that_does_not_fit_is_corrupt),
        cmocka_unit_test(text_without_a_nul_is_refused),
        cmocka_unit_test(ignored_member_is_neither_copied_nor_read),
        cmocka_unit_test(fixed_text_can_be_the_sequence_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
