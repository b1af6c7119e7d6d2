/* SPDX-License-Identifier: Apache-2.0 */
/* The consequence of each event for its aggregate. */
#include "warehouse.h"

#include <stdio.h>
#include <string.h>

QUIPU_HANDLER(product, product_added)
{
    return quipu_text_set(&product->title, event->title, error);
}

QUIPU_HANDLER(product, stock_received)
{
    product->available += event->units;
    return QUIPU_OK;
}

QUIPU_HANDLER(product, stock_reserved)
{
    struct reservation *added =
        quipu_array_add((void **)&product->reservations,
                        &product->reservation_count, sizeof(*added), error);

    if (!added) {
        return error->code;
    }
    (void)snprintf(added->order, sizeof(added->order), "%s", event->order);
    added->units = event->units;
    product->available -= event->units;
    return QUIPU_OK;
}

QUIPU_HANDLER(product, stock_released)
{
    struct reservation *all = product->reservations;

    for (size_t i = 0; i < product->reservation_count; i++) {
        if (strcmp(all[i].order, event->order) == 0) {
            product->available += all[i].units;
            all[i] = all[--product->reservation_count];
            break;
        }
    }
    return QUIPU_OK;
}

QUIPU_HANDLER(order, order_placed)
{
    order->state = PLACED;
    (void)snprintf(order->customer, sizeof(order->customer), "%s",
                   event->customer);
    for (size_t i = 0; i < event->line_count; i++) {
        struct line *line = quipu_array_add(
            (void **)&order->lines, &order->line_count, sizeof(*line), error);

        if (!line) {
            return error->code;
        }
        *line = event->lines[i];
    }
    return QUIPU_OK;
}

QUIPU_HANDLER(order, order_paid)
{
    order->state = PAID;
    return QUIPU_OK;
}

QUIPU_HANDLER(order, order_shipped)
{
    order->state = SHIPPED;
    return QUIPU_OK;
}

QUIPU_HANDLER(order, order_cancelled)
{
    order->state = CANCELLED;
    return QUIPU_OK;
}

QUIPU_HANDLER(customer, customer_registered)
{
    return quipu_text_set(&customer->email, event->email, error);
}

QUIPU_HANDLER(customer, email_changed)
{
    return quipu_text_set(&customer->email, event->email, error);
}

QUIPU_AGGREGATE_TYPE(product, "Product", QUIPU_APPLIES(product_added),
                     QUIPU_APPLIES(stock_received),
                     QUIPU_APPLIES(stock_reserved),
                     QUIPU_APPLIES(stock_released));
QUIPU_AGGREGATE_TYPE(order, "Order", QUIPU_APPLIES(order_placed),
                     QUIPU_APPLIES(order_paid), QUIPU_APPLIES(order_shipped),
                     QUIPU_APPLIES(order_cancelled));
QUIPU_AGGREGATE_TYPE(customer, "Customer", QUIPU_APPLIES(customer_registered),
                     QUIPU_APPLIES(email_changed),
                     QUIPU_DISCARDS(customer_left));
