/* SPDX-License-Identifier: Apache-2.0 */
/* Tests which attributes can be the sequence id and the position. */
#include "harness.h"

struct reading {
    quipu_event base;
    const char *sensor;
    quipu_id station;
    quipu_uuid device;
    quipu_time at;
    uint8_t small;
    uint64_t large;
    int32_t number;
    const char *note;
    int32_t *list;
    size_t list_count;
    int64_t maybe;
    bool has_maybe;
};

static const quipu_field reading_fields[] = {
    QUIPU_FIELD(struct reading, sensor),
    QUIPU_FIELD(struct reading, station),
    QUIPU_FIELD(struct reading, device),
    QUIPU_FIELD(struct reading, at),
    QUIPU_FIELD(struct reading, small),
    QUIPU_FIELD(struct reading, large),
    QUIPU_FIELD(struct reading, number),
    QUIPU_FIELD_NULLABLE(struct reading, note),
    QUIPU_FIELD_ARRAY(struct reading, list, list_count),
    QUIPU_FIELD_OPTIONAL(struct reading, maybe, has_maybe),
    { 0 },
};
static const quipu_event_type reading_type = { .topic = "Reading",
                                               .size = sizeof(struct reading),
                                               .fields = reading_fields };
static const quipu_event_type *const types[] = { &reading_type };

static struct reading make(void)
{
    struct reading reading = { .sensor = "roof",
                               .station = { 16, "fedcba9876543210" },
                               .at = { INT64_C(-1234567890) },
                               .small = 200,
                               .large = 3,
                               .number = -5 };

    quipu_event_init(&reading.base, &reading_type,
                     &(quipu_id){ 16, "0123456789abcdef" }, 9);
    memset(&reading.device, 0xDD, sizeof(reading.device));
    return reading;
}

static void open_mapping(struct harness *harness, uint32_t flags,
                         const char *sequence_id, const char *position)
{
    quipu_schema schema = harness_schema();
    quipu_mapping mapping = harness_mapping(types);

    schema.flags = flags;
    mapping.sequence_id = sequence_id;
    mapping.position = position;
    harness_open(harness, &schema, &mapping);
}

static void assert_mapping_refused(uint32_t flags, const char *sequence_id,
                                   const char *position, const char *why)
{
    quipu_schema schema = harness_schema();
    quipu_mapping mapping = harness_mapping(types);
    quipu_mapper *mapper = NULL;
    quipu_error error;

    schema.flags = flags;
    mapping.sequence_id = sequence_id;
    mapping.position = position;
    assert_refused(quipu_mapper_open(&schema, &mapping, &mapper, &error),
                   QUIPU_INVALID, &error, why);
    assert_null(mapper);
}

static void assert_same(const struct reading *a, const struct reading *b)
{
    assert_true(quipu_id_equal(&a->base.originator_id, &b->base.originator_id));
    assert_true(a->base.originator_version == b->base.originator_version);
    assert_memory_equal(&a->base.event_id, &b->base.event_id, 16);
    assert_true(a->base.time.microseconds == b->base.time.microseconds);
    assert_string_equal(a->sensor, b->sensor);
    assert_true(quipu_id_equal(&a->station, &b->station));
    assert_memory_equal(&a->device, &b->device, 16);
    assert_true(a->at.microseconds == b->at.microseconds);
    assert_int_equal(a->small, b->small);
    assert_true(a->large == b->large);
    assert_int_equal(a->number, b->number);
}

/* Returns true if the state has the name as the key of a member. */
static bool state_has(const quipu_item *item, const char *name)
{
    return memmem(item->state.data, item->state.size, name, strlen(name));
}

static void time_can_be_the_position(void **state)
{
    const struct reading reading = make();
    struct harness harness;
    quipu_item *item;

    (void)state;
    open_mapping(&harness, QUIPU_SCHEMA_TEXT_IDS | QUIPU_SCHEMA_SPARSE,
                 "sensor", "at");
    item = harness_encode(&harness, &reading.base);
    assert_bytes(item->sequence_id.data, item->sequence_id.size, "roof", 4);
    assert_true(item->position == reading.at.microseconds);
    assert_false(state_has(item, "sensor"));
    assert_false(state_has(item, "\xA2"
                                 "at"));
    assert_true(state_has(item, "device"));
    assert_same(harness_decode(&harness, item), &reading);
    item->position = QUIPU_TIME_MAX + 1;
    harness_reject(&harness, item, QUIPU_CORRUPT,
                   "event Reading of sequence roof at position "
                   "253402300800000000: its position is out of range");
    harness_close(&harness);
}

