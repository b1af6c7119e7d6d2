/* SPDX-License-Identifier: Apache-2.0 */
/* Events and their differences as text: kinds, presence, arrays, nesting. */
#include "quipu_test.h"

#include <math.h>

#include <quipu/event.h>
#include <quipu/id.h>

#include "event/event_text.h"

struct line {
    char name[4];
    void *kept; /* is not stored */
    uint16_t count;
};

struct sample {
    quipu_event base;
    bool yes;
    int8_t small;
    uint64_t large;
    float single;
    double real;
    const char *text;
    const char *nullable;
    quipu_bytes bytes;
    quipu_uuid uuid;
    quipu_time time;
    quipu_id id;
    int32_t optional;
    bool has_optional;
    const int32_t *numbers;
    size_t number_count;
    struct line line;
    const struct line *lines;
    size_t line_count;
};

static const quipu_field line_fields[] = {
    QUIPU_FIELD_IGNORED(struct line, kept),
    QUIPU_FIELD(struct line, name),
    QUIPU_FIELD(struct line, count),
    { 0 },
};
static const quipu_field fields[] = {
    QUIPU_FIELD(struct sample, yes),
    QUIPU_FIELD(struct sample, small),
    QUIPU_FIELD(struct sample, large),
    QUIPU_FIELD(struct sample, single),
    QUIPU_FIELD(struct sample, real),
    QUIPU_FIELD(struct sample, text),
    QUIPU_FIELD_NULLABLE(struct sample, nullable),
    QUIPU_FIELD(struct sample, bytes),
    QUIPU_FIELD(struct sample, uuid),
    QUIPU_FIELD(struct sample, time),
    QUIPU_FIELD(struct sample, id),
    QUIPU_FIELD_OPTIONAL(struct sample, optional, has_optional),
    QUIPU_FIELD_ARRAY(struct sample, numbers, number_count),
    QUIPU_FIELD_STRUCT(struct sample, line, line_fields),
    QUIPU_FIELD_STRUCT_ARRAY(struct sample, lines, line_count, line_fields),
    { 0 },
};
static const quipu_event_type type = { .topic = "Sample",
                                       .size = sizeof(struct sample),
                                       .fields = fields };
static const quipu_event_type empty_type = { .topic = "Empty",
                                             .size = sizeof(quipu_event) };

static const int32_t numbers[] = { 1, -2 };
static const struct line lines[] = { { .name = "a", .count = 1 },
                                     { .name = "b", .count = 2 } };

static struct sample make(void)
{
    struct sample sample = {
        .base = { .type = &type },
        .yes = true,
        .small = -7,
        .large = UINT64_MAX,
        .single = 0.1F,
        .real = 0.1,
        .text = "\"q\"\n",
        .bytes = { "\x01\xff", 2 },
        .time = { 1 },
        .numbers = numbers,
        .number_count = 2,
        .line = { .name = "x", .count = 9 },
        .lines = lines,
        .line_count = 2,
    };

    (void)quipu_uuid_parse(&sample.uuid, "01234567-89ab-cdef-0123-456789abcdef",
                           NULL);
    (void)quipu_id_of_text(&sample.id, "ann", NULL);
    return sample;
}

/* Returns what is written, to be freed. */
static char *print(const quipu_event *event)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    quipu_event_text_print(event, out);
    (void)fclose(out);
    return text;
}

static void check_differences(const struct sample *expected,
                              const struct sample *actual, size_t count,
                              const char *lines_expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    assert_int_equal(
        quipu_event_text_compare(&expected->base, &actual->base, "- ", out),
        count);
    assert_int_equal(
        quipu_event_text_compare(&expected->base, &actual->base, "", NULL),
        count);
    (void)fclose(out);
    assert_string_equal(text, lines_expected);
    free(text);
}

static void test_each_kind(void **state)
{
    struct sample sample = make();
    char *text = print(&sample.base);

    (void)state;
    assert_string_equal(
        text,
        "Sample { yes: true, small: -7, large: 18446744073709551615, single: "
        "0.1, real: 0.1, text: \"\\\"q\\\"\\n\", nullable: none, bytes: "
        "0x01ff, uuid: 01234567-89ab-cdef-0123-456789abcdef, time: "
        "1970-01-01T00:00:00.000001Z, id: \"ann\", optional: none, numbers: "
        "[1, -2], line: { name: \"x\", count: 9 }, lines: [{ name: \"a\", "
        "count: 1 }, { name: \"b\", count: 2 }] }");
    free(text);
}

