/* SPDX-License-Identifier: Apache-2.0 */
/* Tests structs that own the memory their members point to. */
#include "quipu_test_memory.h"

#include <quipu/quipu.h>

#include "event/owned_fields.h"

struct item {
    char *name;
    int16_t *marks;
    size_t mark_count;
};

struct basket {
    void *base; /* no field describes it */
    char *owner;
    char *note; /* may be NULL */
    quipu_bytes seal;
    int64_t budget;
    bool has_budget;
    struct item best;
    bool has_best;
    struct item *items;
    size_t item_count;
    char label[8];
    char *cache; /* not stored */
};

static const quipu_field item_fields[] = {
    QUIPU_FIELD(struct item, name),
    QUIPU_FIELD_ARRAY(struct item, marks, mark_count),
    { 0 },
};
static const quipu_field basket_fields[] = {
    QUIPU_FIELD(struct basket, owner),
    QUIPU_FIELD_NULLABLE(struct basket, note),
    QUIPU_FIELD(struct basket, seal),
    QUIPU_FIELD_OPTIONAL(struct basket, budget, has_budget),
    QUIPU_FIELD_STRUCT_OPTIONAL(struct basket, best, has_best, item_fields),
    QUIPU_FIELD_STRUCT_ARRAY(struct basket, items, item_count, item_fields),
    QUIPU_FIELD(struct basket, label),
    QUIPU_FIELD_IGNORED(struct basket, cache),
    { 0 },
};

static int add_item(struct basket *basket, const char *name, quipu_error *error)
{
    struct item *item = quipu_array_add(
        (void **)&basket->items, &basket->item_count, sizeof(*item), error);
    int16_t *mark;

    if (!item) {
        return QUIPU_NO_MEMORY;
    }
    mark = quipu_array_add((void **)&item->marks, &item->mark_count,
                           sizeof(*mark), error);
    if (!mark) {
        return QUIPU_NO_MEMORY;
    }
    *mark = (int16_t)basket->item_count;
    return quipu_text_set(&item->name, name, error);
}

