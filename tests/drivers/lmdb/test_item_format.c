/* SPDX-License-Identifier: Apache-2.0 */
/* Encoding and decoding of items, and their checksum. */
#include "fixture.h"

#include "format/checksum.h"
#include "format/item_format.h"

static const quipu_column columns[] = {
    { .name = "flag", .kind = QUIPU_VALUE_BOOL },
    { .name = "real", .kind = QUIPU_VALUE_DOUBLE },
    { .name = "text", .kind = QUIPU_VALUE_TEXT },
    { .name = "uuid", .kind = QUIPU_VALUE_UUID },
    { .name = "none", .kind = QUIPU_VALUE_INT },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define ID 42

static quipu_schema rich_schema(void)
{
    quipu_schema schema = fixture_schema("t", 0);
    schema.metadata = "metadata";
    schema.time = "time";
    schema.columns = columns;
    schema.column_count = COLUMNS;
    return schema;
}

static quipu_item rich_item(quipu_value values[COLUMNS])
{
    values[0] = (quipu_value){ .kind = QUIPU_VALUE_BOOL, .as.integer = 1 };
    values[1] = (quipu_value){ .kind = QUIPU_VALUE_DOUBLE, .as.real = 0.25 };
    values[2] =
        (quipu_value){ .kind = QUIPU_VALUE_TEXT, .as.bytes = { "text", 4 } };
    values[3] = (quipu_value){ .kind = QUIPU_VALUE_UUID,
                               .as.bytes = { "fedcba9876543210", 16 } };
    values[4] = (quipu_value){ .kind = QUIPU_VALUE_NULL };
    return (quipu_item){ .sequence_id = { "0123456789abcdef", 16 },
                         .topic = { "topic", 5 },
                         .state = { "s\0te", 4 },
                         .event_id = { "0123456789ABCDEF", 16 },
                         .metadata = { "", 0 },
                         .time = { -5 },
                         .columns = values,
                         .column_count = COLUMNS,
                         .flags = QUIPU_ITEM_TIME };
}

static size_t write_item(unsigned char to[512])
{
    quipu_value values[COLUMNS];
    const quipu_item item = rich_item(values);
    const struct item_writing writing = { &item, COLUMNS, ID, -7 };
    size_t size = quipu_lmdb_item_format_size(&writing);
    assert_true(size < 512);
    quipu_lmdb_item_format_write(to, size, &writing);
    return size;
}

static bool read_item(const void *bytes, size_t size, int64_t id,
                      quipu_item *item, quipu_value values[COLUMNS])
{
    const quipu_driver_schema bound = { .schema = rich_schema(),
                                        .first_columns = COLUMNS };
    const MDB_val value = { size, (void *)bytes };
    return quipu_lmdb_item_format_read(&bound, &value, id, item, values);
}

static void item_is_read_as_written(void **state)
{
    (void)state;
    unsigned char bytes[512];
    quipu_value values[COLUMNS];
    quipu_item item;
    size_t size = write_item(bytes);
    assert_true(read_item(bytes, size, ID, &item, values));
    assert_int_equal(item.notification_id, ID);
    assert_true(item.position == -7);
    assert_true(item.time.microseconds == -5);
    assert_int_equal(item.flags, QUIPU_ITEM_TIME);
    assert_bytes(item.sequence_id.data, item.sequence_id.size,
                 "0123456789abcdef", 16);
    assert_bytes(item.event_id.data, item.event_id.size, "0123456789ABCDEF",
                 16);
    assert_bytes(item.topic.data, item.topic.size, "topic", 5);
    assert_bytes(item.state.data, item.state.size, "s\0te", 4);
    assert_non_null(item.metadata.data);
    assert_int_equal(item.metadata.size, 0);
    assert_int_equal(item.column_count, COLUMNS);
    assert_true(item.columns[1].as.real == 0.25);
    assert_bytes(item.columns[2].as.bytes.data, item.columns[2].as.bytes.size,
                 "text", 4);
    assert_int_equal(item.columns[4].kind, QUIPU_VALUE_NULL);
}

/* An item that was stored with fewer or more columns than the reader's schema
 * has, when the schema was set up or later. */
static void item_of_another_definition_is_read(void **state)
{
    (void)state;
    for (size_t first = 0; first <= COLUMNS; first++) {
        for (size_t stored = 0; stored <= COLUMNS; stored++) {
            for (size_t read = 0; read <= COLUMNS; read++) {
                unsigned char bytes[512];
                quipu_value written[COLUMNS], values[COLUMNS];
                quipu_item item = rich_item(written);
                quipu_driver_schema bound = { .schema = rich_schema(),
                                              .first_columns = first };
                const struct item_writing writing = { &item, first, ID, 0 };
                item.column_count = stored;
                item.columns = stored > 0 ? written : NULL;
                const size_t size = quipu_lmdb_item_format_size(&writing);
                const MDB_val value = { size, bytes };
                quipu_lmdb_item_format_write(bytes, size, &writing);
                assert_int_equal(bytes[4], stored == first ? 1 : 3);
                bound.schema.column_count = read;
                assert_true(quipu_lmdb_item_format_read(&bound, &value, ID,
                                                        &item, values));
                assert_int_equal(item.column_count, read);
                for (size_t i = 0; i < read; i++) {
                    assert_int_equal(item.columns[i].kind,
                                     i < stored ? written[i].kind
                                                : QUIPU_VALUE_NULL);
                }
                assert_bytes(item.state.data, item.state.size, "s\0te", 4);
            }
        }
    }
}

/* Byte by byte: the format must not change. */
static void item_with_counted_columns_has_its_format(void **state)
{
    (void)state;
    static const unsigned char expected[] = {
        3,   0,   1, 1, 5, 0,  0, 0, 0, 0, 0, 0, /* header, position */
        's', 't', 2, 0, 2, 42, 0, 0, 0, 0, 0, 0, 0, 'x'
    };
    const quipu_value values[] = { { .kind = QUIPU_VALUE_NULL },
                                   { .kind = QUIPU_VALUE_INT,
                                     .as.integer = 42 } };
    const quipu_item item = { .sequence_id = { "s", 1 },
                              .topic = { "t", 1 },
                              .state = { "x", 1 },
                              .columns = values,
                              .column_count = 2 };
    const struct item_writing writing = { &item, 1, ID, 5 };
    unsigned char bytes[64];
    assert_int_equal(quipu_lmdb_item_format_size(&writing),
                     4 + sizeof(expected));
    quipu_lmdb_item_format_write(bytes, 4 + sizeof(expected), &writing);
    assert_bytes(bytes + 4, sizeof(expected), (const char *)expected,
                 sizeof(expected));
}

static void each_flipped_bit_is_detected(void **state)
{
    (void)state;
    unsigned char bytes[512];
    quipu_value values[COLUMNS];
    quipu_item item;
    size_t size = write_item(bytes);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_false(read_item(bytes, size, ID, &item, values));
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    assert_true(read_item(bytes, size, ID, &item, values));
}

static void value_under_another_id_is_detected(void **state)
{
    (void)state;
    unsigned char bytes[512];
    quipu_value values[COLUMNS];
    quipu_item item;
    size_t size = write_item(bytes);
    assert_false(read_item(bytes, size, ID + 1, &item, values));
}

static void each_truncation_is_detected(void **state)
{
    (void)state;
    unsigned char bytes[512];
    quipu_value values[COLUMNS];
    quipu_item item;
    size_t whole = write_item(bytes);
    for (size_t size = 0; size < whole; size++) {
        assert_false(read_item(bytes, size, ID, &item, values));
    }
}

static bool is_within(quipu_bytes part, const unsigned char *bytes, size_t size)
{
    const unsigned char *from = part.data;
    return !from || (from >= bytes && part.size <= size &&
                     (size_t)(from - bytes) <= size - part.size);
}

static bool lies_within(const quipu_item *item, const unsigned char *bytes,
                        size_t size)
{
    return is_within(item->sequence_id, bytes, size) &&
           is_within(item->event_id, bytes, size) &&
           is_within(item->topic, bytes, size) &&
           is_within(item->metadata, bytes, size) &&
           is_within(item->state, bytes, size) &&
           is_within(item->columns[2].as.bytes, bytes, size);
}

/* Wrong sizes under a checksum that holds must not lead outside the value. */
static void parts_lie_within_the_value(void **state)
{
    (void)state;
    unsigned char room[512];
    quipu_value values[COLUMNS];
    quipu_item item;
    size_t size = write_item(room);
    unsigned char *bytes =
        malloc(size); /* so that a sanitizer detects reads beyond it */
    assert_non_null(bytes);
    memcpy(bytes, room, size);
    for (size_t at = 5; at < size; at++) {
        for (unsigned value = 1; value < 256; value += 7) {
            unsigned char old = bytes[at];
            bytes[at] = (unsigned char)(old + value);
            uint32_t checksum = quipu_lmdb_checksum(bytes + 4, size - 4, ID);
            memcpy(bytes, &checksum, sizeof(checksum));
            bool whole = read_item(bytes, size, ID, &item, values);
            assert_true(!whole || lies_within(&item, bytes, size));
            bytes[at] = old;
        }
    }
    free(bytes);
}

static void checksum_depends_on_size_and_seed(void **state)
{
    (void)state;
    unsigned char bytes[100] = { 0 };
    uint32_t before = 0;
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        uint32_t checksum = quipu_lmdb_checksum(bytes, size, 1);
        assert_true(size == 0 || checksum != before);
        assert_true(checksum != quipu_lmdb_checksum(bytes, size, 2));
        before = checksum;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(item_is_read_as_written),
        cmocka_unit_test(item_of_another_definition_is_read),
        cmocka_unit_test(item_with_counted_columns_has_its_format),
        cmocka_unit_test(each_flipped_bit_is_detected),
        cmocka_unit_test(value_under_another_id_is_detected),
        cmocka_unit_test(each_truncation_is_detected),
        cmocka_unit_test(parts_lie_within_the_value),
        cmocka_unit_test(checksum_depends_on_size_and_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
