/* SPDX-License-Identifier: Apache-2.0 */
/* F1: metadata, times and further columns. */
#include "case.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ------------------------------------------------------ metadata and time */

static void check_metadata(const quipu_item *item, const void *expected)
{
    const quipu_bytes *metadata = expected;

    CHECK(!item->metadata.data == !metadata->data,
          "metadata that were %s were read as %s",
          metadata->data ? "present" : "absent",
          item->metadata.data ? "present" : "absent");
    CHECK(quipu_bytes_equal(item->metadata, *metadata),
          "metadata were read with other bytes");
}

static void metadata(struct quipu_context *ctx)
{
    static const quipu_bytes values[] = {
        { NULL, 0 }, { "", 0 }, { "\0", 1 }, { "a\0b\xff", 4 }
    };
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_METADATA);

    for (size_t i = 0; i < 4; i++) {
        quipu_bytes s = quipu_context_sequence(ctx);
        struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

        quipu_builder_add_next(b, s, "x")->metadata = values[i];
        OK(quipu_builder_append(b));
        quipu_item_list_check_only(r, s, check_metadata, &values[i]);
    }
}

static void check_time(const quipu_item *item, const void *expected)
{
    const int64_t *time = expected;

    if (!time) {
        CHECK(!(item->flags & QUIPU_ITEM_TIME),
              "an absent time was read as present");
        return;
    }
    CHECK(item->flags & QUIPU_ITEM_TIME, "a time was read as absent");
    CHECK(item->time.microseconds == *time,
          "time %" PRId64 " was read as %" PRId64, *time,
          item->time.microseconds);
}

static void times(struct quipu_context *ctx)
{
    static const int64_t good[] = {
        QUIPU_TIME_MIN,   QUIPU_TIME_MIN + 1, -1, 0, 1,
        1495713600000001, QUIPU_TIME_MAX
    };
    static const int64_t bad[] = { QUIPU_TIME_MIN - 1, QUIPU_TIME_MAX + 1,
                                   INT64_MIN, INT64_MAX };
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_TIME);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    for (size_t i = 0; i < 7 + 4 + 1; i++) {
        quipu_bytes s = quipu_context_sequence(ctx);
        quipu_item *item;

        quipu_builder_clear(b);
        item = quipu_builder_add_next(b, s, "x");
        item->flags |= i < 11 ? QUIPU_ITEM_TIME : 0;
        item->time.microseconds = i < 7 ? good[i] : i < 11 ? bad[i - 7] : 0;
        if (i < 7 || i == 11) {
            OK(quipu_builder_append(b));
            quipu_item_list_check_only(r, s, check_time,
                                       i < 7 ? &good[i] : NULL);
        } else {
            RETURNS(QUIPU_INVALID, quipu_builder_append(b));
        }
    }
}

/* ------------------------------------------------------- further columns */

static void check_values(const quipu_item *item, const void *expected)
{
    const quipu_value *values = expected;

    CHECK(item->column_count == 7, "%zu columns were read instead of 7",
          item->column_count);
    for (size_t i = 0; i < 7; i++) {
        const quipu_value *got = &item->columns[i], *want = &values[i];

        CHECK(got->kind == want->kind, "column %zu has kind %d instead of %d",
              i, got->kind, want->kind);
        switch (want->kind) {
        case QUIPU_VALUE_NULL:
            break;
        case QUIPU_VALUE_DOUBLE:
            /* Compares the bits, because -0.0 equals 0.0. */
            /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
            CHECK(memcmp(&got->as.real, &want->as.real, sizeof(double)) == 0,
                  "%.17g was read as %.17g", want->as.real, got->as.real);
            break;
        case QUIPU_VALUE_TEXT:
        case QUIPU_VALUE_BYTES:
        case QUIPU_VALUE_UUID:
            CHECK(got->as.bytes.data &&
                      quipu_bytes_equal(got->as.bytes, want->as.bytes),
                  "column %zu was read with other bytes", i);
            break;
        default:
            CHECK(got->as.integer == want->as.integer,
                  "column %zu: %" PRId64 " was read as %" PRId64, i,
                  want->as.integer, got->as.integer);
        }
    }
}

static const int32_t kinds[7] = { QUIPU_VALUE_BOOL,   QUIPU_VALUE_INT,
                                  QUIPU_VALUE_DOUBLE, QUIPU_VALUE_TEXT,
                                  QUIPU_VALUE_BYTES,  QUIPU_VALUE_UUID,
                                  QUIPU_VALUE_TIME };

/* clang-format off */
#define BYTES(text) { .as.bytes = { (text), sizeof(text) - 1 } }
/* clang-format on */

/* Values for the columns of QUIPU_SHAPE_COLUMNS, one row for each item; their
 * kinds are set later. */
