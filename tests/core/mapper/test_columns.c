/* SPDX-License-Identifier: Apache-2.0 */
/* Tests further columns, filled from attributes of events. */
#include <float.h>
#include <math.h>

#include "harness.h"

struct sale {
    quipu_event base;
    bool paid;
    int16_t delta;
    uint64_t total;
    float weight;
    double price;
    const char *shop;
    quipu_bytes proof;
    quipu_uuid ticket;
    quipu_time due;
    quipu_id buyer;
    const char *note;
    int32_t maybe;
    bool has_maybe;
    int32_t *list;
    size_t list_count;
};

static const quipu_field sale_fields[] = {
    QUIPU_FIELD(struct sale, paid),
    QUIPU_FIELD(struct sale, delta),
    QUIPU_FIELD(struct sale, total),
    QUIPU_FIELD(struct sale, weight),
    QUIPU_FIELD(struct sale, price),
    QUIPU_FIELD(struct sale, shop),
    QUIPU_FIELD(struct sale, proof),
    QUIPU_FIELD(struct sale, ticket),
    QUIPU_FIELD(struct sale, due),
    QUIPU_FIELD(struct sale, buyer),
    QUIPU_FIELD_NULLABLE(struct sale, note),
    QUIPU_FIELD_OPTIONAL(struct sale, maybe, has_maybe),
    QUIPU_FIELD_ARRAY(struct sale, list, list_count),
    { 0 },
};
static const quipu_event_type sale_type = { .topic = "Sale",
                                            .size = sizeof(struct sale),
                                            .fields = sale_fields };
static const quipu_event_type plain_type = { .topic = "Plain",
                                             .size = sizeof(quipu_event) };
static const quipu_event_type *const types[] = { &sale_type, &plain_type };

static struct sale make(void)
{
    struct sale sale = { .paid = true,
                         .delta = -3,
                         .total = INT64_MAX,
                         .weight = 0.5F,
                         .price = DBL_MAX,
                         .shop = "corner",
                         .proof = { "\0\1", 2 },
                         .due = { -5 },
                         .buyer = { 16, "fedcba9876543210" } };

    quipu_event_init(&sale.base, &sale_type,
                     &(quipu_id){ 16, "0123456789abcdef" }, 1);
    sale.base.metadata = (quipu_bytes){ "meta", 4 };
    memset(&sale.ticket, 0x77, sizeof(sale.ticket));
    return sale;
}

static void open_columns(struct harness *harness, const quipu_column *columns,
                         size_t count)
{
    quipu_schema schema = harness_schema();
    quipu_mapping mapping = harness_mapping(types);

    schema.columns = columns;
    schema.column_count = count;
    mapping.type_count = 2;
    harness_open(harness, &schema, &mapping);
}

/* Fills one column and returns its value. */
static const quipu_value *fill_one(struct harness *harness, const char *name,
                                   int kind, const quipu_event *event)
{
    const quipu_column column = { .name = "c",
                                  .kind = kind,
                                  .attribute = name };
    const quipu_item *item;

    open_columns(harness, &column, 1);
    item = harness_encode(harness, event);
    assert_int_equal(item->column_count, 1);
    return item->columns;
}

static void assert_integer(const char *name, int kind, int64_t expected)
{
    const struct sale sale = make();
    struct harness harness;
    const quipu_value *value = fill_one(&harness, name, kind, &sale.base);

    assert_int_equal(value->kind, kind);
    assert_true(value->as.integer == expected);
    harness_close(&harness);
}

static void assert_text(const char *name, int kind, const void *expected,
                        size_t size)
{
    const struct sale sale = make();
    struct harness harness;
    const quipu_value *value = fill_one(&harness, name, kind, &sale.base);

    assert_int_equal(value->kind, kind);
    assert_bytes(value->as.bytes.data, value->as.bytes.size, expected, size);
    harness_close(&harness);
}

static void assert_null_value(const char *name, int kind,
                              const quipu_event *event)
{
    struct harness harness;
    const quipu_value *value = fill_one(&harness, name, kind, event);

    assert_int_equal(value->kind, QUIPU_VALUE_NULL);
    harness_close(&harness);
}

static void assert_value_refused(const char *name, int kind,
                                 const struct sale *sale, const char *why)
{
    const quipu_column column = { .name = name, .kind = kind };
    struct harness harness;

    open_columns(&harness, &column, 1);
    harness_refuse(&harness, &sale->base, why);
    harness_close(&harness);
}

static void attributes_of_every_kind_fill_columns(void **state)
{
    struct sale sale = make();
    struct harness harness;

    (void)state;
    assert_integer("paid", QUIPU_VALUE_BOOL, 1);
    assert_integer("delta", QUIPU_VALUE_INT, -3);
    assert_integer("total", QUIPU_VALUE_INT, INT64_MAX);
    assert_integer("due", QUIPU_VALUE_TIME, -5);
    assert_integer("originator_version", QUIPU_VALUE_INT, 1);
    assert_text("shop", QUIPU_VALUE_TEXT, "corner", 6);
    assert_text("topic", QUIPU_VALUE_TEXT, "Sale", 4);
    assert_text("proof", QUIPU_VALUE_BYTES, "\0\1", 2);
    assert_text("metadata", QUIPU_VALUE_BYTES, "meta", 4);
    assert_text("ticket", QUIPU_VALUE_UUID, &sale.ticket, 16);
    assert_text("buyer", QUIPU_VALUE_UUID, "fedcba9876543210", 16);
    assert_text("buyer", QUIPU_VALUE_TEXT, "fedcba9876543210", 16);
    assert_text("originator_id", QUIPU_VALUE_BYTES, "0123456789abcdef", 16);
    assert_true(
        fill_one(&harness, "price", QUIPU_VALUE_DOUBLE, &sale.base)->as.real ==
        DBL_MAX);
    harness_close(&harness);
    assert_true(
        fill_one(&harness, "weight", QUIPU_VALUE_DOUBLE, &sale.base)->as.real ==
        0.5);
    harness_close(&harness);
    assert_bytes(fill_one(&harness, "event_id", QUIPU_VALUE_UUID, &sale.base)
                     ->as.bytes.data,
                 16, &sale.base.event_id, 16);
    harness_close(&harness);
}

