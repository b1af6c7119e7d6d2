/* SPDX-License-Identifier: Apache-2.0 */
/* A warehouse: products with reservations, orders with lines, customers; a read
 * model of the stock in the same database, and a mailer in another process. */
#ifndef WAREHOUSE_H
#define WAREHOUSE_H

#include <quipu/quipu.h>

/* ------------------------------------------------------------- the events */

enum { NAME_SIZE = 32, LINES_MAX = 8 };

/* clang-format off */
QUIPU_NESTED(line,
             QUIPU_FIXED_TEXT(product, NAME_SIZE),
             QUIPU_VALUE(int32_t, units));
QUIPU_NESTED(reservation,
             QUIPU_FIXED_TEXT(order, NAME_SIZE),
             QUIPU_VALUE(int32_t, units));

QUIPU_EVENT_SHARED(product_added, "Product.Added",
                   QUIPU_VALUE(const char *, title));
QUIPU_EVENT_SHARED(stock_received, "Product.Received",
                   QUIPU_VALUE(int32_t, units));
QUIPU_EVENT_SHARED(stock_reserved, "Product.Reserved",
                   QUIPU_VALUE(const char *, order),
                   QUIPU_VALUE(int32_t, units));
QUIPU_EVENT_SHARED(stock_released, "Product.Released",
                   QUIPU_VALUE(const char *, order),
                   QUIPU_VALUE(int32_t, units));
QUIPU_AGGREGATE(product,
                QUIPU_VALUE(char *, title),
                QUIPU_VALUE(int32_t, available),
                QUIPU_STRUCT_ARRAY(struct reservation, reservations,
                                   reservation_count, reservation_fields));

QUIPU_EVENT_SHARED(order_placed, "Order.Placed",
                   QUIPU_VALUE(const char *, customer),
                   QUIPU_STRUCT_ARRAY(struct line, lines, line_count,
                                      line_fields));
QUIPU_EVENT_SHARED(order_paid, "Order.Paid",
                   QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT_SHARED(order_shipped, "Order.Shipped",
                   QUIPU_VALUE(const char *, parcel));
QUIPU_EVENT_SHARED(order_cancelled, "Order.Cancelled",
                   QUIPU_VALUE(const char *, reason));
enum order_state { PLACED = 1, PAID, SHIPPED, CANCELLED };
QUIPU_AGGREGATE(order,
                QUIPU_FIXED_TEXT(customer, NAME_SIZE),
                QUIPU_VALUE(enum order_state, state),
                QUIPU_STRUCT_ARRAY(struct line, lines, line_count,
                                   line_fields));

QUIPU_EVENT_SHARED(customer_registered, "Customer.Registered",
                   QUIPU_VALUE(const char *, email));
QUIPU_EVENT_SHARED(email_changed, "Customer.EmailChanged",
                   QUIPU_VALUE(const char *, email));
QUIPU_EVENT_SHARED(customer_left, "Customer.Left",
                   QUIPU_NULLABLE(const char *, reason));
QUIPU_AGGREGATE(customer,
                QUIPU_VALUE(char *, email));
/* clang-format on */

extern const quipu_aggregate_type product_type, order_type, customer_type;

/* ---------------------------------------------------------- the warehouse */

struct warehouse {
    quipu_application *application;
    quipu_datastore *datastore;
    quipu_store *store;
    quipu_repository *products, *orders, *customers;
    bool is_postgres; /* otherwise SQLite */
};

/* Opens the warehouse that WAREHOUSE_QUIPU_URI names. */
int warehouse_open(struct warehouse *warehouse, quipu_error *error);
void warehouse_close(struct warehouse *warehouse);

/* Returns an aggregate in a unit by its name; NULL fills *error. */
void *warehouse_get(quipu_unit *unit, quipu_repository *repository,
                    const char *name, quipu_error *error);

/* -------------------------------------------------------------------- SQL */

typedef void (*sql_visit)(const char *const *columns, void *context);

/* A statement and its values, as text; NULL after the last one. */
struct sql {
    const char *text;
    const char *values[4];
    sql_visit visit; /* called with each row; or NULL */
    void *context;
};

/* Executes a statement in a transaction of the warehouse's database. */
int sql_run(const struct warehouse *warehouse, void *native,
            const struct sql *sql, quipu_error *error);

/* ----------------------------------------------------------- the commands */

int warehouse_order(struct warehouse *warehouse, char **words,
                    quipu_error *error);
int warehouse_add(struct warehouse *warehouse, char **words,
                  quipu_error *error);
int warehouse_receive(struct warehouse *warehouse, char **words,
                      quipu_error *error);
int warehouse_register(struct warehouse *warehouse, char **words,
                       quipu_error *error);
int warehouse_pay(struct warehouse *warehouse, char **words,
                  quipu_error *error);
int warehouse_ship(struct warehouse *warehouse, char **words,
                   quipu_error *error);
int warehouse_cancel(struct warehouse *warehouse, char **words,
                     quipu_error *error);
int stock_follow(struct warehouse *warehouse, char **words, quipu_error *error);
int stock_run(struct warehouse *warehouse, char **words, quipu_error *error);
int stock_show(struct warehouse *warehouse, char **words, quipu_error *error);
int mailer_run(struct warehouse *warehouse, char **words, quipu_error *error);

#endif
