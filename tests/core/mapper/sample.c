/* SPDX-License-Identifier: Apache-2.0 */
/* An event with members of every kind. */
#include <float.h>

#include "quipu_test.h"
#include "sample.h"

static const quipu_field point_fields[] = {
    QUIPU_FIELD(struct point, x),
    QUIPU_FIELD(struct point, y),
    { 0 },
};

const quipu_field sample_line_fields[] = {
    QUIPU_FIELD(struct line, what),
    QUIPU_FIELD_DEFAULT(struct line, amount, 1),
    QUIPU_FIELD_STRUCT_OPTIONAL(struct line, at, has_at, point_fields),
    { 0 },
};

const quipu_field sample_fields[] = {
    QUIPU_FIELD(struct sample, flag),
    QUIPU_FIELD(struct sample, i8),
    QUIPU_FIELD(struct sample, i16),
    QUIPU_FIELD(struct sample, i32),
    QUIPU_FIELD(struct sample, i64),
    QUIPU_FIELD(struct sample, u8),
    QUIPU_FIELD(struct sample, u16),
    QUIPU_FIELD(struct sample, u32),
    QUIPU_FIELD(struct sample, u64),
    QUIPU_FIELD(struct sample, single),
    QUIPU_FIELD(struct sample, real),
    QUIPU_FIELD(struct sample, text),
    QUIPU_FIELD(struct sample, bytes),
    QUIPU_FIELD(struct sample, uuid),
    QUIPU_FIELD(struct sample, when),
    QUIPU_FIELD(struct sample, id),
    QUIPU_FIELD_STRUCT(struct sample, point, point_fields),
    QUIPU_FIELD_OPTIONAL(struct sample, maybe, has_maybe),
    QUIPU_FIELD_NULLABLE(struct sample, note),
    QUIPU_FIELD_NULLABLE(struct sample, blob),
    QUIPU_FIELD_STRUCT_ARRAY(struct sample, lines, line_count,
                             sample_line_fields),
    QUIPU_FIELD_ARRAY(struct sample, names, name_count),
    QUIPU_FIELD_ARRAY(struct sample, numbers, number_count),
    QUIPU_FIELD_DEFAULT(struct sample, limit, 100),
    { 0 },
};

const quipu_event_type sample_type = {
    .topic = "Sample.Taken",
    .size = sizeof(struct sample),
    .fields = sample_fields,
};

static struct line some_lines[] = {
    { "one", 1, true, { -3, 0.5F } },
    { "", UINT32_MAX, false, { 0, 0 } },
    { "d\xC3\xB6ner \xF0\x9F\xA5\x99", 0, true, { INT16_MAX, -0.0F } },
};
static const char *some_names[] = { "Ada", "", "Grace" };
static int16_t some_numbers[] = { 0, -1, INT16_MIN, INT16_MAX };

static void base(struct sample *sample)
{
    memset(sample, 0, sizeof(*sample));
    sample->base.type = &sample_type;
    sample->base.originator_id.size = 16;
    memcpy(sample->base.originator_id.data, "0123456789abcdef", 16);
    sample->base.originator_version = 7;
    memset(&sample->base.event_id, 0x5A, sizeof(quipu_uuid));
    sample->base.time.microseconds = INT64_C(1495713600123456);
    sample->text = "";
    sample->bytes = (quipu_bytes){ "", 0 };
}

void sample_sparse(struct sample *sample)
{
    base(sample);
    sample->limit = 100;
}

void sample_full(struct sample *sample)
{
    base(sample);
    sample->base.metadata = (quipu_bytes){ "meta\0data", 9 };
    sample->flag = true;
    sample->i8 = -5;
    sample->i16 = -300;
    sample->i32 = 70000;
    sample->i64 = INT64_C(-5000000000);
    sample->u8 = 200;
    sample->u16 = 60000;
    sample->u32 = UINT32_C(4000000000);
    sample->u64 = UINT64_C(10000000000);
    sample->single = 1.25F;
    sample->real = 0.1;
    sample->text = "bar";
    sample->bytes = (quipu_bytes){ "\0\1\2\xFF", 4 };
    memset(&sample->uuid, 0xA5, sizeof(sample->uuid));
    sample->when.microseconds = INT64_C(-1);
    sample->id.size = 3;
    memcpy(sample->id.data, "abc", 3);
    sample->point = (struct point){ 12, -1.5F };
    sample->maybe = -77;
    sample->has_maybe = true;
    sample->note = "noted";
    sample->blob = (quipu_bytes){ "", 0 };
    sample->lines = some_lines;
    sample->line_count = sizeof(some_lines) / sizeof(some_lines[0]);
    sample->names = some_names;
    sample->name_count = sizeof(some_names) / sizeof(some_names[0]);
    sample->numbers = some_numbers;
    sample->number_count = sizeof(some_numbers) / sizeof(some_numbers[0]);
    sample->limit = 5;
}

