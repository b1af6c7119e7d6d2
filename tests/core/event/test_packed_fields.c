/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that packed members come back as they were, whatever they are, and that
 * bytes which are cut or changed are refused or read, and crash nothing. */
#include "quipu_test.h"

#include <quipu/quipu.h>

#include "base/memory.h"
#include "event/owned_fields.h"
#include "event/packed_fields.h"

struct inner {
    char *text;
    int16_t number;
};
struct outer {
    char *text;
    quipu_bytes bytes;
    bool has_number;
    int32_t number;
    struct inner inner;
    struct inner *inners;
    int64_t *numbers; /* of the same count */
    size_t count;
    double real;
};

static const quipu_field inner_fields[] = {
    QUIPU_FIELD(struct inner, text),
    QUIPU_FIELD(struct inner, number),
    { 0 },
};
static const quipu_field outer_fields[] = {
    QUIPU_FIELD(struct outer, text),
    QUIPU_FIELD_NULLABLE(struct outer, bytes),
    QUIPU_FIELD_OPTIONAL(struct outer, number, has_number),
    QUIPU_FIELD_STRUCT(struct outer, inner, inner_fields),
    QUIPU_FIELD_STRUCT_ARRAY(struct outer, inners, count, inner_fields),
    QUIPU_FIELD_ARRAY(struct outer, numbers, count),
    QUIPU_FIELD(struct outer, real),
    { 0 },
};

static void fill(struct outer *outer)
{
    quipu_error error;

    *outer = (struct outer){ .number = -7, .real = 0.1, .count = 3 };
    assert_ok(quipu_text_set(&outer->inner.text, "\xff", &error), &error);
    assert_ok(quipu_bytes_set(&outer->bytes, (quipu_bytes){ "\0b", 2 }, &error),
              &error);
    outer->inners = quipu_allocate_array(4, sizeof(*outer->inners));
    outer->numbers = quipu_allocate_array(4, sizeof(*outer->numbers));
    outer->inners[1].number = 5;
    outer->numbers[2] = INT64_MIN;
    assert_ok(quipu_text_set(&outer->inners[2].text, "two", &error), &error);
}

/* Returns the packed members; the caller frees them with quipu_release. */
static quipu_bytes pack(const struct outer *outer)
{
    size_t size = quipu_packed_fields_size(outer_fields, outer);
    void *bytes = quipu_allocate(size);

    quipu_packed_fields_write(outer_fields, outer, bytes);
    return (quipu_bytes){ bytes, size };
}

static void members_come_back_as_they_were(void **state)
{
    struct outer outer;
    struct outer read = { .count = 0 };
    quipu_error error;
    (void)state;

    fill(&outer);
    quipu_bytes bytes = pack(&outer);

    assert_ok(quipu_packed_fields_read(outer_fields, &read, bytes, &error),
              &error);
    assert_null(read.text);
    assert_string_equal(read.inner.text, "\xff");
    assert_int_equal(read.bytes.size, 2);
    assert_memory_equal(read.bytes.data, "\0b", 2);
    assert_false(read.has_number);
    assert_int_equal(read.number, -7);
    assert_int_equal(read.count, 3);
    assert_null(read.inners[0].text);
    assert_int_equal(read.inners[1].number, 5);
    assert_string_equal(read.inners[2].text, "two");
    assert_true(read.numbers[2] == INT64_MIN);
    assert_memory_equal(&read.real, &outer.real, sizeof(read.real));
    quipu_owned_fields_release(outer_fields, &read);
    quipu_owned_fields_release(outer_fields, &outer);
    quipu_release((void *)bytes.data);
}

static void cut_bytes_are_corrupt(void **state)
{
    struct outer outer;
    quipu_error error;
    (void)state;

    fill(&outer);
    quipu_bytes bytes = pack(&outer);

    for (size_t size = 0; size < bytes.size; size++) {
        struct outer read = { .count = 0 };
        /* Memory of that size, so that reading beyond is found. */
        char *cut = quipu_text_copy_bytes(bytes.data, size);

        assert_int_equal(quipu_packed_fields_read(outer_fields, &read,
                                                  (quipu_bytes){ cut, size },
                                                  &error),
                         QUIPU_CORRUPT);
        quipu_owned_fields_release(outer_fields, &read);
        quipu_release(cut);
    }
    quipu_owned_fields_release(outer_fields, &outer);
    quipu_release((void *)bytes.data);
}

