/* SPDX-License-Identifier: Apache-2.0 */
/* Tests decoding states that other versions or other programs have written. */
#include <math.h>

#include "harness.h"

/* A struct with one member of each kind, all optional, so that a state can have
 * any one of them. */
struct loose {
    quipu_event base;
    bool flag;
    int8_t i8;
    int64_t i64;
    uint8_t u8;
    uint64_t u64;
    float single;
    double real;
    const char *text;
    quipu_bytes bytes;
    quipu_uuid uuid;
    quipu_time time;
    quipu_id id;
    struct point point;
    bool has[11];
};

struct list {
    quipu_event base;
    int16_t *list;
    size_t list_count;
    const char **names;
    size_t name_count;
};

static const quipu_field point_fields[] = {
    QUIPU_FIELD(struct point, x),
    QUIPU_FIELD_DEFAULT(struct point, y, 2.5F),
    { 0 },
};
static const quipu_field loose_fields[] = {
    QUIPU_FIELD_OPTIONAL(struct loose, flag, has[0]),
    QUIPU_FIELD_OPTIONAL(struct loose, i8, has[1]),
    QUIPU_FIELD_OPTIONAL(struct loose, i64, has[2]),
    QUIPU_FIELD_OPTIONAL(struct loose, u8, has[3]),
    QUIPU_FIELD_OPTIONAL(struct loose, u64, has[4]),
    QUIPU_FIELD_OPTIONAL(struct loose, single, has[5]),
    QUIPU_FIELD_OPTIONAL(struct loose, real, has[6]),
    QUIPU_FIELD_NULLABLE(struct loose, text),
    QUIPU_FIELD_NULLABLE(struct loose, bytes),
    QUIPU_FIELD_OPTIONAL(struct loose, uuid, has[7]),
    QUIPU_FIELD_OPTIONAL(struct loose, time, has[8]),
    QUIPU_FIELD_OPTIONAL(struct loose, id, has[9]),
    QUIPU_FIELD_STRUCT_OPTIONAL(struct loose, point, has[10], point_fields),
    { 0 },
};
static const quipu_event_type loose_type = { .topic = "Loose",
                                             .size = sizeof(struct loose),
                                             .fields = loose_fields };
static const quipu_field list_fields[] = {
    QUIPU_FIELD_ARRAY(struct list, list, list_count),
    QUIPU_FIELD_ARRAY(struct list, names, name_count),
    { 0 },
};
static const quipu_event_type list_type = { .topic = "List",
                                            .size = sizeof(struct list),
                                            .fields = list_fields };
static const quipu_event_type empty_type = { .topic = "Empty",
                                             .size = sizeof(quipu_event) };
static const quipu_event_type *const types[] = { &loose_type, &list_type,
                                                 &empty_type };

/* In memory of the exact size, so that sanitizers detect reading too far. */
static char *exact;

static int set_up(void **state)
{
    static struct harness harness;
    const quipu_schema schema = harness_schema();
    quipu_mapping mapping = harness_mapping(types);

    mapping.type_count = sizeof(types) / sizeof(types[0]);
    harness_open(&harness, &schema, &mapping);
    *state = &harness;
    return 0;
}

static int tear_down(void **state)
{
    quipu_release(exact);
    exact = NULL;
    harness_close(*state);
    return 0;
}

static quipu_item make_item(const char *topic, const void *bytes, size_t size)
{
    const quipu_item item = {
        .sequence_id = { "0123456789abcdef", 16 },
        .position = 4,
        .topic = quipu_bytes_of_text(topic),
        .state = { exact = quipu_reallocate(exact, size ? size : 1), size }
    };

    assert_non_null(exact);
    memcpy(exact, bytes, size);
    return item;
}

#define LOOSE(literal) make_item("Loose", (literal), sizeof(literal) - 1)
#define LIST(literal) make_item("List", (literal), sizeof(literal) - 1)

#define ASSERT_CORRUPT(made, why)                             \
    do {                                                      \
        quipu_item item_ = (made);                            \
        harness_reject(*state, &item_, QUIPU_CORRUPT, (why)); \
    } while (0)

