/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the warehouse, and does what its people do in it. */
#include "warehouse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------- opening, closing */

static int create_parcels(void *native, void *context, quipu_error *error)
{
    return sql_run(context, native,
                   &(struct sql){ .text = "CREATE TABLE IF NOT EXISTS parcels"
                                          " (parcel text PRIMARY KEY,"
                                          " customer text NOT NULL)" },
                   error);
}

int warehouse_open(struct warehouse *warehouse, quipu_error *error)
{
    static const quipu_event_type *const types[] = {
        &product_added,  &stock_received,  &stock_reserved,
        &stock_released, &order_placed,    &order_paid,
        &order_shipped,  &order_cancelled, &customer_registered,
        &email_changed,  &customer_left,
    };
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types,
                                    .type_count =
                                        sizeof(types) / sizeof(types[0]) };
    const quipu_append nothing = { .struct_size = sizeof(nothing) };
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_application **application = &warehouse->application;
    quipu_schema schema;

    *warehouse = (struct warehouse){ .application = NULL };
    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    QUIPU_TRY(quipu_environment_open("WAREHOUSE", &schema, &mapping,
                                     application, error));
    warehouse->datastore = quipu_application_datastore(*application);
    warehouse->store = quipu_application_store(*application);
    QUIPU_TRY(quipu_application_repository(*application, &product_type,
                                           &warehouse->products, error));
    QUIPU_TRY(quipu_application_repository(*application, &order_type,
                                           &warehouse->orders, error));
    QUIPU_TRY(quipu_application_repository(*application, &customer_type,
                                           &warehouse->customers, error));
    QUIPU_TRY(quipu_datastore_describe(warehouse->datastore, &info, error));
    warehouse->is_postgres = strcmp(info.driver, "postgres") == 0;
    return quipu_datastore_transact(warehouse->datastore, &nothing,
                                    create_parcels, warehouse, NULL, error);
}

void warehouse_close(struct warehouse *warehouse)
{
    quipu_repository_close(warehouse->products);
    quipu_repository_close(warehouse->orders);
    quipu_repository_close(warehouse->customers);
    (void)quipu_application_close(warehouse->application, NULL);
}

/* ------------------------------------------------------ units of the work */

/* The arguments of a command; the function of a unit gets them. */
struct command {
    struct warehouse *warehouse;
    char **words; /* NULL after the last one */
};

static int run(struct warehouse *warehouse, quipu_unit_function function,
               char **words, quipu_error *error)
{
    struct command command = { warehouse, words };

    return quipu_unit_run(warehouse->store, NULL, function, &command, NULL,
                          error);
}

void *warehouse_get(quipu_unit *unit, quipu_repository *repository,
                    const char *name, quipu_error *error)
{
    quipu_id id;

    return quipu_id_of_text(&id, name, error) == QUIPU_OK
               ? quipu_unit_get(unit, repository, &id, error)
               : NULL;
}

static void *make(quipu_unit *unit, quipu_repository *repository,
                  const char *name, quipu_error *error)
{
    quipu_id id;

    return quipu_id_of_text(&id, name, error) == QUIPU_OK
               ? quipu_unit_new(unit, repository, &id, error)
               : NULL;
}

static int32_t units_of(const char *word)
{
    return (int32_t)strtol(word, NULL, 10);
}

static int add(quipu_unit *unit, void *context, quipu_error *error)
{
    const struct command *command = context;
    struct product *product =
        make(unit, command->warehouse->products, command->words[0], error);

    return product ? QUIPU_TRIGGER(product, product_added, error,
                                   .title = command->words[1])
                   : error->code;
}

static int receive(quipu_unit *unit, void *context, quipu_error *error)
{
    const struct command *command = context;
    struct product *product = warehouse_get(unit, command->warehouse->products,
                                            command->words[0], error);

    return product ? QUIPU_TRIGGER(product, stock_received, error,
                                   .units = units_of(command->words[1]))
                   : error->code;
}

static int enrol(quipu_unit *unit, void *context, quipu_error *error)
{
    const struct command *command = context;
    struct customer *customer =
        make(unit, command->warehouse->customers, command->words[0], error);

    return customer ? QUIPU_TRIGGER(customer, customer_registered, error,
                                    .email = command->words[1])
                    : error->code;
}