static void absent_attributes_are_null(void **state)
{
    struct sale sale = make();
    quipu_event plain;

    (void)state;
    quipu_event_init(&plain, &plain_type, &(quipu_id){ 16, "0123456789abcdef" },
                     1);
    assert_null_value("shop", QUIPU_VALUE_TEXT, &plain); /* lacks it */
    assert_null_value("note", QUIPU_VALUE_TEXT, &sale.base);
    assert_null_value("maybe", QUIPU_VALUE_INT, &sale.base);
    sale.buyer.size = 0;
    assert_null_value("buyer", QUIPU_VALUE_UUID, &sale.base);
    sale.base.time.microseconds = 0;
    assert_null_value("time", QUIPU_VALUE_TIME, &sale.base);
    memset(&sale.base.event_id, 0, sizeof(sale.base.event_id));
    assert_null_value("event_id", QUIPU_VALUE_UUID, &sale.base);
    sale.base.metadata.data = NULL;
    assert_null_value("metadata", QUIPU_VALUE_BYTES, &sale.base);
}

static void values_out_of_range_are_refused(void **state)
{
    struct sale sale = make();

    (void)state;
    sale.total = (uint64_t)INT64_MAX + 1;
    assert_value_refused("total", QUIPU_VALUE_INT, &sale,
                         "event Sale: its total is larger than 2^63 - 1");
    sale.price = NAN;
    assert_value_refused("price", QUIPU_VALUE_DOUBLE, &sale, "not finite");
    sale.weight = INFINITY;
    assert_value_refused("weight", QUIPU_VALUE_DOUBLE, &sale, "not finite");
    sale.due.microseconds = QUIPU_TIME_MAX + 1;
    assert_value_refused("due", QUIPU_VALUE_TIME, &sale, "years 1 to 9999");
    sale.shop = NULL;
    assert_value_refused("shop", QUIPU_VALUE_TEXT, &sale, "is NULL");
    sale.shop = "\xFE";
    assert_value_refused("shop", QUIPU_VALUE_TEXT, &sale, "is not UTF-8");
    sale.buyer.size = 15;
    assert_value_refused("buyer", QUIPU_VALUE_UUID, &sale, "is not a uuid");
}

static void assert_column_refused(quipu_column column, size_t count,
                                  const char *why)
{
    quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);
    quipu_mapper *mapper = NULL;
    quipu_error error;

    schema.columns = count ? &column : NULL;
    schema.column_count = count ? count : 1;
    assert_refused(quipu_mapper_open(&schema, &mapping, &mapper, &error),
                   QUIPU_INVALID, &error, why);
}

static void mismatched_kinds_are_refused(void **state)
{
    static const struct {
        const char *name;
        int kind;
    } wrong[] = {
        { "delta", QUIPU_VALUE_BOOL },   { "paid", QUIPU_VALUE_INT },
        { "total", QUIPU_VALUE_DOUBLE }, { "proof", QUIPU_VALUE_TEXT },
        { "shop", QUIPU_VALUE_BYTES },   { "shop", QUIPU_VALUE_UUID },
        { "total", QUIPU_VALUE_TIME },   { "list", QUIPU_VALUE_INT },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_column_refused(
            (quipu_column){ .name = wrong[i].name, .kind = wrong[i].kind }, 1,
            "does not fit its column");
    }
    assert_column_refused(
        (quipu_column){ .name = "list", .kind = QUIPU_VALUE_INT }, 1,
        "attribute list of event type Sale, an array of int, does not fit "
        "its column, of int");
}

static void columns_without_an_attribute_are_refused(void **state)
{
    quipu_column column = { .name = "colour", .kind = QUIPU_VALUE_TEXT };

    (void)state;
    assert_column_refused(column, 1, "no event type has the attribute colour");
    column.kind = QUIPU_VALUE_NULL;
    assert_column_refused(column, 1, "columns[0] has kind 0");
    column.kind = -1;
    assert_column_refused(column, 1, "columns[0] has kind -1, which is not");
    column.kind = QUIPU_VALUE_TIME + 1;
    assert_column_refused(column, 1, "columns[0] has kind 8, which is not");
    column.kind = QUIPU_VALUE_TEXT;
    column.name = NULL;
    assert_column_refused(column, 1, "no name for columns[0]");
    assert_column_refused(column, 0, "columns is NULL");
    assert_column_refused(column, QUIPU_COLUMNS_MAX + 1, "at most 64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_of_every_kind_fill_columns),
        cmocka_unit_test(absent_attributes_are_null),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(mismatched_kinds_are_refused),
        cmocka_unit_test(columns_without_an_attribute_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
