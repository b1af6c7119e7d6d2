/* SPDX-License-Identifier: Apache-2.0 */
/* Tests reading events that another version of their type has stored. */
#include "harness.h"

struct old_line {
    const char *what;
};

struct old_order {
    quipu_event base;
    const char *buyer;
    int32_t number;
    struct old_line *lines;
    size_t line_count;
};

struct new_line {
    const char *what;
    int32_t amount;
};

struct new_order {
    quipu_event base;
    double number; /* was an integer */
    const char *currency;
    quipu_bytes proof;
    struct point place;
    int64_t discount;
    bool has_discount;
    const char *coupon;
    struct new_line *lines;
    size_t line_count;
    quipu_uuid batch;
    bool has_batch;
};

static const quipu_field old_line_fields[] = {
    QUIPU_FIELD(struct old_line, what), { 0 }
};
static const quipu_field old_fields[] = {
    QUIPU_FIELD(struct old_order, buyer),
    QUIPU_FIELD(struct old_order, number),
    QUIPU_FIELD_STRUCT_ARRAY(struct old_order, lines, line_count,
                             old_line_fields),
    { 0 },
};
static const quipu_event_type old_type = { .topic = "Order",
                                           .size = sizeof(struct old_order),
                                           .fields = old_fields };

static const quipu_field new_line_fields[] = {
    QUIPU_FIELD(struct new_line, what),
    QUIPU_FIELD_DEFAULT(struct new_line, amount, 1),
    { 0 },
};
static const quipu_field point_fields[] = { QUIPU_FIELD(struct point, x),
                                            QUIPU_FIELD(struct point, y),
                                            { 0 } };
static const struct point home = { 3, 4.5F };
static const quipu_bytes no_proof = { "none", 4 };
static const int64_t no_discount = 0;
static const quipu_field new_fields[] = {
    QUIPU_FIELD(struct new_order, number),
    QUIPU_FIELD_DEFAULT(struct new_order, currency, "EUR"),
    { .name = "proof",
      .kind = QUIPU_KIND_BYTES,
      .offset = offsetof(struct new_order, proof),
      .size = sizeof(quipu_bytes),
      .fallback = &no_proof },
    { .name = "place",
      .kind = QUIPU_KIND_STRUCT,
      .offset = offsetof(struct new_order, place),
      .size = sizeof(struct point),
      .fields = point_fields,
      .fallback = &home },
    { .name = "discount",
      .kind = QUIPU_KIND_INT,
      .flags = QUIPU_FIELD_HAS_PRESENCE,
      .offset = offsetof(struct new_order, discount),
      .size = sizeof(int64_t),
      .extra = offsetof(struct new_order, has_discount),
      .fallback = &no_discount },
    QUIPU_FIELD_NULLABLE(struct new_order, coupon),
    QUIPU_FIELD_STRUCT_ARRAY(struct new_order, lines, line_count,
                             new_line_fields),
    QUIPU_FIELD_OPTIONAL(struct new_order, batch, has_batch),
    { 0 },
};
static const quipu_event_type new_type = { .topic = "Order",
                                           .size = sizeof(struct new_order),
                                           .fields = new_fields };

static const quipu_event_type *const old_types[] = { &old_type };
static const quipu_event_type *const new_types[] = { &new_type };

struct versions {
    struct harness old_version;
    struct harness new_version;
};

static int set_up(void **state)
{
    static struct versions versions;
    const quipu_schema schema = harness_schema();
    const quipu_mapping old_mapping = harness_mapping(old_types);
    const quipu_mapping new_mapping = harness_mapping(new_types);

    harness_open(&versions.old_version, &schema, &old_mapping);
    harness_open(&versions.new_version, &schema, &new_mapping);
    *state = &versions;
    return 0;
}

static int tear_down(void **state)
{
    struct versions *versions = *state;

    harness_close(&versions->old_version);
    harness_close(&versions->new_version);
    return 0;
}

static const quipu_item *store_old(struct versions *versions)
{
    static struct old_line lines[] = { { "tea" }, { "milk" } };
    struct old_order order = {
        .buyer = "Ada", .number = 17, .lines = lines, .line_count = 2
    };

    quipu_event_init(&order.base, &old_type,
                     &(quipu_id){ 16, "0123456789abcdef" }, 0);
    return harness_encode(&versions->old_version, &order.base);
}

static void new_version_reads_old_events(void **state)
{
    struct versions *versions = *state;
    const struct new_order *order =
        harness_decode(&versions->new_version, store_old(versions));

    assert_true(order->number == 17.0);
    assert_string_equal(order->currency, "EUR");
    assert_bytes(order->proof.data, order->proof.size, "none", 4);
    assert_int_equal(order->place.x, 3);
    assert_true(order->place.y == 4.5F);
    assert_true(order->has_discount);
    assert_int_equal(order->discount, 0);
    assert_null(order->coupon);
    assert_int_equal(order->line_count, 2);
    assert_string_equal(order->lines[1].what, "milk");
    assert_int_equal(order->lines[1].amount, 1);
    assert_false(order->has_batch);
}

/* A default is a static value of the type, which a copy must not share. */
static void defaults_are_copied(void **state)
{
    struct versions *versions = *state;
    quipu_event *event = NULL;
    const struct new_order *order;
    quipu_error error;

    assert_ok(quipu_mapper_event(versions->new_version.mapper,
                                 store_old(versions), &event, &error),
              &error);
    order = (const struct new_order *)event;
    assert_string_equal(order->currency, "EUR");
    assert_ptr_not_equal(order->proof.data, no_proof.data);
    quipu_event_destroy(event);
}

static void old_version_requires_its_fields(void **state)
{
    struct versions *versions = *state;
    struct new_order order = { .number = 2.0,
                               .currency = "CHF",
                               .proof = { "p", 1 } };

    quipu_event_init(&order.base, &new_type,
                     &(quipu_id){ 16, "0123456789abcdef" }, 0);
    harness_reject(&versions->old_version,
                   harness_encode(&versions->new_version, &order.base),
                   QUIPU_CORRUPT, "field number is a 64-bit float");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(new_version_reads_old_events, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(defaults_are_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(old_version_requires_its_fields, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