void sample_extreme(struct sample *sample)
{
    sample_full(sample);
    sample->base.originator_version = INT64_MAX;
    sample->base.time.microseconds = QUIPU_TIME_MAX;
    sample->i8 = INT8_MIN;
    sample->i16 = INT16_MIN;
    sample->i32 = INT32_MIN;
    sample->i64 = INT64_MIN;
    sample->u8 = UINT8_MAX;
    sample->u16 = UINT16_MAX;
    sample->u32 = UINT32_MAX;
    sample->u64 = UINT64_MAX;
    sample->single = -FLT_MAX;
    sample->real = DBL_MIN;
    sample->when.microseconds = QUIPU_TIME_MIN;
    sample->id.size = 255;
    memset(sample->id.data, 0xFE, 255);
    sample->maybe = INT32_MAX;
    sample->limit = 0;
}

static void assert_same_bytes(quipu_bytes a, quipu_bytes b)
{
    assert_true(quipu_bytes_equal(a, b));
}

static void assert_same_text(const char *a, const char *b)
{
    assert_same_bytes(quipu_bytes_of_text(a), quipu_bytes_of_text(b));
}

static void assert_same_base(const quipu_event *a, const quipu_event *b)
{
    assert_ptr_equal(a->type, b->type);
    assert_true(quipu_id_equal(&a->originator_id, &b->originator_id));
    assert_true(a->originator_version == b->originator_version);
    assert_memory_equal(&a->event_id, &b->event_id, sizeof(a->event_id));
    assert_true(a->time.microseconds == b->time.microseconds);
    assert_same_bytes(a->metadata, b->metadata);
}

static void assert_same_point(const struct point *a, const struct point *b)
{
    assert_int_equal(a->x, b->x);
    assert_memory_equal(&a->y, &b->y, sizeof(a->y));
}

static void assert_same_lines(const struct sample *a, const struct sample *b)
{
    assert_int_equal(a->line_count, b->line_count);
    for (size_t i = 0; i < a->line_count; i++) {
        assert_string_equal(a->lines[i].what, b->lines[i].what);
        assert_true(a->lines[i].amount == b->lines[i].amount);
        assert_int_equal(a->lines[i].has_at, b->lines[i].has_at);
        assert_same_point(&a->lines[i].at, &b->lines[i].at);
    }
    assert_int_equal(a->name_count, b->name_count);
    for (size_t i = 0; i < a->name_count; i++) {
        assert_string_equal(a->names[i], b->names[i]);
    }
    assert_bytes(a->numbers, a->number_count * sizeof(*a->numbers), b->numbers,
                 b->number_count * sizeof(*b->numbers));
}

static void assert_same_numbers(const struct sample *a, const struct sample *b)
{
    assert_int_equal(a->flag, b->flag);
    assert_int_equal(a->i8, b->i8);
    assert_int_equal(a->i16, b->i16);
    assert_int_equal(a->i32, b->i32);
    assert_true(a->i64 == b->i64);
    assert_int_equal(a->u8, b->u8);
    assert_int_equal(a->u16, b->u16);
    assert_true(a->u32 == b->u32);
    assert_true(a->u64 == b->u64);
    assert_memory_equal(&a->single, &b->single, sizeof(a->single));
    assert_memory_equal(&a->real, &b->real, sizeof(a->real));
    assert_true(a->limit == b->limit);
    assert_int_equal(a->has_maybe, b->has_maybe);
    assert_int_equal(a->maybe, b->maybe);
}

void sample_assert_equal(const struct sample *a, const struct sample *b)
{
    assert_same_base(&a->base, &b->base);
    assert_same_numbers(a, b);
    assert_string_equal(a->text, b->text);
    assert_same_bytes(a->bytes, b->bytes);
    assert_memory_equal(&a->uuid, &b->uuid, sizeof(a->uuid));
    assert_true(a->when.microseconds == b->when.microseconds);
    assert_true(quipu_id_equal(&a->id, &b->id));
    assert_same_point(&a->point, &b->point);
    assert_same_text(a->note, b->note);
    assert_same_bytes(a->blob, b->blob);
    assert_same_lines(a, b);
}