#define DECODE(made) decode(*state, (made))

static const struct loose *decode(struct harness *harness, quipu_item item)
{
    return harness_decode(harness, &item);
}

static void empty_map_sets_no_member(void **state)
{
    const struct loose *loose = DECODE(LOOSE("\x80"));

    assert_false(loose->has[0]);
    assert_null(loose->text);
    assert_null(loose->bytes.data);
    assert_false(loose->has[10]);
    assert_int_equal(loose->base.originator_version, 4);
}

static void nil_is_a_missing_value(void **state)
{
    const struct loose *loose = DECODE(
        LOOSE("\x83\xA2i8\xC0\xA4text\xC0\xA5point\x82\xA1x\1\xA1y\xC0"));

    assert_false(loose->has[1]);
    assert_null(loose->text);
    assert_true(loose->has[10]);
    assert_true(loose->point.y == 2.5F);
    ASSERT_CORRUPT(LOOSE("\x81\xA5point\x81\xA1x\xC0"),
                   "field point.x is missing");
}

static void unknown_keys_are_skipped(void **state)
{
    const struct loose *loose =
        DECODE(LOOSE("\x86\xA1"
                     "a\x93\1\x81\2\3\xC4\1x\xA2i8\5\xA1"
                     "b\xC7\4\1wxyz\xA1"
                     "c\xDF\0\0\0\1\xC0\xC3\xA1"
                     "d\xCB\0\0\0\0\0\0\0\0\xA1"
                     "e\xD9\1z"));

    assert_true(loose->has[1]);
    assert_int_equal(loose->i8, 5);
}

static void order_of_keys_does_not_matter(void **state)
{
    const struct loose *loose = DECODE(LOOSE("\x83\xA2u8\7\xA4"
                                             "flag\xC3\xA2i8\xFF"));

    assert_true(loose->flag);
    assert_int_equal(loose->i8, -1);
    assert_int_equal(loose->u8, 7);
}

static void event_without_fields_accepts_any_map(void **state)
{
    quipu_item item = make_item("Empty", "\x81\xA1x\1", 4);
    const quipu_event *event = harness_decode(*state, &item);

    assert_ptr_equal(event->type, &empty_type);
}

static void integers_are_accepted_in_any_encoding(void **state)
{
    assert_int_equal(DECODE(LOOSE("\x81\xA2i8\x7F"))->i8, 127);
    assert_int_equal(DECODE(LOOSE("\x81\xA2i8\xE0"))->i8, -32);
    assert_int_equal(DECODE(LOOSE("\x81\xA2i8\xCC\x7F"))->i8, 127);
    assert_int_equal(DECODE(LOOSE("\x81\xA2i8\xCD\0\5"))->i8, 5);
    assert_int_equal(DECODE(LOOSE("\x81\xA2i8\xCE\0\0\0\5"))->i8, 5);
    assert_int_equal(DECODE(LOOSE("\x81\xA2i8\xCF\0\0\0\0\0\0\0\5"))->i8, 5);
    assert_int_equal(DECODE(LOOSE("\x81\xA2i8\xD0\x80"))->i8, -128);
    assert_int_equal(DECODE(LOOSE("\x81\xA2i8\xD1\xFF\x80"))->i8, -128);
    assert_int_equal(DECODE(LOOSE("\x81\xA2i8\xD2\xFF\xFF\xFF\x80"))->i8, -128);
    assert_int_equal(
        DECODE(LOOSE("\x81\xA2i8\xD3\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x80"))->i8,
        -128);
    assert_int_equal(DECODE(LOOSE("\x81\xA2u8\xD1\0\xFF"))->u8, 255);
}

