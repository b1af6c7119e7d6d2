/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Casts: an order that was stored in version 1 is read in version 4.  Prints:
 *
 *     placed 2026-05-25T12:00:00.000000Z, 2.5 kg, prepaid
 *     tea for 900 cents
 *     milk for 120 cents
 *     coupon SPRING
 *     to Bath, wrapped in paper
 *     customer and seller: kept
 *     checksum of 2 bytes
 */
#include "howto.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------- the first release */

QUIPU_NESTED(first_line, QUIPU_VALUE(const char *, product),
             QUIPU_VALUE(int64_t, cost));
QUIPU_NESTED(first_address, QUIPU_VALUE(const char *, street),
             QUIPU_VALUE(const char *, town));
QUIPU_EVENT(first_order, "Order.Placed", QUIPU_VALUE(int64_t, seconds),
            QUIPU_VALUE(uint32_t, grams),
            QUIPU_OPTIONAL(quipu_time, paid, is_paid),
            QUIPU_STRUCT_ARRAY(struct first_line, lines, line_count,
                               first_line_fields),
            QUIPU_NULLABLE(const char *, coupon),
            QUIPU_STRUCT(struct first_address, address, first_address_fields),
            QUIPU_VALUE(bool, gift), QUIPU_VALUE(quipu_uuid, customer),
            QUIPU_VALUE(quipu_id, seller), QUIPU_VALUE(quipu_bytes, checksum));

/* -------------------------------------------------------------- the casts */

/* Version 2 has times and real numbers in the place of counts. */
static int to_units(quipu_rewrite *members, quipu_error *error)
{
    int64_t seconds = 0;
    uint64_t grams = 0;
    quipu_time paid;

    if (!quipu_rewrite_int(members, "seconds", &seconds) ||
        !quipu_rewrite_uint(members, "grams", &grams)) {
        return quipu_error_set(error, QUIPU_CORRUPT, "no time or no weight");
    }
    const quipu_time placed = { seconds * 1000000 };

    quipu_rewrite_set_time(members, "placed", placed);
    quipu_rewrite_set_real(members, "kilograms", (double)grams / 1000);
    quipu_rewrite_set_bool(members, "prepaid",
                           quipu_rewrite_time(members, "paid", &paid) &&
                               paid.microseconds <= placed.microseconds);
    quipu_rewrite_remove(members, "seconds");
    quipu_rewrite_remove(members, "grams");
    quipu_rewrite_remove(members, "paid");
    return QUIPU_OK;
}

/* Version 3 has other names in the lines of an order, several coupons, and the
 * town in a struct of its own. */
static int to_lists(quipu_rewrite *members, quipu_error *error)
{
    (void)error;
    for (size_t i = 0; i < quipu_rewrite_count(members, "lines"); i++) {
        quipu_rewrite *line = quipu_rewrite_element(members, "lines", i);

        quipu_rewrite_move(line, "cost", line, "price");
    }
    if (quipu_rewrite_has(members, "coupon")) {
        quipu_rewrite_set_array(members, "coupons", 1);
        quipu_rewrite_move(members, "coupon",
                           quipu_rewrite_element(members, "coupons", 0), NULL);
    } else {
        quipu_rewrite_set_array(members, "coupons", 0);
    }
    quipu_rewrite *address = quipu_rewrite_map(members, "address");
    quipu_rewrite *delivery = quipu_rewrite_set_map(members, "delivery");

    quipu_rewrite_move(address, "town", delivery, "town");
    quipu_rewrite_remove(members, "address");
    return QUIPU_OK;
}

/* Version 4 has a kind of wrapping, an id for the customer, a UUID for the
 * seller, and two bytes of the checksum. */
static int to_ids(quipu_rewrite *members, quipu_error *error)
{
    quipu_id seller, customer_id;
    quipu_bytes checksum;
    quipu_uuid customer;
    bool gift = false;

    if (!quipu_rewrite_uuid(members, "customer", &customer) ||
        !quipu_rewrite_id(members, "seller", &seller) ||
        seller.size != sizeof(quipu_uuid) ||
        !quipu_rewrite_bytes(members, "checksum", &checksum) ||
        checksum.size < 2) {
        return quipu_error_set(error, QUIPU_CORRUPT, "an id is missing");
    }
    (void)quipu_rewrite_bool(members, "gift", &gift);
    quipu_rewrite_remove(members, "gift");
    quipu_rewrite_set_text(members, "wrapping",
                           quipu_bytes_of_text(gift ? "paper" : "none"));
    quipu_id_of_uuid(&customer_id, &customer);
    quipu_rewrite_set_id(members, "customer", &customer_id);
    (void)memcpy(customer.bytes, seller.data, sizeof(customer.bytes));
    quipu_rewrite_set_uuid(members, "seller", &customer);
    quipu_rewrite_set_bytes(members, "checksum",
                            (quipu_bytes){ checksum.data, 2 });
    return QUIPU_OK;
}

