/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing a store.  Nothing is written before libpq, the options,
 * the server and the store's format have been checked. */
#include "datastore.h"
#include "catalogue/catalogue.h"
#include "net/errors.h"
#include "net/query.h"

#include "common/error.h"
#include "common/text.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MEBI (UINT64_C(1) << 20)
#define LIBPQ_LEAST 140000 /* pipeline mode */

static int open_once(const struct lease *lease, void *context)
{
    const quipu_open *how = context;
    bool create =
        (how->flags & QUIPU_OPEN_CREATE) != 0 && !lease->datastore->readonly;
    return quipu_postgres_catalogue_open(
        lease, create, (how->flags & QUIPU_OPEN_ALL_NAMESPACES) != 0);
}

/* The module itself does not load with an older libpq, which lacks functions
 * that it calls; a program that has the driver linked in may bind them lazily
 * and get here. */
static int check_library(const quipu_host *host, quipu_error *error)
{
    int version = PQlibVersion();
    if (version >= LIBPQ_LEAST) {
        return QUIPU_OK;
    }
    return host->error_set(error, QUIPU_UNSUPPORTED, 0, NULL,
                           "libpq %d.%d lacks pipeline mode; install libpq %d "
                           "or later",
                           version / 10000, version % 10000,
                           LIBPQ_LEAST / 10000);
}

static int read_uri(quipu_driver_datastore *datastore, const quipu_open *how,
                    quipu_error *error)
{
    const quipu_host *host = datastore->host;
    int status =
        quipu_postgres_options_read(host, how, &datastore->options, error);
    if (status == QUIPU_OK) {
        status = quipu_postgres_conninfo_parse(host, how, &datastore->conninfo,
                                               error);
    }
    datastore->name = datastore->conninfo.shown;
    return status == QUIPU_OK
               ? quipu_postgres_hosts_find(host, &datastore->conninfo,
                                           &datastore->hosts, error)
               : status;
}

static quipu_driver_datastore *create_datastore(const quipu_host *host,
                                                const quipu_open *how)
{
    quipu_driver_datastore *datastore = host->allocate(sizeof(*datastore));
    if (!datastore) {
        return NULL;
    }
    memset(datastore, 0, sizeof(*datastore));
    datastore->host = host;
    datastore->process = getpid();
    datastore->readonly = (how->flags & QUIPU_OPEN_READONLY) != 0;
    datastore->relaxed = (how->flags & QUIPU_OPEN_RELAXED) != 0;
    datastore->name_space = quipu_common_text_copy(host, how->name_space);
    return datastore;
}

/* After fork() the connections are the parent's.  PQfinish would send a
 * Terminate message on them; a socket replaced by /dev/null takes it. */
static void abandon(struct connection *connection)
{
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere >= 0) {
        (void)dup2(nowhere, PQsocket(connection->pg));
        (void)close(nowhere);
    }
}

void quipu_postgres_datastore_close(quipu_driver_datastore *datastore)
{
    const quipu_host *host = datastore->host;
    if (datastore->process != getpid()) {
        if (datastore->notify.listener) {
            abandon(datastore->notify.listener);
        }
        for (struct connection *idle = datastore->pool.idle; idle;
             idle = idle->next) {
            abandon(idle);
        }
    }
    quipu_postgres_notify_finish(datastore);
    quipu_postgres_pool_finish(datastore);
    quipu_postgres_catalogue_sql_finish(datastore);
    quipu_postgres_hosts_finish(&datastore->hosts, host);
    quipu_postgres_conninfo_finish(&datastore->conninfo, host);
    host->release(datastore->schema);
    host->release(datastore->name_space);
    host->release(datastore);
}

static void describe(const quipu_driver_datastore *datastore,
                     quipu_opened *opened)
{
    opened->capabilities =
        QUIPU_CAN_LOG | QUIPU_CAN_TRACK | QUIPU_CAN_TRANSACT | QUIPU_CAN_SHARE |
        QUIPU_CAN_PERSIST | QUIPU_CAN_ENTRIES | QUIPU_CAN_ERASE;
    if (datastore->shared_flush) {
        opened->capabilities |= QUIPU_CAN_SHARE_FLUSH;
    }
    opened->identity = datastore->identity;
    opened->limits = (quipu_limits){ .state_size = 64 * MEBI,
                                     .append_items = 100000,
                                     .append_size = 256 * MEBI };
}

int quipu_postgres_datastore_open(const quipu_host *host, const quipu_open *how,
                                  int64_t deadline,
                                  quipu_driver_datastore **datastore,
                                  quipu_opened *opened, quipu_error *error)
{
    int status = quipu_common_error_check_host(host, error);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_driver_datastore *made = create_datastore(host, how);
    if (!made) {
        return quipu_postgres_error_no_memory(host, error);
    }
    status = quipu_postgres_pool_init(made, error);
    if (status == QUIPU_OK) {
        status = quipu_postgres_notify_init(made, error);
    }
    if (status == QUIPU_OK) {
        status = check_library(host, error);
    }
    if (status == QUIPU_OK && !made->name_space) {
        status = quipu_postgres_error_no_memory(host, error);
    }
    if (status == QUIPU_OK) {
        status = read_uri(made, how, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_postgres_query_repeat(made, open_once, (void *)how,
                                             deadline, error);
    }
    made->options.schema = NULL; /* the option was lent for the opening */
    if (status != QUIPU_OK) {
        quipu_postgres_datastore_close(made);
        return status;
    }
    made->opened = true;
    describe(made, opened);
    *datastore = made;
    return QUIPU_OK;
}