static void each_pair_of_attributes_comes_back(void **state)
{
    static const struct {
        uint32_t flags;
        const char *sequence_id;
        const char *position;
    } pairs[] = {
        { 0, NULL, NULL },
        { 0, "originator_id", "originator_version" },
        { 0, "station", "small" },
        { 0, "device", "large" },
        { 0, "event_id", "originator_version" },
        { QUIPU_SCHEMA_SPARSE, "originator_id", "number" },
        { QUIPU_SCHEMA_SPARSE, "originator_id", "time" },
        { QUIPU_SCHEMA_TEXT_IDS, "topic", "time" },
        { QUIPU_SCHEMA_TEXT_IDS, "station", NULL },
        { QUIPU_SCHEMA_TEXT_IDS, NULL, NULL },
    };
    const struct reading reading = make();
    struct harness harness;

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        open_mapping(&harness, pairs[i].flags, pairs[i].sequence_id,
                     pairs[i].position);
        assert_same(
            harness_decode(&harness, harness_encode(&harness, &reading.base)),
            &reading);
        harness_close(&harness);
    }
}

static void positions_out_of_range_are_refused(void **state)
{
    struct reading reading = make();
    struct harness harness;

    (void)state;
    open_mapping(&harness, 0, NULL, "large");
    reading.large = UINT64_MAX;
    harness_refuse(&harness, &reading.base,
                   "event Reading: its large is out of range of positions");
    reading.large = INT64_MAX;
    harness_encode(&harness, &reading.base);
    harness_close(&harness);

    open_mapping(&harness, 0, NULL, "number"); /* contiguous: 0, 1, 2 ... */
    harness_refuse(&harness, &reading.base, "its number is out of range");
    harness_close(&harness);

    open_mapping(&harness, QUIPU_SCHEMA_SPARSE, NULL, "at");
    reading.at.microseconds = INT64_MIN;
    harness_refuse(&harness, &reading.base, "its at is out of range");
    harness_close(&harness);
}

static void stored_positions_must_fit_their_member(void **state)
{
    const struct reading reading = make();
    struct harness harness;
    quipu_item *item;

    (void)state;
    open_mapping(&harness, QUIPU_SCHEMA_SPARSE, NULL, "small");
    item = harness_encode(&harness, &reading.base);
    item->position = 256;
    harness_reject(&harness, item, QUIPU_CORRUPT, "position is out of range");
    item->position = -1;
    harness_reject(&harness, item, QUIPU_CORRUPT, "position is out of range");
    harness_close(&harness);

    open_mapping(&harness, QUIPU_SCHEMA_SPARSE, NULL, "number");
    item = harness_encode(&harness, &reading.base);
    item->position = INT64_C(1) << 31;
    harness_reject(&harness, item, QUIPU_CORRUPT, "position is out of range");
    harness_close(&harness);
}

static void sequence_ids_out_of_range_are_refused(void **state)
{
    struct reading reading = make();
    char longer[257];
    struct harness harness;

    (void)state;
    memset(longer, 'x', sizeof(longer));
    longer[256] = '\0';
    open_mapping(&harness, 0, NULL, NULL);
    reading.base.originator_id.size = 15;
    harness_refuse(
        &harness, &reading.base,
        "event Reading: its originator_id is not a sequence id, which "
        "is the 16 bytes of a uuid");
    harness_close(&harness);

    open_mapping(&harness, QUIPU_SCHEMA_TEXT_IDS, "sensor", NULL);
    reading.sensor = NULL;
    harness_refuse(&harness, &reading.base, "its sensor is not a sequence id");
    reading.sensor = "";
    harness_refuse(&harness, &reading.base, "1 to 255 bytes of UTF-8");
    reading.sensor = "\x80";
    harness_refuse(&harness, &reading.base, "its sensor is not a sequence id");
    reading.sensor = longer;
    harness_refuse(&harness, &reading.base, "its sensor is not a sequence id");
    longer[255] = '\0';
    harness_encode(&harness, &reading.base);
    harness_close(&harness);

    open_mapping(&harness, QUIPU_SCHEMA_TEXT_IDS, "station", NULL);
    reading.station = (quipu_id){ 3, "a\0b" };
    harness_refuse(&harness, &reading.base, "its station is not a sequence id");
    harness_close(&harness);
}