static const quipu_value good_values[][7] = {
    { { .as.integer = 0 },
      { .as.integer = 0 },
      { .as.real = -0.0 },
      BYTES(""),
      BYTES(""),
      BYTES("0123456789abcdef"),
      { .as.integer = 0 } },
    { { .as.integer = 1 },
      { .as.integer = INT64_MIN },
      { .as.real = -1.7976931348623157e308 },
      BYTES("naïve ☃"),
      BYTES("\0\xff\0"),
      BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
      { .as.integer = QUIPU_TIME_MIN } },
    { { .as.integer = 0 },
      { .as.integer = INT64_MAX },
      { .as.real = 1.7976931348623157e308 },
      BYTES("'; DROP"),
      BYTES("\xc1"),
      BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
      { .as.integer = QUIPU_TIME_MAX } },
    { { .as.integer = 1 },
      { .as.integer = -1 },
      { .as.real = 4.9406564584124654e-324 },
      BYTES("12"),
      BYTES("12"),
      BYTES("fedcba9876543210"),
      { .as.integer = -1 } },
    { { .as.integer = 1 },
      { .as.integer = INT64_C(9007199254740993) },
      { .as.real = 0.1 },
      BYTES("1e3"),
      BYTES("0x1"),
      BYTES("fedcba9876543210"),
      { .as.integer = 1 } },
    { { .as.integer = 0 },
      { .as.integer = 5 },
      { .as.real = 3.0 },
      BYTES(" 7 "),
      BYTES(" "),
      BYTES("fedcba9876543210"),
      { .as.integer = 1 } },
};

static int append_values(struct quipu_context *ctx, quipu_records *r,
                         quipu_bytes s, const quipu_value *values)
{
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);
    quipu_item *item = quipu_builder_add_next(b, s, "x");

    item->columns = values;
    item->column_count = 7;
    return quipu_builder_append(b);
}

static void columns(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_COLUMNS);
    size_t rows = sizeof(good_values) / sizeof(*good_values);

    for (size_t row = 0; row < rows; row++) {
        quipu_bytes s = quipu_context_sequence(ctx);
        quipu_value values[7];

        for (size_t i = 0; i < 7; i++) {
            values[i] = good_values[row][i];
            values[i].kind = kinds[i];
        }
        OK(append_values(ctx, r, s, values));
        quipu_item_list_check_only(r, s, check_values, values);
    }
}

/* Each column NULL in turn, and then all of them. */
static void null_columns(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_COLUMNS);

    for (size_t absent = 0; absent <= 7; absent++) {
        quipu_bytes s = quipu_context_sequence(ctx);
        quipu_value values[7] = { 0 };

        for (size_t i = 0; i < 7; i++) {
            if (i != absent && absent < 7) {
                values[i] = good_values[1][i];
                values[i].kind = kinds[i];
            }
        }
        OK(append_values(ctx, r, s, values));
        quipu_item_list_check_only(r, s, check_values, values);
    }
}

static void wrong_values(struct quipu_context *ctx)
{
    static const struct {
        size_t column;
        quipu_value value;
    } wrong[] = {
        { 0, { .kind = QUIPU_VALUE_BOOL, .as.integer = 2 } },
        { 0, { .kind = QUIPU_VALUE_INT, .as.integer = 1 } },
        { 1, { .kind = QUIPU_VALUE_DOUBLE, .as.real = 1.0 } },
        { 1, { .kind = 99, .as.integer = 1 } },
        { 2, { .kind = QUIPU_VALUE_DOUBLE, .as.real = (double)NAN } },
        { 2, { .kind = QUIPU_VALUE_DOUBLE, .as.real = (double)INFINITY } },
        { 2, { .kind = QUIPU_VALUE_DOUBLE, .as.real = -(double)INFINITY } },
        { 3, { .kind = QUIPU_VALUE_TEXT, .as.bytes = { "a\0b", 3 } } },
        { 3, { .kind = QUIPU_VALUE_TEXT, .as.bytes = { "\xff", 1 } } },
        { 4, { .kind = QUIPU_VALUE_TEXT, .as.bytes = { "text", 4 } } },
        { 5, { .kind = QUIPU_VALUE_UUID, .as.bytes = { "short", 5 } } },
        { 6, { .kind = QUIPU_VALUE_TIME, .as.integer = QUIPU_TIME_MAX + 1 } },
        { 6, { .kind = QUIPU_VALUE_TIME, .as.integer = INT64_MIN } },
    };
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_COLUMNS);
    quipu_bytes s = quipu_context_sequence(ctx);

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        quipu_value values[7] = { 0 };
        int status;

        values[wrong[i].column] = wrong[i].value;
        status = append_values(ctx, r, s, values);
        CHECK(status == QUIPU_INVALID,
              "for wrong value %zu the append returned %s", i,
              quipu_status_name(status));
    }
    CHECK(quipu_item_list_count(ctx, r, s) == 0, "an item was stored");
}

static const struct quipu_case cases[] = {
    { "F1.metadata-absent-is-not-empty",
      "Programs distinguish absent metadata from empty metadata.", metadata, 0,
      0, 0 },
    { "F1.times-to-the-microsecond",
      "Times of the years 1 to 9999 are stored exactly, and no others are "
      "accepted.",
      times, 0, 0, 0 },
    { "F1.columns-of-every-kind",
      "Typed columns keep their type: \"12\" stays text, and 3.0 stays a "
      "double.",
      columns, 0, 0, 0 },
    { "F1.null-columns", "Each further column can be NULL.", null_columns, 0, 0,
      0 },
    { "F1.wrong-values-are-invalid",
      "All drivers refuse the same values, and none of them converts a value "
      "silently.",
      wrong_values, 0, 0, 0 },
};
QUIPU_FAMILY(columns);