/* Reserves the units of one line: "PRODUCT UNITS". */
static int reserve(quipu_unit *unit, const struct command *command,
                   char *const *words, struct line *line, quipu_error *error)
{
    struct product *product =
        warehouse_get(unit, command->warehouse->products, words[0], error);

    if (!product) {
        return error->code;
    }
    (void)snprintf(line->product, sizeof(line->product), "%s", words[0]);
    line->units = units_of(words[1]);
    if (line->units < 1 || line->units > product->available) {
        return quipu_error_set(error, QUIPU_DENIED, "there are %d of %s",
                               (int)product->available, words[0]);
    }
    return QUIPU_TRIGGER(product, stock_reserved, error,
                         .order = command->words[0], .units = line->units);
}

/* "ORDER CUSTOMER PRODUCT UNITS [PRODUCT UNITS]...": all of it, or nothing. */
static int place(quipu_unit *unit, void *context, quipu_error *error)
{
    const struct command *command = context;
    char *const *words = command->words;
    struct line lines[LINES_MAX] = { { .units = 0 } };
    size_t count = 0;
    struct customer *customer =
        warehouse_get(unit, command->warehouse->customers, words[1], error);
    struct order *order =
        customer ? make(unit, command->warehouse->orders, words[0], error)
                 : NULL;

    if (!order) {
        return error->code;
    }
    /* The customer must not leave at the same time. */
    QUIPU_TRY(quipu_unit_require(unit, &customer->base, error));
    for (words += 2; words[0] && words[1] && count < LINES_MAX; words += 2) {
        QUIPU_TRY(reserve(unit, command, words, &lines[count++], error));
    }
    return QUIPU_TRIGGER(order, order_placed, error,
                         .customer = command->words[1], .lines = lines,
                         .line_count = count);
}

static struct order *get_order(quipu_unit *unit, const struct command *command,
                               enum order_state state, quipu_error *error)
{
    struct order *order = warehouse_get(unit, command->warehouse->orders,
                                        command->words[0], error);

    if (order && order->state != state) {
        (void)quipu_error_set(error, QUIPU_DENIED,
                              "the order %s is in another state",
                              command->words[0]);
        return NULL;
    }
    return order;
}

static int pay(quipu_unit *unit, void *context, quipu_error *error)
{
    const struct command *command = context;
    struct order *order = get_order(unit, command, PLACED, error);

    return order ? QUIPU_TRIGGER(order, order_paid, error,
                                 .cents = strtoll(command->words[1], NULL, 10))
                 : error->code;
}

/* Gives the units of all lines of an order back. */
static int cancel(quipu_unit *unit, void *context, quipu_error *error)
{
    const struct command *command = context;
    struct order *order = get_order(unit, command, PLACED, error);

    if (!order) {
        return error->code;
    }
    for (size_t i = 0; i < order->line_count; i++) {
        struct product *product = warehouse_get(
            unit, command->warehouse->products, order->lines[i].product, error);

        if (!product) {
            return error->code;
        }
        QUIPU_TRY(QUIPU_TRIGGER(product, stock_released, error,
                                .order = command->words[0],
                                .units = order->lines[i].units));
    }
    return QUIPU_TRIGGER(order, order_cancelled, error,
                         .reason = command->words[1]);
}

/* The row is written in the transaction that stores the event. */
static int insert_parcel(void *native, void *context, quipu_error *error)
{
    const struct command *command = context;

    return sql_run(
        command->warehouse, native,
        &(struct sql){ .text = "INSERT INTO parcels VALUES ($1, $2)",
                       .values = { command->words[1], command->words[0] } },
        error);
}

static int ship(quipu_unit *unit, void *context, quipu_error *error)
{
    const struct command *command = context;
    struct order *order = get_order(unit, command, PAID, error);

    if (!order) {
        return error->code;
    }
    QUIPU_TRY(QUIPU_TRIGGER(order, order_shipped, error,
                            .parcel = command->words[1]));
    return quipu_unit_work(unit, insert_parcel, context, error);
}

int warehouse_add(struct warehouse *warehouse, char **words, quipu_error *error)
{
    return run(warehouse, add, words, error);
}

int warehouse_receive(struct warehouse *warehouse, char **words,
                      quipu_error *error)
{
    return run(warehouse, receive, words, error);
}

int warehouse_register(struct warehouse *warehouse, char **words,
                       quipu_error *error)
{
    return run(warehouse, enrol, words, error);
}

int warehouse_order(struct warehouse *warehouse, char **words,
                    quipu_error *error)
{
    return run(warehouse, place, words, error);
}

int warehouse_pay(struct warehouse *warehouse, char **words, quipu_error *error)
{
    return run(warehouse, pay, words, error);
}

int warehouse_ship(struct warehouse *warehouse, char **words,
                   quipu_error *error)
{
    return run(warehouse, ship, words, error);
}

int warehouse_cancel(struct warehouse *warehouse, char **words,
                     quipu_error *error)
{
    return run(warehouse, cancel, words, error);
}