static void changed_bytes_crash_nothing(void **state)
{
    struct outer outer;
    quipu_error error;
    size_t refused = 0;
    (void)state;

    fill(&outer);
    quipu_bytes bytes = pack(&outer);
    char *changed = quipu_text_copy_bytes(bytes.data, bytes.size);

    for (size_t bit = 0; bit < bytes.size * 8; bit++) {
        struct outer read = { .count = 0 };

        changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
        refused +=
            quipu_packed_fields_read(outer_fields, &read,
                                     (quipu_bytes){ changed, bytes.size },
                                     &error) != QUIPU_OK;
        quipu_owned_fields_release(outer_fields, &read);
        changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
    }
    assert_true(refused > bytes.size * 2);
    quipu_release(changed);
    quipu_owned_fields_release(outer_fields, &outer);
    quipu_release((void *)bytes.data);
}

static void layout_differs_by_all_that_matters(void **state)
{
    static const int32_t five = 5;
    static const int32_t six = 6;
    quipu_field tables[8][2];
    uint64_t layouts[8];
    (void)state;

    for (size_t i = 0; i < 8; i++) {
        tables[i][0] = (quipu_field)QUIPU_FIELD(struct outer, number);
        tables[i][1] = (quipu_field){ .name = NULL };
    }
    tables[1][0].name = "other";
    tables[2][0].kind = QUIPU_KIND_UINT;
    tables[3][0].size = 2;
    tables[4][0].flags = QUIPU_FIELD_HAS_PRESENCE;
    tables[5][0].fallback = &five;
    tables[6][0].fallback = &six;
    tables[7][0] =
        (quipu_field)QUIPU_FIELD_STRUCT(struct outer, inner, inner_fields);
    for (size_t i = 0; i < 8; i++) {
        layouts[i] = quipu_packed_fields_layout(0, tables[i]);
        for (size_t j = 0; j < i; j++) {
            assert_true(layouts[i] != layouts[j]);
        }
    }
    /* The place in the struct does not matter. */
    tables[0][0].offset = 8;
    assert_true(quipu_packed_fields_layout(0, tables[0]) == layouts[0]);
    assert_true(quipu_packed_fields_layout(1, tables[0]) != layouts[0]);
}

static void value_that_is_not_packed_is_noticed(void **state)
{
    static const quipu_field ignoring[] = {
        QUIPU_FIELD(struct inner, text),
        QUIPU_FIELD_IGNORED(struct inner, number),
        { 0 },
    };
    static const quipu_field fields[] = {
        QUIPU_FIELD_STRUCT_ARRAY(struct outer, inners, count, ignoring),
        { 0 },
    };
    struct outer outer = { .count = 0 };
    struct inner inners[2] = { { .text = NULL } };
    char *gaps = quipu_packed_fields_gaps(outer_fields, 0, sizeof(outer));
    (void)state;

    assert_true(quipu_packed_fields_complete(outer_fields, gaps, sizeof(outer),
                                             &outer));
    ((char *)&outer)[offsetof(struct outer, has_number) + 1] = 1;
    assert_false(quipu_packed_fields_complete(outer_fields, gaps, sizeof(outer),
                                              &outer));
    outer = (struct outer){ .inners = inners, .count = 2 };
    memset(gaps, 0, sizeof(outer));
    assert_true(
        quipu_packed_fields_complete(fields, gaps, sizeof(outer), &outer));
    inners[1].number = 1;
    assert_false(
        quipu_packed_fields_complete(fields, gaps, sizeof(outer), &outer));
    quipu_release(gaps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_come_back_as_they_were),
        cmocka_unit_test(cut_bytes_are_corrupt),
        cmocka_unit_test(changed_bytes_crash_nothing),
        cmocka_unit_test(layout_differs_by_all_that_matters),
        cmocka_unit_test(value_that_is_not_packed_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