static int fill(struct basket *basket, quipu_error *error)
{
    int status = quipu_text_set(&basket->owner, "Ada", error);

    if (status == QUIPU_OK) {
        status =
            quipu_bytes_set(&basket->seal, (quipu_bytes){ "\0\1", 2 }, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_text_set(&basket->best.name, "best", error);
        basket->has_best = true;
    }
    for (int i = 0; i < 5 && status == QUIPU_OK; i++) {
        status = add_item(basket, "thing", error);
    }
    basket->budget = 12;
    basket->has_budget = true;
    return status;
}

static void text_is_copied_and_replaced(void **state)
{
    char *member = NULL;
    char value[] = "one";
    quipu_error error;

    (void)state;
    quipu_test_memory_begin(-1);
    assert_ok(quipu_text_set(&member, value, &error), &error);
    value[0] = 'x';
    assert_string_equal(member, "one");
    assert_ok(quipu_text_set(&member, member, &error), &error);
    assert_string_equal(member, "one");
    assert_ok(quipu_text_set(&member, NULL, &error), &error);
    assert_null(member);
    quipu_test_memory_end();
}

static void bytes_are_copied_and_replaced(void **state)
{
    quipu_bytes member = { NULL, 0 };
    quipu_error error;

    (void)state;
    quipu_test_memory_begin(-1);
    assert_ok(quipu_bytes_set(&member, (quipu_bytes){ "a\0b", 3 }, &error),
              &error);
    assert_bytes(member.data, member.size, "a\0b", 3);
    assert_ok(quipu_bytes_set(&member, member, &error), &error);
    assert_bytes(member.data, member.size, "a\0b", 3);
    assert_ok(quipu_bytes_set(&member, (quipu_bytes){ "", 0 }, &error), &error);
    assert_non_null(member.data);
    assert_int_equal(member.size, 0);
    assert_ok(quipu_bytes_set(&member, (quipu_bytes){ NULL, 5 }, &error),
              &error);
    assert_null(member.data);
    assert_int_equal(member.size, 0);
    quipu_test_memory_end();
}

static void array_grows_element_by_element(void **state)
{
    int32_t *member = NULL;
    size_t count = 0;
    quipu_error error;

    (void)state;
    quipu_test_memory_begin(-1);
    for (int32_t i = 0; i < 1000; i++) {
        int32_t *element =
            quipu_array_add((void **)&member, &count, sizeof(*element), &error);

        assert_non_null(element);
        assert_int_equal(*element, 0);
        *element = i;
    }
    assert_int_equal(count, 1000);
    for (int32_t i = 0; i < 1000; i++) {
        assert_int_equal(member[i], i);
    }
    quipu_release(member);
    quipu_test_memory_end();
}

static void array_that_cannot_grow_is_no_memory(void **state)
{
    void *member = NULL;
    size_t count = SIZE_MAX;
    quipu_error error;

    (void)state;
    assert_null(quipu_array_add(&member, &count, 1, &error));
    assert_int_equal(error.code, QUIPU_NO_MEMORY);
    count = SIZE_MAX / 4 + 1;
    assert_null(quipu_array_add(&member, &count, 8, &error));
    assert_true(count == SIZE_MAX / 4 + 1);
}

static void capacity_is_a_power_of_two(void **state)
{
    (void)state;
    assert_int_equal(quipu_owned_fields_capacity(0), 0);
    assert_int_equal(quipu_owned_fields_capacity(1), 1);
    assert_int_equal(quipu_owned_fields_capacity(3), 4);
    assert_int_equal(quipu_owned_fields_capacity(4), 4);
    assert_int_equal(quipu_owned_fields_capacity(5), 8);
    assert_true(quipu_owned_fields_capacity(SIZE_MAX) == SIZE_MAX);
}

static void assert_filled(const struct basket *basket)
{
    assert_string_equal(basket->owner, "Ada");
    assert_null(basket->note);
    assert_bytes(basket->seal.data, basket->seal.size, "\0\1", 2);
    assert_true(basket->has_budget);
    assert_int_equal(basket->budget, 12);
    assert_true(basket->has_best);
    assert_string_equal(basket->best.name, "best");
    assert_null(basket->best.marks);
    assert_int_equal(basket->item_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(basket->items[i].name, "thing");
        assert_int_equal(basket->items[i].mark_count, 1);
        assert_int_equal(basket->items[i].marks[0], i + 1);
    }
}

static void copy_shares_no_memory(void **state)
{
    struct basket basket = { 0 };
    struct basket copy;
    quipu_error error;

    (void)state;
    memset(&copy, 0xEE, sizeof(copy)); /* the old contents are not freed */
    quipu_test_memory_begin(-1);
    assert_ok(fill(&basket, &error), &error);
    memcpy(basket.label, "fruit", sizeof("fruit"));
    basket.cache = basket.label;
    assert_ok(quipu_owned_fields_copy(basket_fields, &copy, &basket, &error),
              &error);
    quipu_owned_fields_release(basket_fields, &basket);
    assert_string_equal(copy.label, "fruit");
    assert_null(copy.cache);
    assert_ptr_equal(basket.cache, basket.label);
    assert_null(basket.owner);
    assert_null(basket.items);
    assert_int_equal(basket.item_count, 0);
    assert_filled(&copy);
    /* No field describes the base. */
    assert_int_equal(((unsigned char *)&copy)[0], 0xEE);
    /* A copied array has the capacity that follows from its count. */
    for (int i = 0; i < 10; i++) {
        assert_ok(add_item(&copy, "more", &error), &error);
    }
    quipu_owned_fields_release(basket_fields, &copy);
    quipu_owned_fields_release(basket_fields,
                               &copy); /* releasing twice is harmless */
    quipu_test_memory_end();
}

static void copy_keeps_null_pointers(void **state)
{
    struct basket basket = { 0 };
    struct basket copy;
    quipu_error error;

    (void)state;
    memset(&copy, 0xEE, sizeof(copy));
    assert_ok(quipu_owned_fields_copy(basket_fields, &copy, &basket, &error),
              &error);
    assert_null(copy.owner);
    assert_null(copy.seal.data);
    assert_false(copy.has_budget);
    assert_int_equal(copy.budget, 0);
    assert_null(copy.items);
    assert_int_equal(copy.item_count, 0);
    quipu_owned_fields_release(NULL, &copy);
    assert_ok(quipu_owned_fields_copy(NULL, &copy, &basket, &error), &error);
}

static void null_array_with_a_count_is_refused(void **state)
{
    struct basket basket = { 0 };
    struct basket copy;
    quipu_error error;

    (void)state;
    quipu_test_memory_begin(-1);
    assert_ok(quipu_text_set(&basket.owner, "Ada", &error), &error);
    basket.item_count = 3;
    assert_refused(
        quipu_owned_fields_copy(basket_fields, &copy, &basket, &error),
        QUIPU_INVALID, &error, "items is NULL, but its count");
    assert_null(copy.owner);
    quipu_owned_fields_release(basket_fields, &basket); /* the array is NULL */
    quipu_test_memory_end();
}

static int fill_and_copy(void *context, quipu_error *error)
{
    struct basket basket = { 0 };
    struct basket copy = { 0 };
    int status = fill(&basket, error);

    (void)context;
    if (status == QUIPU_OK) {
        status = quipu_owned_fields_copy(basket_fields, &copy, &basket, error);
    }
    if (status != QUIPU_OK) {
        assert_null(copy.owner);
        assert_null(copy.items);
        assert_false(copy.has_budget);
    }
    quipu_owned_fields_release(basket_fields, &copy);
    quipu_owned_fields_release(basket_fields, &basket);
    return status;
}

static void failing_allocations_leak_nothing(void **state)
{
    (void)state;
    quipu_test_memory_sweep(fill_and_copy, NULL);
}

static int set_bytes(void *context, quipu_error *error)
{
    quipu_bytes member = { NULL, 0 };
    int status = quipu_bytes_set(&member, (quipu_bytes){ "x", 1 }, error);

    (void)context;
    assert_ok(quipu_bytes_set(&member, (quipu_bytes){ NULL, 0 }, NULL), NULL);
    return status;
}

static void failed_set_keeps_bytes(void **state)
{
    (void)state;
    quipu_test_memory_sweep(set_bytes, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_copied_and_replaced),
        cmocka_unit_test(bytes_are_copied_and_replaced),
        cmocka_unit_test(array_grows_element_by_element),
        cmocka_unit_test(array_that_cannot_grow_is_no_memory),
        cmocka_unit_test(capacity_is_a_power_of_two),
        cmocka_unit_test(copy_shares_no_memory),
        cmocka_unit_test(copy_keeps_null_pointers),
        cmocka_unit_test(null_array_with_a_count_is_refused),
        cmocka_unit_test(failing_allocations_leak_nothing),
        cmocka_unit_test(failed_set_keeps_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
