/* SPDX-License-Identifier: Apache-2.0 */
/* The stock: a read model of all products, and a board that shows one. */
#include "warehouse.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

/* ------------------------------------------------------------- read model */

static int create(void *native, void *context, quipu_error *error)
{
    return sql_run(context, native,
                   &(struct sql){ .text =
                                      "CREATE TABLE stock (product text"
                                      " PRIMARY KEY, available bigint NOT NULL,"
                                      " reserved bigint NOT NULL)" },
                   error);
}

static int drop(void *native, void *context, quipu_error *error)
{
    return sql_run(context, native, &(struct sql){ .text = "DROP TABLE stock" },
                   error);
}

/* Adds to the numbers of the product that the event is about. */
static int change(void *native, const struct warehouse *warehouse,
                  const quipu_event *event, int available, int reserved,
                  quipu_error *error)
{
    char product[NAME_SIZE], more_available[16], more_reserved[16];

    (void)snprintf(product, sizeof(product), "%.*s",
                   (int)event->originator_id.size,
                   (const char *)event->originator_id.data);
    (void)snprintf(more_available, sizeof(more_available), "%d", available);
    (void)snprintf(more_reserved, sizeof(more_reserved), "%d", reserved);
    return sql_run(
        warehouse, native,
        &(struct sql){ .text = "INSERT INTO stock AS s VALUES ($1, $2, $3)"
                               " ON CONFLICT (product) DO UPDATE SET"
                               " available = s.available +"
                               " excluded.available, reserved = s.reserved"
                               " + excluded.reserved",
                       .values = { product, more_available, more_reserved } },
        error);
}

QUIPU_PROJECTOR(stock_received)
{
    return change(native, context, &event->base, event->units, 0, error);
}

QUIPU_PROJECTOR(stock_reserved)
{
    return change(native, context, &event->base, -event->units, event->units,
                  error);
}

QUIPU_PROJECTOR(stock_released)
{
    return change(native, context, &event->base, event->units, -event->units,
                  error);
}

static const quipu_projection_handler handlers[] = {
    QUIPU_PROJECTS(stock_received),
    QUIPU_PROJECTS(stock_reserved),
    QUIPU_PROJECTS(stock_released),
    { 0 },
};
static const quipu_projection_type type = { .name = "stock",
                                            .version = 1,
                                            .handlers = handlers,
                                            .create = create,
                                            .drop = drop };

static quipu_projection *projection;

static void stop(int number)
{
    (void)number;
    /* NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c): made for it. */
    quipu_projection_request_stop(projection);
}

int stock_run(struct warehouse *warehouse, char **words, quipu_error *error)
{
    const quipu_projection_options options = { .struct_size = sizeof(options),
                                               .context = warehouse };
    (void)words;

    QUIPU_TRY(quipu_projection_open(warehouse->store, &type, &options,
                                    &projection, error));
    (void)signal(SIGTERM, stop);
    int status = quipu_projection_run(projection, error);

    (void)signal(SIGTERM, SIG_DFL); /* it would use what is closed */
    (void)quipu_projection_close(projection, NULL);
    return status;
}

/* ---------------------------------------------------------------- reading */

static void print(const char *const *columns, void *context)
{
    (void)context;
    printf("%s %s %s\n", columns[0], columns[1], columns[2]);
}

static int list(void *native, void *context, quipu_error *error)
{
    return sql_run(context, native,
                   &(struct sql){ .text = "SELECT product, available, reserved"
                                          " FROM stock ORDER BY product",
                                  .visit = print },
                   error);
}

int stock_show(struct warehouse *warehouse, char **words, quipu_error *error)
{
    const quipu_append nothing = { .struct_size = sizeof(nothing) };
    (void)words;

    return quipu_datastore_transact(warehouse->datastore, &nothing, list,
                                    warehouse, NULL, error);
}

/* Keeps a product, and brings it up to date ten times a second: "PRODUCT". */
int stock_follow(struct warehouse *warehouse, char **words, quipu_error *error)
{
    const struct timespec pause = { .tv_nsec = 100000000 };
    int status = QUIPU_OK;
    quipu_id id;

    QUIPU_TRY(quipu_id_of_text(&id, words[0], error));
    struct product *product =
        quipu_repository_get(warehouse->products, &id, error);

    if (!product) {
        return error->code;
    }
    for (int i = 0; status == QUIPU_OK && i < 10; i++) {
        printf("%s: %d available, %zu orders\n", product->title,
               (int)product->available, product->reservation_count);
        (void)nanosleep(&pause, NULL);
        status = quipu_repository_refresh(warehouse->products, &product->base,
                                          error);
    }
    quipu_aggregate_destroy(product);
    return status;
}