static void integers_out_of_range_are_corrupt(void **state)
{
    ASSERT_CORRUPT(LOOSE("\x81\xA2i8\xCC\x80"),
                   "event Loose of sequence "
                   "30313233-3435-3637-3839-616263646566 at position 4: field "
                   "i8 is out of range of its member");
    ASSERT_CORRUPT(LOOSE("\x81\xA2i8\xD1\xFF\x7F"), "field i8 is out of");
    ASSERT_CORRUPT(LOOSE("\x81\xA3i64\xCF\x80\0\0\0\0\0\0\0"), "i64 is out");
    ASSERT_CORRUPT(LOOSE("\x81\xA2u8\xCD\1\0"), "field u8 is out of range");
    ASSERT_CORRUPT(LOOSE("\x81\xA2u8\xFF"), "field u8 is out of range");
    ASSERT_CORRUPT(LOOSE("\x81\xA3u64\xD0\xFF"), "field u64 is out of range");
}

static void reals_widen_and_narrow_without_loss(void **state)
{
    assert_true(DECODE(LOOSE("\x81\xA4real\xCA\x3F\x80\0\0"))->real == 1.0);
    assert_true(DECODE(LOOSE("\x81\xA4real\5"))->real == 5.0);
    assert_true(DECODE(LOOSE("\x81\xA4real\xFB"))->real == -5.0);
    assert_true(DECODE(LOOSE("\x81\xA4real\xCF\0\x20\0\0\0\0\0\0"))->real ==
                9007199254740992.0);
    assert_true(
        DECODE(LOOSE("\x81\xA6single\xCB\x3F\xF0\0\0\0\0\0\0"))->single ==
        1.0F);
    assert_true(DECODE(LOOSE("\x81\xA6single\xCE\1\0\0\0"))->single ==
                16777216.0F);
    assert_true(
        isinf(DECODE(LOOSE("\x81\xA6single\xCB\x7F\xF0\0\0\0\0\0\0"))->single));
    assert_true(
        isnan(DECODE(LOOSE("\x81\xA6single\xCB\x7F\xF8\0\0\0\0\0\0"))->single));
    assert_true(isnan(DECODE(LOOSE("\x81\xA4real\xCA\x7F\xC0\0\0"))->real));
}

static void reals_that_would_lose_digits_are_corrupt(void **state)
{
    ASSERT_CORRUPT(LOOSE("\x81\xA6single\xCB\x3F\xB9\x99\x99\x99\x99\x99\x9A"),
                   "field single has more digits"); /* 0.1 */
    ASSERT_CORRUPT(LOOSE("\x81\xA6single\xCB\x7F\xE0\0\0\0\0\0\0"),
                   "field single has more digits"); /* 2^1023 */
    ASSERT_CORRUPT(LOOSE("\x81\xA6single\xCB\xFF\xE0\0\0\0\0\0\0"),
                   "field single has more digits");
    ASSERT_CORRUPT(LOOSE("\x81\xA6single\xCE\1\0\0\1"),
                   "field single is an integer too large");
    ASSERT_CORRUPT(LOOSE("\x81\xA4real\xCF\0\x20\0\0\0\0\0\1"),
                   "field real is an integer too large");
    ASSERT_CORRUPT(LOOSE("\x81\xA4real\xD3\x80\0\0\0\0\0\0\0"),
                   "field real is an integer too large");
}

