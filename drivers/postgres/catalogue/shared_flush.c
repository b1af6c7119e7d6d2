/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces with shared flushes in the catalogue (net/flush.h). */
#include "catalogue.h"

#include "net/errors.h"
#include "net/flush.h"
#include "net/query.h"

int quipu_postgres_shared_flush_permit(const struct lease *lease)
{
    const quipu_driver_datastore *datastore = lease->datastore;
    return lease->connection->sharded
               ? datastore->host->error_set(
                     lease->error, QUIPU_UNSUPPORTED, 0, NULL,
                     "namespace \"%s\" of %s cannot have shared flushes: Citus "
                     "keeps tables on servers whose disks this one does not "
                     "know; use a namespace without them",
                     datastore->name_space, datastore->name)
               : QUIPU_OK;
}

/* Checks the server and the role.  The flush is tried, since the role may lack
 * the right to it. */
static int check(const struct lease *lease)
{
    int status = quipu_postgres_shared_flush_permit(lease);
    if (status == QUIPU_OK) {
        status = quipu_postgres_flush_run(lease, "wait for the disk");
    }
    quipu_postgres_error_advise(
        lease->error, "42501",
        "grant EXECUTE on the functions pg_logical_emit_message, "
        "pg_current_wal_flush_lsn and pg_current_wal_insert_lsn");
    return status;
}

int quipu_postgres_shared_flush_find(const struct lease *lease, int64_t format)
{
    quipu_driver_datastore *datastore = lease->datastore;
    enum shared_flush wanted = datastore->options.shared_flush;
    PGresult *result = NULL;
    datastore->shared_flush = false;
    if (format >= STORE_FORMAT_SHARED_FLUSH) {
        quipu_postgres_binary_begin(&lease->connection->arguments);
        quipu_postgres_binary_add_int4(&lease->connection->arguments,
                                       datastore->namespace_number);
        int status = quipu_postgres_query_run(
            lease, &datastore->sql[SQL_SHARED_FLUSH_FIND],
            "read the namespaces", &result);
        if (status != QUIPU_OK) {
            return status;
        }
        datastore->shared_flush = quipu_postgres_binary_get_bool(result, 0, 0);
        PQclear(result);
    }
    if (wanted != SHARED_FLUSH_ANY &&
        datastore->shared_flush != (wanted == SHARED_FLUSH_YES)) {
        return datastore->host->error_set(
            lease->error, QUIPU_INVALID, 0, NULL,
            "namespace \"%s\" of %s was made with%s shared flushes, which "
            "cannot be changed; leave shared_flush out, or copy the namespace "
            "to a new one",
            datastore->name_space, datastore->name,
            datastore->shared_flush ? "" : "out");
    }
    return datastore->shared_flush ? check(lease) : QUIPU_OK;
}

int quipu_postgres_shared_flush_make(const struct lease *lease,
                                     const quipu_uuid *identity)
{
    quipu_driver_datastore *datastore = lease->datastore;
    PGresult *result = NULL;
    quipu_postgres_binary_begin(&lease->connection->arguments);
    quipu_postgres_binary_add_text(&lease->connection->arguments,
                                   datastore->name_space);
    quipu_postgres_binary_add_bytes(&lease->connection->arguments,
                                    (quipu_bytes){ identity->bytes, 16 });
    int status =
        quipu_postgres_query_run(lease, &datastore->sql[SQL_SHARED_FLUSH_ADD],
                                 "make the namespace", &result);
    PQclear(result);
    return status;
}