static void test_special_values(void **state)
{
    static const char many[65] = { 0 };
    struct sample sample = make();

    (void)state;
    sample.yes = false;
    sample.real = 1.0 / 3;
    sample.single = 1.0F / 3;
    sample.text = NULL;
    sample.bytes = (quipu_bytes){ many, sizeof(many) };
    sample.time.microseconds = INT64_MIN;
    sample.id.size = 0;
    char *text = print(&sample.base);

    assert_contains(text, "yes: false");
    assert_contains(text, "single: 0.33333334, real: 0.3333333333333333, "
                          "text: NULL");
    assert_contains(text, "00... (65 bytes)");
    assert_contains(text, "time: -9223372036854775808 microseconds, id: none");
    free(text);
    quipu_id_of_uuid(&sample.id, &sample.uuid);
    text = print(&sample.base);
    assert_contains(text, "id: 01234567-89ab-cdef-0123-456789abcdef");
    free(text);
    (void)quipu_id_of_bytes(&sample.id, (quipu_bytes){ "\x01\x02", 2 }, NULL);
    text = print(&sample.base);
    assert_contains(text, "id: 0x0102");
    free(text);

    const quipu_event empty = { .type = &empty_type };

    text = print(&empty);
    assert_string_equal(text, "Empty");
    free(text);
}

static void test_no_difference(void **state)
{
    struct sample expected = make();
    struct sample actual = make();
    char copy[] = "\"q\"\n";

    (void)state;
    /* The expected event does not set these. */
    actual.base.originator_version = 5;
    actual.base.time.microseconds = 5;
    actual.base.metadata = (quipu_bytes){ "m", 1 };
    actual.text = copy;
    actual.optional = 77;      /* has no value */
    actual.line.name[3] = 'y'; /* behind the end */
    actual.line.kept = &actual;
    expected.real = NAN;
    actual.real = NAN;
    check_differences(&expected, &actual, 0, "");
}

static void test_differences(void **state)
{
    static const int32_t others[] = { 1, -3 };
    static const struct line other_lines[] = { { .name = "a", .count = 1 },
                                               { .name = "c", .count = 2 } };
    struct sample expected = make();
    struct sample actual = make();

    (void)state;
    actual.yes = false;
    actual.small = 7;
    actual.real = 0.2;
    actual.single = 0.2F;
    actual.text = "q";
    actual.nullable = "";
    actual.bytes = (quipu_bytes){ "\x01", 1 };
    actual.time.microseconds = 2;
    (void)quipu_id_of_text(&actual.id, "bob", NULL);
    actual.optional = 3;
    actual.has_optional = true;
    actual.numbers = others;
    actual.line.count = 8;
    actual.lines = other_lines;
    check_differences(&expected, &actual, 13,
                      "- expected Sample.yes true, got false\n"
                      "- expected Sample.small -7, got 7\n"
                      "- expected Sample.single 0.1, got 0.2\n"
                      "- expected Sample.real 0.1, got 0.2\n"
                      "- expected Sample.text \"\\\"q\\\"\\n\", got \"q\"\n"
                      "- expected Sample.nullable none, got \"\"\n"
                      "- expected Sample.bytes 0x01ff, got 0x01\n"
                      "- expected Sample.time 1970-01-01T00:00:00.000001Z, got "
                      "1970-01-01T00:00:00.000002Z\n"
                      "- expected Sample.id \"ann\", got \"bob\"\n"
                      "- expected Sample.optional none, got 3\n"
                      "- expected Sample.numbers[1] -2, got -3\n"
                      "- expected Sample.line.count 9, got 8\n"
                      "- expected Sample.lines[1].name \"b\", got \"c\"\n");
}

static void test_lengths_and_base(void **state)
{
    struct sample expected = make();
    struct sample actual = make();

    (void)state;
    actual.number_count = 1;
    expected.large = 1;
    expected.uuid.bytes[15] = 0;
    expected.base.originator_version = 3;
    expected.base.metadata = (quipu_bytes){ "m", 1 };
    (void)quipu_id_of_text(&expected.base.originator_id, "ann", NULL);
    check_differences(&expected, &actual, 6,
                      "- expected Sample.originator_id \"ann\", got none\n"
                      "- expected Sample.originator_version 3, got 0\n"
                      "- expected Sample.metadata 0x6d, got none\n"
                      "- expected Sample.large 1, got 18446744073709551615\n"
                      "- expected Sample.uuid "
                      "01234567-89ab-cdef-0123-456789abcd00, got "
                      "01234567-89ab-cdef-0123-456789abcdef\n"
                      "- expected Sample.numbers [1, -2], got [1]\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind),
        cmocka_unit_test(test_special_values),
        cmocka_unit_test(test_no_difference),
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_lengths_and_base),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