static const quipu_cast order_casts[] = { { .from = 1, .cast = to_units },
                                          { .from = 2, .cast = to_lists },
                                          { .from = 3, .cast = to_ids },
                                          { 0 } };
static const quipu_event_traits order_traits = {
    .struct_size = sizeof(order_traits), .version = 4, .casts = order_casts
};

/* ----------------------------------------------------- the release of today */

QUIPU_NESTED(line, QUIPU_VALUE(const char *, product),
             QUIPU_VALUE(int64_t, price));
QUIPU_NESTED(delivery, QUIPU_VALUE(const char *, town));
QUIPU_EVENT(order, "Order.Placed", QUIPU_VALUE(quipu_time, placed),
            QUIPU_VALUE(double, kilograms), QUIPU_VALUE(bool, prepaid),
            QUIPU_STRUCT_ARRAY(struct line, lines, line_count, line_fields),
            QUIPU_ARRAY(const char *, coupons, coupon_count),
            QUIPU_STRUCT(struct delivery, delivery, delivery_fields),
            QUIPU_VALUE(const char *, wrapping),
            QUIPU_VALUE(quipu_id, customer), QUIPU_VALUE(quipu_uuid, seller),
            QUIPU_VALUE(quipu_bytes, checksum), QUIPU_TRAITS(order_traits));

static int open_store(struct bank *bank, const quipu_event_type *type,
                      quipu_store **store, quipu_error *error)
{
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = &type,
                                    .type_count = 1 };

    return quipu_store_open(bank->datastore, &bank->schema, &mapping, store,
                            error);
}

/* Appends an order as the first release does. */
static int append_order(quipu_store *store, const quipu_uuid *uuid,
                        quipu_error *error)
{
    const quipu_id id = account_id("order");
    struct first_line lines[] = { { "tea", 900 }, { "milk", 120 } };
    struct first_order event = {
        .seconds = 1779710400,
        .grams = 2500,
        .paid = { INT64_C(1779710400) * 1000000 },
        .is_paid = true,
        .lines = lines,
        .line_count = 2,
        .coupon = "SPRING",
        .address = { "1 Royal Crescent", "Bath" },
        .gift = true,
        .customer = *uuid,
        .checksum = quipu_bytes_of_text("sha256"),
    };
    const quipu_event *list[] = { &event.base };

    quipu_id_of_uuid(&event.seller, uuid);
    quipu_event_init(&event.base, &first_order, &id, 0);
    return quipu_store_append(store, list, 1, NULL, error);
}

static void print(const struct order *read, const quipu_uuid *uuid)
{
    char time[QUIPU_TIME_TEXT_SIZE];
    quipu_id id;

    (void)quipu_time_format(read->placed, time, NULL);
    printf("placed %s, %.1f kg, %s\n", time, read->kilograms,
           read->prepaid ? "prepaid" : "to be paid");
    for (size_t i = 0; i < read->line_count; i++) {
        printf("%s for %" PRId64 " cents\n", read->lines[i].product,
               read->lines[i].price);
    }
    for (size_t i = 0; i < read->coupon_count; i++) {
        printf("coupon %s\n", read->coupons[i]);
    }
    printf("to %s, wrapped in %s\n", read->delivery.town, read->wrapping);
    quipu_id_of_uuid(&id, uuid);
    printf("customer and seller: %s\n",
           quipu_id_equal(&read->customer, &id) &&
                   memcmp(&read->seller, uuid, sizeof(*uuid)) == 0
               ? "kept"
               : "lost");
    printf("checksum of %zu bytes\n", read->checksum.size);
}

static int read_order(quipu_store *store, const quipu_uuid *uuid,
                      quipu_error *error)
{
    const quipu_id id = account_id("order");
    quipu_event *event = NULL;

    QUIPU_TRY(quipu_store_last(store, &id, &event, error));
    print((const struct order *)event, uuid);
    quipu_event_destroy(event);
    return QUIPU_OK;
}

int casts_show(struct bank *bank, quipu_error *error)
{
    quipu_store *first = NULL, *today = NULL;
    quipu_uuid uuid;

    quipu_uuid_random(&uuid);
    int status = open_store(bank, &first_order, &first, error);

    if (status == QUIPU_OK) {
        status = append_order(first, &uuid, error);
    }
    if (status == QUIPU_OK) {
        status = open_store(bank, &order, &today, error);
    }
    if (status == QUIPU_OK) {
        status = read_order(today, &uuid, error);
    }
    (void)quipu_store_close(first, NULL);
    (void)quipu_store_close(today, NULL);
    return status;
}