static void other_types_are_corrupt(void **state)
{
    ASSERT_CORRUPT(LOOSE("\x81\xA4"
                         "flag\1"),
                   "field flag is an integer instead of a bool");
    ASSERT_CORRUPT(LOOSE("\x81\xA2i8\xA1"
                         "5"),
                   "field i8 is text instead of an integer");
    ASSERT_CORRUPT(LOOSE("\x81\xA2u8\xC2"),
                   "field u8 is a bool instead of an integer");
    ASSERT_CORRUPT(LOOSE("\x81\xA2u8\xCA\0\0\0\0"),
                   "field u8 is a 32-bit float instead of an integer");
    ASSERT_CORRUPT(LOOSE("\x81\xA4real\xA1"
                         "5"),
                   "field real is text instead of a real");
    ASSERT_CORRUPT(LOOSE("\x81\xA4text\xC4\1x"),
                   "field text is bytes instead of text");
    ASSERT_CORRUPT(LOOSE("\x81\xA5"
                         "bytes\xA1x"),
                   "field bytes is text instead of bytes");
    ASSERT_CORRUPT(LOOSE("\x81\xA4uuid\xCB\0\0\0\0\0\0\0\0"),
                   "field uuid is a 64-bit float instead of a uuid's bytes");
    ASSERT_CORRUPT(LOOSE("\x81\xA4time\xFF"),
                   "field time is a negative integer instead of a timestamp");
    ASSERT_CORRUPT(LOOSE("\x81\xA4time\xD6\1\0\0\0\0"),
                   "field time is an extension instead of a timestamp");
    ASSERT_CORRUPT(LOOSE("\x81\xA2id\xA1x"),
                   "field id is text instead of an id's bytes");
    ASSERT_CORRUPT(LOOSE("\x81\xA5point\x90"),
                   "field point is an array instead of a map");
    ASSERT_CORRUPT(LIST("\x82\xA4list\x80\xA5names\x90"),
                   "field list is a map instead of an array");
    ASSERT_CORRUPT(LIST("\x82\xA4list\x92\1\xC0\xA5names\x90"),
                   "field list[1] is nil instead of an integer");
}

static void invalid_values_are_corrupt(void **state)
{
    ASSERT_CORRUPT(LOOSE("\x81\xA4text\xA2\xC3("), "text is not UTF-8, or");
    ASSERT_CORRUPT(LOOSE("\x81\xA4text\xA3"
                         "a\0b"),
                   "or contains a NUL");
    ASSERT_CORRUPT(LOOSE("\x81\xA4uuid\xC4\1x"), "not a uuid of 16 bytes");
    ASSERT_CORRUPT(LOOSE("\x81\xA4time\xD5\xFF\0\0"), "is not a timestamp");
    ASSERT_CORRUPT(LOOSE("\x81\xA4time\xD7\xFF\0\0\0\4\0\0\0\0"),
                   "is not a timestamp"); /* a nanosecond */
    ASSERT_CORRUPT(LIST("\x82\xA4list\x90\xA5names\x92\xA1x\xA1\xFF"),
                   "field names[1] is not UTF-8");
}

static void id_of_255_bytes_is_the_longest(void **state)
{
    char bytes[300] = "\x81\xA2id\xC5\0\xFF";
    quipu_item item = make_item("Loose", bytes, 7 + 255);

    assert_int_equal(decode(*state, item)->id.size, 255);
    bytes[5] = 1;
    bytes[6] = 0;
    ASSERT_CORRUPT(make_item("Loose", bytes, 7 + 256),
                   "field id is an id of more than 255 bytes");
}

static void missing_fields_are_corrupt(void **state)
{
    ASSERT_CORRUPT(LIST("\x81\xA4list\x90"),
                   "field names is missing, and has no default");
    ASSERT_CORRUPT(LOOSE("\x81\xA5point\x80"), "field point.x is missing");
}

static void duplicate_keys_are_corrupt(void **state)
{
    ASSERT_CORRUPT(LOOSE("\x82\xA2i8\1\xA2i8\1"), "field i8 occurs twice");
    ASSERT_CORRUPT(LOOSE("\x82\xA2i8\xC0\xA2i8\1"), "field i8 occurs twice");
    ASSERT_CORRUPT(LOOSE("\x81\xA5point\x83\xA1x\1\xA1y\1\xA1x\1"),
                   "field point.x occurs twice");
}

static void states_other_than_a_map_are_corrupt(void **state)
{
    ASSERT_CORRUPT(LOOSE(""), "its state is truncated");
    ASSERT_CORRUPT(LOOSE("\x90"), "its state is an array instead of a map");
    ASSERT_CORRUPT(LOOSE("\x81\1\1"), "its state has a key that is not text");
    ASSERT_CORRUPT(LOOSE("\x80\x80"), "its state has bytes after its map");
    ASSERT_CORRUPT(LOOSE("\x81\xA2i8\xC1"),
                   "field i8 contains a byte that is not MessagePack");
    ASSERT_CORRUPT(LOOSE("\x81\xA1?\x91\xC1"),
                   "its state contains a byte that is not MessagePack");
    ASSERT_CORRUPT(LOOSE("\x81\xA1?"), "its state is truncated");
    ASSERT_CORRUPT(LOOSE("\x81\xA5point\x82\xA1?\x91\1"),
                   "field point is truncated");
}