static void stored_sequence_ids_must_be_of_the_schema(void **state)
{
    const struct reading reading = make();
    struct harness harness;
    quipu_item *item;

    (void)state;
    open_mapping(&harness, 0, NULL, NULL);
    item = harness_encode(&harness, &reading.base);
    item->sequence_id = (quipu_bytes){ "roof", 4 };
    harness_reject(&harness, item, QUIPU_CORRUPT,
                   "of sequence 0x726f6f66 at position 9: its sequence id is "
                   "of another kind");
    item->sequence_id.data = NULL;
    item->sequence_id.size = 0;
    harness_reject(&harness, item, QUIPU_CORRUPT, "of another kind");
    harness_close(&harness);

    open_mapping(&harness, QUIPU_SCHEMA_TEXT_IDS, NULL, NULL);
    item = harness_encode(&harness, &reading.base);
    item->sequence_id = (quipu_bytes){ "\xFF"
                                       "123456789012345678901234567890123",
                                       34 };
    harness_reject(&harness, item, QUIPU_CORRUPT, "3031...");
    item->sequence_id.size = 0;
    harness_reject(&harness, item, QUIPU_CORRUPT, "of another kind");
    harness_close(&harness);
}

static void unsuitable_attributes_are_refused(void **state)
{
    const uint32_t text = QUIPU_SCHEMA_TEXT_IDS;

    (void)state;
    assert_mapping_refused(0, "sender", NULL,
                           "event type Reading has no attribute sender");
    assert_mapping_refused(0, "sensor", NULL, "a uuid or an id");
    assert_mapping_refused(text, "device", NULL, "a text or an id");
    assert_mapping_refused(0, "number", NULL, "cannot be the sequence id");
    assert_mapping_refused(text, "note", NULL, "cannot be the sequence id");
    assert_mapping_refused(0, NULL, "age",
                           "event type Reading has no attribute age");
    assert_mapping_refused(0, NULL, "sensor", "cannot be the position");
    assert_mapping_refused(0, NULL, "maybe", "cannot be the position");
    assert_mapping_refused(0, NULL, "list", "cannot be the position");
    assert_mapping_refused(0, NULL, "metadata", "cannot be the position");
}

struct shadow {
    quipu_event base;
    quipu_time time; /* hides that of the base */
    const char *topic;
};

static void field_hides_attribute_of_the_base(void **state)
{
    static const quipu_field fields[] = {
        QUIPU_FIELD(struct shadow, time),
        QUIPU_FIELD(struct shadow, topic),
        { 0 },
    };
    static const quipu_event_type type = { .topic = "Shadow",
                                           .size = sizeof(struct shadow),
                                           .fields = fields };
    const quipu_event_type *const list[] = { &type };
    quipu_schema schema = harness_schema();
    quipu_mapping mapping = harness_mapping(list);
    struct shadow event = { .time = { 77 }, .topic = "own" };
    const struct shadow *decoded;
    struct harness harness;
    quipu_item *item;

    (void)state;
    schema.flags = QUIPU_SCHEMA_SPARSE | QUIPU_SCHEMA_TEXT_IDS;
    mapping.sequence_id = "topic";
    mapping.position = "time";
    quipu_event_init(&event.base, &type, NULL, 0);
    event.base.time.microseconds = 88;
    harness_open(&harness, &schema, &mapping);
    item = harness_encode(&harness, &event.base);
    assert_int_equal(item->position, 77);
    assert_bytes(item->sequence_id.data, item->sequence_id.size, "own", 3);
    decoded = harness_decode(&harness, item);
    assert_int_equal(decoded->time.microseconds, 77);
    assert_int_equal(decoded->base.time.microseconds, 88);
    assert_string_equal(decoded->topic, "own");
    harness_close(&harness);
}

/* States that were written with another mapping contain the attribute. */
static void item_takes_precedence_over_state(void **state)
{
    const struct reading reading = make();
    struct harness harness;
    quipu_item item;
    const struct reading *decoded;
    struct harness other;

    (void)state;
    open_mapping(&harness, 0, NULL, NULL);
    open_mapping(&other, 0, "device", "small");
    item = *harness_encode(&harness, &reading.base);
    item.sequence_id = (quipu_bytes){ "ABCDEFGHIJKLMNOP", 16 };
    item.position = 5;
    decoded = harness_decode(&other, &item);
    assert_memory_equal(&decoded->device, "ABCDEFGHIJKLMNOP", 16);
    assert_int_equal(decoded->small, 5);
    harness_close(&harness);
    harness_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_can_be_the_position),
        cmocka_unit_test(each_pair_of_attributes_comes_back),
        cmocka_unit_test(positions_out_of_range_are_refused),
        cmocka_unit_test(stored_positions_must_fit_their_member),
        cmocka_unit_test(sequence_ids_out_of_range_are_refused),
        cmocka_unit_test(stored_sequence_ids_must_be_of_the_schema),
        cmocka_unit_test(unsuitable_attributes_are_refused),
        cmocka_unit_test(field_hides_attribute_of_the_base),
        cmocka_unit_test(item_takes_precedence_over_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
