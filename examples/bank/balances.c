/* SPDX-License-Identifier: Apache-2.0 */
/* The read model of balances: a handler, and the projection that calls it. */
#include "bank.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int apply(void *native, void *context, const quipu_event *event,
                 const quipu_item *item, quipu_error *error)
{
    const struct model *model = context;
    struct balance change = { .cents = account_change(event),
                              .transfers = event->type != &opened };

    (void)snprintf(change.account, sizeof(change.account), "%.*s",
                   (int)item->sequence_id.size,
                   (const char *)item->sequence_id.data);
    return model->tables->add(native, model->version, &change, error);
}

static const quipu_projection_handler handlers[] = {
    { .event = &opened, .apply = apply },
    { .event = &deposited, .apply = apply },
    { .event = &withdrawn, .apply = apply },
    { 0 },
};

/* ------------------------------------------------------------- projection */

static const struct tables *find_tables(const struct bank *bank)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };

    (void)quipu_datastore_describe(bank->datastore, &info, NULL);
    return strcmp(info.driver, "postgres") == 0 ? &postgres_tables
           : strcmp(info.driver, "lmdb") == 0   ? &lmdb_tables
                                                : &sqlite_tables;
}

static quipu_projection *projection;

static void stop(int number)
{
    (void)number;
    /* NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c): made for it. */
    quipu_projection_request_stop(projection);
}

/* Opens a version, calls the function, and closes it. */
static int use(struct bank *bank, int version,
               int (*function)(quipu_projection *, quipu_error *),
               quipu_error *error)
{
    struct model model = { find_tables(bank), version };
    const quipu_projection_type type = { .name = "balances",
                                         .version = (uint32_t)version,
                                         .handlers = handlers,
                                         .create = model.tables->create,
                                         .drop = model.tables->drop,
                                         .show = model.tables->show };
    const quipu_projection_options options = { .struct_size = sizeof(options),
                                               .context = &model };
    int status =
        quipu_projection_open(bank->store, &type, &options, &projection, error);

    if (status == QUIPU_OK) {
        (void)signal(SIGTERM, stop);
        status = function(projection, error);
        (void)signal(SIGTERM, SIG_DFL); /* it would use what is closed */
        (void)quipu_projection_close(projection, NULL);
    }
    return status;
}

int balances_run(struct bank *bank, int version, quipu_error *error)
{
    return use(bank, version, quipu_projection_run, error);
}

/* Waits until the version has caught up. */
static int promote(quipu_projection *version, quipu_error *error)
{
    const struct timespec pause = { .tv_nsec = 10000000 };
    int status;

    do {
        status = quipu_projection_promote(version, 0, error);
    } while (status == QUIPU_BUSY && nanosleep(&pause, NULL) == 0);
    return status;
}

int balances_promote(struct bank *bank, int version, quipu_error *error)
{
    return use(bank, version, promote, error);
}

int balances_retire(struct bank *bank, int version, quipu_error *error)
{
    int status = use(bank, version, quipu_projection_retire, error);

    return status == QUIPU_NOT_FOUND ? QUIPU_OK : status; /* it was already */
}

/* ---------------------------------------------------------------- reading */

struct listing {
    struct model model;
    balances_visit visit;
    void *context;
};

static int list(void *native, void *context, quipu_error *error)
{
    const struct listing *listing = context;

    return listing->model.tables->list(native, listing->model.version,
                                       listing->visit, listing->context, error);
}

/* The transaction is one snapshot, and works on every back end. */
int balances_list(struct bank *bank, int version, balances_visit visit,
                  void *context, quipu_error *error)
{
    const quipu_append nothing = { .struct_size = sizeof(nothing) };
    struct listing listing = { { find_tables(bank), version }, visit, context };

    return quipu_datastore_transact(bank->datastore, &nothing, list, &listing,
                                    NULL, error);
}