static void truncated_values_are_corrupt(void **state)
{
    ASSERT_CORRUPT(LOOSE("\xDF\xFF\xFF\xFF\xFF"), "its state is truncated");
    ASSERT_CORRUPT(LIST("\x82\xA4list\xDD\xFF\xFF\xFF\xFF\1\1"),
                   "field list is truncated");
    ASSERT_CORRUPT(LOOSE("\x81\xA4text\xDB\xFF\xFF\xFF\xFFxx"),
                   "field text is truncated");
    ASSERT_CORRUPT(LOOSE("\x81\xA5"
                         "bytes\xC6\xFF\xFF\xFF\xFFxx"),
                   "field bytes is truncated");
    ASSERT_CORRUPT(LOOSE("\x81\xA4time\xC9\xFF\xFF\xFF\xFF\xFFxx"),
                   "field time is truncated");
    ASSERT_CORRUPT(LOOSE("\x81\xA1?\xDD\xFF\xFF\xFF\xFF\1\1"),
                   "its state is truncated");
}

static void deeply_nested_unknown_values_are_skipped(void **state)
{
    static char bytes[1000] = "\x81\xA1?";

    memset(bytes + 3, 0x91, sizeof(bytes) - 4);
    bytes[sizeof(bytes) - 1] = 1;
    assert_false(
        decode(*state, make_item("Loose", bytes, sizeof(bytes)))->has[0]);
    ASSERT_CORRUPT(make_item("Loose", bytes, sizeof(bytes) - 1),
                   "is truncated");
    memset(bytes + 3, 0x81, sizeof(bytes) - 3);
    ASSERT_CORRUPT(make_item("Loose", bytes, sizeof(bytes)), "is truncated");
}

/* A name ends at its first NUL; a key does not. */
static void key_with_a_nul_names_no_field(void **state)
{
    struct named {
        quipu_event base;
        int64_t n;
    };
    quipu_field fields[] = { QUIPU_FIELD(struct named, n), { 0 } };
    const quipu_event_type type = { .topic = "Loose",
                                    .size = sizeof(struct named),
                                    .fields = fields };
    const quipu_event_type *const list[] = { &type };
    const quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(list);
    const quipu_item item = LOOSE("\x82\xA3n\0x\x05\xA1n\x07");
    struct harness harness;

    (void)state;
    fields[0].name = "n\0x";
    harness_open(&harness, &schema, &mapping);
    assert_int_equal(((const struct named *)harness_decode(&harness, &item))->n,
                     7);
    harness_close(&harness);
}

int main(void)
{
#define WITH_MAPPER(test) \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_MAPPER(empty_map_sets_no_member),
        WITH_MAPPER(nil_is_a_missing_value),
        WITH_MAPPER(unknown_keys_are_skipped),
        WITH_MAPPER(order_of_keys_does_not_matter),
        WITH_MAPPER(event_without_fields_accepts_any_map),
        WITH_MAPPER(integers_are_accepted_in_any_encoding),
        WITH_MAPPER(integers_out_of_range_are_corrupt),
        WITH_MAPPER(reals_widen_and_narrow_without_loss),
        WITH_MAPPER(reals_that_would_lose_digits_are_corrupt),
        WITH_MAPPER(other_types_are_corrupt),
        WITH_MAPPER(invalid_values_are_corrupt),
        WITH_MAPPER(id_of_255_bytes_is_the_longest),
        WITH_MAPPER(missing_fields_are_corrupt),
        WITH_MAPPER(duplicate_keys_are_corrupt),
        WITH_MAPPER(states_other_than_a_map_are_corrupt),
        WITH_MAPPER(truncated_values_are_corrupt),
        WITH_MAPPER(deeply_nested_unknown_values_are_skipped),
        WITH_MAPPER(key_with_a_nul_names_no_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
